//! How many come, as people write it: `10 adults and 2 kids`, `party of ten`, `we are 12, three of them children`.

use super::words::{Words, number};

const ADULTS: [&str; 7] = [
    "adults",
    "adult",
    "grownups",
    "grown-ups",
    "grown",
    "women",
    "men",
];
/// Everybody; kids that are named beside `including` are among them.
const HEADS: [&str; 9] = [
    "people", "persons", "guests", "ppl", "pax", "friends", "heads", "folks", "of",
];
const KIDS: [&str; 8] = [
    "kids", "kid", "children", "child", "toddlers", "toddler", "little", "kiddos",
];
const LEADS: [&str; 3] = ["of", "for", "are"];

/// What was said of who comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Heads {
    pub adults: Option<u16>,
    pub kids: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    Party,
    Anything,
}

/// Who comes; the words are used up.
pub(super) fn find(words: &mut Words, expected: Expected) -> Heads {
    let mut heads = Heads::default();
    let mut all = None;
    let mut kids_are_among = false;
    for index in 0..words.len() {
        if matches!(
            words.any(index),
            Some("including" | "incl" | "them" | "which")
        ) {
            kids_are_among = true;
        }
        let Some(word) = words.low(index) else {
            continue;
        };
        if matches!(word, "no" | "without") && words.low(index + 1).is_some_and(is_kid) {
            heads.kids = Some(0);
            words.take(index, 2);
            continue;
        }
        let Some(count) = number(word).filter(|count| *count <= 1_000) else {
            continue;
        };
        // `3 of them children`, `two little kids`, `10 hungry adults`.
        let noun = noun_behind(words, index);
        match noun {
            Some((Kind::Adults, ahead)) => {
                heads.adults = Some(count);
                words.take(index, ahead + 1);
            }
            Some((Kind::Kids, ahead)) => {
                heads.kids = Some(count);
                words.take(index, ahead + 1);
            }
            Some((Kind::Heads, ahead)) => {
                let is_part = words.low(index + ahead) == Some("of")
                    && words
                        .low(index + ahead + 1)
                        .is_some_and(|next| next != "us");
                let kids = is_part && words.low(index + ahead + 2).is_some_and(is_kid);
                match kids {
                    true => {
                        kids_are_among = true;
                        heads.kids = Some(count);
                    }
                    false if !is_part => all = Some(count),
                    false => continue,
                }
                words.take(index, ahead + 1);
            }
            None => {
                let is_led = words
                    .before(index, 1)
                    .is_some_and(|lead| LEADS.contains(&lead))
                    || matches!(words.before(index, 1), Some("we're" | "were" | "be"));
                if is_led && all.is_none() && heads.adults.is_none() && is_plain(words, index) {
                    all = Some(count);
                    words.take(index, 1);
                }
            }
        }
    }
    settle(words, (heads, all), kids_are_among, expected)
}

/// What is counted, past at most two words that only describe it.
fn noun_behind(words: &Words, index: usize) -> Option<(Kind, usize)> {
    for ahead in 1..=3 {
        let is_over = words.0.get(index + ahead - 1).is_some_and(|word| word.ends);
        let word = words.low(index + ahead).filter(|_| !is_over)?;
        if let Some(kind) = kind(word) {
            return Some((kind, ahead));
        }
        let parts = matches!(word, "and" | "no" | "plus" | "with" | "&") || number(word).is_some();
        if parts {
            return None;
        }
    }
    None
}

fn settle(
    words: &mut Words,
    (mut heads, all): (Heads, Option<u16>),
    kids_are_among: bool,
    expected: Expected,
) -> Heads {
    heads.adults = heads.adults.or(match (all, heads.kids) {
        (Some(all), Some(kids)) if kids_are_among => Some(all.saturating_sub(kids)),
        (all, _) => all,
    });
    if heads.adults.is_none() && expected == Expected::Party {
        let bare = (0..words.len())
            .find_map(|index| Some((index, number(words.low(index)?).filter(|n| *n <= 1_000)?)));
        if let Some((index, count)) = bare {
            words.take(index, 1);
            heads.adults = Some(count);
        }
    }
    heads
}

enum Kind {
    Adults,
    Heads,
    Kids,
}

fn kind(word: &str) -> Option<Kind> {
    if ADULTS.contains(&word) {
        return Some(Kind::Adults);
    }
    if is_kid(word) {
        return Some(Kind::Kids);
    }
    HEADS.contains(&word).then_some(Kind::Heads)
}

fn is_kid(word: &str) -> bool {
    KIDS.contains(&word)
}

/// Not an hour, a house number or a price.
fn is_plain(words: &Words, index: usize) -> bool {
    let ends = words.0.get(index).is_some_and(|word| word.ends);
    ends || words.any(index + 1).is_none_or(|next| {
        matches!(
            next,
            "on" | "next" | "this" | "at" | "in" | "and" | "please" | "with" | "for"
        ) || next == "including"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parties_are_read_as_people_write_them() {
        for (text, adults, kids) in [
            ("We are 10 adults next Saturday", Some(10), None),
            ("10 adults and 2 kids", Some(10), Some(2)),
            ("ten adults, two children", Some(10), Some(2)),
            ("party of 12", Some(12), None),
            ("party of 12 on Friday", Some(12), None),
            ("12 people including 3 kids", Some(9), Some(3)),
            ("12 people, 3 of them children", Some(9), Some(3)),
            ("8 of us", Some(8), None),
            ("we're 15", Some(15), None),
            ("15 hungry people no kids", Some(15), Some(0)),
            ("for 14 at 6pm", Some(14), None),
            ("at 12 Main Street", None, None),
            ("no idea", None, None),
        ] {
            let heads = find(&mut Words::of(text), Expected::Anything);
            assert_eq!((heads.adults, heads.kids), (adults, kids), "{text}");
        }
        let bare = find(&mut Words::of("around 20"), Expected::Party);
        assert_eq!(bare.adults, Some(20));
    }
}
