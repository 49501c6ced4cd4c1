//! How names and messages are cut into words, by those who store the words and by those who look for them.

/// What words of conversations are hashed for: in read tables they stand as keyed hashes only.
pub const CONVERSATION_TERM_SCOPE: &str = "conversation-term";

/// Lower-case words; whatever is neither letter nor digit parts them.
pub fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_into_lower_case_words() {
        let cut = |text| words(text).collect::<Vec<_>>();
        assert_eq!(cut("Anne-Marie O'Neill"), ["anne", "marie", "o", "neill"]);
        assert!(cut(" .- ").is_empty());
    }
}
