//! `rapport audit export`: a log with its signed head, for whoever verifies it elsewhere.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use event_store::notary::logs::StoredCheckpoint;
use event_store::store::Store;
use serde_json::json;

use super::LogChoice;
use crate::cli::output::{self, Format};
use crate::cli::{Outcome, operator};
use crate::operations::audit::{self, exports};

/// Write a log up to its newest signed checkpoint, for `rapport-verify`.
///
/// One JSON document a line: the signed head, then every entry. What is personal stays sealed, and can be verified sealed,
/// also after the keys of a person are gone. The export itself is written down.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  rapport audit export --tenant fire-and-rice --output audit.ndjson && rapport-verify audit.ndjson"
)]
pub struct ExportArgs {
    #[command(flatten)]
    log: LogChoice,
    /// The file to write. [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub async fn export(store: &Store, args: &ExportArgs, format: Format) -> Outcome {
    let log = args.log.require(store).await?;
    match &args.output {
        Some(path) => export_log(store, &log, path, format).await,
        None => {
            exports::note(store, &log, &operator::name()).await?;
            write(store, &log, BufWriter::new(io::stdout())).await?;
            Ok(())
        }
    }
}

/// A log into a file.
pub async fn export_log(store: &Store, log: &str, path: &Path, format: Format) -> Outcome {
    exports::note(store, log, &operator::name()).await?;
    let file = File::create(path)
        .map_err(|error| format!("could not write {}: {error}", path.display()))?;
    let head = write(store, log, BufWriter::new(file)).await?;
    let key = audit::public_key(store, log).await?;
    if format == Format::Json {
        return output::document(
            &json!({ "entries": head.tree_size, "public_key": key, "file": path }),
        );
    }
    output::line(&format!("{} entries in {}", head.tree_size, path.display()))?;
    Ok(output::line(&format!("public key: {key}"))?)
}

async fn write(
    store: &Store,
    log: &str,
    mut out: impl Write,
) -> event_store::Result<StoredCheckpoint> {
    let bar = output::progress("exporting the audit log", 0);
    let head = exports::write(store, log, &mut out, |done| {
        bar.set_position(done.unsigned_abs())
    })
    .await?;
    bar.finish_and_clear();
    Ok(head)
}
