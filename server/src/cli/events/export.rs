//! `rapport events export`: one tenant's events as newline-delimited JSON. Into a directory it goes file by file, with a
//! manifest that lets it be checked, resumed and imported; to standard output it goes as plain lines.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use domain::ids::TenantId;
use event_store::store::Store;

use crate::cli::output::{self, Format};
use crate::cli::tenant_choice::TenantChoice;
use crate::cli::{Outcome, operator};
use crate::operations::By;
use crate::operations::events::exports::manifest::Manifest;
use crate::operations::events::exports::pages::{Pages, Range};
use crate::operations::events::exports::{self, CHUNK_EVENTS, Keys, Personal, Step, Wish};
use crate::operations::events::rows::EventRow;

const MAX_CHUNK_EVENTS: u64 = 1_000_000;

/// Write one tenant's events as newline-delimited JSON.
///
/// In order of position, none of a command without its others. With --output a directory of files is made, with a
/// manifest of their checksums; run it again to go on with one that was interrupted. What is personal stays sealed, and
/// can be opened only where the export carries --with-keys and the root key is at hand. Every export is written down.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  rapport events export --tenant fire-and-rice --output events --with-keys\n  \
                  rapport events export --tenant fire-and-rice | gzip > events.ndjson.gz"
)]
pub struct ExportArgs {
    #[command(flatten)]
    tenant: TenantChoice,
    /// Only events behind this position; such an export cannot be imported.
    #[arg(long, value_name = "POSITION", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
    after: i64,
    /// The directory to make, or to go on with. [default: standard output]
    #[arg(long, short, value_name = "DIRECTORY")]
    output: Option<PathBuf>,
    /// Add the wrapped keys, claims and handles, without which nothing can be imported. They open nothing without the
    /// root key.
    #[arg(long, requires = "output")]
    with_keys: bool,
    /// Open what is personal. This needs the root key, as every subcommand does, and a reason; it cannot be imported.
    #[arg(long, requires = "reason", conflicts_with = "with_keys")]
    decrypt: bool,
    /// Why, for the record.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Events of one file.
    #[arg(long, value_name = "EVENTS", default_value_t = CHUNK_EVENTS, value_parser = clap::value_parser!(u64).range(1..=MAX_CHUNK_EVENTS))]
    chunk: u64,
}

impl ExportArgs {
    fn wish<'a>(&'a self, tenant_id: &'a TenantId, principal: &'a str) -> Wish<'a> {
        Wish {
            tenant_id,
            by: By {
                principal,
                reason: self.reason.as_deref(),
            },
            after: self.after,
            keys: match self.with_keys {
                true => Keys::With,
                false => Keys::Without,
            },
            personal: match self.decrypt {
                true => Personal::Open,
                false => Personal::Sealed,
            },
            chunk: self.chunk,
        }
    }
}

pub async fn export(store: &Store, args: &ExportArgs, format: Format) -> Outcome {
    let tenant_id = args.tenant.require(store).await?;
    let principal = operator::name();
    let wish = args.wish(&tenant_id, &principal);
    match &args.output {
        Some(directory) => export_files(store, &wish, directory, format).await,
        None => export_lines(store, &wish).await,
    }
}

/// All of a tenant with its keys, as `--output DIRECTORY --with-keys` does.
pub async fn export_whole(
    store: &Store,
    tenant_id: &TenantId,
    directory: &Path,
    format: Format,
) -> Outcome {
    let principal = operator::name();
    let wish = Wish::whole(tenant_id, By::without_reason(&principal));
    export_files(store, &wish, directory, format).await
}

async fn export_lines(store: &Store, wish: &Wish<'_>) -> Outcome {
    let range = Range::open(store, wish.after).await?;
    exports::note(store, wish, range.until).await?;
    let opener = wish.opener(store);
    let bar = output::progress("exporting events", range.length());
    let mut out = BufWriter::new(io::stdout());
    let mut pages = Pages::new(store, wish.tenant_id, &range, wish.after);
    let mut events = 0_usize;
    while let Some(mut page) = pages.next().await? {
        if let Some(opener) = &opener {
            opener.open(&mut page).await?;
        }
        for event in &page {
            serde_json::to_writer(&mut out, &EventRow::of(event)?).map_err(io::Error::from)?;
            out.write_all(b"\n")?;
        }
        events += page.len();
        bar.set_position(pages.position().abs_diff(wish.after));
    }
    out.flush()?;
    bar.finish_and_clear();
    output::remark(&format!("{events} events up to position {}", range.until));
    Ok(())
}

async fn export_files(store: &Store, wish: &Wish<'_>, directory: &Path, format: Format) -> Outcome {
    fs::create_dir_all(directory)
        .map_err(|error| format!("could not make {}: {error}", directory.display()))?;
    let manifest = exports::begin(store, wish, directory).await?;
    if !manifest.chunks.is_empty() {
        output::remark(&format!(
            "going on behind {} events that are there",
            manifest.events
        ));
    }
    let bar = output::progress("exporting events", Range::of(&manifest).length());
    let told = async |step: Step<'_>| {
        if let Step::Passed(positions) = step {
            bar.set_position(positions);
        }
        Ok(())
    };
    let manifest = exports::go_on(store, wish, (directory, manifest), told).await?;
    bar.finish_and_clear();
    report(&manifest, directory, format)
}

fn report(manifest: &Manifest, directory: &Path, format: Format) -> Outcome {
    if format == Format::Json {
        return output::document(manifest);
    }
    let keys = if manifest.keys.is_some() {
        " and keys"
    } else {
        ""
    };
    Ok(output::line(&format!(
        "{} events{keys} up to position {}, in {} files under {}",
        manifest.events,
        manifest.until,
        manifest.chunks.len(),
        directory.display()
    ))?)
}
