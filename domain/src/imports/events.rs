//! What can happen to an import. Its file's name and header are ciphertext under its own key; its rows are in no event.

use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Counts, Format, Import, Pass, Plan};
use crate::evolution;
use crate::sealed::Sealed;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ImportEvent {
    ImportOpened {
        format: Format,
        encoding: String,
        size_bytes: u64,
        rows: u32,
        file_name: Sealed,
        columns: Sealed,
        /// The principal who uploaded it.
        by: String,
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
    /// All its rows are kept.
    ImportReceived {},
    ImportMapped(Plan),
    ImportStarted {
        pass: u32,
    },
    /// After it was stopped.
    ImportContinued {
        pass: u32,
    },
    /// What failed is tried again.
    ImportRetried {
        pass: u32,
    },
    /// Some rows more have been seen to.
    ImportAdvanced {
        kind: Pass,
        pass: u32,
        /// The last of them.
        through: u32,
        counts: Counts,
    },
    ImportFinished {
        counts: Counts,
    },
    ImportStopped {},
    ImportUndoStarted {
        pass: u32,
    },
    ImportUndone {
        counts: Counts,
    },
    /// The key to its rows is destroyed with this event.
    ImportPurged {
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
    },
}

impl DomainEvent for ImportEvent {
    fn event_type(&self) -> String {
        let name = match self {
            Self::ImportOpened { .. } => "ImportOpened",
            Self::ImportReceived {} => "ImportReceived",
            Self::ImportMapped(_) => "ImportMapped",
            Self::ImportStarted { .. } => "ImportStarted",
            Self::ImportContinued { .. } => "ImportContinued",
            Self::ImportRetried { .. } => "ImportRetried",
            Self::ImportAdvanced { .. } => "ImportAdvanced",
            Self::ImportFinished { .. } => "ImportFinished",
            Self::ImportStopped {} => "ImportStopped",
            Self::ImportUndoStarted { .. } => "ImportUndoStarted",
            Self::ImportUndone { .. } => "ImportUndone",
            Self::ImportPurged { .. } => "ImportPurged",
        };
        name.to_owned()
    }

    fn event_version(&self) -> String {
        evolution::version(Import::TYPE, &self.event_type())
    }
}
