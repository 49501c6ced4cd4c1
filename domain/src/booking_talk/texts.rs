//! What the rules say, in plain English sentences that fit a text message.

use time::{Date, Month, Weekday};

use super::draft::{Draft, Wanted};
use crate::money::Currency;
use crate::money::Money;
use crate::slots::Slot;
use crate::tenants::price_book::PriceBook;

/// `Saturday, March 14`.
pub(super) fn day(date: Date) -> String {
    let weekday = match date.weekday() {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    };
    let month = match date.month() {
        Month::January => "January",
        Month::February => "February",
        Month::March => "March",
        Month::April => "April",
        Month::May => "May",
        Month::June => "June",
        Month::July => "July",
        Month::August => "August",
        Month::September => "September",
        Month::October => "October",
        Month::November => "November",
        Month::December => "December",
    };
    format!("{weekday}, {month} {}", date.day())
}

/// `6:00 PM`.
pub(super) fn time(slot: Slot) -> String {
    let minutes = slot.minute_of_day();
    let (hour, minute) = (minutes / 60, minutes % 60);
    let half = if hour < 12 { "AM" } else { "PM" };
    let shown = match hour % 12 {
        0 => 12,
        hour => hour,
    };
    format!("{shown}:{minute:02} {half}")
}

/// `3:00 PM, 6:00 PM or 8:00 PM`.
pub(super) fn times(slots: &[Slot]) -> String {
    let shown: Vec<String> = slots.iter().map(|slot| time(*slot)).collect();
    match shown.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

/// The next question.
pub(super) fn question(wanted: Wanted, draft: &Draft, knows: Known) -> String {
    match wanted {
        Wanted::Date => "Which day would you like us to come?".to_owned(),
        Wanted::Time => match draft.offered.as_slice() {
            [] => "What time would suit you?".to_owned(),
            slots => format!("We could come at {}. Which suits you?", times(slots)),
        },
        Wanted::Party => "How many adults and how many kids will there be?".to_owned(),
        Wanted::Address => "What is the address, with the ZIP code?".to_owned(),
        Wanted::Contact => {
            let mut missing = Vec::new();
            if draft.lacks_name() {
                missing.push("first and last name");
            }
            if draft.email.is_none() {
                missing.push("e-mail address");
            }
            if draft.phone.is_none() && knows == Known::NoPhone {
                missing.push("phone number");
            }
            let list = match missing.split_last() {
                None => String::new(),
                Some((only, [])) => (*only).to_owned(),
                Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
            };
            format!("Last thing: what is your {list}?")
        }
    }
}

/// Whether the business knows how to call the customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Phone,
    NoPhone,
}

pub(super) fn prices(book: &PriceBook, currency: &Currency) -> String {
    let money = |minor: i64| Money::new(minor, currency.clone()).to_string();
    let mut text = format!(
        "It is {} per adult and {} per kid",
        money(book.adult_minor),
        money(book.kid_minor)
    );
    if book.minimum_total_minor > 0 {
        text.push_str(&format!(", {} at least", money(book.minimum_total_minor)));
    }
    if book.deposit_minor > 0 {
        text.push_str(&format!(
            ". A deposit of {} holds the date",
            money(book.deposit_minor)
        ));
    }
    text.push('.');
    text
}
