//! Payments as they are read.

use async_trait::async_trait;
use cqrs_es::Aggregate;
use deadpool_postgres::Transaction;
use domain::payments::Payment;
use domain::payments::events::PaymentEvent;
use event_store::Result;
use event_store::log::Subscriber;
use event_store::recorded::Recorded;
use time::OffsetDateTime;

use crate::columns::{Json, copy, rows};
use crate::fold::{Folded, Poison, fold_streams_with_events, fold_with_events, wire};
use crate::occurrences::Occurrence;
use crate::{Projection, Streams};

/// The name of the checkpoint.
pub const NAME: &str = "payments";

struct Payments;

pub(crate) fn projection() -> Projection {
    Projection::of_streams(Payments, &["payments"])
}

rows! {
    struct PaymentRow {
        tenant_id: String,
        payment_id: String,
        provider: String,
        status: String,
        booking_id: Option<String>,
        customer_id: Option<String>,
        match_reason: Option<String>,
        flagged: bool,
        currency: String,
        amount_minor: i64,
        refunded_minor: i64,
        received_at: OffsetDateTime,
        state: Json,
        created_at: OffsetDateTime,
        updated_at: OffsetDateTime,
        sequence: i64,
    }
}

const LOAD_PAYMENTS: &str = "
    select p.tenant_id, p.payment_id as id, p.state, p.created_at, p.updated_at, p.sequence
    from unnest($1::text[], $2::text[]) as k (tenant_id, id)
    join payments p on p.tenant_id = k.tenant_id and p.payment_id = k.id";

/// The reason of a match stands in its event alone, so a batch without one keeps what was there.
const UPSERT_PAYMENTS: &str = "
    insert into payments (tenant_id, payment_id, provider, status, booking_id, customer_id, match_reason, flagged,
        currency, amount_minor, refunded_minor, received_at, state, created_at, updated_at, sequence)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::boolean[], $9::text[], $10::bigint[], $11::bigint[], $12::timestamptz[], $13::json[], $14::timestamptz[],
        $15::timestamptz[], $16::bigint[])
    on conflict (tenant_id, payment_id) do update set status = excluded.status, booking_id = excluded.booking_id,
        customer_id = excluded.customer_id,
        match_reason = case when excluded.booking_id is null then null
            else coalesce(excluded.match_reason, payments.match_reason) end,
        flagged = excluded.flagged, refunded_minor = excluded.refunded_minor, received_at = excluded.received_at, state = excluded.state,
        updated_at = excluded.updated_at, sequence = excluded.sequence";

const COPY_PAYMENTS: &str = "
    copy twin.payments (tenant_id, payment_id, provider, status, booking_id, customer_id, match_reason, flagged, currency,
        amount_minor, refunded_minor, received_at, state, created_at, updated_at, sequence)
    from stdin (format binary)";

#[async_trait]
impl Subscriber for Payments {
    fn name(&self) -> &'static str {
        NAME
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &[Payment::TYPE]
    }

    async fn apply(&self, tx: &Transaction<'_>, batch: &[Recorded]) -> Result<()> {
        let folded = fold_with_events::<Payment>(tx, LOAD_PAYMENTS, batch).await?;
        PaymentRow::write(tx, UPSERT_PAYMENTS, &rows(folded)?).await
    }
}

#[async_trait]
impl Streams for Payments {
    async fn copy(&self, tx: &Transaction<'_>, streams: &[Occurrence]) -> Result<Vec<Poison>> {
        let mut poisons = Vec::new();
        let folded = fold_streams_with_events::<Payment>(streams, &mut poisons);
        copy(tx, COPY_PAYMENTS, &rows(folded)?).await?;
        Ok(poisons)
    }
}

fn rows(folded: Vec<Folded<Payment>>) -> Result<Vec<PaymentRow>> {
    let shown = folded
        .into_iter()
        .filter_map(|payment| row(payment).transpose());
    shown.collect()
}

/// None for a stream that does not begin with a payment's receipt, of which there is nothing to show.
fn row(mut folded: Folded<Payment>) -> Result<Option<PaymentRow>> {
    let match_reason = last_match(&folded)?;
    let Some(payment) = folded.state.record.as_deref_mut() else {
        return Ok(None);
    };
    let is_matched = payment.booking_id.is_some();
    // What the provider sent stays in the log; a reader has no use for it.
    payment.received.raw = None;
    Ok(Some(PaymentRow {
        tenant_id: folded.tenant_id.as_str().to_owned(),
        payment_id: folded.id.clone(),
        provider: payment.received.provider.clone(),
        status: wire(&payment.status())?,
        booking_id: payment
            .booking_id
            .as_ref()
            .map(|booking_id| booking_id.as_str().to_owned()),
        customer_id: payment
            .customer_id
            .as_ref()
            .map(|customer_id| customer_id.as_str().to_owned()),
        // A match that was undone within the batch leaves no reason behind.
        match_reason: match_reason.filter(|_| is_matched),
        flagged: !payment.flags.is_empty(),
        currency: payment.received.amount.currency.as_str().to_owned(),
        amount_minor: payment.received.amount.amount_minor,
        refunded_minor: payment.refunded_minor(),
        received_at: payment.received.received_at,
        state: folded.state_json()?,
        created_at: folded.created_at,
        updated_at: folded.updated_at,
        sequence: folded.sequence,
    }))
}

fn last_match(folded: &Folded<Payment>) -> Result<Option<String>> {
    let reason = folded
        .fresh
        .iter()
        .rev()
        .find_map(|fresh| match &fresh.event {
            PaymentEvent::PaymentMatched { why, .. } => Some(why),
            _ => None,
        });
    reason.map(wire).transpose()
}
