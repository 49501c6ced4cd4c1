//! A tenant's events as files, with a manifest by which they are checked, resumed and imported. The command line leaves them in
//! a directory; whoever takes a business away over HTTP gets them one by one as they are done.

pub mod keys;
pub mod manifest;
pub mod pages;
pub mod plain;

use std::fs;
use std::io;
use std::path::Path;

use domain::ids::TenantId;
use domain::refusal::Refusal;
use event_store::root_rotation;
use event_store::store::Store;
use identity::acts::{self, Act};
use serde_json::json;
use time::OffsetDateTime;

use self::manifest::{Chunk, FORMAT, FORMAT_VERSION, Manifest, PieceWriter};
use self::pages::Pages;
use self::plain::Opener;
use super::rows::{EventRow, Slugs};
use crate::database::Reason;
use crate::embedded::private_files;
use crate::operations::By;

/// Events of one file, unless told otherwise: an interrupted export loses less than that.
pub const CHUNK_EVENTS: u64 = 50_000;

/// Whether the wrapped keys, claims and handles come along, without which nothing can be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    Without,
    With,
}

/// How what is personal leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Personal {
    Sealed,
    /// Such an export cannot be imported.
    Open,
}

/// What is exported, and for whom.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    pub tenant_id: &'a TenantId,
    pub by: By<'a>,
    /// Only events behind this position.
    pub after: i64,
    pub keys: Keys,
    pub personal: Personal,
    /// Events of one file.
    pub chunk: u64,
}

/// What is told while an export goes on.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// So many positions are behind it.
    Passed(u64),
    /// This file is whole, and the manifest says so.
    Written(&'a str),
}

impl<'a> Wish<'a> {
    /// All of a tenant with its keys.
    pub fn whole(tenant_id: &'a TenantId, by: By<'a>) -> Self {
        Self {
            tenant_id,
            by,
            after: 0,
            keys: Keys::With,
            personal: Personal::Sealed,
            chunk: CHUNK_EVENTS,
        }
    }

    /// What opens the events of this export, if they are to lie open.
    pub fn opener(&self, store: &'a Store) -> Option<Opener<'a>> {
        (self.personal == Personal::Open).then(|| Opener::new(store, self.tenant_id))
    }
}

/// Begins an export in a directory, or finds the one that was interrupted there. Refused with 409 `directory-not-empty`,
/// `export-complete` or `export-differs`.
pub async fn begin(store: &Store, wish: &Wish<'_>, directory: &Path) -> Result<Manifest, Reason> {
    match Manifest::read(directory)? {
        Some((manifest, _)) => resumed(manifest, wish, directory),
        None => begin_anew(store, wish, directory).await,
    }
}

/// Everything that must be read in one moment is: the end of the log, and what the tenant holds by then.
async fn begin_anew(store: &Store, wish: &Wish<'_>, directory: &Path) -> Result<Manifest, Reason> {
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
    if wish.keys == Keys::With {
        root_rotation::refuse_while_changing(&store.pools.engine.get().await?).await?;
    }
    let fingerprint = store.find_root_key_fingerprint().await?.unwrap_or_default();
    let (range, keys) = match wish.keys {
        Keys::With => keys::export(store, wish.tenant_id, (wish.after, directory)).await?,
        Keys::Without => (pages::Range::open(store, wish.after).await?, None),
    };
    note(store, wish, range.until).await?;
    let manifest = Manifest {
        format: FORMAT.to_owned(),
        version: FORMAT_VERSION,
        tenant_id: wish.tenant_id.as_str().to_owned(),
        slug: Slugs::read(store)
            .await?
            .of(wish.tenant_id.as_str())
            .to_owned(),
        root_key_fingerprint: private_files::hex(&fingerprint),
        after: range.after,
        until: range.until,
        left_out: range.left_out,
        decrypted: wish.personal == Personal::Open,
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
fn resumed(manifest: Manifest, wish: &Wish<'_>, directory: &Path) -> Result<Manifest, Reason> {
    if manifest.complete {
        let detail = format!(
            "{} holds an export already; name another directory",
            directory.display()
        );
        return Err(Refusal::conflict("export-complete", detail).into());
    }
    let is_same = manifest.tenant_id == wish.tenant_id.as_str()
        && manifest.after == wish.after
        && manifest.decrypted == (wish.personal == Personal::Open)
        && manifest.keys.is_some() == (wish.keys == Keys::With);
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
    Ok(manifest)
}

/// Writes what is missing of an export that has begun. A file that `told` has heard of is not looked at again.
pub async fn go_on(
    store: &Store,
    wish: &Wish<'_>,
    (directory, mut manifest): (&Path, Manifest),
    mut told: impl AsyncFnMut(Step<'_>) -> Result<(), Reason>,
) -> Result<Manifest, Reason> {
    let opener = wish.opener(store);
    let range = pages::Range::of(&manifest);
    let begun = manifest
        .chunks
        .last()
        .map_or(manifest.after, |chunk| chunk.last_position);
    let mut pages = Pages::new(store, wish.tenant_id, &range, begun);
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
            if writer.lines() >= wish.chunk {
                let chunk = (*first_position, event.position);
                told(close(open.take(), chunk, &mut manifest, directory)?).await?;
            }
        }
        let passed = pages.position().abs_diff(manifest.after);
        told(Step::Passed(passed)).await?;
    }
    if let Some((_, first_position)) = &open {
        let chunk = (*first_position, pages.last_position());
        told(close(open.take(), chunk, &mut manifest, directory)?).await?;
    }
    manifest.complete = true;
    manifest.write(directory)?;
    Ok(manifest)
}

fn chunk_writer(directory: &Path, manifest: &Manifest) -> Result<PieceWriter, Reason> {
    let number = manifest.chunks.len() + 1;
    Ok(PieceWriter::create(
        directory,
        format!("events-{number:06}.ndjson"),
    )?)
}

fn close<'a>(
    open: Option<(PieceWriter, i64)>,
    (first_position, last_position): (i64, i64),
    manifest: &'a mut Manifest,
    directory: &Path,
) -> Result<Step<'a>, Reason> {
    let (writer, _) = open.ok_or("a file of an export was closed that was not open")?;
    let piece = writer.finish()?;
    manifest.events += piece.lines;
    manifest.chunks.push(Chunk {
        first_position,
        last_position,
        piece,
    });
    manifest.write(directory)?;
    let written = manifest.chunks.last().map(|chunk| &chunk.piece.file);
    Ok(Step::Written(written.map_or("", String::as_str)))
}

/// Written down before the first line leaves.
pub async fn note(store: &Store, wish: &Wish<'_>, until: i64) -> Result<(), Reason> {
    let client = store.pools.engine.get().await?;
    let act = Act {
        tenant_id: wish.tenant_id,
        principal: wish.by.principal,
        action: "export-events",
        subject: &format!("events {}..{until}", wish.after),
        reason: wish.by.reason,
        details: &json!({
            "with_keys": wish.keys == Keys::With, "decrypted": wish.personal == Personal::Open,
        }),
    };
    Ok(acts::record(&client, act).await?)
}
