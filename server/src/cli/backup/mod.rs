//! `rapport backup`: one consistent dump of the database with its checksum and the log's position. `rapport restore`
//! brings it back. The root key stays where it is, and is never part of a backup.

mod manifest;
mod programs;
pub mod restore;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use clap::Args;
use domain::refusal::Refusal;
use event_store::store::Store;
use identity::acts::{self, Act};
use schema::migrate::database_version;
use schema::positions;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;
use tokio_postgres::IsolationLevel;

use self::manifest::{DUMP, Keys, MANIFEST, Manifest};
use super::attached::located;
use super::output::{self, Format};
use super::{Outcome, Reason, operator};
use crate::config::DatabaseSettings;
use crate::database;
use crate::embedded::private_files;

const OWNER_ONLY: u32 = 0o600;
const OWNER_ONLY_DIRECTORY: u32 = 0o700;
/// Bytes that are moved at once.
pub(super) const PIECE_BYTES: usize = 256 * 1024;

/// Dump the database, consistent and whole, while it is in use.
///
/// The directory gets a dump in PostgreSQL's own format, and a manifest with its checksum and the log's position. The root
/// key is not in it: keep a copy of its file elsewhere, for without it nothing sealed can ever be opened.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport backup backups/monday")]
pub struct BackupArgs {
    /// The directory to make.
    directory: PathBuf,
    /// Leave the people's keys out. Keep copies of them apart, by `rapport keys backup`, and for 30 days at most: then a backup
    /// of any age holds nothing of those who were erased.
    #[arg(long)]
    without_keys: bool,
    /// Look whether it can be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
}

impl BackupArgs {
    fn keys(&self) -> Keys {
        match self.without_keys {
            true => Keys::Apart,
            false => Keys::InTheDump,
        }
    }
}

pub async fn backup(settings: &DatabaseSettings, args: &BackupArgs, format: Format) -> Outcome {
    if args.directory.join(MANIFEST).exists() {
        let detail = format!(
            "{} holds a backup already; name another directory",
            args.directory.display()
        );
        return Err(Refusal::conflict("backup-exists", detail).into());
    }
    located(settings, async |url, _| {
        let store = database::connect(settings, url).await?;
        let fingerprint = store.find_root_key_fingerprint().await?.unwrap_or_default();
        let mut client = programs::connect(url).await?;
        let schema_version = database_version(&client).await?;
        let snapshot = client
            .build_transaction()
            .read_only(true)
            .isolation_level(IsolationLevel::RepeatableRead)
            .start()
            .await?;
        let hidden = positions::list_hidden(&snapshot).await?;
        if !hidden.is_empty() {
            let detail = format!(
                "this login may not see all rows of {}; back up as the owner of the tables, a member of all three roles",
                hidden.join(", ")
            );
            return Err(Refusal::forbidden("rows-hidden", detail).into());
        }
        let standing = positions::find(&snapshot).await?;
        if args.dry_run {
            return report(&json!({ "dry_run": true, "events": standing.events, "position": standing.newest }), format);
        }
        let name = positions::export_snapshot(&snapshot).await?;
        let dumped = dump(url, &name, (&args.directory, args.keys())).await?;
        snapshot.commit().await?;
        let manifest = Manifest::new(
            (schema_version, private_files::hex(&fingerprint)),
            (standing.events, standing.newest),
            dumped,
        )
        .without_keys(args.keys());
        manifest.write(&args.directory)?;
        note(&store, &manifest).await?;
        if format == Format::Table {
            output::remark(&format!(
                "Keep the root key ({}) elsewhere: it is not in the backup.",
                settings.root_key_file().display()
            ));
        }
        report(&serde_json::to_value(&manifest)?, format)
    })
    .await
}

/// Written down once it is whole; the record is in the next backup, not in this one.
async fn note(store: &Store, manifest: &Manifest) -> Outcome {
    let client = store.pools.engine.get().await?;
    let act = Act {
        tenant_id: &acts::installation(),
        principal: &operator::name(),
        action: "back-up",
        subject: &manifest.sha256,
        reason: None,
        details: &json!({ "events": manifest.events, "position": manifest.position, "bytes": manifest.bytes }),
    };
    Ok(acts::record(&client, act).await?)
}

/// Writes the dump as it comes; answers its length and checksum.
async fn dump(
    url: &str,
    snapshot: &str,
    (directory, keys): (&Path, Keys),
) -> Result<(u64, String), Reason> {
    use std::os::unix::fs::DirBuilderExt;
    let mut builder = fs::DirBuilder::new();
    builder
        .recursive(true)
        .mode(OWNER_ONLY_DIRECTORY)
        .create(directory)?;
    let path = directory.join(DUMP);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(OWNER_ONLY)
        .open(&path)
        .map_err(|error| format!("could not make {}: {error}", path.display()))?;
    let mut command = programs::program("pg_dump", url).await?;
    command
        .args(["--format=custom", "--no-owner", "--enable-row-security"])
        .arg(format!("--snapshot={snapshot}"))
        .stdout(Stdio::piped());
    if keys == Keys::Apart {
        command.arg("--exclude-table-data=public.subject_keys");
    }
    let mut child = command.spawn()?;
    let complaint = programs::listen(child.stderr.take());
    let mut out = child.stdout.take().ok_or("pg_dump has no output")?;
    let bar = output::progress("dumping the database", 0);
    let (mut hash, mut bytes) = (Sha256::new(), 0_u64);
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read = out.read(&mut piece).await?;
        if read == 0 {
            break;
        }
        file.write_all(&piece[..read])?;
        hash.update(&piece[..read]);
        bytes += u64::try_from(read)?;
        bar.set_length(bytes);
        bar.set_position(bytes);
    }
    programs::end(child, complaint, "pg_dump").await?;
    file.sync_all()?;
    bar.finish_and_clear();
    Ok((bytes, private_files::hex(&hash.finalize())))
}

pub(super) fn report(document: &serde_json::Value, format: Format) -> Outcome {
    if format == Format::Json {
        return output::document(document);
    }
    let leaves = output::leaves(document);
    let pairs: Vec<(&str, String)> = leaves
        .iter()
        .map(|(name, value)| (name.as_str(), value.clone()))
        .collect();
    Ok(output::record(&pairs)?)
}
