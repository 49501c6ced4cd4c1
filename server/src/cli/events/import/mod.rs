//! `rapport events import`: an export becomes a tenant again. It is the one way into the log that is no command, so
//! everything is checked before the first event is written, and who did it is written down.

mod checks;
mod lines;
mod progress;
mod write;

use std::path::PathBuf;

use clap::Args;
use domain::ids::TenantId;
use domain::refusal::Refusal;
use event_store::store::Store;
use serde_json::json;

use self::progress::Progress;
use crate::cli::output::{self, Format};
use crate::cli::{Outcome, Reason, operator};
use crate::embedded::private_files;
use crate::operations::events::exports::manifest::{Manifest, invalid};

/// Bring an exported tenant into this installation.
///
/// Streams, sequences, ids, times and payloads stay as they were; positions are new, in the same order. Checksums, and
/// whether this program can read every event, are looked at first. The tenant must have no events here, and the root key
/// must be the one of the export. Nothing is sent to anybody. Run it again to go on with one that was interrupted. API
/// keys do not come along: make new ones with `rapport keys create`.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport events import events --dry-run")]
pub struct ImportArgs {
    /// What `rapport events export --with-keys --output` has made.
    directory: PathBuf,
    /// Check everything and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Why, for the record.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// An export that has passed the checks that need no database.
pub struct Parcel {
    pub manifest: Manifest,
    pub hash: String,
    pub directory: PathBuf,
    pub tenant_id: TenantId,
}

pub async fn import(store: &Store, args: &ImportArgs, format: Format) -> Outcome {
    let parcel = open(store, args).await?;
    let progress = Progress::find(store, &parcel).await?;
    if let Some(done) = &progress
        && done.finished
    {
        let detail = "this export has been imported already, and whole";
        return Err(Refusal::conflict("import-complete", detail).into());
    }
    checks::check_target(store, &parcel, progress.as_ref()).await?;
    checks::check_files(&parcel)?;
    let begun = progress.map_or(0, |progress| progress.events_done);
    if args.dry_run {
        return report(&parcel, begun, format, Stage::Checked);
    }
    let principal = operator::name();
    let by = (principal.as_str(), args.reason.as_deref());
    let progress = Progress::begin(store, &parcel, by).await?;
    write::write_keys(store, &parcel, progress.keys_done).await?;
    write::write_events(store, &parcel, progress.events_done).await?;
    Progress::finish(store, &parcel, by).await?;
    store.wake.committed_unknown();
    report(&parcel, begun, format, Stage::Written)
}

/// Refused with 404 `manifest-missing`, or 422 `manifest-invalid` and `root-key-mismatch`.
async fn open(store: &Store, args: &ImportArgs) -> Result<Parcel, Reason> {
    let Some((manifest, hash)) = Manifest::read(&args.directory)? else {
        let detail = format!(
            "{} holds no manifest; name what `rapport events export --output` has made",
            args.directory.display()
        );
        return Err(Refusal::not_found("manifest-missing", detail).into());
    };
    if !manifest.complete {
        return Err(
            invalid("the export was interrupted; run `rapport events export` again").into(),
        );
    }
    if manifest.decrypted {
        return Err(invalid("personal data lie open in it; export without --decrypt").into());
    }
    if manifest.after != 0 {
        return Err(
            invalid("it is not of a tenant's whole history; export without --after").into(),
        );
    }
    let here = store.find_root_key_fingerprint().await?.unwrap_or_default();
    let here = private_files::hex(&here);
    if here != manifest.root_key_fingerprint {
        let detail = format!(
            "its keys are wrapped under the root key {}, and this installation has {here}: import it where the root key \
             is the same",
            manifest.root_key_fingerprint
        );
        return Err(Refusal::invalid("root-key-mismatch", detail).into());
    }
    Ok(Parcel {
        tenant_id: TenantId::new(manifest.tenant_id.clone()),
        manifest,
        hash,
        directory: args.directory.clone(),
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Checked,
    Written,
}

fn report(parcel: &Parcel, begun: u64, format: Format, stage: Stage) -> Outcome {
    let manifest = &parcel.manifest;
    let events = manifest.events.saturating_sub(begun);
    if format == Format::Json {
        return output::document(&json!({
            "tenant_id": manifest.tenant_id, "slug": manifest.slug, "dry_run": stage == Stage::Checked,
            "manifest_sha256": parcel.hash, "events": manifest.events, "events_before": begun,
        }));
    }
    let done = match stage {
        Stage::Checked => "would be imported",
        Stage::Written => "imported",
    };
    Ok(output::line(&format!(
        "{events} events of {} {done}",
        manifest.slug
    ))?)
}
