//! Customer 360: one customer with everything that is known across the nouns.

mod then;

use domain::money::{Currency, Money};
use domain::refusal::Refusal;
use domain::sealed::Sealed;
use event_store::Result;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use tokio_postgres::Row;

use crate::ask::{Ctx, Found};
use crate::bookings::{self, item::BookingItem};
use crate::conversations::{self, item::InboxItem};
use crate::customers::{self, item::CustomerItem};
use crate::past::Past;
use crate::payments::{self, PaymentItem};
use crate::plain::Plain;
use crate::registry::{Entry, Shape, schema_of};
use crate::{chefs, facts, journey_runs, params};

/// Bookings, conversations, payments, notes and lines of the timeline that one answer shows, newest first.
const MAX_SHOWN: i64 = 200;

/// The projection of timelines.
const TIMELINES: &str = "timelines";

pub(crate) const CUSTOMER_360: Entry = Entry {
    name: "customer-360",
    title: "Customer 360",
    description: "One customer with consents, notes, tags, bookings, conversations, payments, timeline and lifetime value. What was \
        merged into the customer is part of it.",
    shape: Shape::One,
    permission: Permission::CustomersRead,
    projections: &[
        customers::PROJECTION,
        bookings::PROJECTION,
        payments::PROJECTION,
        chefs::PROJECTION,
        conversations::PROJECTION,
        facts::PROJECTION,
        journey_runs::PROJECTION,
        TIMELINES,
    ],
    params: schema_of::<Customer360Params>,
    item: schema_of::<Customer360Item>,
    run: |ctx, params| Box::pin(customer_360(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Customer360Params {
    /// The customer's id.
    #[schemars(length(min = 1, max = 64))]
    id: String,
    /// As it was at this position, or at this time (RFC 3339) by when it was written down; now unless given.
    #[schemars(length(min = 1, max = 40))]
    as_of: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Customer360Item {
    customer_id: String,
    profile: CustomerItem,
    /// Customers that were merged into this one.
    merged: Vec<String>,
    /// How each channel and purpose stands, and why.
    consents: Vec<ConsentProof>,
    tags: Vec<String>,
    notes: Vec<NoteItem>,
    /// Null without the permission to read bookings.
    bookings: Option<Vec<BookingItem>>,
    /// Null without the permission to read conversations.
    conversations: Option<Vec<InboxItem>>,
    /// What was read in the conversations, as far as it counts or waits for a person; null without the permission to read
    /// conversations.
    facts: Option<Vec<facts::FactItem>>,
    /// Runs of journeys, the newest first.
    journeys: Vec<journey_runs::RunItem>,
    /// Null without the permission to read payments.
    payments: Option<Vec<PaymentItem>>,
    /// Paid and not given back, by currency; null without the permission to read payments.
    lifetime_value: Option<Vec<Money>>,
    timeline: Vec<TimelineItem>,
}

#[derive(Serialize, JsonSchema)]
struct ConsentProof {
    customer_id: String,
    channel: String,
    purpose: String,
    granted: bool,
    source: String,
    /// The words that the customer saw or said.
    wording: String,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    changed_at: OffsetDateTime,
}

#[derive(Serialize, JsonSchema)]
struct NoteItem {
    note_id: String,
    /// Null without the permission to read personal data.
    text: Option<String>,
    author: String,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    noted_at: OffsetDateTime,
}

#[derive(Serialize, JsonSchema)]
struct TimelineItem {
    /// Where the event stands in the log; as `as_of`, the record right after it.
    position: String,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    occurred_at: OffsetDateTime,
    event_type: String,
    aggregate_type: String,
    aggregate_id: String,
    summary: String,
    /// The principal who did it.
    actor: String,
}

async fn customer_360(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: Customer360Params = params::parse(params)?;
    if let Some(past) = Past::of(ctx, params.as_of.as_deref())? {
        return then::customer_360(ctx, &past, &params.id).await;
    }
    let profile = customers::find_customer(ctx, &params.id)
        .await?
        .ok_or_else(|| Refusal::not_found("customer-not-found", "there is no such customer"))?;
    let family = customers::find_family(ctx, &params.id).await?;
    let bookings = match ctx.principal.may(Permission::BookingsRead) {
        true => Some(bookings::list_bookings_of(ctx, &family, MAX_SHOWN).await?),
        false => None,
    };
    let conversations = match ctx.principal.may(Permission::ConversationsRead) {
        true => Some(conversations::list_threads_of(ctx, &family, MAX_SHOWN).await?),
        false => None,
    };
    let facts = match ctx.principal.may(Permission::ConversationsRead) {
        true => Some(facts::list_facts_of(ctx, &family, MAX_SHOWN).await?),
        false => None,
    };
    let (payments, lifetime_value) = match ctx.principal.may(Permission::PaymentsRead) {
        true => {
            let payments = payments::list_payments_of(ctx, &family, MAX_SHOWN).await?;
            (
                Some(payments),
                Some(find_lifetime_value(ctx, &family).await?),
            )
        }
        false => (None, None),
    };
    Found::one(&Customer360Item {
        customer_id: params.id.clone(),
        merged: family
            .iter()
            .filter(|id| **id != params.id)
            .cloned()
            .collect(),
        consents: list_consents(ctx, &family).await?,
        tags: profile.tags.clone(),
        notes: list_notes(ctx, &family).await?,
        bookings,
        conversations,
        facts,
        journeys: journey_runs::list_runs_of(ctx, &family, MAX_SHOWN).await?,
        payments,
        lifetime_value,
        timeline: list_timeline(ctx, &family).await?,
        profile,
    })
}

const LIST_CONSENTS: &str = "
    select s.customer_id, s.channel, s.purpose, s.granted, s.source, s.wording, s.changed_at
    from customer_consents s
    where s.tenant_id = $1 and s.customer_id = any ($2::text[])
    order by s.changed_at desc, s.customer_id, s.channel, s.purpose
    limit $3";

async fn list_consents(ctx: &Ctx<'_>, family: &[String]) -> Result<Vec<ConsentProof>> {
    let statement = ctx.tx.prepare_cached(LIST_CONSENTS).await?;
    let rows = ctx
        .tx
        .query(&statement, &[&ctx.tenant(), &family, &MAX_SHOWN])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(ConsentProof {
                customer_id: row.try_get("customer_id")?,
                channel: row.try_get("channel")?,
                purpose: row.try_get("purpose")?,
                granted: row.try_get("granted")?,
                source: row.try_get("source")?,
                wording: row.try_get("wording")?,
                changed_at: row.try_get("changed_at")?,
            })
        })
        .collect()
}

const LIST_NOTES: &str = "
    select n.customer_id, n.note_id, n.text_sealed, n.author, n.noted_at
    from customer_notes n
    where n.tenant_id = $1 and n.customer_id = any ($2::text[])
    order by n.noted_at desc, n.note_id desc
    limit $3";

async fn list_notes(ctx: &Ctx<'_>, family: &[String]) -> Result<Vec<NoteItem>> {
    let statement = ctx.tx.prepare_cached(LIST_NOTES).await?;
    let rows = ctx
        .tx
        .query(&statement, &[&ctx.tenant(), &family, &MAX_SHOWN])
        .await?;
    let plain = Plain::of(ctx, family.iter().map(String::as_str)).await?;
    rows.iter()
        .map(|row| {
            let sealed = Sealed::new(row.try_get("text_sealed")?);
            Ok(NoteItem {
                note_id: row.try_get("note_id")?,
                text: plain.open(row.try_get("customer_id")?, "text", Some(&sealed)),
                author: row.try_get("author")?,
                noted_at: row.try_get("noted_at")?,
            })
        })
        .collect()
}

const LIST_TIMELINE: &str = "
    select e.position, e.occurred_at, e.event_type, e.aggregate_type, e.aggregate_id, e.summary, e.actor
    from timeline_entries e
    where e.tenant_id = $1 and e.customer_id = any ($2::text[])
    order by e.position desc
    limit $3";

async fn list_timeline(ctx: &Ctx<'_>, family: &[String]) -> Result<Vec<TimelineItem>> {
    let statement = ctx.tx.prepare_cached(LIST_TIMELINE).await?;
    let rows = ctx
        .tx
        .query(&statement, &[&ctx.tenant(), &family, &MAX_SHOWN])
        .await?;
    rows.iter().map(TimelineItem::from_row).collect()
}

impl TimelineItem {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            position: row.try_get::<_, i64>("position")?.to_string(),
            occurred_at: row.try_get("occurred_at")?,
            event_type: row.try_get("event_type")?,
            aggregate_type: row.try_get("aggregate_type")?,
            aggregate_id: row.try_get("aggregate_id")?,
            summary: row.try_get("summary")?,
            actor: row.try_get("actor")?,
        })
    }
}

const FIND_LIFETIME_VALUE: &str = "
    select p.currency, sum(p.amount_minor - p.refunded_minor)::bigint as value_minor
    from payments p
    where p.tenant_id = $1 and p.customer_id = any ($2::text[])
    group by p.currency
    order by p.currency";

async fn find_lifetime_value(ctx: &Ctx<'_>, family: &[String]) -> Result<Vec<Money>> {
    let statement = ctx.tx.prepare_cached(FIND_LIFETIME_VALUE).await?;
    let rows = ctx.tx.query(&statement, &[&ctx.tenant(), &family]).await?;
    rows.iter()
        .map(|row| {
            Ok(Money::new(
                row.try_get("value_minor")?,
                Currency::parse(row.try_get("currency")?)?,
            ))
        })
        .collect()
}
