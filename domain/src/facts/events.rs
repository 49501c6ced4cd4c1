//! What can happen to the facts of a conversation.

use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Extraction, FactSheet};
use crate::evolution;
use crate::ids::{FactId, MessageId};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FactEvent {
    /// Somebody wants the conversation looked at.
    FactsRequested {
        by: String,
    },
    FactsExtracted(Box<Extraction>),
    FactExtractionFailed {
        extraction_id: MessageId,
        code: String,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    FactAccepted {
        fact_id: FactId,
        by: String,
    },
    FactRejected {
        fact_id: FactId,
        by: String,
    },
    ExtractionUndone {
        extraction_id: MessageId,
        by: String,
    },
}

impl DomainEvent for FactEvent {
    fn event_type(&self) -> String {
        let name = match self {
            Self::FactsRequested { .. } => "FactsRequested",
            Self::FactsExtracted(_) => "FactsExtracted",
            Self::FactExtractionFailed { .. } => "FactExtractionFailed",
            Self::FactAccepted { .. } => "FactAccepted",
            Self::FactRejected { .. } => "FactRejected",
            Self::ExtractionUndone { .. } => "ExtractionUndone",
        };
        name.to_owned()
    }

    fn event_version(&self) -> String {
        evolution::version(FactSheet::TYPE, &self.event_type())
    }
}
