//! Days as people write them: `next Saturday`, `March 14`, `3/14`, `2026-03-14`, `tomorrow`, `the 14th`. A day that was is
//! meant to come again.

use time::{Date, Duration, Month, Weekday};

use super::words::{Words, ordinal};
use crate::slots::parse_date;

/// The day that is meant, seen from `today`; its words are used up.
pub(super) fn find(words: &mut Words, today: Date) -> Option<Date> {
    for index in 0..words.len() {
        if let Some((date, from, count)) = at(words, index, today) {
            words.take(from, count);
            return Some(date);
        }
    }
    None
}

/// A day that begins at this word, with the words that name it.
fn at(words: &Words, index: usize, today: Date) -> Option<(Date, usize, usize)> {
    let word = words.low(index)?;
    if let Ok(date) = parse_date(word) {
        return Some((date, index, 1));
    }
    if let Some(date) = slashed(word, today) {
        return Some((date, index, 1));
    }
    match word {
        "today" | "tonight" => return Some((today, index, 1)),
        "tomorrow" | "tmrw" | "tmr" => {
            let is_after = words.before(index, 1) == Some("after");
            let days = if is_after { 2 } else { 1 };
            return Some((today + Duration::days(days), index, 1));
        }
        _ => {}
    }
    if let Some(weekday) = weekday(word) {
        let (date, back) = match words.before(index, 1) {
            Some("next") => (of_next_week(today, weekday), 1),
            Some("this" | "on" | "coming") => (coming(today, weekday), 1),
            _ => (coming(today, weekday), 0),
        };
        return Some(with_date_behind(words, index, today, (date, back)));
    }
    if let Some(month) = month(word) {
        let day = words.low(index + 1).and_then(ordinal)?;
        let year = words.low(index + 2).and_then(year_of);
        let count = 2 + usize::from(year.is_some());
        return Some((dated(today, (year, month, day))?, index, count));
    }
    day_first(words, index, today)
}

/// `14 March`, `14th of March`, `the 14th`.
fn day_first(words: &Words, index: usize, today: Date) -> Option<(Date, usize, usize)> {
    let word = words.low(index)?;
    let day = ordinal(word)?;
    let skip = usize::from(words.low(index + 1) == Some("of"));
    if let Some(month) = words.low(index + 1 + skip).and_then(month) {
        let year = words.low(index + 2 + skip).and_then(year_of);
        let count = 2 + skip + usize::from(year.is_some());
        return Some((dated(today, (year, month, day))?, index, count));
    }
    let is_ordinal = word.ends_with(|letter: char| letter.is_ascii_alphabetic());
    if !is_ordinal {
        return None;
    }
    let this_month = Date::from_calendar_date(today.year(), today.month(), day).ok();
    let date = this_month.filter(|date| *date >= today).or_else(|| {
        let next = today.month().next();
        let year = today.year() + i32::from(next == Month::January);
        Date::from_calendar_date(year, next, day).ok()
    })?;
    Some((date, index, 1))
}

/// `Saturday, March 14`: the date counts, the weekday is taken along.
fn with_date_behind(
    words: &Words,
    index: usize,
    today: Date,
    (date, back): (Date, usize),
) -> (Date, usize, usize) {
    let skip = usize::from(words.low(index + 1) == Some("the"));
    let behind = at_date(words, index + 1 + skip, today);
    match behind {
        Some((exact, count)) => (exact, index - back, 1 + back + skip + count),
        None => (date, index - back, 1 + back),
    }
}

fn at_date(words: &Words, index: usize, today: Date) -> Option<(Date, usize)> {
    let word = words.low(index)?;
    if weekday(word).is_some() || matches!(word, "today" | "tonight" | "tomorrow") {
        return None;
    }
    at(words, index, today).map(|(date, _, count)| (date, count))
}

/// `3/14` or `3/14/2026`, the month first.
fn slashed(word: &str, today: Date) -> Option<Date> {
    let mut parts = word.split('/');
    let month: u8 = parts.next()?.parse().ok()?;
    let day: u8 = parts.next()?.parse().ok()?;
    let year = match parts.next() {
        None => None,
        Some(year) => Some(year_of(year)?),
    };
    let month = Month::try_from(month).ok()?;
    parts.next().is_none().then_some(())?;
    dated(today, (year, month, day))
}

fn year_of(word: &str) -> Option<i32> {
    let year: i32 = word.parse().ok()?;
    match year {
        2000..=2199 => Some(year),
        20..=99 if word.len() == 2 => Some(2000 + year),
        _ => None,
    }
}

/// Without a year, the next such day.
fn dated(today: Date, (year, month, day): (Option<i32>, Month, u8)) -> Option<Date> {
    if let Some(year) = year {
        return Date::from_calendar_date(year, month, day).ok();
    }
    (0..=4)
        .filter_map(|ahead| Date::from_calendar_date(today.year() + ahead, month, day).ok())
        .find(|date| *date >= today)
}

/// The coming one; on that very weekday, the one in a week.
fn coming(today: Date, weekday: Weekday) -> Date {
    let ahead = (i64::from(weekday.number_days_from_monday())
        - i64::from(today.weekday().number_days_from_monday()))
    .rem_euclid(7);
    today + Duration::days(if ahead == 0 { 7 } else { ahead })
}

/// That of the week after this one; weeks begin on Monday.
fn of_next_week(today: Date, weekday: Weekday) -> Date {
    let monday = today - Duration::days(i64::from(today.weekday().number_days_from_monday()));
    monday + Duration::days(7 + i64::from(weekday.number_days_from_monday()))
}

fn weekday(word: &str) -> Option<Weekday> {
    Some(match word.trim_end_matches("'s") {
        "monday" | "mon" | "mondays" => Weekday::Monday,
        "tuesday" | "tue" | "tues" => Weekday::Tuesday,
        "wednesday" | "wed" => Weekday::Wednesday,
        "thursday" | "thu" | "thurs" => Weekday::Thursday,
        "friday" | "fri" => Weekday::Friday,
        "saturday" | "sat" => Weekday::Saturday,
        "sunday" => Weekday::Sunday,
        _ => return None,
    })
}

fn month(word: &str) -> Option<Month> {
    Some(match word {
        "january" | "jan" => Month::January,
        "february" | "feb" => Month::February,
        "march" | "mar" => Month::March,
        "april" | "apr" => Month::April,
        "may" => Month::May,
        "june" | "jun" => Month::June,
        "july" | "jul" => Month::July,
        "august" | "aug" => Month::August,
        "september" | "sep" | "sept" => Month::September,
        "october" | "oct" => Month::October,
        "november" | "nov" => Month::November,
        "december" | "dec" => Month::December,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slots::parse_date;

    #[test]
    fn days_are_read_as_people_write_them() {
        // A Wednesday.
        let today = parse_date("2026-03-11").unwrap();
        for (text, expected) in [
            ("next Saturday at 6pm", "2026-03-21"),
            ("this Saturday", "2026-03-14"),
            ("on sat please", "2026-03-14"),
            ("Wednesday", "2026-03-18"),
            ("tomorrow night", "2026-03-12"),
            ("the day after tomorrow", "2026-03-13"),
            ("tonight?", "2026-03-11"),
            ("March 14", "2026-03-14"),
            ("Saturday, March 28th", "2026-03-28"),
            ("14th of april", "2026-04-14"),
            ("Jan 2", "2027-01-02"),
            ("Jan 2 2028", "2028-01-02"),
            ("3/20", "2026-03-20"),
            ("3/20/27", "2027-03-20"),
            ("2026-05-01.", "2026-05-01"),
            ("the 9th", "2026-04-09"),
            ("the 12th", "2026-03-12"),
        ] {
            let found = find(&mut Words::of(text), today);
            assert_eq!(found, parse_date(expected).ok(), "{text}");
        }
        for text in [
            "10 adults",
            "may I ask",
            "1/2 price",
            "",
            "sun is out",
            "99/99",
        ] {
            let expected = (text == "1/2 price").then(|| parse_date("2027-01-02").unwrap());
            assert_eq!(find(&mut Words::of(text), today), expected, "{text}");
        }
    }
}
