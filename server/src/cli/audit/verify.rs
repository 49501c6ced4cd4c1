//! `rapport audit verify`: the logs recomputed from the events as they lie in the database now.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use clap::Args;
use domain::refusal::Refusal;
use event_store::notary::verification::{Fault, Report};
use event_store::store::Store;
use serde::Deserialize;
use serde_json::json;

use crate::cli::output::{self, Format};
use crate::cli::tenant_choice::TenantChoice;
use crate::cli::{Outcome, Reason};
use crate::operations::audit;

/// The largest file of kept checkpoints, in bytes.
const MAX_WITNESS_BYTES: u64 = 256 * 1024 * 1024;

/// Recompute the audit logs from the events, and compare.
///
/// Every event is hashed again; entries, chain, tree and every signed checkpoint must fit. With --witness also the
/// checkpoints that were kept elsewhere: without those, whoever owns the database and the root key could have written all
/// of it anew. Exit code 3 when something does not fit; the code says what: audit-altered, audit-truncated, audit-forked or
/// audit-signature.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  rapport audit verify\n  rapport audit verify --tenant fire-and-rice --witness /mnt/witness/checkpoints"
)]
pub struct VerifyArgs {
    #[command(flatten)]
    tenant: TenantChoice,
    /// A file that a witness of this installation has kept. May be given several times.
    #[arg(long, value_name = "FILE")]
    witness: Vec<PathBuf>,
}

pub async fn verify(store: &Store, args: &VerifyArgs, format: Format) -> Outcome {
    let scope = args.tenant.scope(store).await?;
    let mut notes = Vec::new();
    for path in &args.witness {
        notes.extend(read_notes(path)?);
    }
    let reports = audit::verify(store, &scope, &notes).await?;
    match format {
        Format::Json => output::document(&json!({ "logs": reports }))?,
        Format::Table => print(&reports)?,
    }
    let broken = reports
        .iter()
        .find_map(|report| Some((report, report.finding.as_ref()?)));
    let Some((report, finding)) = broken else {
        return Ok(());
    };
    let code = match finding.fault {
        Fault::Altered => "audit-altered",
        Fault::Truncated => "audit-truncated",
        Fault::Forked => "audit-forked",
        Fault::Signature => "audit-signature",
    };
    let place = finding
        .index
        .map_or_else(String::new, |index| format!(", entry {index}"));
    let detail = format!("log {}{place}: {}", report.tenant_id, finding.detail);
    Err(Refusal::conflict(code, detail).into())
}

fn print(reports: &[Report]) -> std::io::Result<()> {
    let row = |report: &Report| {
        vec![
            report.tenant_id.clone(),
            report.entries.to_string(),
            report.checkpoints.to_string(),
            report.witnessed.to_string(),
            report.unsealed.to_string(),
            match &report.finding {
                None => "as it was sealed".to_owned(),
                Some(finding) => format!("{:?}", finding.fault).to_lowercase(),
            },
        ]
    };
    let heads = [
        "log",
        "entries",
        "checkpoints",
        "witnessed",
        "not sealed yet",
        "verdict",
    ];
    output::table(
        &heads,
        reports.iter().map(row).collect(),
        "Nothing was sealed yet.",
    )
}

#[derive(Deserialize)]
struct Kept {
    note: String,
}

/// A line `{"note": "…"}` for each.
fn read_notes(path: &Path) -> Result<Vec<String>, Reason> {
    let failed = |why: String| -> Reason { format!("{}: {why}", path.display()).into() };
    let file = File::open(path).map_err(|error| failed(error.to_string()))?;
    let length = file
        .metadata()
        .map_err(|error| failed(error.to_string()))?
        .len();
    if length > MAX_WITNESS_BYTES {
        return Err(failed(format!(
            "has more than {MAX_WITNESS_BYTES} bytes; give its newest part"
        )));
    }
    let read = |line: std::io::Result<String>| {
        let line = line.map_err(|error| failed(error.to_string()))?;
        let kept: Kept = serde_json::from_str(&line).map_err(|error| failed(error.to_string()))?;
        Ok(kept.note)
    };
    BufReader::new(file).lines().map(read).collect()
}
