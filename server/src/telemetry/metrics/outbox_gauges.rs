//! The outbox's gauges, by target, read by a few steps of its indexes.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use event_store::Result;
use event_store::store::Store;
use outbox::stats;

/// Targets that were ever told of: what is gone must be told as zero, not kept as it was.
static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Told from the start, so that nobody takes silence for a fault.
const ALWAYS: [&str; 3] = ["stripe", "email", "timer"];

pub async fn sample(store: &Store) -> Result<()> {
    let pool = &store.pools.engine;
    let due = stats::find_due(pool).await?;
    let failed = stats::count_failed(pool, None).await?;
    let kept = stats::count_kept(pool).await?;
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    seen.extend(ALWAYS.map(str::to_owned));
    seen.extend(due.iter().map(|one| one.target.clone()));
    seen.extend(failed.iter().map(|one| one.target.clone()));
    seen.extend(kept.iter().map(|one| one.target.clone()));
    for target in seen.iter() {
        let due = due.iter().find(|one| one.target == *target);
        let kept = kept.iter().find(|one| one.target == *target);
        let count = |state: &str| {
            let mut failed = failed.iter();
            let found = failed.find(|one| one.target == *target && one.state == state);
            found.map_or(0, |one| one.count)
        };
        tell(
            "rapport_outbox_due_messages",
            target,
            due.map_or(0, |one| one.count),
        );
        tell("rapport_outbox_dead_messages", target, count("dead"));
        tell("rapport_outbox_unknown_messages", target, count("unknown"));
        tell(
            "rapport_outbox_open_breakers",
            target,
            kept.map_or(0, |one| one.open_breakers),
        );
        tell(
            "rapport_outbox_held_destinations",
            target,
            kept.map_or(0, |one| one.held),
        );
        metrics::gauge!("rapport_outbox_oldest_due_seconds", "target" => target.clone())
            .set(due.map_or(0.0, |one| one.oldest_seconds));
    }
    Ok(())
}

#[allow(clippy::cast_precision_loss)]
fn tell(name: &'static str, target: &str, count: i64) {
    metrics::gauge!(name, "target" => target.to_owned()).set(count as f64);
}
