//! `rapport keys backup`: every wrapped key and the lists of erasures and deleted tenants, in a file of its own.

use std::fs::OpenOptions;
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use clap::Args;
use domain::refusal::Refusal;
use event_store::key_backups;
use event_store::root_rotation;
use event_store::store::Store;
use identity::acts::{self, Act};
use serde_json::json;

use crate::cli::output::{self, Format};
use crate::cli::{Outcome, operator};
use crate::embedded::private_files;

const OWNER_ONLY: u32 = 0o600;

/// Copy all wrapped keys and the lists of erasures and of deleted tenants into a file.
///
/// Keep these copies apart from those of the data, and for 30 days at most: a person is erased for good when the last copy of
/// their key is gone. The keys open with the root key alone, which is not in it.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport keys backup keys/monday.ndjson")]
pub struct BackupArgs {
    /// The file to make.
    file: PathBuf,
}

pub async fn backup(store: &Store, args: &BackupArgs, format: Format) -> Outcome {
    root_rotation::refuse_while_changing(&store.pools.engine.get().await?).await?;
    let fingerprint = store.find_root_key_fingerprint().await?.unwrap_or_default();
    let mut options = OpenOptions::new();
    let opened = options
        .write(true)
        .create_new(true)
        .mode(OWNER_ONLY)
        .open(&args.file);
    let file = opened.map_err(|error| {
        let detail = format!("could not make {}: {error}", args.file.display());
        Refusal::conflict("key-backup-not-made", detail)
    })?;
    let mut out = BufWriter::new(file);
    let written = key_backups::write(store, &mut out, &private_files::hex(&fingerprint)).await;
    let counts = match written {
        Ok(counts) => counts,
        Err(error) => {
            // Half a copy is none.
            std::fs::remove_file(&args.file)?;
            return Err(error.into());
        }
    };
    out.flush()?;
    out.get_ref().sync_all()?;
    let client = store.pools.engine.get().await?;
    let act = Act {
        tenant_id: &acts::installation(),
        principal: &operator::name(),
        action: "back-up-keys",
        subject: "keys",
        reason: None,
        details: &json!(counts),
    };
    acts::record(&client, act).await?;
    if format == Format::Json {
        return output::document(&counts);
    }
    Ok(output::line(&format!(
        "{} keys, {} erasures and {} deletions of tenants are in {}",
        counts.keys,
        counts.erasures,
        counts.deletions,
        args.file.display()
    ))?)
}
