//! How well an open booking fits a payment: points for the amount, the dates and the name in the memo, each with its
//! reason. Pure, so that every rule is a test.

use std::collections::BTreeSet;

use domain::search;
use schemars::JsonSchema;
use serde::Serialize;
use time::{Duration, OffsetDateTime};

/// What a perfect fit has; the three kinds of evidence add up to it.
pub(super) const MAX_POINTS: u32 = BALANCE_POINTS + FULL_NAME_POINTS + DATE_POINTS;
/// Below it, a fit is a guess that only costs people time.
pub(super) const LEAST_POINTS: u32 = 50;
/// The distinct words of a memo that are looked at; a name stands at its beginning, and memos may be pages long.
pub(super) const MAX_MEMO_WORDS: usize = 32;

// An exact balance is rare enough to be worth showing alone; a deposit is the same for many bookings and needs one more
// sign. Whatever the dates, without an exact amount only a full name gets there, which the statement relies on.
const BALANCE_POINTS: u32 = 50;
const DEPOSIT_POINTS: u32 = 45;
const PART_POINTS: u32 = 10;
const FULL_NAME_POINTS: u32 = 35;
const LAST_NAME_POINTS: u32 = 20;
const FIRST_NAME_POINTS: u32 = 10;
const DATE_POINTS: u32 = 15;
/// Money takes so long between banks; up to here it came at once.
const AT_ONCE_DAYS: u32 = 3;
/// After that, so many days cost a point.
const DAYS_A_POINT: u32 = 2;

const _: () = assert!(MAX_POINTS == 100);
const _: () = assert!(PART_POINTS + LAST_NAME_POINTS + DATE_POINTS < LEAST_POINTS);

/// Why a payment may belong to a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reason {
    /// It is exactly what is still to be paid.
    AmountIsBalance,
    /// It is exactly what is still to be paid of the deposit.
    AmountIsDeposit,
    /// It is less than what is still to be paid.
    AmountIsPartOfBalance,
    /// The memo has every word of the customer's name.
    FullNameInMemo,
    /// The memo has the customer's last name.
    LastNameInMemo,
    /// The memo has the customer's first name.
    FirstNameInMemo,
    /// It came within weeks of the booking being made.
    ReceivedNearCreation,
    /// It came within weeks of the party.
    ReceivedNearStart,
}

/// A payment as far as it can be compared.
pub(super) struct Paid {
    pub amount_minor: i64,
    pub received_at: OffsetDateTime,
    /// Empty where the memo may not be read.
    pub memo_words: BTreeSet<String>,
}

/// An open booking as far as it can be compared.
pub(super) struct Due {
    pub balance_minor: i64,
    /// Still to be paid of the deposit; 0 when it is paid.
    pub deposit_minor: i64,
    pub created_at: OffsetDateTime,
    pub starts_at: OffsetDateTime,
    pub name: NameWords,
}

/// A customer's name, cut once and compared often.
pub(super) struct NameWords {
    first: BTreeSet<String>,
    last: BTreeSet<String>,
}

/// How well the two fit.
#[derive(Debug, PartialEq)]
pub(super) struct Fit {
    pub points: u32,
    /// The weightiest kind first: amount, name, date.
    pub reasons: Vec<Reason>,
    /// Between the payment and the nearer of the booking's two dates.
    pub apart: Duration,
}

/// Compares a payment with a booking of the same currency.
pub(super) fn fit(paid: &Paid, due: &Due) -> Fit {
    let (apart, date) = date_evidence(paid.received_at, due);
    let evidence = [
        amount_evidence(paid.amount_minor, due),
        name_evidence(&paid.memo_words, &due.name),
        date,
    ];
    let found = evidence.into_iter().flatten();
    let (points, reasons): (Vec<u32>, Vec<Reason>) = found.unzip();
    Fit {
        points: points.iter().sum(),
        reasons,
        apart,
    }
}

/// The words of a memo that are compared with names.
pub(super) fn memo_words(memo: &str) -> BTreeSet<String> {
    search::words(memo).take(MAX_MEMO_WORDS).collect()
}

impl NameWords {
    pub fn of(first: &str, last: &str) -> Self {
        Self {
            first: search::words(first).collect(),
            last: search::words(last).collect(),
        }
    }
}

fn amount_evidence(amount_minor: i64, due: &Due) -> Option<(u32, Reason)> {
    if amount_minor == due.balance_minor {
        return Some((BALANCE_POINTS, Reason::AmountIsBalance));
    }
    if amount_minor == due.deposit_minor {
        return Some((DEPOSIT_POINTS, Reason::AmountIsDeposit));
    }
    (amount_minor < due.balance_minor).then_some((PART_POINTS, Reason::AmountIsPartOfBalance))
}

fn name_evidence(memo: &BTreeSet<String>, name: &NameWords) -> Option<(u32, Reason)> {
    let has = |part: &BTreeSet<String>| !part.is_empty() && part.is_subset(memo);
    match (has(&name.first), has(&name.last)) {
        // One word is a weak sign, also where it is both names.
        (true, true) if name.first != name.last => Some((FULL_NAME_POINTS, Reason::FullNameInMemo)),
        (_, true) => Some((LAST_NAME_POINTS, Reason::LastNameInMemo)),
        (true, false) => Some((FIRST_NAME_POINTS, Reason::FirstNameInMemo)),
        (false, false) => None,
    }
}

/// Deposits come soon after the booking is made, balances around the party: the nearer of the two counts.
fn date_evidence(received_at: OffsetDateTime, due: &Due) -> (Duration, Option<(u32, Reason)>) {
    let from_creation = (received_at - due.created_at).abs();
    let from_start = (received_at - due.starts_at).abs();
    let (apart, reason) = match from_creation <= from_start {
        true => (from_creation, Reason::ReceivedNearCreation),
        false => (from_start, Reason::ReceivedNearStart),
    };
    let days = u32::try_from(apart.whole_days()).unwrap_or(u32::MAX);
    let lost = days.saturating_sub(AT_ONCE_DAYS).div_ceil(DAYS_A_POINT);
    let points = DATE_POINTS.saturating_sub(lost);
    (apart, (points > 0).then_some((points, reason)))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const BOOKED: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);
    const PARTY: OffsetDateTime = datetime!(2026-06-01 18:00 UTC);
    const FAR: OffsetDateTime = datetime!(2026-04-15 12:00 UTC);

    fn due() -> Due {
        Due {
            balance_minor: 66_500,
            deposit_minor: 10_000,
            created_at: BOOKED,
            starts_at: PARTY,
            name: NameWords::of("Ada", "Lovelace"),
        }
    }

    fn paid(amount_minor: i64, received_at: OffsetDateTime, memo: &str) -> Paid {
        Paid {
            amount_minor,
            received_at,
            memo_words: memo_words(memo),
        }
    }

    #[test]
    fn balance_name_and_date_together_are_a_perfect_fit() {
        let fit = fit(&paid(66_500, PARTY, "LOVELACE ADA invoice 7"), &due());
        assert_eq!(fit.points, MAX_POINTS);
        assert_eq!(
            fit.reasons,
            [
                Reason::AmountIsBalance,
                Reason::FullNameInMemo,
                Reason::ReceivedNearStart
            ]
        );
        assert_eq!(fit.apart, Duration::ZERO);
    }

    #[test]
    fn an_exact_balance_is_worth_showing_alone() {
        let fit = fit(&paid(66_500, FAR, ""), &due());
        assert_eq!(
            (fit.points, fit.reasons),
            (LEAST_POINTS, vec![Reason::AmountIsBalance])
        );
    }

    #[test]
    fn a_deposit_needs_one_more_sign() {
        let alone = fit(&paid(10_000, FAR, ""), &due());
        assert!(alone.points < LEAST_POINTS);
        let soon = fit(&paid(10_000, BOOKED + Duration::days(2), ""), &due());
        assert!(soon.points >= LEAST_POINTS);
        assert_eq!(
            soon.reasons,
            [Reason::AmountIsDeposit, Reason::ReceivedNearCreation]
        );
        let named = fit(&paid(10_000, FAR, "ada"), &due());
        assert!(named.points >= LEAST_POINTS);
    }

    #[test]
    fn a_deposit_that_is_the_whole_balance_counts_as_the_balance() {
        let due = Due {
            balance_minor: 10_000,
            ..due()
        };
        let fit = fit(&paid(10_000, FAR, ""), &due);
        assert_eq!(fit.reasons, [Reason::AmountIsBalance]);
    }

    #[test]
    fn a_part_of_the_balance_needs_the_full_name_and_a_near_date() {
        let near = fit(&paid(20_000, BOOKED, "from Ada Lovelace"), &due());
        assert!(near.points >= LEAST_POINTS);
        assert_eq!(near.reasons[0], Reason::AmountIsPartOfBalance);
        let last_name = fit(&paid(20_000, BOOKED, "from Lovelace"), &due());
        assert!(last_name.points < LEAST_POINTS);
        let far = fit(&paid(20_000, FAR, "from Ada Lovelace"), &due());
        assert!(far.points < LEAST_POINTS);
    }

    #[test]
    fn more_than_the_balance_is_no_sign_at_all() {
        assert_eq!(amount_evidence(66_501, &due()), None);
    }

    #[test]
    fn dates_alone_are_no_reason_to_show_a_booking() {
        let fit = fit(&paid(70_000, BOOKED, ""), &due());
        assert_eq!(
            (fit.points, fit.reasons),
            (DATE_POINTS, vec![Reason::ReceivedNearCreation])
        );
    }

    #[test]
    fn each_day_further_away_counts_the_same_or_less_until_nothing_is_left() {
        let points = |days| {
            let (_, found) = date_evidence(BOOKED + Duration::days(days), &due());
            found.map_or(0, |(points, _)| points)
        };
        let all: Vec<u32> = (0..40).map(points).collect();
        assert!(all.windows(2).all(|pair| pair[0] >= pair[1]), "{all:?}");
        assert_eq!((all[0], all[3], all[4], all[39]), (15, 15, 14, 0));
        assert_eq!(points(-3), points(3));
    }

    #[test]
    fn a_name_is_found_whatever_its_order_case_and_punctuation() {
        let name = NameWords::of("Anne-Marie", "O'Neill");
        let found = |memo: &str| name_evidence(&memo_words(memo), &name).map(|(_, reason)| reason);
        assert_eq!(found("O'NEILL, ANNE MARIE"), Some(Reason::FullNameInMemo));
        assert_eq!(found("dinner o neill"), Some(Reason::LastNameInMemo));
        assert_eq!(found("thanks, anne-marie"), Some(Reason::FirstNameInMemo));
        assert_eq!(found("anne neill"), None);
        assert_eq!(found(""), None);
    }

    #[test]
    fn a_name_within_another_word_is_not_found() {
        assert_eq!(
            name_evidence(&memo_words("Canada lovelaces"), &due().name),
            None
        );
    }

    #[test]
    fn a_customer_without_a_name_is_never_found() {
        let nobody = NameWords::of("", " - ");
        assert_eq!(name_evidence(&memo_words("anything"), &nobody), None);
    }

    #[test]
    fn one_word_that_is_both_names_is_not_a_full_name() {
        let twice = NameWords::of("Lee", "Lee");
        let (_, reason) = name_evidence(&memo_words("lee"), &twice).unwrap();
        assert_eq!(reason, Reason::LastNameInMemo);
    }
}
