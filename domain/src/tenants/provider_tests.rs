//! Whether a provider works: asked for by somebody who configures it, tried once by the relay, and kept with the provider
//! until it is configured anew.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::{Provider, Tenant, TenantEvent};
use crate::effects::{Call, Effect};
use crate::refusal::Refusal;
use crate::sealed::Sealed;

/// A test that has not begun by then is not begun any more, and another may be asked for.
pub const LONGEST_WAIT: Duration = Duration::seconds(120);
/// The longest word of the relay about a test.
pub const MAX_DETAIL_CHARS: usize = 500;

/// What a test of a provider does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// A letter to whoever asks.
    Letter,
    /// A short text to a phone.
    Text,
    /// A call that changes nothing.
    Call,
}

impl Probe {
    /// That of a provider; `None` for those that only receive.
    pub fn of(provider: &str) -> Option<Self> {
        match provider {
            "smtp" | "resend" => Some(Self::Letter),
            "twilio" | "ringcentral" | "whatsapp" => Some(Self::Text),
            "stripe" | "openai" | "anthropic" | "openid" => Some(Self::Call),
            _ => None,
        }
    }
}

/// The newest test of a provider as it is configured now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProviderTest {
    pub test_id: String,
    #[serde(with = "time::serde::rfc3339")]
    pub requested_at: OffsetDateTime,
    /// None while it is under way.
    #[serde(default)]
    pub result: Option<TestResult>,
}

/// What came of a test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestResult {
    /// None when the provider works.
    #[serde(default)]
    pub trouble: Option<Trouble>,
    /// Holds neither personal data nor secrets.
    pub detail: String,
    pub took_ms: u64,
    #[serde(with = "time::serde::rfc3339")]
    pub finished_at: OffsetDateTime,
}

/// How a provider failed its test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// It could not be reached.
    NotSent,
    /// It says that the same call may succeed later.
    Transient,
    /// It refuses the call.
    Refused,
    /// It refuses the credentials, or the configuration lacks something.
    Auth,
    /// No verdict came back: the test may have succeeded.
    Unknown,
}

impl Trouble {
    /// The stable code of the problem, and what would be right.
    pub fn problem(self) -> (&'static str, &'static str) {
        match self {
            Self::NotSent => (
                "provider-unreachable",
                "Nothing was sent. Check the host, the port and whether this machine may reach it.",
            ),
            Self::Transient => (
                "provider-busy",
                "The provider is busy or out of order. Test again in a few minutes.",
            ),
            Self::Refused => (
                "provider-refused",
                "The provider refuses what was asked. Look its code up, then correct the sender, the recipient or the model.",
            ),
            Self::Auth => (
                "provider-credentials-refused",
                "Correct the settings and secrets with configure-provider, then test again.",
            ),
            Self::Unknown => (
                "provider-answer-missing",
                "It may have worked. See whether the test arrived, then test again.",
            ),
        }
    }
}

impl Tenant {
    pub(super) fn request_provider_test(
        &self,
        (provider, test_id): (String, String),
        to: Option<Sealed>,
        person_id: Option<String>,
        requested_at: OffsetDateTime,
    ) -> Result<Vec<TenantEvent>, Refusal> {
        let known = self.require()?.find_provider(&provider)?;
        let probe = Probe::of(&provider).ok_or_else(|| not_testable(&provider))?;
        if to.is_none() && (probe == Probe::Text || probe == Probe::Letter && person_id.is_none()) {
            return Err(recipient_missing(probe));
        }
        let is_under_way = known.last_test.as_ref().is_some_and(|test| {
            test.result.is_none() && test.requested_at + LONGEST_WAIT > requested_at
        });
        if is_under_way {
            let detail = format!(
                "{provider} is being tested; its result comes within {} seconds",
                LONGEST_WAIT.whole_seconds()
            );
            return Err(Refusal::conflict("provider-test-under-way", detail));
        }
        let person_id = person_id.filter(|_| to.is_none() && probe == Probe::Letter);
        Ok(vec![TenantEvent::ProviderTestRequested {
            provider,
            test_id,
            sealed_recipient: to,
            person_id,
            requested_at,
        }])
    }

    /// The result of a test that is no longer the newest changes nothing.
    pub(super) fn finish_provider_test(
        &self,
        provider: String,
        test_id: String,
        result: TestResult,
    ) -> Result<Vec<TenantEvent>, Refusal> {
        let test = self.require()?.find_provider(&provider)?.last_test.as_ref();
        let is_waited_for =
            test.is_some_and(|test| test.test_id == test_id && test.result.is_none());
        if !is_waited_for {
            return Ok(Vec::new());
        }
        let detail = result.detail.chars().take(MAX_DETAIL_CHARS).collect();
        Ok(vec![TenantEvent::ProviderTested {
            provider,
            test_id,
            result: TestResult { detail, ..result },
        }])
    }

    fn find_provider(&self, provider: &str) -> Result<&Provider, Refusal> {
        self.providers.get(provider).ok_or_else(|| {
            let detail = format!("{provider} is not configured; send configure-provider first");
            Refusal::conflict("provider-not-configured", detail)
        })
    }

    pub(super) fn apply_test_requested(&mut self, provider: &str, test: ProviderTest) {
        if let Some(known) = self.providers.get_mut(provider) {
            known.last_test = Some(test);
        }
    }

    pub(super) fn apply_tested(&mut self, provider: &str, test_id: &str, result: TestResult) {
        let known = self.providers.get_mut(provider);
        let test = known.and_then(|known| known.last_test.as_mut());
        if let Some(test) = test.filter(|test| test.test_id == test_id) {
            test.result = Some(result);
        }
    }
}

/// What follows from an event about tests.
pub(super) fn effects(event: &TenantEvent) -> Vec<Effect> {
    let TenantEvent::ProviderTestRequested {
        provider,
        test_id,
        sealed_recipient,
        person_id,
        requested_at,
    } = event
    else {
        return Vec::new();
    };
    vec![Effect {
        name: "test-provider",
        call: Call::TestProvider {
            provider: provider.clone(),
            test_id: test_id.clone(),
            to: sealed_recipient.clone(),
            person_id: person_id.clone(),
        },
        due: None,
        order_key: None,
        expires_at: Some(*requested_at + LONGEST_WAIT),
    }]
}

fn not_testable(provider: &str) -> Refusal {
    let detail = format!(
        "{provider} only receives; post to its webhook address and look at the delivery instead"
    );
    Refusal::conflict("provider-not-testable", detail)
}

fn recipient_missing(probe: Probe) -> Refusal {
    let detail = match probe {
        Probe::Text => {
            "a test of this provider sends a text: give the phone number that it goes to"
        }
        _ => {
            "a test of this provider sends a letter: give its address, or ask as a person with one"
        }
    };
    Refusal::field("/to", "test-recipient-missing", detail)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use cqrs_es::Aggregate;
    use time::macros::datetime;

    use super::*;
    use crate::tenants::{Module, TenantCommand};

    const NOON: OffsetDateTime = datetime!(2026-03-14 12:00 UTC);

    fn given(events: &[TenantEvent]) -> Tenant {
        let mut tenant = Tenant::default();
        events.iter().cloned().for_each(|event| tenant.apply(event));
        tenant
    }

    fn configured(provider: &str) -> Vec<TenantEvent> {
        vec![
            TenantEvent::TenantCreated {
                slug: "hibachi".to_owned(),
                name: "Hibachi at Home".to_owned(),
                modules: BTreeSet::from([Module::Catering]),
                settings: Box::default(),
            },
            TenantEvent::ProviderConfigured {
                provider: provider.to_owned(),
                settings: serde_json::Map::new(),
                secrets: BTreeMap::new(),
            },
        ]
    }

    fn ask(provider: &str, test_id: &str, at: OffsetDateTime) -> TenantCommand {
        TenantCommand::RequestProviderTest {
            provider: provider.to_owned(),
            test_id: test_id.to_owned(),
            to: None,
            person_id: None,
            requested_at: at,
        }
    }

    fn passed(test_id: &str) -> TenantCommand {
        TenantCommand::FinishProviderTest {
            provider: "stripe".to_owned(),
            test_id: test_id.to_owned(),
            result: TestResult {
                trouble: None,
                detail: "fine".to_owned(),
                took_ms: 12,
                finished_at: NOON,
            },
        }
    }

    #[test]
    fn one_test_is_under_way_at_a_time_and_not_for_ever() {
        let mut events = configured("stripe");
        events.extend(given(&events).decide(ask("stripe", "1", NOON)).unwrap());
        let tenant = given(&events);
        let soon = tenant.decide(ask("stripe", "2", NOON + Duration::seconds(119)));
        assert_eq!(soon.unwrap_err().code, "provider-test-under-way");
        assert!(
            tenant
                .decide(ask("stripe", "2", NOON + LONGEST_WAIT))
                .is_ok()
        );
        events.extend(tenant.decide(passed("1")).unwrap());
        assert!(given(&events).decide(ask("stripe", "2", NOON)).is_ok());
    }

    #[test]
    fn a_result_counts_once_and_for_the_newest_test_alone() {
        let mut events = configured("stripe");
        events.extend(given(&events).decide(ask("stripe", "1", NOON)).unwrap());
        assert_eq!(given(&events).decide(passed("0")).unwrap(), []);
        let tested = given(&events).decide(passed("1")).unwrap();
        assert_eq!(tested.len(), 1);
        events.extend(tested);
        assert_eq!(given(&events).decide(passed("1")).unwrap(), []);
    }

    #[test]
    fn what_was_proved_of_an_older_configuration_is_forgotten() {
        let mut events = configured("stripe");
        events.extend(given(&events).decide(ask("stripe", "1", NOON)).unwrap());
        events.push(configured("stripe").remove(1));
        assert_eq!(given(&events).providers["stripe"].last_test, None);
        assert_eq!(given(&events).decide(passed("1")).unwrap(), []);
    }

    #[test]
    fn a_refusal_says_what_would_be_right() {
        for (configure, provider, code) in [
            ("stripe", "twilio", "provider-not-configured"),
            ("app", "app", "provider-not-testable"),
            ("twilio", "twilio", "validation-failed"),
            ("smtp", "smtp", "validation-failed"),
        ] {
            let tenant = given(&configured(configure));
            let refusal = tenant.decide(ask(provider, "1", NOON)).unwrap_err();
            assert_eq!(refusal.code, code, "{provider}");
        }
    }

    #[test]
    fn an_event_leads_to_one_call_that_ends_by_itself() {
        let events = given(&configured("stripe"))
            .decide(ask("stripe", "1", NOON))
            .unwrap();
        let effects = effects(&events[0]);
        assert_eq!(effects.len(), 1);
        assert_eq!(effects[0].expires_at, Some(NOON + LONGEST_WAIT));
    }
}
