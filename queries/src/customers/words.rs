//! A search text as ranges over the words of names. Row-level security lets only plain comparisons near an index, so the
//! words that begin with `ada` are those from `ada` up to `ada` followed by the last character there is.

use std::collections::BTreeSet;

/// Words of a search that count; more than a name has would only cost time.
const MAX_WORDS: usize = 8;

/// The lower (included) and upper (excluded) bounds, longest word first, as it leads to the fewest customers. Words are
/// cut as the projector of customers cuts names.
pub(super) fn ranges(search: Option<&str>) -> (Vec<String>, Vec<String>) {
    let cut = |text: &str| -> BTreeSet<String> {
        let words = text
            .split(|letter: char| !letter.is_alphanumeric())
            .filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect()
    };
    let mut words: Vec<String> = search.map(cut).unwrap_or_default().into_iter().collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
    words.truncate(MAX_WORDS);
    words
        .into_iter()
        .map(|word| (word.clone(), format!("{word}{}", char::MAX)))
        .unzip()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_word_leads() {
        let (low, high) = ranges(Some("O'Neill ADA, ada"));
        assert_eq!(low, ["neill", "ada", "o"]);
        assert!(high[1].as_str() > "adazzz" && high[1].as_str() < "adb");
    }

    #[test]
    fn no_words_mean_no_ranges() {
        assert_eq!(ranges(Some(" .- ")), (Vec::new(), Vec::new()));
        assert_eq!(ranges(None), (Vec::new(), Vec::new()));
    }
}
