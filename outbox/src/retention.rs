//! Terms: what a tenant no longer keeps goes by itself, a class of data after the other, in bounded batches; a hold keeps
//! what is the person's. Each batch is on record as an act, and what concerns one person or thread is a command.

mod due;
mod purges;

use std::time::Duration;

use commands::dispatch::Dispatcher;
use domain::ids::TenantId;
use domain::tenants::retention::{Retention, RetentionClass};
use serde::Serialize;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use self::due::{Due, Held};
use crate::Result;

/// How soon after a start terms are looked at, and how often from then on.
const FIRST_SWEEP: Duration = Duration::from_secs(5 * 60);
const SWEEP: Duration = Duration::from_secs(60 * 60);
/// What goes in one batch, and batches of a class in one round; the rest goes in the next.
const BATCH: i64 = 500;
const MAX_BATCHES: usize = 20;
/// A preview counts no further.
pub const MAX_COUNTED: i64 = 100_000;
/// Ids that a preview shows of each class.
const SAMPLES: usize = 5;
/// Who does it when nobody asks.
const OWN_NAME: &str = "retention";

/// One process at a time goes over the tenants.
const TRY_LOCK: &str = "select pg_try_advisory_lock(hashtextextended('retention', 0)) as taken";
const UNLOCK: &str = "select pg_advisory_unlock(hashtextextended('retention', 0))";

/// What a term would take.
#[derive(Clone, Debug, Serialize)]
pub struct Foreseen {
    pub class: RetentionClass,
    /// The term in days; null is for ever.
    pub days: Option<u16>,
    /// Whether the tenant has set it.
    pub set: bool,
    /// The term where it has not; null is for ever.
    pub usual_days: Option<u16>,
    /// The terms that may be set.
    pub least_days: u16,
    pub most_days: u16,
    /// What would go now; at most `MAX_COUNTED` are counted.
    pub due: usize,
    /// What is as old, and kept by a hold.
    pub held: usize,
    /// Of what would go.
    #[serde(with = "time::serde::rfc3339::option")]
    pub oldest: Option<OffsetDateTime>,
    /// Some of it, by id.
    pub samples: Vec<String>,
}

/// What went.
#[derive(Clone, Debug, Serialize)]
pub struct Purged {
    pub class: RetentionClass,
    pub days: u16,
    pub purged: u64,
    /// False when there is more, which goes in the next round.
    pub whole: bool,
}

/// What the tenant's terms would take now, or these instead of them.
pub async fn preview(
    dispatcher: &Dispatcher,
    tenant_id: &TenantId,
    rules: &Retention,
) -> Result<Vec<Foreseen>> {
    let now = OffsetDateTime::now_utc();
    let store = &dispatcher.store;
    let held = Held::of(store, tenant_id).await?;
    let mut foreseen = Vec::with_capacity(RetentionClass::ALL.len());
    for class in RetentionClass::ALL {
        let days = rules.days(*class);
        let (mut going, mut all) = (Vec::new(), Vec::new());
        if let Some(before) = cutoff(now, days) {
            let wanted = Due {
                tenant_id,
                class: *class,
                before,
                limit: MAX_COUNTED,
            };
            going = wanted.list(store, held.of_class(*class)).await?;
            all = wanted.list(store, &[]).await?;
        }
        foreseen.push(Foreseen {
            class: *class,
            days,
            set: rules.set_days(*class).is_some(),
            usual_days: class.usual_days(),
            least_days: *class.range().start(),
            most_days: *class.range().end(),
            due: going.len(),
            held: all.len() - going.len().min(all.len()),
            oldest: going.first().map(|(_, at)| *at),
            samples: going
                .iter()
                .take(SAMPLES)
                .map(|(id, _)| id.clone())
                .collect(),
        });
    }
    Ok(foreseen)
}

/// Takes what the tenant's terms end, for `principal`; answers what went of each class of which something went.
pub async fn run(
    dispatcher: &Dispatcher,
    tenant_id: &TenantId,
    principal: &str,
) -> Result<Vec<Purged>> {
    let now = OffsetDateTime::now_utc();
    let rules = dispatcher
        .find_tenant(tenant_id)
        .await?
        .settings
        .retention
        .clone();
    let mut gone = Vec::new();
    for class in RetentionClass::ALL {
        let days = rules.days(*class);
        let (Some(days), Some(before)) = (days, cutoff(now, days)) else {
            continue;
        };
        let due = Due {
            tenant_id,
            class: *class,
            before,
            limit: BATCH,
        };
        let purged = purge_class(dispatcher, (&due, days), principal).await?;
        gone.extend((purged.purged > 0).then_some(purged));
    }
    Ok(gone)
}

async fn purge_class(
    dispatcher: &Dispatcher,
    (due, days): (&Due<'_>, u16),
    principal: &str,
) -> Result<Purged> {
    let mut purged = Purged {
        class: due.class,
        days,
        purged: 0,
        whole: false,
    };
    for _ in 0..MAX_BATCHES {
        // A hold may have come in between.
        let held = Held::of(&dispatcher.store, due.tenant_id).await?;
        let found = due
            .list(&dispatcher.store, held.of_class(due.class))
            .await?;
        let is_last = i64::try_from(found.len()).unwrap_or(i64::MAX) < BATCH;
        let ids: Vec<String> = found.into_iter().map(|(id, _)| id).collect();
        let batch = purges::Batch {
            due,
            days,
            ids: &ids,
            principal,
        };
        let gone = if ids.is_empty() {
            0
        } else {
            batch.purge(dispatcher).await?
        };
        purged.purged += gone;
        purged.whole = is_last;
        // What does not go by being asked would be asked again and again.
        if is_last || gone == 0 {
            break;
        }
    }
    Ok(purged)
}

/// `None` for ever.
fn cutoff(now: OffsetDateTime, days: Option<u16>) -> Option<OffsetDateTime> {
    now.checked_sub(time::Duration::days(i64::from(days?)))
}

/// Looks at every tenant's terms, for as long as it is not stopped.
pub async fn sweep(dispatcher: Dispatcher, stop: CancellationToken) {
    let mut pause = FIRST_SWEEP;
    while stop
        .run_until_cancelled(tokio::time::sleep(pause))
        .await
        .is_some()
    {
        pause = SWEEP;
        if let Err(error) = sweep_once(&dispatcher, &stop).await {
            tracing::warn!(%error, "what is not kept any more could not be looked for");
        }
    }
}

async fn sweep_once(dispatcher: &Dispatcher, stop: &CancellationToken) -> Result<()> {
    let store = &dispatcher.store;
    let life = store.pools.engine.get().await?;
    if !life.query_one(TRY_LOCK, &[]).await?.get::<_, bool>("taken") {
        return Ok(());
    }
    let swept = async {
        for (tenant_id, _) in store.directory.list().await? {
            if stop.is_cancelled() {
                break;
            }
            // One tenant's trouble is not another's.
            if let Err(error) = run(dispatcher, &tenant_id, &own_id(&tenant_id)).await {
                tracing::warn!(%error, tenant_id = %tenant_id, "what is not kept any more could not be taken away");
            }
        }
        Ok(())
    };
    let swept = swept.await;
    life.query_one(UNLOCK, &[]).await?;
    swept
}

fn own_id(tenant_id: &TenantId) -> String {
    purges::own(tenant_id).id
}
