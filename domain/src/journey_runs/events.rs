//! What can happen on the way through a journey.

use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Began, Ended, JourneyRun, StepOutcome, Waiting};
use crate::evolution;
use crate::ids::WebhookEndpointId;
use crate::journeys::walk::Turned;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum JourneyRunEvent {
    JourneyRunBegan(Box<Began>),
    JourneyBranchTaken {
        turned: Turned,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    JourneyStepTaken {
        step: String,
        kind: String,
        outcome: StepOutcome,
        /// The step behind it; none at the end.
        next: Option<String>,
        /// Where a webhook goes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        endpoint_id: Option<WebhookEndpointId>,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    JourneyWaitBegan {
        step: String,
        waiting: Waiting,
    },
    /// What it waits until has moved.
    JourneyWaitMoved {
        #[serde(with = "time::serde::rfc3339")]
        until: OffsetDateTime,
    },
    JourneyWaitEnded {
        outcome: StepOutcome,
        next: Option<String>,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    JourneyQuestionAsked {
        step: String,
    },
    JourneyQuestionAnswered {
        /// What the answer is known by.
        name: String,
        answer: String,
        next: Option<String>,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    JourneyRunEnded(Ended),
}

impl DomainEvent for JourneyRunEvent {
    fn event_type(&self) -> String {
        let name = match self {
            Self::JourneyRunBegan(_) => "JourneyRunBegan",
            Self::JourneyBranchTaken { .. } => "JourneyBranchTaken",
            Self::JourneyStepTaken { .. } => "JourneyStepTaken",
            Self::JourneyWaitBegan { .. } => "JourneyWaitBegan",
            Self::JourneyWaitMoved { .. } => "JourneyWaitMoved",
            Self::JourneyWaitEnded { .. } => "JourneyWaitEnded",
            Self::JourneyQuestionAsked { .. } => "JourneyQuestionAsked",
            Self::JourneyQuestionAnswered { .. } => "JourneyQuestionAnswered",
            Self::JourneyRunEnded(_) => "JourneyRunEnded",
        };
        name.to_owned()
    }

    fn event_version(&self) -> String {
        evolution::version(JourneyRun::TYPE, &self.event_type())
    }
}
