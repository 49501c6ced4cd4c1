//! Tenants whose time has come, and deletions that have begun: looked for again and again, carried out, and gone on with where
//! a process has ended half way. Those that are over are looked at once more for a while, for what came late.

use std::time::Duration;

use commands::dispatch::Dispatcher;
use commands::system;
use deadpool_postgres::GenericClient;
use domain::ids::TenantId;
use domain::tenants::deletion::{EndNews, claim_value};
use event_store::deletions::{self, Beginning, Progress, Warrant};
use event_store::store::Store;
use identity::acts::{self, Act};
use identity::letters::{self, EndLetters};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use crate::Result;

/// How often it is looked, and how often while a deletion waits for others to end.
const LOOK: Duration = Duration::from_secs(5);
const WAIT: Duration = Duration::from_millis(500);
/// Every so many looks those are looked at that are over.
const LATE_EVERY: u32 = 120;
/// Who does it when the time has come.
const OWN_NAME: &str = "rapport:deletions";

/// One process at a time goes over the deletions.
const TRY_LOCK: &str =
    "select pg_try_advisory_lock(hashtextextended('tenant deletions', 0)) as taken";
const UNLOCK: &str = "select pg_advisory_unlock(hashtextextended('tenant deletions', 0))";

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Open,
    /// Those that are over as well.
    OverToo,
}

/// Whether somebody still has to be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Looked {
    Done,
    Waiting,
}

/// Looks for as long as it is not stopped.
pub async fn run(dispatcher: Dispatcher, stop: CancellationToken) {
    let (mut looks, mut pause) = (0_u32, LOOK);
    while stop
        .run_until_cancelled(tokio::time::sleep(pause))
        .await
        .is_some()
    {
        let reach = match looks.is_multiple_of(LATE_EVERY) {
            true => Reach::OverToo,
            false => Reach::Open,
        };
        pause = match look(&dispatcher, reach, &stop).await {
            Ok(Looked::Waiting) => WAIT,
            Ok(Looked::Done) => {
                looks = looks.wrapping_add(1);
                LOOK
            }
            Err(error) => {
                tracing::warn!(%error, "deletions of tenants could not be gone on with; they will be tried again");
                LOOK
            }
        };
    }
}

async fn look(dispatcher: &Dispatcher, reach: Reach, stop: &CancellationToken) -> Result<Looked> {
    let life = dispatcher.store.pools.engine.get().await?;
    if !life
        .query_one(TRY_LOCK, &[])
        .await?
        .try_get::<_, bool>("taken")?
    {
        return Ok(Looked::Done);
    }
    let looked = look_once(dispatcher, &life, reach, stop).await;
    life.query_one(UNLOCK, &[]).await?;
    looked
}

async fn look_once(
    dispatcher: &Dispatcher,
    client: &impl GenericClient,
    reach: Reach,
    stop: &CancellationToken,
) -> Result<Looked> {
    let now = OffsetDateTime::now_utc();
    for (tenant_id, slug) in deletions::list_due(client, now).await? {
        begin_due(dispatcher, client, (&tenant_id, &slug), now).await?;
    }
    let mut open = deletions::list_unfinished(client).await?;
    if reach == Reach::OverToo {
        open.extend(deletions::list_late(client).await?);
    }
    let mut looked = Looked::Done;
    for tenant_id in open {
        match go_on(dispatcher, &tenant_id, stop).await {
            Ok(Progress::Waiting(reason)) => {
                tracing::info!(%tenant_id, reason, "a deletion waits");
                looked = Looked::Waiting;
            }
            Ok(Progress::Stopped | Progress::Finished { .. }) => {}
            // One tenant's trouble is not another's.
            Err(error) => {
                tracing::warn!(%error, %tenant_id, "a deletion could not be gone on with")
            }
        }
    }
    Ok(looked)
}

/// Lets nobody in any more and begins, unless it is taken back in this moment.
async fn begin_due(
    dispatcher: &Dispatcher,
    client: &impl GenericClient,
    (tenant_id, slug): (&TenantId, &str),
    now: OffsetDateTime,
) -> Result<()> {
    let deed = Deed {
        by: OWN_NAME,
        reason: Some("its time has come"),
    };
    dispatcher
        .dispatch(&system::request(tenant_id, "suspend-tenant"))
        .await?;
    record(client, tenant_id, deed, json!({ "slug": slug })).await?;
    let beginning = Beginning {
        tenant_id,
        slug,
        by: deed.by,
        reason: deed.reason,
    };
    let until = claim_value(now);
    if !deletions::begin(&dispatcher.store, beginning, Warrant::Due(&until)).await? {
        dispatcher
            .dispatch(&system::request(tenant_id, "resume-tenant"))
            .await?;
    }
    Ok(())
}

/// Who lets a tenant be deleted, and why.
#[derive(Clone, Copy, Debug)]
pub struct Deed<'a> {
    pub by: &'a str,
    pub reason: Option<&'a str>,
}

/// Writes into the installation's record, which outlives the tenant's own, that a deletion begins.
pub async fn record(
    client: &impl GenericClient,
    tenant_id: &TenantId,
    deed: Deed<'_>,
    details: Value,
) -> Result<()> {
    let act = Act {
        tenant_id: &acts::installation(),
        principal: deed.by,
        action: "delete-tenant",
        subject: tenant_id.as_str(),
        reason: deed.reason,
        details: &details,
    };
    acts::record(client, act).await
}

/// Tells the owners of a suspended business of its end. Nothing is sent of its own queue, so the letters wait in the
/// installation's; nobody is told of one `fact` twice.
pub async fn tell_owners(
    store: &Store,
    tenant_id: &TenantId,
    (news, fact): (&EndNews, &str),
) -> Result<()> {
    let letters = EndLetters {
        queue: &acts::installation(),
        tenant_id,
        news,
        fact,
    };
    let mut client = store.pools.engine.get().await?;
    let tx = client.transaction().await?;
    letters::tell_owners(&tx, &letters).await?;
    Ok(tx.commit().await?)
}

/// Goes on with a deletion, and writes down when it is over, with what went.
pub async fn go_on(
    dispatcher: &Dispatcher,
    tenant_id: &TenantId,
    stop: &CancellationToken,
) -> Result<Progress> {
    let store = &dispatcher.store;
    let progress = deletions::carry_out(store, tenant_id, stop).await?;
    if matches!(progress, Progress::Finished { now: true }) {
        let client = store.pools.engine.get().await?;
        if let Some(tombstone) = deletions::find(&client, tenant_id).await? {
            let details = json!({ "slug": tombstone.slug, "rows": tombstone.rows });
            let act = Act {
                tenant_id: &acts::installation(),
                principal: OWN_NAME,
                action: "finish-tenant-deletion",
                subject: tenant_id.as_str(),
                reason: None,
                details: &details,
            };
            acts::record(&client, act).await?;
        }
        metrics::counter!("rapport_tenants_deleted_total").increment(1);
        store.wake.committed_unknown();
    }
    Ok(progress)
}
