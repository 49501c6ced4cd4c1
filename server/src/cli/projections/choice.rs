//! Which projections a subcommand is about.

use clap::Args;
use event_store::store::Store;
use projectors::Projection;

use super::Reason;
use crate::operations::projections;

/// One projection or more, or all.
#[derive(Args, Debug)]
pub struct Chosen {
    /// Which projections.
    #[arg(required_unless_present = "all")]
    names: Vec<String>,
    /// All of them, one after the other.
    #[arg(long, conflicts_with = "names")]
    all: bool,
}

impl Chosen {
    /// Every name is checked before anything is done.
    pub fn find(&self, store: &Store) -> Result<Vec<Projection>, Reason> {
        if self.all {
            return Ok(projectors::all(store));
        }
        let found = self.names.iter().map(|name| projections::find(store, name));
        Ok(found.collect::<event_store::Result<_>>()?)
    }
}
