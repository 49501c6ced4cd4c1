//! What every aggregate offers beyond `cqrs_es::Aggregate`: the uniqueness and the effects that follow from a fresh
//! event, as pure functions of it, so that neither can be forgotten by a command.

use cqrs_es::Aggregate;

use crate::effects::Effect;
use crate::refusal::Refusal;

/// An aggregate of this product. `decide` is pure; `Aggregate::handle` only writes its events to the sink.
pub trait Noun: Aggregate<Error = Refusal, Services = ()> + Clone + 'static {
    /// The claims and handles that `event` takes and releases; `self` is the state after it.
    fn claims(&self, id: &str, event: &Self::Event) -> ClaimChanges;

    /// What must happen outside because of `event`; `self` is the state after it.
    fn effects(&self, id: &str, event: &Self::Event) -> Vec<Effect>;
}

/// Unique keys (`take`, `release`) and look-up keys (`handles`) that an event changes. All are owned by the aggregate
/// whose event it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimChanges {
    /// Unique within the tenant: a second owner's take is a conflict.
    pub take: Vec<Key>,
    /// Every claim of this aggregate under these scopes goes, before `take` is applied.
    pub release: Vec<&'static str>,
    /// Not unique: many aggregates may share one.
    pub handles: Vec<Key>,
    /// Every handle of this aggregate under these scopes goes, before `handles` are added.
    pub drop_handles: Vec<&'static str>,
}

impl ClaimChanges {
    pub fn taking(take: Vec<Key>) -> Self {
        Self {
            take,
            ..Self::default()
        }
    }

    pub fn releasing(scope: &'static str) -> Self {
        Self {
            release: vec![scope],
            ..Self::default()
        }
    }
}

/// A value within a scope, for example (`chef-slot`, `<chef>|2026-03-14|18:00`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    pub scope: &'static str,
    pub value: String,
}

impl Key {
    pub fn new(scope: &'static str, value: impl Into<String>) -> Self {
        Self {
            scope,
            value: value.into(),
        }
    }
}
