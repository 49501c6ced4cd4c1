//! Which open bookings the unmatched payments of a page may belong to: one bounded look for all of them, scored by
//! `scores`. Nothing is linked here; a person does.

use domain::money::{Currency, Money};
use domain::slots::iso_date;
use event_store::Result;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::Serialize;
use time::{Date, Duration};
use tokio_postgres::Row;

use super::PaymentItem;
use super::scores::{Due, Fit, LEAST_POINTS, MAX_POINTS, NameWords, Paid, Reason, fit, memo_words};
use crate::ask::Ctx;
use crate::bookings::item::full_name;

/// Suggestions shown for one payment.
const MAX_SUGGESTIONS: usize = 3;
/// Open bookings looked at for one page, each time: the next to start, the last that were made, and those of customers
/// whom memos name. A tenant with fewer open bookings has all of them looked at.
const MAX_NEAR: i64 = 1_000;
/// How long before the page's earliest payment a booking may have started or been made to be looked at for its date.
const NEAR: Duration = Duration::days(60);

/// A booking that a payment may belong to.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Suggestion {
    booking_id: String,
    customer_id: String,
    customer_name: String,
    #[serde(with = "iso_date")]
    #[schemars(with = "String")]
    date: Date,
    /// A time of day in the tenant's zone (HH:MM).
    slot: String,
    /// Still to be paid of the booking's total.
    balance: Money,
    /// From 0.5 (worth a look) to 1 (amount, name and date fit).
    #[schemars(range(min = 0.5, max = 1.0))]
    score: f64,
    /// What speaks for it.
    reasons: Vec<Reason>,
}

/// Fills in the suggestions of those payments that belong to no booking yet. Names in memos count only for a principal
/// who may read the memos; without the right to read bookings there are no suggestions.
pub(super) async fn suggest(ctx: &Ctx<'_>, items: &mut [PaymentItem]) -> Result<()> {
    if !ctx.principal.may(Permission::BookingsRead) {
        return Ok(());
    }
    let mut unmatched: Vec<(&mut PaymentItem, Paid)> = items
        .iter_mut()
        .filter(|item| item.booking_id.is_none() && item.refundable.amount_minor > 0)
        .map(|item| {
            let paid = paid(item);
            (item, paid)
        })
        .collect();
    if unmatched.is_empty() {
        return Ok(());
    }
    let candidates = list_candidates(ctx, &unmatched).await?;
    for (item, paid) in &mut unmatched {
        item.suggestions = best(paid, &item.amount.currency, &candidates);
    }
    Ok(())
}

/// An open booking with a balance due.
struct Candidate {
    booking_id: String,
    customer_id: String,
    customer_name: String,
    date: Date,
    slot: String,
    currency: Currency,
    due: Due,
}

/// What is left of a payment can be a balance, what went back cannot.
fn paid(item: &PaymentItem) -> Paid {
    Paid {
        amount_minor: item.refundable.amount_minor,
        received_at: item.received_at,
        memo_words: item.memo.as_deref().map(memo_words).unwrap_or_default(),
    }
}

/// The best fits, the best first; of equal ones the one nearer in time.
fn best(paid: &Paid, currency: &Currency, candidates: &[Candidate]) -> Vec<Suggestion> {
    let mut fits: Vec<(Fit, &Candidate)> = candidates
        .iter()
        .filter(|candidate| candidate.currency == *currency)
        .map(|candidate| (fit(paid, &candidate.due), candidate))
        .filter(|(fit, _)| fit.points >= LEAST_POINTS)
        .collect();
    fits.sort_by(|(a, of_a), (b, of_b)| {
        let better = b.points.cmp(&a.points).then(a.apart.cmp(&b.apart));
        better.then_with(|| of_a.booking_id.cmp(&of_b.booking_id))
    });
    fits.truncate(MAX_SUGGESTIONS);
    fits.into_iter()
        .map(|(fit, candidate)| candidate.suggestion(fit))
        .collect()
}

/// Two words of a name, or an exact amount: nothing less can reach the least score, so nothing less is read.
const LIST_CANDIDATES: &str = "
    with wanted as (
        select p.currency, p.amount_minor from unnest($3::text[], $4::bigint[]) as p (currency, amount_minor)
    ), named as (
        select t.customer_id
        from customer_terms t
        where t.tenant_id = $1 and t.term = any ($2::text[])
        group by t.customer_id
        having count(*) >= 2
        order by count(*) desc, t.customer_id
        limit $8
    ), near as (
        (select b.booking_id
        from bookings b
        where b.tenant_id = $1 and b.status in ('deposit_pending', 'new', 'confirmed') and b.starts_at >= $5
        order by b.starts_at, b.booking_id
        limit $8)
        union
        (select b.booking_id
        from bookings b
        where b.tenant_id = $1 and b.status in ('deposit_pending', 'new', 'confirmed')
            and b.created_at between $6 and $7
        order by b.created_at desc, b.booking_id desc
        limit $8)
        union
        (select b.booking_id
        from named n
        join bookings b on b.tenant_id = $1 and b.customer_id = n.customer_id
        where b.status in ('deposit_pending', 'new', 'confirmed')
        order by b.starts_at desc, b.booking_id
        limit $8)
    ), due as materialized (
        select b.booking_id, b.customer_id, b.date, b.slot, b.starts_at, b.created_at,
            s.total ->> 'currency' as currency,
            (s.total ->> 'amount_minor')::bigint - paid.amount_minor as balance_minor,
            greatest((s.deposit ->> 'amount_minor')::bigint - paid.amount_minor, 0) as deposit_minor
        from near n
        join bookings b on b.tenant_id = $1 and b.booking_id = n.booking_id
        cross join lateral json_to_record(b.state) as s (total json, deposit json, payments json)
        cross join lateral (
            select coalesce(sum((p.paid ->> 'received_minor')::bigint - (p.paid ->> 'refunded_minor')::bigint), 0)::bigint
                as amount_minor
            from json_each(s.payments) as p (payment_id, paid)
        ) paid
    )
    select d.booking_id, d.customer_id, d.date, d.slot, d.starts_at, d.created_at, d.currency, d.balance_minor,
        d.deposit_minor, c.first_name, c.last_name
    from due d
    left join customers c on c.tenant_id = $1 and c.customer_id = d.customer_id
    where d.balance_minor > 0
        and ((d.currency, d.balance_minor) in (select w.currency, w.amount_minor from wanted w)
            or (d.currency, d.deposit_minor) in (select w.currency, w.amount_minor from wanted w)
            or d.currency = any ($3) and d.customer_id in (select n.customer_id from named n))";

async fn list_candidates(
    ctx: &Ctx<'_>,
    unmatched: &[(&mut PaymentItem, Paid)],
) -> Result<Vec<Candidate>> {
    let received = || unmatched.iter().map(|(_, paid)| paid.received_at);
    let earliest = received().min().unwrap_or(ctx.now).saturating_sub(NEAR);
    let latest = received().max().unwrap_or(ctx.now).saturating_add(NEAR);
    let words: Vec<&str> = unmatched
        .iter()
        .flat_map(|(_, paid)| paid.memo_words.iter().map(String::as_str))
        .collect();
    let currencies: Vec<&str> = unmatched
        .iter()
        .map(|(item, _)| item.amount.currency.as_str())
        .collect();
    let amounts: Vec<i64> = unmatched
        .iter()
        .map(|(_, paid)| paid.amount_minor)
        .collect();
    let statement = ctx.tx.prepare_cached(LIST_CANDIDATES).await?;
    let rows = ctx
        .tx
        .query(
            &statement,
            &[
                &ctx.tenant(),
                &words,
                &currencies,
                &amounts,
                &earliest,
                &earliest,
                &latest,
                &MAX_NEAR,
            ],
        )
        .await?;
    rows.iter().map(Candidate::from_row).collect()
}

impl Candidate {
    fn from_row(row: &Row) -> Result<Self> {
        let first: Option<String> = row.try_get("first_name")?;
        let last: Option<String> = row.try_get("last_name")?;
        let (first, last) = (first.unwrap_or_default(), last.unwrap_or_default());
        Ok(Self {
            booking_id: row.try_get("booking_id")?,
            customer_id: row.try_get("customer_id")?,
            customer_name: full_name(&first, &last),
            date: row.try_get("date")?,
            slot: row.try_get("slot")?,
            currency: Currency::parse(row.try_get("currency")?)?,
            due: Due {
                balance_minor: row.try_get("balance_minor")?,
                deposit_minor: row.try_get("deposit_minor")?,
                created_at: row.try_get("created_at")?,
                starts_at: row.try_get("starts_at")?,
                name: NameWords::of(&first, &last),
            },
        })
    }

    fn suggestion(&self, fit: Fit) -> Suggestion {
        Suggestion {
            booking_id: self.booking_id.clone(),
            customer_id: self.customer_id.clone(),
            customer_name: self.customer_name.clone(),
            date: self.date,
            slot: self.slot.clone(),
            balance: Money::new(self.due.balance_minor, self.currency.clone()),
            score: f64::from(fit.points) / f64::from(MAX_POINTS),
            reasons: fit.reasons,
        }
    }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;
    use time::macros::{date, datetime};

    use super::*;

    const BOOKED: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

    /// An open booking that was made so many days ago.
    fn candidate(booking_id: &str, days: i64) -> Candidate {
        Candidate {
            booking_id: booking_id.to_owned(),
            customer_id: format!("customer of {booking_id}"),
            customer_name: "Ada Lovelace".to_owned(),
            date: date!(2026 - 06 - 01),
            slot: "18:00".to_owned(),
            currency: Currency::default(),
            due: Due {
                balance_minor: 66_500,
                deposit_minor: 10_000,
                created_at: BOOKED - Duration::days(days),
                starts_at: datetime!(2026-06-01 18:00 UTC),
                name: NameWords::of("Ada", "Lovelace"),
            },
        }
    }

    fn paid(amount_minor: i64) -> Paid {
        Paid {
            amount_minor,
            received_at: BOOKED,
            memo_words: memo_words("Ada Lovelace"),
        }
    }

    fn ids(paid: &Paid, candidates: &[Candidate]) -> Vec<String> {
        let found = best(paid, &Currency::default(), candidates);
        found.into_iter().map(|found| found.booking_id).collect()
    }

    #[test]
    fn the_best_three_are_shown_and_the_best_of_them_first() {
        let candidates = [
            candidate("far", 25),
            candidate("middle", 10),
            candidate("farther", 30),
            candidate("near", 1),
        ];
        assert_eq!(ids(&paid(66_500), &candidates), ["near", "middle", "far"]);
    }

    #[test]
    fn of_equal_fits_the_nearer_in_time_comes_first_and_then_the_lesser_id() {
        let candidates = [candidate("c", 2), candidate("b", 1), candidate("a", 2)];
        assert_eq!(ids(&paid(66_500), &candidates), ["b", "a", "c"]);
    }

    #[test]
    fn a_booking_in_another_currency_is_not_suggested() {
        let abroad = Candidate {
            currency: Currency::parse("EUR").unwrap(),
            ..candidate("abroad", 0)
        };
        assert!(ids(&paid(66_500), &[abroad]).is_empty());
    }

    #[test]
    fn a_weak_fit_is_not_suggested() {
        let unnamed = Paid {
            memo_words: memo_words(""),
            ..paid(1_234)
        };
        assert!(ids(&unnamed, &[candidate("a", 0)]).is_empty());
    }

    #[test]
    fn a_suggestion_says_how_sure_it_is_and_why() {
        let found = best(&paid(10_000), &Currency::default(), &[candidate("a", 0)]);
        assert_eq!(
            serde_json::to_value(&found).unwrap(),
            serde_json::json!([{
                "booking_id": "a",
                "customer_id": "customer of a",
                "customer_name": "Ada Lovelace",
                "date": "2026-06-01",
                "slot": "18:00",
                "balance": { "amount_minor": 66_500, "currency": "USD" },
                "score": 0.95,
                "reasons": ["amount_is_deposit", "full_name_in_memo", "received_near_creation"],
            }])
        );
    }
}
