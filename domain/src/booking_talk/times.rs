//! Times of day as people write them: `6pm`, `6:30 p.m.`, `18:00`, `at 6`, `noon`. Without am or pm the tenant's own slots
//! tell which is meant.

use super::words::{Words, number};
use crate::slots::Slot;

/// What may follow a bare hour; anything else makes it a house number or a party.
const AFTER_HOUR: [&str; 9] = [
    "on", "for", "in", "and", "please", "or", "works", "would", "sharp",
];

/// What makes a bare number a party, even as the answer to "what time?".
const HEADS: [&str; 8] = [
    "adults", "people", "kids", "children", "guests", "of", "persons", "ppl",
];

/// Whether the customer has just been asked for a time, so that a bare number is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    Time,
    Anything,
}

/// The time that is meant; its words are used up.
pub(super) fn find(words: &mut Words, slots: &[Slot], expected: Expected) -> Option<Slot> {
    for index in 0..words.len() {
        if let Some((slot, count)) = at(words, index, slots, expected) {
            words.take(index, count);
            return Some(slot);
        }
    }
    None
}

fn at(words: &Words, index: usize, slots: &[Slot], expected: Expected) -> Option<(Slot, usize)> {
    let word = words.low(index)?;
    match word {
        "noon" | "midday" => return Some((slot(12, 0)?, 1)),
        _ => {}
    }
    let half = |word: &str| match word.replace('.', "").as_str() {
        "am" | "a.m" => Some(Half::Morning),
        "pm" | "p.m" => Some(Half::Evening),
        _ => None,
    };
    let compact = word.replace('.', "");
    let (digits, glued) = match (compact.strip_suffix("pm"), compact.strip_suffix("am")) {
        (Some(digits), _) => (digits.to_owned(), Some(Half::Evening)),
        (_, Some(digits)) => (digits.to_owned(), Some(Half::Morning)),
        _ => (word.to_owned(), None),
    };
    let apart = words.low(index + 1).and_then(half);
    let (hour, minute, has_colon) = clock(&digits)?;
    let count = 1 + usize::from(glued.is_none() && apart.is_some());
    if let Some(half) = glued.or(apart) {
        let hour = match half {
            Half::Evening if hour < 12 => hour + 12,
            Half::Morning if hour == 12 => 0,
            _ => hour,
        };
        return Some((slot(hour, minute)?, count));
    }
    if has_colon {
        return Some((likely(hour, minute, slots)?, 1));
    }
    let is_led = matches!(
        words.before(index, 1),
        Some("at" | "around" | "by" | "from" | "about" | "@")
    );
    let is_end = words.0.get(index).is_some_and(|word| word.ends);
    let follows = words.any(index + 1);
    let is_free = is_end || follows.is_none_or(|next| AFTER_HOUR.contains(&next));
    let is_whole =
        expected == Expected::Time && words.0.iter().filter(|word| !word.used).count() <= 4;
    let counts_heads = follows.is_some_and(|next| HEADS.contains(&next));
    ((is_led && is_free) || (is_whole && !counts_heads))
        .then(|| likely(hour, minute, slots))?
        .map(|slot| (slot, 1))
}

#[derive(Clone, Copy)]
enum Half {
    Morning,
    Evening,
}

/// Hour and minute of `6`, `six`, `6:30`, and whether there was a colon.
fn clock(digits: &str) -> Option<(u16, u16, bool)> {
    let (hour, minute, has_colon) = match digits.split_once(':') {
        Some((hour, minute)) if minute.len() == 2 => {
            (hour.parse().ok()?, minute.parse().ok()?, true)
        }
        Some(_) => return None,
        None => (number(digits)?, 0, false),
    };
    (hour < 24 && minute < 60).then_some((hour, minute, has_colon))
}

/// Of morning and evening that which is a slot; else the evening, when parties are.
fn likely(hour: u16, minute: u16, slots: &[Slot]) -> Option<Slot> {
    let as_said = slot(hour, minute)?;
    if hour == 0 || hour > 12 || slots.contains(&as_said) {
        return Some(as_said);
    }
    let later = if hour < 12 { hour + 12 } else { hour };
    slot(later, minute)
}

fn slot(hour: u16, minute: u16) -> Option<Slot> {
    Slot::parse(&format!("{hour:02}:{minute:02}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let slots = ["12:00", "15:00", "18:00"].map(|slot| Slot::parse(slot).unwrap());
        for (text, expected) in [
            ("at 6pm", Some("18:00")),
            ("6 PM", Some("18:00")),
            ("6:30 p.m.", Some("18:30")),
            ("18:00", Some("18:00")),
            ("3:00", Some("15:00")),
            ("around 6", Some("18:00")),
            ("at six please", Some("18:00")),
            ("noon works", Some("12:00")),
            ("12pm", Some("12:00")),
            ("12 am", Some("00:00")),
            ("9am", Some("09:00")),
            ("at 12 Main Street", None),
            ("10 adults", None),
            ("6", None),
            ("25:00", None),
        ] {
            let found = find(&mut Words::of(text), &slots, Expected::Anything);
            assert_eq!(
                found.map(|slot| slot.to_string()).as_deref(),
                expected,
                "{text}"
            );
        }
        let bare = find(&mut Words::of("6"), &slots, Expected::Time);
        assert_eq!(bare, Slot::parse("18:00").ok());
    }
}
