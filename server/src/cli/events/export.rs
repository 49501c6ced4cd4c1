//! `rapport events export`: one tenant's events as newline-delimited JSON, read page by page from one snapshot.

use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use deadpool_postgres::Transaction;
use event_store::Result;
use event_store::recorded::Recorded;
use event_store::store::Store;
use tokio_postgres::IsolationLevel;

use super::rows::EventRow;
use crate::cli::Outcome;
use crate::cli::Reason;
use crate::cli::output;
use crate::cli::tenant_choice::TenantChoice;

/// Events of one page; as many as are held in memory.
const PAGE_EVENTS: i64 = 5_000;
/// Sealed or not, an export is nobody else's.
const OWNER_ONLY: u32 = 0o600;

/// Write all events of one tenant as newline-delimited JSON.
///
/// In order of position, from one snapshot: no event of a command without its others. Fields that are personal stay
/// sealed under their subjects' keys. An existing file is not overwritten.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  rapport events export --tenant fire-and-rice --output events.ndjson"
)]
pub struct ExportArgs {
    #[command(flatten)]
    tenant: TenantChoice,
    /// Only events behind this position.
    #[arg(long, value_name = "POSITION", default_value_t = 0)]
    after: i64,
    /// The file to make. [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

const FIND_END: &str = "select coalesce(max(position), 0) from events where tenant_id = $1";

const READ_PAGE: &str = "
    select position, tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        occurred_at, recorded_at, command_id, correlation_id, causation_id, actor
    from events
    where tenant_id = $1 and position > $2
    order by position limit $3";

pub async fn export(store: &Store, args: &ExportArgs) -> Outcome {
    let tenant_id = args.tenant.require(store).await?;
    let mut out = open(args)?;
    let mut client = store.pools.engine.get().await?;
    let tx = client
        .build_transaction()
        .read_only(true)
        .isolation_level(IsolationLevel::RepeatableRead)
        .start()
        .await?;
    let end: i64 = tx.query_one(FIND_END, &[&tenant_id.as_str()]).await?.get(0);
    let bar = output::progress(
        "exporting events",
        end.saturating_sub(args.after).try_into().unwrap_or(0),
    );
    let (mut position, mut events) = (args.after, 0_u64);
    loop {
        let page = read_page(&tx, tenant_id.as_str(), position).await?;
        let Some(last) = page.last() else { break };
        position = last.position;
        for event in &page {
            serde_json::to_writer(&mut out, &EventRow::of(event)?).map_err(io::Error::from)?;
            out.write_all(b"\n")?;
            events += 1;
        }
        bar.set_position(position.saturating_sub(args.after).try_into().unwrap_or(0));
    }
    out.flush()?;
    drop(out);
    tx.commit().await?;
    if let Some(path) = &args.output {
        fs::rename(partial(path), path)?;
    }
    bar.finish_and_clear();
    output::remark(&format!("{events} events up to position {position}"));
    Ok(())
}

async fn read_page(tx: &Transaction<'_>, tenant_id: &str, after: i64) -> Result<Vec<Recorded>> {
    let statement = tx.prepare_cached(READ_PAGE).await?;
    let rows = tx
        .query(&statement, &[&tenant_id, &after, &PAGE_EVENTS])
        .await?;
    Ok(rows.iter().map(Recorded::from_row).collect())
}

/// A file gets its name once it is whole.
fn open(args: &ExportArgs) -> std::result::Result<Box<dyn Write>, Reason> {
    let Some(path) = &args.output else {
        return Ok(Box::new(BufWriter::new(io::stdout())));
    };
    if path.exists() {
        return Err(format!("{} is there already and is left alone", path.display()).into());
    }
    let partial = partial(path);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(OWNER_ONLY)
        .open(&partial)
        .map_err(|error| format!("could not make {}: {error}", partial.display()))?;
    Ok(Box::new(BufWriter::new(file)))
}

fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}
