//! Commands within a command: a step of a journey is decided by the command that it names, in one commit with the journey's
//! own events, and what it refuses leaves nothing behind.

use super::{Facts, Work};
use crate::kept::Kept;
use crate::known::Snapshot;

/// A place in a command's work.
pub(crate) struct Mark {
    kept: Kept,
    learned: Vec<(&'static str, String, Snapshot)>,
    decided: Option<(&'static str, String, i64)>,
}

impl Work {
    /// What is known beforehand, as another command's look-ups want it.
    pub(crate) fn facts(&self) -> Facts {
        Facts {
            tenant_id: self.ctx.tenant_id().clone(),
            keys: self.keys.clone(),
            tenant: self.tenant().clone(),
        }
    }

    /// All that is to be written so far, to come back to should what follows be refused.
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            kept: self.kept.clone(),
            learned: self.learned.clone(),
            decided: self.decided.clone(),
        }
    }

    /// As it was at the mark: what was decided since is not written. What was looked at stays looked at.
    pub(crate) fn back_to(&mut self, mark: Mark) {
        self.kept = mark.kept;
        self.learned = mark.learned;
        self.decided = mark.decided;
    }

    /// What the newest command within this one was about.
    pub(crate) fn decided_about(&self) -> (String, String) {
        match &self.decided {
            Some((kind, id, _)) => ((*kind).to_owned(), id.clone()),
            None => Default::default(),
        }
    }
}
