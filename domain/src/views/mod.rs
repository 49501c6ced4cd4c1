//! Views: a list query with its filters, order and columns, kept under a name by a person for themself or for everybody of
//! the tenant. What they filter by may be personal, so it is ciphertext.

pub mod events;
mod rules;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};

use self::events::ViewEvent;
use crate::effects::Effect;
use crate::noun::{ClaimChanges, Key, Noun};
use crate::refusal::Refusal;
use crate::sealed::Sealed;

/// Handle: every view that was not deleted stands under whom it belongs to.
pub const OWNER_SCOPE: &str = "view-owner";
/// The value of that handle for what everybody shares; no principal is called so.
pub const EVERYBODY: &str = "*";
/// Views of one person, and views that a tenant shares.
pub const MAX_VIEWS: usize = 200;
pub const MAX_VIEW_NAME_CHARS: usize = 100;
pub const MAX_COLUMNS: usize = 50;
pub const MAX_COLUMN_CHARS: usize = 64;
/// Filters, order and columns together, as JSON.
pub const MAX_DEFINITION_BYTES: usize = 8 * 1024;

/// A view as its events tell it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct View {
    pub standing: ViewStanding,
    /// The query that it is a view of.
    pub query: String,
    pub name: String,
    /// The principal whose it is; none for everybody's.
    pub owner: Option<String>,
    /// Filters, order and columns.
    pub definition: Sealed,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ViewStanding {
    /// Never heard of.
    #[default]
    Unknown,
    Kept,
    /// For good.
    Deleted,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ViewCommand {
    Save {
        query: String,
        name: String,
        owner: Option<String>,
        definition: Sealed,
    },
    Change {
        definition: Sealed,
    },
    Rename {
        name: String,
    },
    Delete,
}

/// What a view's definition is sealed as, under the view's own key.
pub const DEFINITION_FIELD: &str = "definition";

/// What the definition of a view of earlier days is sealed for, under the tenant's ingest key.
pub fn definition_purpose(view_id: &str) -> String {
    format!("view/{view_id}")
}

impl View {
    /// Refuses a view that never was, or is no more.
    pub fn require(&self) -> Result<&Self, Refusal> {
        match self.standing {
            ViewStanding::Kept => Ok(self),
            ViewStanding::Unknown | ViewStanding::Deleted => Err(unknown()),
        }
    }
}

/// Also what whoever asks for somebody else's is told.
pub fn unknown() -> Refusal {
    Refusal::not_found("view-not-found", "there is no such view")
}

impl Aggregate for View {
    const TYPE: &'static str = "view";
    type Command = ViewCommand;
    type Event = ViewEvent;
    type Error = Refusal;
    type Services = ();

    async fn handle(
        &mut self,
        command: ViewCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Refusal> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: ViewEvent) {
        match event {
            ViewEvent::ViewSaved {
                query,
                name,
                owner,
                definition,
            } => {
                *self = Self {
                    standing: ViewStanding::Kept,
                    query,
                    name,
                    owner,
                    definition,
                };
            }
            ViewEvent::ViewChanged { definition } => self.definition = definition,
            ViewEvent::ViewRenamed { name } => self.name = name,
            ViewEvent::ViewDeleted {} => {
                self.standing = ViewStanding::Deleted;
                self.definition = Sealed::default();
            }
        }
    }
}

impl Noun for View {
    fn claims(&self, _id: &str, event: &ViewEvent) -> ClaimChanges {
        match event {
            ViewEvent::ViewSaved { owner, .. } => ClaimChanges {
                handles: vec![Key::new(OWNER_SCOPE, owner.as_deref().unwrap_or(EVERYBODY))],
                ..ClaimChanges::default()
            },
            ViewEvent::ViewDeleted {} => ClaimChanges {
                drop_handles: vec![OWNER_SCOPE],
                ..ClaimChanges::default()
            },
            ViewEvent::ViewChanged { .. } | ViewEvent::ViewRenamed { .. } => {
                ClaimChanges::default()
            }
        }
    }

    fn effects(&self, _id: &str, _event: &ViewEvent) -> Vec<Effect> {
        Vec::new()
    }
}
