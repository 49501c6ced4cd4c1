//! Which zone an address lies in, by its postcode.

use super::settings::ZoneArea;
use crate::values::ServiceZone;

/// The longest postcode, spaces left out; the longest in use have ten.
pub const MAX_POSTCODE_CHARS: usize = 12;

/// The zone that fits the best of these ways to write one postcode. Of equals, the first in the tenant's list.
pub(super) fn best_zone(
    zones: &[ZoneArea],
    written: impl IntoIterator<Item = impl AsRef<str>>,
) -> Option<&ServiceZone> {
    let postcodes: Vec<String> = written
        .into_iter()
        .map(|text| normal(text.as_ref()))
        .collect();
    let fits = zones.iter().flat_map(|area| {
        let lengths = area.postcodes.iter().flat_map(|pattern| {
            postcodes
                .iter()
                .filter_map(|postcode| match_length(pattern, postcode))
        });
        lengths.max().map(|length| (length, &area.zone))
    });
    fits.reduce(|best, next| if next.0 > best.0 { next } else { best })
        .map(|(_, zone)| zone)
}

/// The zone of the last word of `address` that is a postcode of ours.
pub(super) fn zone_of_address<'a>(zones: &'a [ZoneArea], address: &str) -> Option<&'a ServiceZone> {
    let words: Vec<&str> = address
        .split(|letter: char| !(letter.is_alphanumeric() || letter == '-'))
        .filter(|word| !word.is_empty())
        .collect();
    (0..words.len()).rev().find_map(|index| {
        let word = words[index];
        if !has_digit(word) {
            return None;
        }
        let mut written = vec![word.to_owned()];
        // `94110-1234` is the extended form of `94110`.
        written.extend(
            word.split_once('-')
                .map(|(short, _)| short.to_owned())
                .filter(|short| has_digit(short)),
        );
        // Postcodes with a space in them (`SW1A 1AA`) come as two words.
        let next = words.get(index + 1).filter(|next| has_digit(next));
        written.extend(
            next.map(|next| format!("{word}{next}"))
                .filter(|pair| pair.len() <= MAX_POSTCODE_CHARS),
        );
        best_zone(zones, written)
    })
}

/// Whether a tenant may write this into a zone: a postcode, or the beginning of one followed by `*`.
pub(super) fn is_pattern(pattern: &str) -> bool {
    let stem = normal(pattern.strip_suffix('*').unwrap_or(pattern));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=MAX_POSTCODE_CHARS).contains(&stem.len()) && stem.bytes().all(plain)
}

fn has_digit(word: &str) -> bool {
    word.chars().any(|letter| letter.is_ascii_digit())
}

fn normal(text: &str) -> String {
    text.chars()
        .filter(|letter| !letter.is_whitespace())
        .collect::<String>()
        .to_uppercase()
}

/// How much of `postcode` the pattern fixes; a whole postcode counts one more than its letters.
fn match_length(pattern: &str, postcode: &str) -> Option<usize> {
    let pattern = normal(pattern);
    match pattern.strip_suffix('*') {
        Some(stem) => postcode.starts_with(stem).then_some(stem.len()),
        None => (pattern == postcode).then_some(pattern.len() + 1),
    }
}
