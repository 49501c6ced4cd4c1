//! Facts that were read in conversations: what counts, what waits for a person, and the words that each rests on.

use std::collections::BTreeMap;

use domain::assistant_runs::Engine;
use domain::facts::fields::FactField;
use domain::facts::{Evidence, Fact, FactSheet, FactStanding};
use event_store::Result;
use event_store::recorded::Payload;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use tokio_postgres::Row;

use crate::ask::{Ctx, Found};
use crate::cursors::Cursor;
use crate::page::Page;
use crate::past::Past;
use crate::plain::Plain;
use crate::registry::{Entry, Shape, schema_of};
use crate::{conversations, params};

/// The projection of facts.
pub(crate) const PROJECTION: &str = "facts";

pub(crate) const FACTS: Entry = Entry {
    name: "facts",
    title: "Facts from conversations",
    description: "What was read in conversations about customers' wishes, each with the customer's own words and how sure it \
        is, the newest first. With standing=review, what waits for a person.",
    shape: Shape::List,
    permission: Permission::ConversationsRead,
    projections: &[PROJECTION, conversations::PROJECTION],
    params: schema_of::<FactsParams>,
    item: schema_of::<FactItem>,
    run: |ctx, params| Box::pin(facts(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FactsParams {
    /// Only those of this thread.
    thread_id: Option<String>,
    /// Only those of this customer's threads.
    customer_id: Option<String>,
    /// Only those that stand so.
    standing: Option<FactStanding>,
    /// Only those of this kind.
    field: Option<FactField>,
    /// Only those that count now, or that do not.
    current: Option<bool>,
    /// The order of the list.
    #[serde(default)]
    sort: FactSort,
    /// How many to show, 50 unless given.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u16>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
enum FactSort {
    #[default]
    #[serde(rename = "-found_at")]
    Newest,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct FactItem {
    fact_id: String,
    extraction_id: String,
    thread_id: String,
    customer_id: Option<String>,
    field: FactField,
    /// By the field: text, or `{adults, kids}`, `{first, last}`, `{amount_minor, currency}`; null without the permission to
    /// read personal data.
    value: Option<Value>,
    /// The customer's own words; null without the permission to read personal data.
    quote: Option<String>,
    /// Where those words stand.
    message_id: String,
    evidence: Evidence,
    /// Between 0 and 1.
    confidence: f64,
    standing: FactStanding,
    /// Whether it is what counts for its field in this conversation.
    current: bool,
    /// Who has read it.
    engine: Engine,
    /// Who accepted or rejected it.
    decided_by: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    found_at: OffsetDateTime,
}

const LIST_FACTS: &str = "
    select f.conversation_id, c.customer_id, l.fact
    from fact_sheets f
    left join conversations c on c.tenant_id = f.tenant_id and c.conversation_id = f.conversation_id
    cross join lateral json_array_elements(f.state -> 'facts') as l (fact)
    where f.tenant_id = $1
        and ($2::text is null or f.conversation_id = $2)
        and ($3::text is null or c.customer_id = $3)
        and ($4::text is null or l.fact ->> 'standing' = $4)
        and ($4::text is distinct from 'review' or f.in_review > 0)
        and ($5::text is null or l.fact ->> 'field' = $5)
        and ($6::bool is null or (l.fact ->> 'is_current')::bool = $6)
        and ($7::timestamptz is null or ((l.fact ->> 'found_at')::timestamptz, l.fact ->> 'fact_id') < ($7, $8))
    order by (l.fact ->> 'found_at')::timestamptz desc, l.fact ->> 'fact_id' desc
    limit $9";

async fn facts(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: FactsParams = params::parse(params)?;
    let (sql, sort) = match params.sort {
        FactSort::Newest => (LIST_FACTS, "-found_at"),
    };
    let order = (FACTS.name, sort);
    let page = Page::open(ctx, order, params.limit, params.cursor.as_deref()).await?;
    let standing = params.standing.map(serde_json::to_value).transpose()?;
    let standing = standing.as_ref().and_then(Value::as_str);
    let field = params.field.map(FactField::as_str);
    let statement = ctx.tx.prepare_cached(sql).await?;
    let rows = ctx
        .tx
        .query(
            &statement,
            &[
                &ctx.tenant(),
                &params.thread_id,
                &params.customer_id,
                &standing,
                &field,
                &params.current,
                &page.instant()?,
                &page.id(),
                &page.fetch(),
            ],
        )
        .await?;
    let mut items = items(ctx, &rows).await?;
    let next_cursor = page.close(&mut items, |last| {
        Cursor::at(sort, last.found_at, &last.fact_id)
    })?;
    Found::page(&items, next_cursor)
}

/// What counts or waits, of all threads of these customers.
const LIST_FACTS_OF: &str = "
    select f.conversation_id, c.customer_id, l.fact
    from conversations c
    join fact_sheets f on f.tenant_id = c.tenant_id and f.conversation_id = c.conversation_id
    cross join lateral json_array_elements(f.state -> 'facts') as l (fact)
    where c.tenant_id = $1 and c.customer_id = any ($2::text[])
        and ((l.fact ->> 'is_current')::bool or l.fact ->> 'standing' = 'review')
    order by (l.fact ->> 'found_at')::timestamptz desc, l.fact ->> 'fact_id' desc
    limit $3";

/// The facts of some customers that count or wait for a person, the newest first.
pub(crate) async fn list_facts_of(
    ctx: &Ctx<'_>,
    family: &[String],
    limit: i64,
) -> Result<Vec<FactItem>> {
    let statement = ctx.tx.prepare_cached(LIST_FACTS_OF).await?;
    let rows = ctx
        .tx
        .query(&statement, &[&ctx.tenant(), &family, &limit])
        .await?;
    items(ctx, &rows).await
}

async fn items(ctx: &Ctx<'_>, rows: &[Row]) -> Result<Vec<FactItem>> {
    let threads: Vec<String> = rows
        .iter()
        .map(|row| row.try_get("conversation_id"))
        .collect::<std::result::Result<_, _>>()?;
    let plain = Plain::of(ctx, threads.iter().map(String::as_str)).await?;
    let pairs = rows.iter().zip(threads);
    pairs
        .map(|(row, thread_id)| item(row, thread_id, &plain))
        .collect()
}

/// What counted or waited then in these threads, each with whose it was, the newest first.
pub(crate) async fn past_facts_of(
    ctx: &Ctx<'_>,
    past: &Past<'_, '_>,
    owners: &BTreeMap<String, String>,
) -> Result<Vec<FactItem>> {
    let threads: Vec<String> = owners.keys().cloned().collect();
    let plain = Plain::of(ctx, threads.iter().map(String::as_str)).await?;
    let mut items = Vec::new();
    for sheet in past.find_all::<FactSheet>(&threads).await? {
        let shown = |fact: &Fact| fact.is_current || fact.standing == FactStanding::Review;
        for fact in sheet.then.state.facts.into_iter().filter(shown) {
            let whose = (sheet.id.clone(), owners.get(&sheet.id).cloned());
            items.push(FactItem::of(fact, whose, &plain));
        }
    }
    items.sort_by(|one, other| (other.found_at, &other.fact_id).cmp(&(one.found_at, &one.fact_id)));
    Ok(items)
}

fn item(row: &Row, thread_id: String, plain: &Plain) -> Result<FactItem> {
    let fact: Fact = serde_json::from_str(&row.try_get::<_, Payload>("fact")?.0)?;
    let whose = (thread_id, row.try_get("customer_id")?);
    Ok(FactItem::of(fact, whose, plain))
}

impl FactItem {
    /// Of this thread, and of this customer.
    fn of(fact: Fact, (thread_id, customer_id): (String, Option<String>), plain: &Plain) -> Self {
        let value = plain.open(&thread_id, "value", Some(&fact.value));
        Self {
            fact_id: fact.fact_id.to_string(),
            extraction_id: fact.extraction_id.to_string(),
            customer_id,
            field: fact.field,
            value: value.and_then(|value| serde_json::from_str(&value).ok()),
            quote: plain.open(&thread_id, "quote", Some(&fact.quote)),
            message_id: fact.message_id.to_string(),
            evidence: fact.evidence,
            confidence: f64::from(fact.confidence_percent) / 100.0,
            standing: fact.standing,
            current: fact.is_current,
            engine: fact.engine,
            decided_by: fact.decided_by,
            found_at: fact.found_at,
            thread_id,
        }
    }
}
