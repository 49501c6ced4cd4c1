//! What the assistant may use in a day, and what is left of it.

use std::collections::BTreeMap;

use domain::tenants::assistant::{DAY_MICROS, DAY_TOKENS, day_began};
use domain::zones::local_date;
use event_store::Result;
use identity::permissions::Permission;
use identity::principals::Principal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use crate::ask::{Ctx, Found};
use crate::registry::{Entry, Shape, schema_of};
use crate::{params, tenants};

/// Who brings calls to models back, under whose name they are counted.
const RELAY: &str = "relay";

pub(crate) const ASSISTANT_BUDGET: Entry = Entry {
    name: "assistant-budget",
    title: "The assistant's day",
    description: "What the assistant has used today of tokens and money, what it may use, and when the next day begins. Once \
        a budget is used up, threads go to people.",
    shape: Shape::List,
    permission: Permission::FiguresRead,
    projections: &[tenants::PROJECTION],
    params: schema_of::<BudgetParams>,
    item: schema_of::<BudgetItem>,
    run: |ctx, params| Box::pin(assistant_budget(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct BudgetParams {}

#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Budget {
    /// Tokens in and out.
    Tokens,
    /// Millionths of a US dollar.
    CostMicros,
}

#[derive(Serialize, JsonSchema)]
struct BudgetItem {
    budget: Budget,
    used: u64,
    /// Null where there is no limit.
    allowed: Option<u64>,
    is_used_up: bool,
    /// When the next day begins, by the tenant's calendar.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    again_at: OffsetDateTime,
}

const FIND_USED_TODAY: &str = "
    select u.counter, u.used from agent_usage u
    where u.tenant_id = $1 and u.principal = $2 and u.period = $3 and u.counter = any ($4::text[])";

async fn assistant_budget(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let BudgetParams {} = params::parse(params)?;
    let settings = tenants::find_settings(ctx).await?;
    let period = day_began(&settings.time_zone, ctx.now);
    let relay = Principal::service(ctx.principal.tenant_id.clone(), RELAY);
    let statement = ctx.tx.prepare_cached(FIND_USED_TODAY).await?;
    let counters = [DAY_TOKENS, DAY_MICROS];
    let rows = ctx
        .tx
        .query(
            &statement,
            &[&ctx.tenant(), &relay.id, &period, &counters.as_slice()],
        )
        .await?;
    let mut used = BTreeMap::new();
    for row in &rows {
        let count: i64 = row.try_get("used")?;
        used.insert(row.try_get::<_, String>("counter")?, count);
    }
    let tomorrow = local_date(&settings.time_zone, ctx.now).next_day();
    let again_at = tomorrow.map_or(period, |day| {
        let midnight = domain::slots::Slot::default();
        domain::zones::starts_at(&settings.time_zone, day, midnight)
            .unwrap_or_else(|_| day.midnight().assume_utc())
    });
    let item = |budget: Budget, counter: &str, allowed: Option<u64>| {
        let used = used.get(counter).copied().unwrap_or(0);
        let used = u64::try_from(used).unwrap_or(0);
        BudgetItem {
            budget,
            used,
            allowed,
            is_used_up: allowed.is_some_and(|most| used >= most),
            again_at,
        }
    };
    let assistant = &settings.assistant;
    Found::all(&[
        item(Budget::Tokens, DAY_TOKENS, assistant.max_tokens_per_day),
        item(
            Budget::CostMicros,
            DAY_MICROS,
            assistant.max_micros_per_day(),
        ),
    ])
}
