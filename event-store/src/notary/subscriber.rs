//! The subscriber `notary`: gives each event its place in its tenant's tree, in the order of the log. Its rows move with
//! its checkpoint, under its lease's fencing token, so two notaries at once make one sequence.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use async_trait::async_trait;
use deadpool_postgres::Transaction;
use domain::evolution;

use super::entries;
use super::heads::Growth;
use crate::Result;
use crate::log::Subscriber;
use crate::recorded::Recorded;

/// The name of the checkpoint.
pub const NAME: &str = "notary";

/// All that is written; tombstones belong to no tenant.
static AGGREGATE_TYPES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let known = evolution::known_events();
    known.iter().map(|(kind, _)| *kind).collect()
});

/// Seals events.
pub struct Notary;

#[async_trait]
impl Subscriber for Notary {
    fn name(&self) -> &'static str {
        NAME
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &AGGREGATE_TYPES
    }

    async fn apply(&self, tx: &Transaction<'_>, batch: &[Recorded]) -> Result<()> {
        let tenants: BTreeSet<&str> = batch.iter().map(|event| event.tenant_id.as_str()).collect();
        let tenants: Vec<&str> = tenants.into_iter().collect();
        let mut growth = Growth::load(tx, &tenants).await?;
        for event in batch {
            let tenant_id = event.tenant_id.as_str();
            // What is read again, because somebody has rewound the checkpoint, is sealed already.
            if event.position > growth.position(tenant_id) {
                growth.push(tenant_id, Some(event.position), &entries::of_event(event));
            }
        }
        growth.write(tx).await
    }

    /// All of a tenant's events wait behind one that fails: none may take its place.
    fn key(&self, event: &Recorded) -> String {
        format!("tenant/{}", event.tenant_id)
    }
}
