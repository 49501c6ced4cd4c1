//! The tenant itself: settings, price book and providers, without secrets.

use std::collections::BTreeMap;

use cqrs_es::Aggregate;
use domain::conversations::canned::CannedReply;
use domain::refusal::Refusal;
use domain::tenants::price_book::PriceBook;
use domain::tenants::provider_tests::ProviderTest;
use domain::tenants::settings::Settings;
use domain::tenants::{Module, Tenant};
use event_store::Result;
use event_store::error::Error;
use event_store::recorded::Payload;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::ask::{Ctx, Found};
use crate::params;
use crate::past::{Past, Then};
use crate::registry::{Entry, Shape, schema_of};

/// The projection of tenants.
pub(crate) const PROJECTION: &str = "tenants";

pub(crate) const TENANT: Entry = Entry {
    name: "tenant",
    title: "The tenant",
    description: "The business's own settings, price book and configured providers. Secrets are named, never shown.",
    shape: Shape::One,
    permission: Permission::TenantsRead,
    projections: &[PROJECTION],
    params: schema_of::<TenantParams>,
    item: schema_of::<TenantItem>,
    run: |ctx, params| Box::pin(tenant(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TenantParams {
    /// As it was at this position, or at this time (RFC 3339) by when it was written down; now unless given.
    #[schemars(length(min = 1, max = 40))]
    as_of: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct TenantItem {
    tenant_id: String,
    slug: String,
    name: String,
    modules: Vec<Module>,
    #[schemars(with = "Map<String, Value>")]
    settings: Settings,
    /// Null until the first price book: nothing can be booked before.
    price_book: Option<PriceBook>,
    providers: BTreeMap<String, ProviderItem>,
    /// By name; those that were removed are left out.
    canned_replies: BTreeMap<String, CannedReplyItem>,
    /// When all of it will be deleted; null unless that has been asked for.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<String>")]
    deletion_due_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    updated_at: OffsetDateTime,
    /// For `If-Match`.
    sequence: i64,
}

#[derive(Serialize, JsonSchema)]
struct ProviderItem {
    settings: Map<String, Value>,
    /// The names of the secrets that are set.
    secrets: Vec<String>,
    /// The newest `test-provider` of this configuration; null before the first.
    last_test: Option<LastTest>,
}

#[derive(Serialize, JsonSchema)]
struct LastTest {
    test_id: String,
    /// `pending`, `passed` or `failed`.
    status: &'static str,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    requested_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<String>")]
    finished_at: Option<OffsetDateTime>,
    took_ms: Option<u64>,
    /// What the provider answered, in our words; null while pending.
    detail: Option<String>,
    /// Why it failed; null unless it did.
    problem: Option<TestProblem>,
}

#[derive(Serialize, JsonSchema)]
struct TestProblem {
    /// `provider-unreachable`, `provider-busy`, `provider-refused`, `provider-credentials-refused` or
    /// `provider-answer-missing`.
    code: &'static str,
    /// What would be right.
    title: &'static str,
    /// The provider's verdict.
    detail: String,
}

#[derive(Serialize, JsonSchema)]
struct CannedReplyItem {
    version: u32,
    text: String,
}

const FIND_TENANT: &str = "
    select t.state, t.created_at, t.updated_at, t.sequence
    from tenant_profiles t
    where t.tenant_id = $1";

async fn tenant(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: TenantParams = params::parse(params)?;
    if let Some(past) = Past::of(ctx, params.as_of.as_deref())? {
        let missing = || Refusal::not_found("tenant-not-found", "there was no such tenant then");
        let then = past
            .find::<Tenant>(ctx.tenant())
            .await?
            .ok_or_else(missing)?;
        return show(ctx, then);
    }
    let statement = ctx.tx.prepare_cached(FIND_TENANT).await?;
    let row = ctx
        .tx
        .query_opt(&statement, &[&ctx.tenant()])
        .await?
        .ok_or_else(not_projected)?;
    let then = Then {
        state: serde_json::from_str(&row.try_get::<_, Payload>("state")?.0)?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
        sequence: row.try_get("sequence")?,
    };
    show(ctx, then)
}

fn show(ctx: &Ctx<'_>, then: Then<Tenant>) -> Result<Found> {
    let state = then.state;
    let provider = |(name, provider): (String, domain::tenants::Provider)| {
        let secrets = provider.secrets.into_keys().collect();
        (
            name,
            ProviderItem {
                settings: provider.settings,
                secrets,
                last_test: provider.last_test.map(last_test),
            },
        )
    };
    let reply = |(name, reply): (String, CannedReply)| {
        let version = reply.version;
        Some((
            name,
            reply.text.map(|text| CannedReplyItem { version, text })?,
        ))
    };
    Found::one(&TenantItem {
        tenant_id: ctx.tenant().to_owned(),
        slug: state.slug,
        name: state.name,
        modules: state.modules.into_iter().collect(),
        settings: state.settings,
        price_book: state.price_book,
        providers: state.providers.into_iter().map(provider).collect(),
        deletion_due_at: state.deletion_due_at,
        canned_replies: state.canned_replies.into_iter().filter_map(reply).collect(),
        created_at: then.created_at,
        updated_at: then.updated_at,
        sequence: then.sequence,
    })
}

fn last_test(test: ProviderTest) -> LastTest {
    let result = test.result;
    let trouble = result.as_ref().and_then(|result| result.trouble);
    let detail = result.as_ref().map(|result| result.detail.clone());
    LastTest {
        test_id: test.test_id,
        status: match (&result, trouble) {
            (None, _) => "pending",
            (Some(_), None) => "passed",
            (Some(_), Some(_)) => "failed",
        },
        requested_at: test.requested_at,
        finished_at: result.as_ref().map(|result| result.finished_at),
        took_ms: result.as_ref().map(|result| result.took_ms),
        problem: trouble.map(|trouble| {
            let (code, title) = trouble.problem();
            TestProblem {
                code,
                title,
                detail: detail.clone().unwrap_or_default(),
            }
        }),
        detail,
    }
}

/// The tenant's settings, for queries that need its calendar.
pub(crate) async fn find_settings(ctx: &Ctx<'_>) -> Result<Settings> {
    Ok(find_tenant(ctx).await?.settings)
}

/// The tenant as it is read.
pub(crate) async fn find_tenant(ctx: &Ctx<'_>) -> Result<Tenant> {
    let statement = ctx.tx.prepare_cached(FIND_TENANT).await?;
    let row = ctx
        .tx
        .query_opt(&statement, &[&ctx.tenant()])
        .await?
        .ok_or_else(not_projected)?;
    Ok(serde_json::from_str(
        &row.try_get::<_, Payload>("state")?.0,
    )?)
}

/// A credential belongs to a tenant that exists, so a missing row can only be one that is not folded yet.
fn not_projected() -> Error {
    Error::busy(
        "projection-behind",
        format!("this {} was created a moment ago; try again", Tenant::TYPE),
    )
}
