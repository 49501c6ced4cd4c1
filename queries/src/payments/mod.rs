//! Payments: the feed that somebody matches and watches.

mod scores;
mod suggestions;

use std::sync::Arc;

use domain::money::Money;
use domain::payments::events::PaymentEvent;
use domain::payments::{Flag, MEMO_PURPOSE, Payment, PaymentRecord, PaymentStatus};
use domain::sealed::Sealed;
use event_store::Result;
use event_store::error::Error;
use event_store::recorded::Payload;
use event_store::vault::TenantKeys;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use tokio_postgres::Row;

use self::suggestions::Suggestion;
use crate::ask::{Ctx, Found};
use crate::bookings::{self, item::full_name};
use crate::cursors::Cursor;
use crate::page::Page;
use crate::past::Lived;
use crate::plain::Plain;
use crate::registry::{Entry, Shape, schema_of};
use crate::{customers, params};

/// The projection of payments.
pub(crate) const PROJECTION: &str = "payments";

pub(crate) const PAYMENTS_FEED: Entry = Entry {
    name: "payments-feed",
    title: "Payments",
    description: "Money that came in, newest first, with the booking it was matched to and why, or the open bookings that \
        it may belong to.",
    shape: Shape::List,
    permission: Permission::PaymentsRead,
    projections: &[PROJECTION, customers::PROJECTION, bookings::PROJECTION],
    params: schema_of::<PaymentsFeedParams>,
    item: schema_of::<PaymentItem>,
    run: |ctx, params| Box::pin(payments_feed(ctx, params)),
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PaymentsFeedParams {
    /// Only payments in this state.
    status: Option<PaymentStatus>,
    /// Only payments by this provider (`stripe`, `manual`).
    provider: Option<String>,
    /// Only payments of this booking.
    booking_id: Option<String>,
    /// Only payments of this customer, and of those merged into it.
    customer_id: Option<String>,
    /// Only payments that a person should look at (true), or the others (false).
    flagged: Option<bool>,
    /// Only this payment.
    payment_id: Option<String>,
    /// The order of the list; `-` turns it around.
    #[serde(default)]
    sort: PaymentSort,
    /// How many to show, 50 unless given.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u16>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
enum PaymentSort {
    #[default]
    #[serde(rename = "-received_at")]
    ReceivedAtDown,
    #[serde(rename = "received_at")]
    ReceivedAt,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct PaymentItem {
    payment_id: String,
    provider: String,
    /// The provider's own id.
    provider_id: String,
    method: String,
    status: PaymentStatus,
    amount: Money,
    /// What of it went back.
    refunded: Money,
    /// What can still be given back, refunds under way taken off.
    refundable: Money,
    /// Null without the permission to read personal data.
    memo: Option<String>,
    booking_id: Option<String>,
    customer_id: Option<String>,
    customer_name: Option<String>,
    /// Why it is matched: `checkout`, `linked_by_hand` or `marked_paid`.
    match_reason: Option<String>,
    /// Open bookings that it may belong to, the best three first; none once it is matched or has gone back, nor without
    /// the permission to read bookings.
    suggestions: Vec<Suggestion>,
    /// Why a person should look.
    flags: Vec<String>,
    refunds: Vec<RefundItem>,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    received_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    updated_at: OffsetDateTime,
    /// For `If-Match`.
    sequence: i64,
}

#[derive(Serialize, JsonSchema)]
struct RefundItem {
    refund_id: String,
    amount_minor: i64,
    /// `requested`, `refunded` or `failed`.
    status: String,
}

const LIST_PAYMENTS_BY_RECEIVED_AT: &str = "
    select p.payment_id, p.state, p.match_reason, p.updated_at, p.sequence, c.first_name, c.last_name
    from payments p
    left join customers c on c.tenant_id = p.tenant_id and c.customer_id = p.customer_id
    where p.tenant_id = $1
        and ($2::text is null or p.status = $2)
        and ($3::text is null or p.provider = $3)
        and ($4::text is null or p.booking_id = $4)
        and ($5::text[] is null or p.customer_id = any ($5))
        and ($6::boolean is null or p.flagged = $6)
        and ($7::text is null or p.payment_id = $7)
        and ($8::timestamptz is null or (p.received_at, p.payment_id) > ($8, $9))
    order by p.received_at, p.payment_id
    limit $10";

const LIST_PAYMENTS_BY_RECEIVED_AT_DOWN: &str = "
    select p.payment_id, p.state, p.match_reason, p.updated_at, p.sequence, c.first_name, c.last_name
    from payments p
    left join customers c on c.tenant_id = p.tenant_id and c.customer_id = p.customer_id
    where p.tenant_id = $1
        and ($2::text is null or p.status = $2)
        and ($3::text is null or p.provider = $3)
        and ($4::text is null or p.booking_id = $4)
        and ($5::text[] is null or p.customer_id = any ($5))
        and ($6::boolean is null or p.flagged = $6)
        and ($7::text is null or p.payment_id = $7)
        and ($8::timestamptz is null or (p.received_at, p.payment_id) < ($8, $9))
    order by p.received_at desc, p.payment_id desc
    limit $10";

async fn payments_feed(ctx: &Ctx<'_>, params: Value) -> Result<Found> {
    let params: PaymentsFeedParams = params::parse(params)?;
    let (sql, sort) = match params.sort {
        PaymentSort::ReceivedAtDown => (LIST_PAYMENTS_BY_RECEIVED_AT_DOWN, "-received_at"),
        PaymentSort::ReceivedAt => (LIST_PAYMENTS_BY_RECEIVED_AT, "received_at"),
    };
    let page = Page::open(
        ctx,
        (PAYMENTS_FEED.name, sort),
        params.limit,
        params.cursor.as_deref(),
    )
    .await?;
    let family = match &params.customer_id {
        Some(customer_id) => Some(customers::find_family(ctx, customer_id).await?),
        None => None,
    };
    let status = params.status.map(|status| word(&status)).transpose()?;
    let statement = ctx.tx.prepare_cached(sql).await?;
    let rows = ctx
        .tx
        .query(
            &statement,
            &[
                &ctx.tenant(),
                &status,
                &params.provider,
                &params.booking_id,
                &family,
                &params.flagged,
                &params.payment_id,
                &page.instant()?,
                &page.id(),
                &page.fetch(),
            ],
        )
        .await?;
    let mut items = items(ctx, &rows).await?;
    let next_cursor = page.close(&mut items, |last| {
        Cursor::at(sort, last.received_at, &last.payment_id)
    })?;
    suggestions::suggest(ctx, &mut items).await?;
    Found::page(&items, next_cursor)
}

const LIST_PAYMENTS_OF_CUSTOMERS: &str = "
    select p.payment_id, p.state, p.match_reason, p.updated_at, p.sequence, c.first_name, c.last_name
    from payments p
    left join customers c on c.tenant_id = p.tenant_id and c.customer_id = p.customer_id
    where p.tenant_id = $1 and p.customer_id = any ($2::text[])
    order by p.received_at desc, p.payment_id desc
    limit $3";

/// The newest payments of some customers; being matched, they need no suggestions.
pub(crate) async fn list_payments_of(
    ctx: &Ctx<'_>,
    customers: &[String],
    limit: i64,
) -> Result<Vec<PaymentItem>> {
    let statement = ctx.tx.prepare_cached(LIST_PAYMENTS_OF_CUSTOMERS).await?;
    let rows = ctx
        .tx
        .query(&statement, &[&ctx.tenant(), &customers, &limit])
        .await?;
    items(ctx, &rows).await
}

async fn items(ctx: &Ctx<'_>, rows: &[Row]) -> Result<Vec<PaymentItem>> {
    let mut ids = Vec::with_capacity(rows.len());
    for row in rows {
        ids.push(row.try_get::<_, String>("payment_id")?);
    }
    let memos = Memos::of(ctx, &ids).await?;
    rows.iter().map(|row| item(row, &memos)).collect()
}

fn item(row: &Row, memos: &Memos) -> Result<PaymentItem> {
    let payment_id: String = row.try_get("payment_id")?;
    let state: Payment = serde_json::from_str(&row.try_get::<_, Payload>("state")?.0)?;
    let record = state
        .record
        .ok_or_else(|| Error::internal(format!("the row of payment {payment_id} is empty")))?;
    let first: Option<String> = row.try_get("first_name")?;
    let last: Option<String> = row.try_get("last_name")?;
    let read = Read {
        payment_id,
        payment: *record,
        customer_name: first
            .zip(last)
            .map(|(first, last)| full_name(&first, &last)),
        match_reason: row.try_get("match_reason")?,
        updated_at: row.try_get("updated_at")?,
        sequence: row.try_get("sequence")?,
    };
    read.show(memos)
}

/// Payments as they were, each with the name of its customer, the newest first; they need no suggestions.
pub(crate) async fn past_payments(
    ctx: &Ctx<'_>,
    lived: Vec<(Lived<Payment>, Option<String>)>,
) -> Result<Vec<PaymentItem>> {
    let ids: Vec<String> = lived.iter().map(|(lived, _)| lived.id.clone()).collect();
    let memos = Memos::of(ctx, &ids).await?;
    let mut items = Vec::with_capacity(lived.len());
    for (lived, customer_name) in lived {
        let match_reason = lived
            .events
            .iter()
            .rev()
            .find_map(|(event, _)| match event {
                PaymentEvent::PaymentMatched { why, .. } => Some(word(why)),
                _ => None,
            });
        let Some(payment) = lived.then.state.record else {
            continue;
        };
        let is_matched = payment.booking_id.is_some();
        let read = Read {
            payment_id: lived.id,
            payment: *payment,
            customer_name,
            match_reason: match_reason.transpose()?.filter(|_| is_matched),
            updated_at: lived.then.updated_at,
            sequence: lived.then.sequence,
        };
        items.push(read.show(&memos)?);
    }
    items.sort_by(|one, other| {
        let key = |item: &PaymentItem| (item.received_at, item.payment_id.clone());
        key(other).cmp(&key(one))
    });
    Ok(items)
}

/// Opens memos: under the payment's own key, or the tenant's for the older ones.
struct Memos {
    plain: Plain,
    tenant: Option<Arc<TenantKeys>>,
}

impl Memos {
    async fn of(ctx: &Ctx<'_>, payment_ids: &[String]) -> Result<Self> {
        let plain = Plain::of(ctx, payment_ids.iter().map(String::as_str)).await?;
        let tenant = match ctx.sees_personal_data() {
            true => Some(ctx.store.keys(&ctx.principal.tenant_id).await?),
            false => None,
        };
        Ok(Self { plain, tenant })
    }

    /// `None` without a memo, without the right, or once it was erased.
    fn open(&self, payment_id: &str, memo: Option<&Sealed>) -> Option<String> {
        let own = self.plain.open(payment_id, "memo", memo);
        let older = || {
            let plain = self.tenant.as_ref()?.open_secret(MEMO_PURPOSE, memo?)?;
            Some(plain.to_string())
        };
        own.or_else(older)
    }
}

/// A payment as it was read, before its memo is opened.
struct Read {
    payment_id: String,
    payment: PaymentRecord,
    customer_name: Option<String>,
    match_reason: Option<String>,
    updated_at: OffsetDateTime,
    sequence: i64,
}

impl Read {
    fn show(self, memos: &Memos) -> Result<PaymentItem> {
        let payment = self.payment;
        let memo = memos.open(&self.payment_id, payment.received.memo.as_ref());
        let flags = payment
            .flags
            .iter()
            .map(|flag: &Flag| word(flag))
            .collect::<Result<Vec<_>>>()?;
        Ok(PaymentItem {
            payment_id: self.payment_id,
            status: payment.status(),
            refunded: Money::new(
                payment.refunded_minor(),
                payment.received.amount.currency.clone(),
            ),
            refundable: payment.refundable(),
            memo: memo.map(|memo| memo.as_str().to_owned()),
            customer_name: self.customer_name,
            match_reason: self.match_reason,
            suggestions: Vec::new(),
            flags,
            refunds: refunds(&payment)?,
            updated_at: self.updated_at,
            sequence: self.sequence,
            booking_id: payment.booking_id.map(|booking_id| booking_id.to_string()),
            customer_id: payment
                .customer_id
                .map(|customer_id| customer_id.to_string()),
            received_at: payment.received.received_at,
            provider: payment.received.provider,
            provider_id: payment.received.provider_id,
            method: payment.received.method,
            amount: payment.received.amount,
        })
    }
}

fn refunds(payment: &PaymentRecord) -> Result<Vec<RefundItem>> {
    let refund = |(refund_id, refund): (&String, &domain::payments::Refund)| {
        let status = word(&refund.standing)?;
        Ok(RefundItem {
            refund_id: refund_id.clone(),
            amount_minor: refund.amount_minor,
            status,
        })
    };
    payment.refunds.iter().map(refund).collect()
}

/// A closed value as the wire names it.
fn word(value: &impl Serialize) -> Result<String> {
    Ok(serde_json::to_value(value)?
        .as_str()
        .unwrap_or_default()
        .to_owned())
}
