//! `rapport restore`: a backup into an empty database. Everything is checked before: the dump's checksum, the root key,
//! the emptiness; and after: that the log is whole, and that no position can be drawn twice.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::PathBuf;
use std::process::Stdio;

use clap::Args;
use domain::refusal::Refusal;
use event_store::key_backups::Reading;
use schema::migrate::newest_version;
use schema::{positions, roles};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use super::manifest::{DUMP, Manifest, invalid};
use super::{PIECE_BYTES, programs, report};
use crate::cli::attached::located;
use crate::cli::output::{self, Format};
use crate::cli::{Outcome, Reason};
use crate::config::DatabaseSettings;
use crate::database;
use crate::embedded::private_files;
use crate::root_key;

/// So that the first queries are planned by what is there.
const ANALYZE: &str = "analyze";

/// Bring a backup back, into an empty database.
///
/// With a new data directory a private PostgreSQL is made for it. Put the root key's file in its place first (see
/// --root-key-file): a backup does not hold it, and another key is refused. Before it serves, `rapport privacy reapply` erases
/// everybody again who was erased after the backup had been made.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  rapport restore backups/monday --data-dir restored --root-key-file keys/root.key"
)]
pub struct RestoreArgs {
    /// What `rapport backup` has made.
    directory: PathBuf,
    /// The newest copy of the keys, for a backup that was made without them.
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// Check everything, and restore nothing.
    #[arg(long)]
    dry_run: bool,
}

pub async fn restore(settings: &DatabaseSettings, args: &RestoreArgs, format: Format) -> Outcome {
    let manifest = Manifest::read(&args.directory)?;
    let (found, binary) = (manifest.schema_version, newest_version());
    if found > binary {
        let detail = format!("it is of schema {found}, this binary knows up to {binary}");
        return Err(invalid(&format!("{detail}: use the newer binary")).into());
    }
    check_dump(args, &manifest)?;
    let copy = read_keys(args, &manifest)?;
    let fingerprint = unhex(&manifest.root_key_fingerprint)?;
    root_key::load_or_create(&settings.root_key_file(), Some(&fingerprint))?;
    located(settings, async |url, _| {
        let client = programs::connect(url).await?;
        if !positions::is_empty(&client).await? {
            let detail = "there are tables in this database; a backup is restored into an empty one";
            return Err(Refusal::conflict("database-not-empty", detail).into());
        }
        if !args.dry_run {
            roles::ensure(&client).await?;
            fill(url, args, &manifest).await?;
            client.batch_execute(ANALYZE).await?;
            let standing = positions::find(&client).await?;
            if (standing.events, standing.newest) != (manifest.events, manifest.position) {
                return Err(format!(
                    "the restored log has {} events up to position {}, the backup had {} up to {}: do not use it",
                    standing.events, standing.newest, manifest.events, manifest.position
                )
                .into());
            }
            positions::recheck(&client).await?;
            // It is brought to this binary's schema, which knows how to say that it was restored.
            database::migrate(url).await?;
            let store = database::connect(settings, url).await?;
            if let Some(copy) = copy {
                copy.run(Some(&store)).await?;
            }
            store.mark_restored().await?;
        }
        report(
            &json!({
                "dry_run": args.dry_run, "events": manifest.events, "position": manifest.position,
                "schema_version": manifest.schema_version, "bytes": manifest.bytes,
            }),
            format,
        )
    })
    .await
}

/// The copy of the keys that goes with it. Refused with 422 `keys-missing` where the backup needs one.
fn read_keys(
    args: &RestoreArgs,
    manifest: &Manifest,
) -> Result<Option<Reading<BufReader<File>>>, Reason> {
    let Some(path) = &args.keys else {
        if manifest.without_keys {
            let detail = "the backup was made without keys; name the newest copy of them by --keys";
            return Err(Refusal::invalid("keys-missing", detail).into());
        }
        return Ok(None);
    };
    let file = File::open(path)
        .map_err(|error| invalid(&format!("{} cannot be read: {error}", path.display())))?;
    let reading = Reading::open(BufReader::new(file))?;
    if reading.fingerprint != manifest.root_key_fingerprint {
        return Err(invalid("the copy of the keys is of another root key").into());
    }
    Ok(Some(reading))
}

/// Refused with 422 `backup-invalid` unless the dump is byte for byte the one that was made.
fn check_dump(args: &RestoreArgs, manifest: &Manifest) -> Outcome {
    let mut file = File::open(args.directory.join(DUMP))
        .map_err(|error| invalid(&format!("{DUMP} cannot be read: {error}")))?;
    let bar = output::progress("checking the dump", manifest.bytes);
    let (mut hash, mut bytes) = (Sha256::new(), 0_u64);
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            break;
        }
        hash.update(&piece[..read]);
        bytes += u64::try_from(read)?;
        bar.set_position(bytes);
    }
    bar.finish_and_clear();
    if bytes != manifest.bytes || private_files::hex(&hash.finalize()) != manifest.sha256 {
        return Err(invalid("the dump is not the one that was made").into());
    }
    Ok(())
}

/// All of it, or nothing: in one transaction.
async fn fill(url: &str, args: &RestoreArgs, manifest: &Manifest) -> Result<(), Reason> {
    let mut command = programs::program("pg_restore", url).await?;
    command
        .args(["--no-owner", "--single-transaction", "--exit-on-error"])
        .arg(format!("--dbname={}", programs::database_name(url)?))
        .stdin(Stdio::piped())
        .stdout(Stdio::null());
    let mut child = command.spawn()?;
    let complaint = programs::listen(child.stderr.take());
    let mut into = child.stdin.take().ok_or("pg_restore has no input")?;
    let mut file = File::open(args.directory.join(DUMP))?;
    let bar = output::progress("restoring the database", manifest.bytes);
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read = file.read(&mut piece)?;
        // When it wants no more, its own complaint says why.
        if read == 0 || into.write_all(&piece[..read]).await.is_err() {
            break;
        }
        bar.inc(u64::try_from(read)?);
    }
    drop(into);
    programs::end(child, complaint, "pg_restore").await?;
    bar.finish_and_clear();
    Ok(())
}

fn unhex(text: &str) -> Result<Vec<u8>, Reason> {
    let digit = |pair: &[u8]| {
        std::str::from_utf8(pair)
            .ok()
            .and_then(|pair| u8::from_str_radix(pair, 16).ok())
    };
    let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(digit).collect();
    bytes.ok_or_else(|| invalid("its key's fingerprint is damaged").into())
}
