//! How a tenant talks: what keywords are answered with, and what the AI does in a new thread.

use serde::{Deserialize, Serialize};

use crate::conversations::AiMode;
use crate::conversations::keywords::Keyword;
use crate::refusal::Problems;
use crate::templates::parse_language;
use crate::values::bounded_text;

/// Four text messages of 160 characters.
pub const MAX_KEYWORD_ANSWER_CHARS: usize = 640;

/// A tenant's words; what is not set is answered in ours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Messaging {
    /// The answer to STOP.
    pub stop_text: Option<String>,
    /// The answer to START, after a STOP.
    pub start_text: Option<String>,
    /// The answer to HELP.
    pub help_text: Option<String>,
    /// What the AI does in a thread that begins.
    pub ai_mode: AiMode,
    /// In which language letters and texts go out, where there are templates in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

impl Messaging {
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// What a keyword is answered with, by the business of this name.
    pub fn answer(&self, keyword: Keyword, business: &str) -> String {
        let (set, ours) = match keyword {
            Keyword::Stop => (
                &self.stop_text,
                format!(
                    "{business}: You are unsubscribed and will receive no more messages. Reply START to resume."
                ),
            ),
            Keyword::Start => (
                &self.start_text,
                format!("{business}: You will receive messages again. Reply STOP to end them."),
            ),
            Keyword::Help => (
                &self.help_text,
                format!(
                    "{business}: Write here and we will answer. Reply STOP to end messages. Message and data rates may apply."
                ),
            ),
        };
        set.clone().unwrap_or(ours)
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        if let Some(language) = &self.language {
            problems.check("/messaging/language", parse_language(language));
        }
        let texts = [
            ("stop_text", &self.stop_text),
            ("start_text", &self.start_text),
            ("help_text", &self.help_text),
        ];
        for (field, text) in texts {
            if let Some(text) = text {
                problems.check(
                    &format!("/messaging/{field}"),
                    bounded_text(text, MAX_KEYWORD_ANSWER_CHARS),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyword_is_answered_in_the_tenants_words_where_it_has_any() {
        let messaging = Messaging {
            help_text: Some("Call us.".to_owned()),
            ..Messaging::default()
        };
        assert_eq!(messaging.answer(Keyword::Help, "Fire & Rice"), "Call us.");
        for keyword in [Keyword::Stop, Keyword::Start] {
            let answer = messaging.answer(keyword, "Fire & Rice");
            assert!(answer.starts_with("Fire & Rice: "), "{answer}");
            assert!(answer.chars().count() <= MAX_KEYWORD_ANSWER_CHARS);
        }
    }
}
