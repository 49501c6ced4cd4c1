//! Which projections a subcommand is about.

use clap::Args;
use domain::refusal::Refusal;
use event_store::store::Store;
use projectors::Projection;

use super::Reason;

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
        let found = self.names.iter().map(|name| find(store, name));
        found.collect()
    }
}

/// The projection of this name; refused with `projection-not-found`, naming those there are.
pub fn find(store: &Store, name: &str) -> Result<Projection, Reason> {
    let all = projectors::all(store);
    let names: Vec<&str> = all.iter().map(Projection::name).collect();
    let detail = format!(
        "there is no projection {name}; there are {}",
        names.join(", ")
    );
    let found = all.into_iter().find(|projection| projection.name() == name);
    found.ok_or_else(|| Refusal::not_found("projection-not-found", detail).into())
}
