//! Who writes and where the party is: e-mail, phone, name and address as they stand in a message.

use super::words::Words;
use crate::tenants::settings::Settings;
use crate::values::{EmailAddress, MAX_ADDRESS_CHARS, MAX_NAME_CHARS, PhoneNumber};

/// The fewest digits of a phone number that is written without being asked for.
const MIN_PHONE_DIGITS: usize = 10;
/// The most words of a name.
const MAX_NAME_WORDS: usize = 4;
/// Behind these a capital letter does not make a name.
const NO_NAMES: [&str; 24] = [
    "looking",
    "interested",
    "planning",
    "hoping",
    "trying",
    "wondering",
    "thinking",
    "not",
    "a",
    "an",
    "the",
    "in",
    "so",
    "just",
    "here",
    "having",
    "sure",
    "from",
    "hi",
    "hello",
    "yes",
    "thanks",
    "we",
    "booking",
];

pub(super) fn email(words: &mut Words) -> Option<String> {
    for index in 0..words.len() {
        let raw = words.0[index].raw.trim_matches(['<', '>']);
        if raw.contains('@')
            && let Ok(email) = EmailAddress::parse(raw)
        {
            words.take(index, 1);
            return Some(email.as_str().to_owned());
        }
    }
    None
}

/// A number over one or several words.
pub(super) fn phone(words: &mut Words, settings: &Settings) -> Option<String> {
    for index in 0..words.len() {
        let mut digits = String::new();
        for count in 1..=4 {
            let Some(word) = words.0.get(index + count - 1).filter(|word| !word.used) else {
                break;
            };
            let is_part = word
                .raw
                .chars()
                .all(|letter| letter.is_ascii_digit() || "+-()./".contains(letter));
            if !is_part {
                break;
            }
            digits.push_str(&word.raw);
            let length = digits.chars().filter(char::is_ascii_digit).count();
            if length >= MIN_PHONE_DIGITS
                && let Ok(phone) = PhoneNumber::parse(&digits, &settings.region)
            {
                words.take(index, count);
                return Some(phone.as_str().to_owned());
            }
        }
    }
    None
}

/// What was said of the place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub address: Option<String>,
    /// A postcode of the tenant's zones, without a street.
    pub postcode: Option<String>,
}

/// From the house number to the postcode. An answer to the question for the address is one as it stands.
pub(super) fn place(words: &mut Words, settings: &Settings, is_asked_for: Asked) -> Place {
    let postcode = (0..words.len())
        .rev()
        .find(|index| !words.0[*index].used && settings.zone_of(&words.0[*index].raw).is_some());
    if let Some(end) = postcode {
        let house = (0..end).find(|index| is_house(words, *index));
        let Some(start) = house else {
            let postcode = words.0[end].raw.clone();
            words.take(end, 1);
            return Place {
                postcode: Some(postcode),
                ..Place::default()
            };
        };
        return of_address(words, start, end + 1);
    }
    if is_asked_for == Asked::Yes
        && let Some(start) = (0..words.len()).find(|index| is_house(words, *index))
    {
        let end = words.len();
        return of_address(words, start, end);
    }
    Place::default()
}

/// Whether the customer has just been asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Yes,
    No,
}

fn of_address(words: &mut Words, start: usize, end: usize) -> Place {
    let address: String = words.raw_with_ends(start, end);
    words.take(start, end - start);
    Place {
        address: Some(address.chars().take(MAX_ADDRESS_CHARS).collect()),
        postcode: None,
    }
}

/// A number before a word that begins a street's name.
fn is_house(words: &Words, index: usize) -> bool {
    const NOT_STREETS: [&str; 16] = [
        "adults", "adult", "people", "kids", "kid", "children", "guests", "am", "pm", "of", "ppl",
        "persons", "on", "at", "and", "for",
    ];
    let Some(word) = words.0.get(index).filter(|word| !word.used) else {
        return false;
    };
    let is_number = word.raw.len() <= 6
        && word.raw.starts_with(|letter: char| letter.is_ascii_digit())
        && word
            .raw
            .chars()
            .filter(|letter| !letter.is_ascii_digit())
            .count()
            <= 1
        && !word.raw.contains([':', '/']);
    let next = words.0.get(index + 1);
    let is_street = next.is_some_and(|next| {
        next.raw.starts_with(char::is_alphanumeric)
            && !next.raw.chars().all(|letter| letter.is_ascii_digit())
            && !NOT_STREETS.contains(&next.low.as_str())
    });
    is_number && !word.ends && is_street
}

/// First and last name.
pub(super) fn name(words: &mut Words, is_asked_for: Asked) -> Option<(String, Option<String>)> {
    for index in 0..words.len() {
        let two = (words.any(index), words.any(index + 1));
        let (start, is_sure) = match two {
            (Some("name"), Some("is")) => (index + 2, true),
            (Some("name's" | "name"), _) if words.any(index) == Some("name's") => (index + 1, true),
            (Some("this"), Some("is")) => (index + 2, false),
            (Some("i"), Some("am")) => (index + 2, false),
            (Some("i'm" | "im"), _) => (index + 1, false),
            _ => continue,
        };
        let found = name_at(words, start, if is_sure { Asked::Yes } else { Asked::No });
        if found.is_some() {
            return found;
        }
    }
    if is_asked_for == Asked::No {
        return None;
    }
    // What is left of the answer to "your name?" is the name.
    let left: Vec<usize> = (0..words.len())
        .filter(|index| !words.0[*index].used)
        .collect();
    let first = *left
        .iter()
        .find(|index| is_name_word(&words.0[**index].raw) && !is_filler(&words.0[**index].low))?;
    name_at(words, first, Asked::Yes)
}

fn is_filler(word: &str) -> bool {
    NO_NAMES.contains(&word)
        || matches!(
            word,
            "my" | "name"
                | "is"
                | "it's"
                | "its"
                | "and"
                | "email"
                | "e-mail"
                | "mail"
                | "phone"
                | "number"
                | "sure"
                | "ok"
                | "okay"
                | "it"
                | "i'm"
                | "i"
                | "am"
                | "this"
                | "at"
                | "cell"
                | "address"
                | "no"
                | "can"
                | "you"
                | "do"
                | "what"
                | "how"
                | "please"
        )
}

fn name_at(words: &mut Words, start: usize, sure: Asked) -> Option<(String, Option<String>)> {
    let mut parts = Vec::new();
    for index in start..words.len().min(start + MAX_NAME_WORDS) {
        let word = &words.0[index];
        let is_capital = word.raw.starts_with(char::is_uppercase);
        let fits = !word.used
            && is_name_word(&word.raw)
            && !is_filler(&word.low)
            && (is_capital || sure == Asked::Yes);
        if !fits {
            break;
        }
        parts.push(capitalised(&word.raw));
        if word.ends {
            break;
        }
    }
    let first = parts.first()?.chars().take(MAX_NAME_CHARS).collect();
    words.take(start, parts.len());
    let rest: String = parts[1..].join(" ").chars().take(MAX_NAME_CHARS).collect();
    Some((first, (!rest.is_empty()).then_some(rest)))
}

fn is_name_word(word: &str) -> bool {
    word.chars()
        .all(|letter| letter.is_alphabetic() || "-'’.".contains(letter))
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenants::settings::ZoneArea;
    use crate::values::ServiceZone;

    fn settings() -> Settings {
        Settings {
            zones: vec![ZoneArea {
                zone: ServiceZone::parse("downtown").unwrap(),
                postcodes: vec!["900*".to_owned()],
            }],
            ..Settings::default()
        }
    }

    #[test]
    fn places_are_read_from_the_house_to_the_postcode() {
        let read = |text: &str, asked| place(&mut Words::of(text), &settings(), asked);
        let whole = read("6pm at 12 Main St, Los Angeles, CA 90012 please", Asked::No);
        assert_eq!(
            whole.address.as_deref(),
            Some("12 Main St, Los Angeles, CA 90012")
        );
        let area = read("10 adults in 90012", Asked::No);
        assert_eq!(
            (area.address, area.postcode.as_deref()),
            (None, Some("90012"))
        );
        assert_eq!(read("at 12 Main St", Asked::No), Place::default());
        let elsewhere = read("it's 5 Elm Road, Reno 89501", Asked::Yes);
        assert_eq!(elsewhere.address.as_deref(), Some("5 Elm Road, Reno 89501"));
    }

    #[test]
    fn names_are_read_where_they_are_said_or_asked_for() {
        let read = |text: &str, asked| name(&mut Words::of(text), asked);
        let named =
            |first: &str, last: Option<&str>| Some((first.to_owned(), last.map(str::to_owned)));
        assert_eq!(
            read("my name is ada lovelace", Asked::No),
            named("Ada", Some("Lovelace"))
        );
        assert_eq!(
            read("Hi, I'm Ada Lovelace. I want", Asked::No),
            named("Ada", Some("Lovelace"))
        );
        assert_eq!(read("I'm looking for a chef", Asked::No), None);
        assert_eq!(read("this is great", Asked::No), None);
        assert_eq!(
            read("Ada Lovelace", Asked::Yes),
            named("Ada", Some("Lovelace"))
        );
        assert_eq!(read("it's ada", Asked::Yes), named("Ada", None));
        assert_eq!(read("Ada Lovelace", Asked::No), None);
    }

    #[test]
    fn phones_and_mails_are_found_anywhere() {
        let mut words = Words::of("Ada, ada@example.org, (213) 555-0142");
        assert_eq!(email(&mut words).as_deref(), Some("ada@example.org"));
        assert_eq!(
            phone(&mut words, &settings()).as_deref(),
            Some("+12135550142")
        );
        assert_eq!(phone(&mut Words::of("90012 and 12"), &settings()), None);
    }
}
