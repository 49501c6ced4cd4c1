//! What can happen to a bulk run.

use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{BulkRun, Order, Progress};
use crate::evolution;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum BulkRunEvent {
    BulkRunStarted {
        order: Order,
        ids: Vec<String>,
        by: String,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    /// The next few have been seen to. With the last of them the run is finished.
    BulkRunAdvanced {
        progress: Progress,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    BulkRunStopped {
        by: String,
    },
    /// What failed is tried again, and what a stop has left.
    BulkRunRetried {
        by: String,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
}

impl DomainEvent for BulkRunEvent {
    fn event_type(&self) -> String {
        let name = match self {
            Self::BulkRunStarted { .. } => "BulkRunStarted",
            Self::BulkRunAdvanced { .. } => "BulkRunAdvanced",
            Self::BulkRunStopped { .. } => "BulkRunStopped",
            Self::BulkRunRetried { .. } => "BulkRunRetried",
        };
        name.to_owned()
    }

    fn event_version(&self) -> String {
        evolution::version(BulkRun::TYPE, &self.event_type())
    }
}
