//! The words by which people stop, resume and ask for help over text messages (CTIA Messaging Principles and Best
//! Practices; 47 CFR 64.1200(a)(10)). A message counts only when it says nothing else.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// No keyword is longer, however it is spaced and punctuated.
const MAX_KEYWORD_CHARS: usize = 40;

/// What a keyword asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Keyword {
    /// No more messages.
    Stop,
    /// Messages again; it means something only to somebody who has stopped them.
    Start,
    /// Who are you?
    Help,
}

/// The keyword that `text` is, whatever its case, punctuation and spacing.
pub fn keyword(text: &str) -> Option<Keyword> {
    match letters(text)?.as_str() {
        "STOP" | "STOPALL" | "UNSUBSCRIBE" | "CANCEL" | "END" | "QUIT" | "REVOKE" | "OPTOUT" => {
            Some(Keyword::Stop)
        }
        "START" | "YES" | "UNSTOP" => Some(Keyword::Start),
        "HELP" | "INFO" => Some(Keyword::Help),
        _ => None,
    }
}

/// Whether a letter, or its subject, says `unsubscribe` and nothing else. Other keywords are ordinary words in a letter.
pub fn unsubscribes(text: &str) -> bool {
    letters(text).as_deref() == Some("UNSUBSCRIBE")
}

fn letters(text: &str) -> Option<String> {
    let is_short = text.chars().count() <= MAX_KEYWORD_CHARS;
    let letters = text.chars().filter(|letter| letter.is_alphanumeric());
    is_short.then(|| letters.flat_map(char::to_uppercase).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_read_whatever_their_case_punctuation_and_spacing() {
        for text in [
            "STOP",
            "stop",
            " Stop. ",
            "S.T.O.P.",
            "STOP ALL",
            "stop-all",
            "Unsubscribe!",
            "cancel",
            "End",
            "quit\n",
            "REVOKE",
            "opt out",
            "Opt-Out",
            "OPTOUT",
            "\"stop\"",
            "st op",
        ] {
            assert_eq!(keyword(text), Some(Keyword::Stop), "{text:?}");
        }
        for text in ["Start", "YES!", "unstop"] {
            assert_eq!(keyword(text), Some(Keyword::Start), "{text:?}");
        }
        for text in ["help?", "Info"] {
            assert_eq!(keyword(text), Some(Keyword::Help), "{text:?}");
        }
    }

    #[test]
    fn a_letter_unsubscribes_by_one_word_only() {
        assert!(unsubscribes(" Unsubscribe ") && unsubscribes("UNSUBSCRIBE."));
        assert!(!unsubscribes("stop") && !unsubscribes("How do I unsubscribe?"));
    }

    #[test]
    fn a_sentence_with_a_keyword_in_it_is_no_keyword() {
        let padded = format!("stop{}", " ".repeat(MAX_KEYWORD_CHARS));
        for text in [
            "",
            "...",
            "please stop the music at ten",
            "yes, six is fine",
            "can you help me",
            "stopping",
            padded.as_str(),
        ] {
            assert_eq!(keyword(text), None, "{text:?}");
        }
    }
}
