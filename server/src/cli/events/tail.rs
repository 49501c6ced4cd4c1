//! `rapport events tail`: events as they come, none missed and none twice, for it reads the log as every subscriber does.

use clap::Args;
use deadpool_postgres::Object;
use event_store::Result;
use event_store::error::Error;
use event_store::recorded::Recorded;
use event_store::store::Store;
use tokio::task::JoinSet;

use crate::cli::Outcome;
use crate::cli::output::{self, Format};
use crate::cli::tenant_choice::TenantChoice;
use crate::operations::events::rows::{EventRow, Slugs};

/// Events of one look.
const PAGE_EVENTS: i64 = 500;
/// The most that may be asked for from before.
const MAX_LAST_EVENTS: i64 = 100_000;

/// Show events as they are committed.
///
/// One line each: position, time, tenant, aggregate with its sequence, event, actor. With --json one JSON document a line,
/// payload included. Ends when it is interrupted, or with --once.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport events tail --tenant fire-and-rice --last 20")]
pub struct TailArgs {
    #[command(flatten)]
    tenant: TenantChoice,
    /// Begin this many events before the newest.
    #[arg(long, value_name = "EVENTS", default_value_t = 10, value_parser = clap::value_parser!(i64).range(0..=MAX_LAST_EVENTS))]
    last: i64,
    /// Begin behind this position instead.
    #[arg(long, value_name = "POSITION", conflicts_with = "last")]
    after: Option<i64>,
    /// End once everything that is there has been shown.
    #[arg(long)]
    once: bool,
}

const FIND_NEWEST: &str = "select coalesce(max(position), 0) from events";

/// The position behind which the last events of a tenant, or of all, begin.
const FIND_BEGINNING: &str = "
    select coalesce(min(position) - 1, $3) from (
        select position from events
        where ($1::text is null or tenant_id = $1) and aggregate_type <> '$log' and position <= $3
        order by position desc limit $2) last";

/// Without the tombstones that fill lost positions.
const READ_PAGE: &str = "
    select position, tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        occurred_at, recorded_at, command_id, correlation_id, causation_id, actor
    from events
    where position > $1 and position <= $2 and ($3::text is null or tenant_id = $3) and aggregate_type <> '$log'
    order by position limit $4";

pub async fn tail(store: &Store, args: &TailArgs, format: Format) -> Outcome {
    let tenant_id = args.tenant.find(store).await?;
    let tenant_id = tenant_id.as_ref().map(|tenant_id| tenant_id.as_str());
    let slugs = Slugs::read(store).await?;
    let client = store.pools.engine.get().await?;
    let newest: i64 = client.query_one(FIND_NEWEST, &[]).await?.get(0);
    let mut position = match args.after {
        Some(after) => after,
        None => client
            .query_one(FIND_BEGINNING, &[&tenant_id, &args.last, &newest])
            .await?
            .get(0),
    };
    drop(client);
    // Only what lies before the log's safe end may be shown: behind it an earlier event may still come to light.
    let mut safe = store.tail.watch();
    let mut following = JoinSet::new();
    let (end, wake, config) = (
        store.tail.clone(),
        store.wake.clone(),
        store.pools.config.clone(),
    );
    following.spawn(async move { end.run().await });
    following.spawn(async move { wake.run(config).await });
    loop {
        let until = *safe.borrow_and_update();
        while position < until {
            let client = store.pools.engine.get().await?;
            let page = read_page(&client, (position, until), tenant_id).await?;
            for event in &page {
                print(event, &slugs, format)?;
            }
            position = match page.last() {
                Some(last) if i64::try_from(page.len()).is_ok_and(|read| read == PAGE_EVENTS) => {
                    last.position
                }
                _ => until,
            };
        }
        if args.once && until >= newest {
            return Ok(());
        }
        safe.changed()
            .await
            .map_err(|_| Error::internal("the log is no longer followed"))?;
    }
}

async fn read_page(
    client: &Object,
    (after, until): (i64, i64),
    tenant_id: Option<&str>,
) -> Result<Vec<Recorded>> {
    let statement = client.prepare_cached(READ_PAGE).await?;
    let rows = client
        .query(&statement, &[&after, &until, &tenant_id, &PAGE_EVENTS])
        .await?;
    Ok(rows.iter().map(Recorded::from_row).collect())
}

fn print(event: &Recorded, slugs: &Slugs, format: Format) -> Outcome {
    if format == Format::Json {
        return Ok(output::line(&serde_json::to_string(&EventRow::of(
            event,
        )?)?)?);
    }
    let line = format!(
        "{:>8}  {}  {:<20}  {}/{} #{}  {}  {}",
        event.position,
        output::instant(event.occurred_at),
        slugs.of(event.tenant_id.as_str()),
        event.aggregate_type,
        event.aggregate_id,
        event.sequence,
        event.event_type,
        event.actor
    );
    Ok(output::line(&output::harmless(&line))?)
}
