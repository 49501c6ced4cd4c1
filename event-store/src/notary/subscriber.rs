//! The subscriber `notary`: gives each event its place in its tenant's tree, in the order of the log. Its rows move with
//! its checkpoint, under its lease's fencing token, so two notaries at once make one sequence.

use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use deadpool_postgres::{Client, GenericClient, Transaction};
use domain::evolution;

use super::entries;
use super::heads::{Growth, Heads};
use crate::Result;
use crate::checkpoints::Move;
use crate::log::{self, Subscriber};
use crate::recent::{Leaf, Recent};
use crate::recorded::Recorded;

/// The name of the checkpoint.
pub const NAME: &str = "notary";

/// All that is written; tombstones belong to no tenant.
static AGGREGATE_TYPES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let known = evolution::known_events();
    known.iter().map(|(kind, _)| *kind).collect()
});

/// What is sealed at once, and how soon after what was sealed before. Each time some commands wait beside it: twice a second
/// those are too few to be felt.
const ENOUGH: i64 = 2_048;
const PATIENCE: Duration = Duration::from_millis(500);
/// Heads of so many trees are remembered from one batch to the next.
const MAX_KNOWN: usize = 10_000;

/// Seals events.
#[derive(Default)]
pub struct Notary {
    /// Where the trees of late batches stand, as this process has written them.
    known: Mutex<Heads>,
}

impl Notary {
    /// Who asks has to give back what is still true afterwards.
    fn take_known(&self) -> Heads {
        std::mem::take(&mut *self.lock_known())
    }

    /// Writes what was added, and remembers where the trees stand with it.
    async fn write(&self, client: &Client, growth: Growth, step: &Move<'_>) -> Result<bool> {
        if !growth.write(client, Some(step)).await? {
            return Ok(false);
        }
        let heads = growth.into_heads();
        if heads.len() <= MAX_KNOWN {
            *self.lock_known() = heads;
        }
        Ok(true)
    }

    fn lock_known(&self) -> MutexGuard<'_, Heads> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Subscriber for Notary {
    fn name(&self) -> &'static str {
        NAME
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &AGGREGATE_TYPES
    }

    fn gathers(&self) -> (i64, Duration) {
        (ENOUGH, PATIENCE)
    }

    async fn apply(&self, tx: &Transaction<'_>, batch: &[Recorded]) -> Result<()> {
        drop(self.take_known());
        seal(tx, Heads::default(), &leaves_of(batch))
            .await?
            .write(tx, None)
            .await?;
        Ok(())
    }

    /// A busy tenant's events come by twos and threes: statements for each of those batches would cost more than the
    /// sealing, at the writers' expense.
    async fn apply_at_once(
        &self,
        client: &Client,
        batch: &[Recorded],
        step: &Move<'_>,
    ) -> Result<bool> {
        let growth = seal(client, self.take_known(), &leaves_of(batch)).await?;
        self.write(client, growth, step).await
    }

    /// What this process has written it has hashed too.
    async fn apply_unread(
        &self,
        client: &Client,
        recent: &Recent,
        step: &Move<'_>,
    ) -> Result<bool> {
        let Some(stretch) = recent.take_leaves((step.lease.position, step.until)) else {
            return Ok(false);
        };
        let others = log::read_some(client, &AGGREGATE_TYPES, &stretch.missing).await?;
        let leaves = stretch.complete(leaves_of(&others), |leaf| leaf.position);
        let growth = seal(client, self.take_known(), &leaves).await?;
        self.write(client, growth, step).await
    }

    fn needs_events(&self) -> bool {
        false
    }

    /// All of a tenant's events wait behind one that fails: none may take its place.
    fn key(&self, event: &Recorded) -> String {
        format!("tenant/{}", event.tenant_id)
    }
}

/// Gives them their places.
async fn seal(client: &impl GenericClient, known: Heads, leaves: &[Leaf]) -> Result<Growth> {
    let tenants = leaves.iter().map(|leaf| leaf.tenant_id.as_str()).collect();
    let mut growth = Growth::load(client, known, &tenants).await?;
    for leaf in leaves {
        let tenant_id = leaf.tenant_id.as_str();
        // What is read again, because somebody has rewound the checkpoint, is sealed already.
        if leaf.position > growth.position(tenant_id) {
            growth.push(tenant_id, Some(leaf.position), &leaf.hash);
        }
    }
    Ok(growth)
}

fn leaves_of(events: &[Recorded]) -> Vec<Leaf> {
    let leaf = |event: &Recorded| Leaf {
        position: event.position,
        tenant_id: Arc::new(event.tenant_id.clone()),
        hash: entries::of_event(event),
    };
    events.iter().map(leaf).collect()
}
