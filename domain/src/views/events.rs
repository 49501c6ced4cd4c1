//! What can happen to a view.

use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};

use super::View;
use crate::evolution;
use crate::sealed::Sealed;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ViewEvent {
    ViewSaved {
        query: String,
        name: String,
        /// The principal whose it is; none for everybody's.
        #[serde(default)]
        owner: Option<String>,
        definition: Sealed,
    },
    /// Other filters, another order or other columns.
    ViewChanged {
        definition: Sealed,
    },
    ViewRenamed {
        name: String,
    },
    ViewDeleted {},
}

impl DomainEvent for ViewEvent {
    fn event_type(&self) -> String {
        let name = match self {
            Self::ViewSaved { .. } => "ViewSaved",
            Self::ViewChanged { .. } => "ViewChanged",
            Self::ViewRenamed { .. } => "ViewRenamed",
            Self::ViewDeleted {} => "ViewDeleted",
        };
        name.to_owned()
    }

    fn event_version(&self) -> String {
        evolution::version(View::TYPE, &self.event_type())
    }
}
