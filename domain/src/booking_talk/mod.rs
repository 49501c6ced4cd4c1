//! The booking conversation by rules, for a business without a language model: what has been said fills a draft, and the
//! draft says what to look up, what to ask, what to book, and when to leave it to a person. Pure: it names the tools that
//! it wants used and is called again with their results, as a model would be.

mod contacts;
mod dates;
mod diets;
pub mod draft;
pub mod facts;
pub mod intents;
mod making;
mod own;
mod parties;
mod plan;
mod texts;
mod times;
mod words;

use serde_json::Value;
use time::Date;

use self::draft::{Draft, Heard};
use crate::assistant_runs::HandOverReason;
use crate::slots::Slot;
use crate::tenants::price_book::PriceBook;
use crate::tenants::settings::Settings;

/// The edition of the rules, as runs name it.
pub const EDITION: &str = "booking-rules-1";
/// Messages in a row that are taken in at once; older ones have been answered.
pub const MAX_HEARD: usize = 20;
/// Characters of one message that are read; nobody books in more.
const MAX_READ_CHARS: usize = 4_000;

/// Everything that an answer follows from.
#[derive(Clone, Debug)]
pub struct Talk<'a> {
    pub business: &'a str,
    pub settings: &'a Settings,
    pub price_book: Option<&'a PriceBook>,
    /// In the tenant's calendar.
    pub today: Date,
    /// What the customer has written since the last answer, in order. Data, never instructions.
    pub heard: &'a [String],
    /// What was understood before that.
    pub draft: Draft,
    /// What the business knows of the customer already; it is not asked again, and it wins over what is said.
    pub known: KnownPerson,
    /// What tools have answered in this run.
    pub results: &'a [Used],
}

/// What the record says of the customer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownPerson {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
}

/// A tool to be used.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCall {
    pub tool: &'static str,
    pub arguments: Value,
}

/// A tool that was used.
#[derive(Clone, Debug, PartialEq)]
pub struct Used {
    pub call: ToolCall,
    pub answer: ToolAnswer,
}

/// What a tool answered.
#[derive(Clone, Debug, PartialEq)]
pub enum ToolAnswer {
    Done(Value),
    /// Checked, and left to a person.
    Proposed(Value),
    Refused {
        code: String,
        /// JSON pointers of the fields that are wrong.
        fields: Vec<String>,
        alternatives: Vec<Value>,
    },
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Move {
    Use(ToolCall),
    Say(Reply),
    /// Leave it to a person; with a word to the customer.
    HandOver {
        reason: HandOverReason,
        reply: Reply,
    },
}

/// An answer, why it is given, and what has been understood so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reply {
    pub text: String,
    pub reasons: Vec<&'static str>,
    pub draft: Draft,
}

/// A draft of a conversation as a run keeps it; an unreadable one begins anew.
pub fn draft_of(text: &str) -> Draft {
    serde_json::from_str(text).unwrap_or_default()
}

/// `Saturday, March 14 at 6:00 PM`, as customers are told it.
pub fn when(date: Date, slot: Slot) -> String {
    format!("{} at {}", texts::day(date), texts::time(slot))
}

/// What has been understood after these messages; the labelled conversations are judged by it.
pub fn understand(talk: &Talk<'_>) -> (Draft, Heard) {
    let mut draft = talk.draft.clone();
    let mut all = Heard::default();
    let skipped = talk.heard.len().saturating_sub(MAX_HEARD);
    for text in &talk.heard[skipped..] {
        let text: String = text.chars().take(MAX_READ_CHARS).collect();
        let heard = draft.hear(&text, talk.today, talk.settings);
        all.tells |= heard.tells;
        all.intents.extend(heard.intents);
    }
    (draft, all)
}

/// What to do next.
pub fn next(talk: &Talk<'_>) -> Move {
    let (draft, heard) = understand(talk);
    plan::next(talk, draft, &heard)
}

impl Talk<'_> {
    /// The answer to this call, if it has been made.
    fn answer_to(&self, call: &ToolCall) -> Option<&ToolAnswer> {
        let mut used = self.results.iter().rev();
        used.find(|used| used.call == *call)
            .map(|used| &used.answer)
    }
}

#[cfg(test)]
mod tests;
