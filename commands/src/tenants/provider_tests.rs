//! `test-provider`: whether a provider works as it is configured. The relay tries it once; what came of it stands in the
//! tenant, beside the provider.

use domain::refusal::{Problems, Refusal};
use domain::sealed::Pii;
use domain::tenants::provider_tests::{Probe, TestResult, Trouble};
use domain::tenants::{Tenant, TenantCommand};
use domain::values::{EmailAddress, PhoneNumber, bounded_text};
use event_store::load::Load;
use identity::principals::PrincipalKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{secret_purpose, whole_tenant};
use crate::Result;
use crate::registry::Input;
use crate::work::{Facts, Work};

/// The name that a test's recipient is sealed under, among the provider's secrets.
const RECIPIENT: &str = "test_recipient";
/// The longest recipient.
const MAX_RECIPIENT_CHARS: usize = 254;

/// # Test a provider
///
/// Tries the provider once as it is configured now: `smtp` and `resend` send a letter to whoever asks, or to `to`; `twilio`,
/// `ringcentral` and `whatsapp` send a text to `to`; `stripe` lists a checkout session, `openai` and `anthropic` answer
/// a few tokens and `openid` is looked up, which changes nothing. The result stands in `tenant`, as `last_test` of the provider, within two minutes;
/// until then another test of the same provider is refused with `provider-test-under-way`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestProvider {
    /// One that is configured and does more than receive.
    #[schemars(length(min = 1, max = 64))]
    pub provider: String,
    /// Where the letter or the text goes: an e-mail address or a phone number.
    #[serde(default)]
    pub to: Option<Pii<String>>,
}

#[derive(Serialize)]
pub struct ProviderTestSummary {
    pub tenant_id: String,
    pub provider: String,
    /// In `last_test` of the provider once the query has passed this command's position.
    pub test_id: String,
    /// `pending`: the result comes later.
    pub status: &'static str,
}

/// # Record what came of a test
///
/// From the relay, once for each test.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordProviderTest {
    pub provider: String,
    pub test_id: String,
    pub trouble: Option<Trouble>,
    pub detail: String,
    pub took_ms: u64,
}

#[derive(Serialize)]
pub struct RecordedTest {
    pub provider: String,
    pub test_id: String,
}

impl Input for TestProvider {
    fn wanted(&self, facts: &Facts) -> Load {
        whole_tenant(facts)
    }
}

impl Input for RecordProviderTest {
    fn wanted(&self, facts: &Facts) -> Load {
        whole_tenant(facts)
    }
}

/// The purpose that a test's recipient is sealed for under the tenant's ingest key.
pub fn recipient_purpose(provider: &str) -> String {
    secret_purpose(provider, RECIPIENT)
}

pub async fn test_provider(work: &mut Work, input: TestProvider) -> Result<ProviderTestSummary> {
    let tenant_id = work.ctx.tenant_id().to_string();
    let mut tenant = work.find::<Tenant>(&tenant_id).await?;
    let TestProvider { provider, to } = input;
    let to = to
        .map(|to| recipient(&provider, to.expose(), &tenant.state))
        .transpose()?;
    let keys = work.keys()?;
    let to = to
        .map(|to| keys.seal_secret(&recipient_purpose(&provider), &to))
        .transpose()?;
    let principal = &work.ctx.principal;
    let person_id = principal
        .id
        .strip_prefix("person:")
        .filter(|_| principal.kind == PrincipalKind::Person)
        .map(str::to_owned);
    let test_id = work.new_id();
    let request = TenantCommand::RequestProviderTest {
        provider: provider.clone(),
        test_id: test_id.clone(),
        to,
        person_id,
        requested_at: work.ctx.now,
    };
    work.execute(&mut tenant, request).await?;
    Ok(ProviderTestSummary {
        tenant_id,
        provider,
        test_id,
        status: "pending",
    })
}

pub async fn record_provider_test(
    work: &mut Work,
    input: RecordProviderTest,
) -> Result<RecordedTest> {
    let tenant_id = work.ctx.tenant_id().to_string();
    let mut tenant = work.find::<Tenant>(&tenant_id).await?;
    let RecordProviderTest {
        provider,
        test_id,
        trouble,
        detail,
        took_ms,
    } = input;
    let finish = TenantCommand::FinishProviderTest {
        provider: provider.clone(),
        test_id: test_id.clone(),
        result: TestResult {
            trouble,
            detail,
            took_ms,
            finished_at: work.ctx.now,
        },
    };
    work.execute(&mut tenant, finish).await?;
    Ok(RecordedTest { provider, test_id })
}

/// The recipient as the provider wants it.
fn recipient(provider: &str, to: &str, tenant: &Tenant) -> Result<String> {
    let mut problems = Problems::default();
    let parsed = match Probe::of(provider) {
        Some(Probe::Letter) => EmailAddress::parse(to).map(|email| email.as_str().to_owned()),
        Some(Probe::Text) => {
            PhoneNumber::parse(to, &tenant.settings.region).map(|phone| phone.as_str().to_owned())
        }
        Some(Probe::Call) => {
            let detail = "a test of this provider goes to nobody; leave it out";
            return Err(Refusal::field("/to", "test-recipient-unwanted", detail).into());
        }
        None => bounded_text(to, MAX_RECIPIENT_CHARS),
    };
    let parsed = problems.check("/to", parsed);
    problems.finish()?;
    Ok(parsed.unwrap_or_default())
}
