//! A search text as ranges over the words of names. Row-level security lets only plain comparisons near an index, so the
//! words that begin with `ada` are those from `ada` up to `ada` followed by the last character there is.

use std::collections::BTreeSet;

use domain::search;

/// Words of a search that count; more than a name has would only cost time.
const MAX_WORDS: usize = 8;

/// The lower (included) and upper (excluded) bounds, longest word first, as it leads to the fewest customers.
pub(super) fn ranges(text: Option<&str>) -> (Vec<String>, Vec<String>) {
    let distinct: BTreeSet<String> = text.into_iter().flat_map(search::words).collect();
    let mut words: Vec<String> = distinct.into_iter().collect();
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
