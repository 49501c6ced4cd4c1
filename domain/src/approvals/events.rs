//! What happens to approvals.

use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};

use super::{Approval, Proposal};
use crate::evolution;
use crate::sealed::Sealed;

/// The events of an approval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ApprovalEvent {
    ApprovalProposed(Box<Proposal>),
    /// Somebody agrees, and another person has to as well.
    ApprovalEndorsed {
        by: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<Sealed>,
    },
    ApprovalGranted {
        by: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<Sealed>,
    },
    ApprovalRejected {
        by: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<Sealed>,
    },
    ApprovalWithdrawn {},
    ApprovalExecuted {
        command_id: String,
    },
    ApprovalExpired {},
}

impl DomainEvent for ApprovalEvent {
    fn event_type(&self) -> String {
        let name = match self {
            Self::ApprovalProposed { .. } => "ApprovalProposed",
            Self::ApprovalEndorsed { .. } => "ApprovalEndorsed",
            Self::ApprovalGranted { .. } => "ApprovalGranted",
            Self::ApprovalRejected { .. } => "ApprovalRejected",
            Self::ApprovalWithdrawn {} => "ApprovalWithdrawn",
            Self::ApprovalExecuted { .. } => "ApprovalExecuted",
            Self::ApprovalExpired {} => "ApprovalExpired",
        };
        name.to_owned()
    }

    fn event_version(&self) -> String {
        evolution::version(Approval::TYPE, &self.event_type())
    }
}
