//! `rapport events export`: one tenant's events as newline-delimited JSON. Into a directory it goes file by file, with a
//! manifest that lets it be checked, resumed and imported; to standard output it goes as plain lines.

pub mod keys;
mod pages;
mod plain;

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use domain::ids::TenantId;
use domain::refusal::Refusal;
use event_store::root_rotation;
use event_store::store::Store;
use identity::acts::{self, Act};
use serde_json::json;
use time::OffsetDateTime;

use self::pages::Pages;
use self::plain::Opener;
use super::manifest::{Chunk, FORMAT, FORMAT_VERSION, Manifest, PieceWriter};
use crate::cli::output::{self, Format};
use crate::cli::tenant_choice::TenantChoice;
use crate::cli::{Outcome, Reason, operator};
use crate::embedded::private_files;
use crate::operations::events::rows::{EventRow, Slugs};

/// Events of one file, unless told otherwise: an interrupted export loses less than that.
const CHUNK_EVENTS: u64 = 50_000;
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

pub async fn export(store: &Store, args: &ExportArgs, format: Format) -> Outcome {
    let tenant_id = args.tenant.require(store).await?;
    match &args.output {
        Some(directory) => export_files(store, args, (&tenant_id, directory), format).await,
        None => export_lines(store, args, &tenant_id).await,
    }
}

/// All of a tenant with its keys, as `--output DIRECTORY --with-keys` does.
pub async fn export_whole(
    store: &Store,
    tenant_id: &TenantId,
    directory: &Path,
    format: Format,
) -> Outcome {
    let args = ExportArgs {
        tenant: TenantChoice { tenant: None },
        after: 0,
        output: Some(directory.to_owned()),
        with_keys: true,
        decrypt: false,
        reason: None,
        chunk: CHUNK_EVENTS,
    };
    export_files(store, &args, (tenant_id, directory), format).await
}

async fn export_lines(store: &Store, args: &ExportArgs, tenant_id: &TenantId) -> Outcome {
    let range = pages::Range::open(store, args.after).await?;
    note(store, args, tenant_id, range.until).await?;
    let opener = opener(store, args, tenant_id).await?;
    let bar = output::progress("exporting events", range.length());
    let mut out = BufWriter::new(io::stdout());
    let mut pages = Pages::new(store, tenant_id, &range, args.after);
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
        bar.set_position(pages.position().abs_diff(args.after));
    }
    out.flush()?;
    bar.finish_and_clear();
    output::remark(&format!("{events} events up to position {}", range.until));
    Ok(())
}

async fn export_files(
    store: &Store,
    args: &ExportArgs,
    (tenant_id, directory): (&TenantId, &Path),
    format: Format,
) -> Outcome {
    fs::create_dir_all(directory)
        .map_err(|error| format!("could not make {}: {error}", directory.display()))?;
    let mut manifest = match Manifest::read(directory)? {
        Some((manifest, _)) => resumed(manifest, args, tenant_id, directory)?,
        None => begin(store, args, (tenant_id, directory)).await?,
    };
    let opener = opener(store, args, tenant_id).await?;
    let range = pages::Range::of(&manifest);
    let bar = output::progress("exporting events", range.length());
    let begun = manifest
        .chunks
        .last()
        .map_or(manifest.after, |chunk| chunk.last_position);
    let mut pages = Pages::new(store, tenant_id, &range, begun);
    let mut open: Option<(PieceWriter, i64)> = None;
    while let Some(mut page) = pages.next().await? {
        if let Some(opener) = &opener {
            opener.open(&mut page).await?;
        }
        for event in &page {
            let (writer, first_position) = match &mut open {
                Some(open) => open,
                none => none.insert((chunk_writer(directory, &manifest)?, event.position)),
            };
            writer.line(&EventRow::of(event)?)?;
            if writer.lines() >= args.chunk {
                let chunk = (*first_position, event.position);
                close(open.take(), chunk, &mut manifest, directory)?;
            }
        }
        bar.set_position(pages.position().abs_diff(manifest.after));
    }
    if let Some((_, first_position)) = &open {
        let chunk = (*first_position, pages.last_position());
        close(open.take(), chunk, &mut manifest, directory)?;
    }
    manifest.complete = true;
    manifest.write(directory)?;
    bar.finish_and_clear();
    report(&manifest, directory, format)
}

/// Everything that must be read in one moment is: the end of the log, and what the tenant holds by then.
async fn begin(
    store: &Store,
    args: &ExportArgs,
    (tenant_id, directory): (&TenantId, &Path),
) -> Result<Manifest, Reason> {
    // Without a manifest, keys are what an export left that was interrupted at once.
    let is_foreign =
        |entry: io::Result<fs::DirEntry>| entry.is_ok_and(|entry| entry.file_name() != keys::FILE);
    if fs::read_dir(directory)?.any(is_foreign) {
        let detail = format!(
            "{} holds other files; name a directory that is empty or not there yet",
            directory.display()
        );
        return Err(Refusal::conflict("directory-not-empty", detail).into());
    }
    if args.with_keys {
        root_rotation::refuse_while_changing(&store.pools.engine.get().await?).await?;
    }
    let fingerprint = store.find_root_key_fingerprint().await?.unwrap_or_default();
    let (range, keys) = match args.with_keys {
        true => keys::export(store, tenant_id, (args.after, directory)).await?,
        false => (pages::Range::open(store, args.after).await?, None),
    };
    note(store, args, tenant_id, range.until).await?;
    let manifest = Manifest {
        format: FORMAT.to_owned(),
        version: FORMAT_VERSION,
        tenant_id: tenant_id.as_str().to_owned(),
        slug: Slugs::read(store).await?.of(tenant_id.as_str()).to_owned(),
        root_key_fingerprint: private_files::hex(&fingerprint),
        after: range.after,
        until: range.until,
        left_out: range.left_out,
        decrypted: args.decrypt,
        started_at: OffsetDateTime::now_utc(),
        complete: false,
        events: 0,
        keys,
        chunks: Vec::new(),
    };
    manifest.write(directory)?;
    Ok(manifest)
}

/// An export can go on only as it was begun.
fn resumed(
    manifest: Manifest,
    args: &ExportArgs,
    tenant_id: &TenantId,
    directory: &Path,
) -> Result<Manifest, Reason> {
    if manifest.complete {
        let detail = format!(
            "{} holds an export already; name another directory",
            directory.display()
        );
        return Err(Refusal::conflict("export-complete", detail).into());
    }
    let is_same = manifest.tenant_id == tenant_id.as_str()
        && manifest.after == args.after
        && manifest.decrypted == args.decrypt
        && manifest.keys.is_some() == args.with_keys;
    if !is_same {
        let detail = format!(
            "{} holds the beginning of another export (tenant {}, after {}, with keys: {}, decrypted: {}); go on with \
             that, or name another directory",
            directory.display(),
            manifest.slug,
            manifest.after,
            manifest.keys.is_some(),
            manifest.decrypted
        );
        return Err(Refusal::conflict("export-differs", detail).into());
    }
    output::remark(&format!(
        "going on behind {} events that are there",
        manifest.events
    ));
    Ok(manifest)
}

fn chunk_writer(directory: &Path, manifest: &Manifest) -> Result<PieceWriter, Reason> {
    let number = manifest.chunks.len() + 1;
    Ok(PieceWriter::create(
        directory,
        format!("events-{number:06}.ndjson"),
    )?)
}

fn close(
    open: Option<(PieceWriter, i64)>,
    (first_position, last_position): (i64, i64),
    manifest: &mut Manifest,
    directory: &Path,
) -> Result<(), Reason> {
    let Some((writer, _)) = open else {
        return Ok(());
    };
    let piece = writer.finish()?;
    manifest.events += piece.lines;
    manifest.chunks.push(Chunk {
        first_position,
        last_position,
        piece,
    });
    manifest.write(directory)
}

async fn opener<'a>(
    store: &'a Store,
    args: &ExportArgs,
    tenant_id: &'a TenantId,
) -> Result<Option<Opener<'a>>, Reason> {
    Ok(args.decrypt.then(|| Opener::new(store, tenant_id)))
}

/// Written down before the first line leaves.
async fn note(store: &Store, args: &ExportArgs, tenant_id: &TenantId, until: i64) -> Outcome {
    let client = store.pools.engine.get().await?;
    let act = Act {
        tenant_id,
        principal: &operator::name(),
        action: "export-events",
        subject: &format!("events {}..{until}", args.after),
        reason: args.reason.as_deref(),
        details: &json!({ "with_keys": args.with_keys, "decrypted": args.decrypt }),
    };
    Ok(acts::record(&client, act).await?)
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
