//! What can happen to a journey.

use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};

use super::{InFlight, Journey, Version};
use crate::evolution;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum JourneyEvent {
    JourneyDefined {
        number: u32,
        version: Box<Version>,
    },
    /// New runs begin with this version from now on.
    JourneyEnabled {
        version: u32,
    },
    /// No run begins any more.
    JourneyDisabled {
        in_flight: InFlight,
    },
}

impl DomainEvent for JourneyEvent {
    fn event_type(&self) -> String {
        let name = match self {
            Self::JourneyDefined { .. } => "JourneyDefined",
            Self::JourneyEnabled { .. } => "JourneyEnabled",
            Self::JourneyDisabled { .. } => "JourneyDisabled",
        };
        name.to_owned()
    }

    fn event_version(&self) -> String {
        evolution::version(Journey::TYPE, &self.event_type())
    }
}
