//! Facts that were read in a conversation: a date, a party, an address and the like, each with the words it rests on. One
//! sheet a conversation, under its id. What is sure is taken by itself, what is weak waits for a person, and a whole
//! extraction can be taken back in one step. Values and quotes are ciphertext under the conversation's key.

pub mod events;
pub mod fields;
mod rules;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use self::events::FactEvent;
use self::fields::FactField;
use crate::assistant_runs::Engine;
use crate::effects::{Call, Effect};
use crate::ids::{ConversationId, FactId, MessageId};
use crate::noun::{ClaimChanges, Noun};
use crate::refusal::Refusal;
use crate::sealed::Sealed;

/// Facts of one conversation that are remembered; the oldest that do not count any more go first.
pub const MAX_FACTS: usize = 200;
/// Facts that one extraction may bring.
pub const MAX_EXTRACTED: usize = 40;
pub const MAX_QUOTE_CHARS: usize = 300;
/// Facts with less confidence, in hundredths, wait for a person.
pub const SURE_FROM_PERCENT: u8 = 70;
/// Those with less are not worth a person's time.
pub const WORTH_FROM_PERCENT: u8 = 30;

/// The facts of one conversation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FactSheet {
    /// In the order in which they were found.
    pub facts: Vec<Fact>,
    /// The newest extraction, and whether it failed.
    pub last: Option<Looked>,
    /// Whether somebody waits for one.
    pub requested: bool,
}

/// One fact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    pub fact_id: FactId,
    pub extraction_id: MessageId,
    pub field: FactField,
    /// As JSON by the field's schema, sealed whole.
    pub value: Sealed,
    /// The customer's own words, as they stand in the message.
    pub quote: Sealed,
    /// Where those words stand.
    pub message_id: MessageId,
    pub evidence: Evidence,
    /// In hundredths.
    pub confidence_percent: u8,
    pub standing: FactStanding,
    /// Whether it is what counts for its field now.
    pub is_current: bool,
    pub engine: Engine,
    /// Who accepted or rejected it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub found_at: OffsetDateTime,
}

/// What a fact rests on, which says more than a confidence that its finder gives itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// The value stands in the customer's words.
    Stated,
    /// The words answer our question, and mean nothing without it.
    Answered,
    /// The value was concluded from the words.
    Inferred,
}

/// How a fact stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FactStanding {
    /// Taken by itself.
    Kept,
    /// Waits for a person.
    Review,
    Accepted,
    Rejected,
    /// Taken back with its extraction.
    Undone,
}

/// One look at the conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Looked {
    pub extraction_id: MessageId,
    /// Why nothing came of it.
    pub failed: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// What an extraction has found, checked and sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Extraction {
    pub extraction_id: MessageId,
    pub engine: Engine,
    pub found: Vec<FoundFact>,
    /// Why others were left out: short codes such as `quote-not-found`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// A fact as it was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoundFact {
    pub fact_id: FactId,
    pub field: FactField,
    pub value: Sealed,
    pub quote: Sealed,
    pub message_id: MessageId,
    pub evidence: Evidence,
    pub confidence_percent: u8,
    pub standing: FactStanding,
}

#[derive(Clone, Debug, PartialEq)]
pub enum FactCommand {
    /// Nothing when one is under way.
    Request {
        by: String,
    },
    /// Nothing when it has been taken in before. Standings are decided here.
    TakeIn(Box<Extraction>),
    Fail {
        extraction_id: MessageId,
        code: String,
        at: OffsetDateTime,
    },
    Accept {
        fact_id: FactId,
        by: String,
    },
    Reject {
        fact_id: FactId,
        by: String,
    },
    /// Takes back all that an extraction brought.
    Undo {
        extraction_id: MessageId,
        by: String,
    },
}

impl FactSheet {
    /// What counts for a field.
    pub fn current(&self, field: FactField) -> Option<&Fact> {
        let mut facts = self.facts.iter();
        facts.find(|fact| fact.is_current && fact.field == field)
    }

    /// Facts that wait for a person.
    pub fn in_review(&self) -> usize {
        let waiting = |fact: &&Fact| fact.standing == FactStanding::Review;
        self.facts.iter().filter(waiting).count()
    }
}

impl Aggregate for FactSheet {
    const TYPE: &'static str = "fact-sheet";
    type Command = FactCommand;
    type Event = FactEvent;
    type Error = Refusal;
    type Services = ();

    async fn handle(
        &mut self,
        command: FactCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Refusal> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: FactEvent) {
        self.take(event);
    }
}

impl Noun for FactSheet {
    fn claims(&self, _id: &str, _event: &FactEvent) -> ClaimChanges {
        ClaimChanges::default()
    }

    fn effects(&self, id: &str, event: &FactEvent) -> Vec<Effect> {
        match event {
            FactEvent::FactsRequested { .. } => vec![look(id)],
            _ => Vec::new(),
        }
    }
}

/// Has a conversation looked at.
pub fn look(conversation_id: &str) -> Effect {
    Effect {
        name: "extract-facts",
        call: Call::ExtractFacts {
            conversation_id: ConversationId::new(conversation_id),
        },
        due: None,
        order_key: Some(format!("{conversation_id}/facts")),
        expires_at: None,
    }
}
