//! `rapport audit`: what proves that the log is what was written. `rapport-verify` checks what is handed out here without
//! trust in this program.

pub(super) mod export;
mod verify;

use clap::{Args, Subcommand};
use event_store::notary::logs::StoredCheckpoint;
use event_store::notary::witnesses::WitnessStanding;
use event_store::store::Store;
use serde_json::json;

use super::Outcome;
use super::attached::attached;
use super::output::{self, Format};
use super::tenant_choice::TenantChoice;
use crate::config::DatabaseSettings;
use crate::operations::Scope;
use crate::operations::audit::{self, shared_log};

/// Checkpoints that are listed.
const LISTED: i64 = 50;

#[derive(Subcommand, Debug)]
pub enum AuditCommand {
    Verify(verify::VerifyArgs),
    Prove(ProveArgs),
    Checkpoint(CheckpointArgs),
    Witness(WitnessArgs),
    Export(export::ExportArgs),
}

/// Which log: a tenant's, or one of the installation's own.
#[derive(Args, Debug)]
pub struct LogChoice {
    #[command(flatten)]
    tenant: TenantChoice,
    /// A log of no tenant: `installation`, with what concerns all of them, or `anchor`, with all signed checkpoints.
    #[arg(long, value_parser = ["installation", "anchor"], conflicts_with = "tenant")]
    log: Option<String>,
}

impl LogChoice {
    /// The name that the log's rows go by.
    pub async fn require(&self, store: &Store) -> event_store::Result<String> {
        match self.log.as_deref().and_then(shared_log) {
            Some(log) => Ok(log.to_owned()),
            None => Ok(self.tenant.require(store).await?.as_str().to_owned()),
        }
    }
}

/// Prove that one event is in its tenant's log, or that one signed head of a log leads to another.
///
/// The proof of an event is one JSON document, which `rapport-verify` checks. With --from and --to the two signed heads of
/// these sizes are printed with the hashes that lead from the one to the other.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  rapport audit prove 4711 > proof.json && rapport-verify proof.json\n  \
                  rapport audit prove --from 1200 --to 4800 --tenant fire-and-rice"
)]
pub struct ProveArgs {
    /// The event's position in the log of events.
    #[arg(required_unless_present = "from")]
    position: Option<i64>,
    /// The smaller of two signed sizes.
    #[arg(
        long,
        value_name = "SIZE",
        requires = "to",
        conflicts_with = "position"
    )]
    from: Option<i64>,
    /// The larger.
    #[arg(long, value_name = "SIZE", requires = "from")]
    to: Option<i64>,
    #[command(flatten)]
    log: LogChoice,
}

/// Print the newest signed checkpoint of a log, and the public key that verifies it.
///
/// Keep both where nobody who can write the database can write: what was signed once must stay the beginning of all that
/// is signed later.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  rapport audit checkpoint --tenant fire-and-rice\n  rapport audit checkpoint --log anchor --list"
)]
pub struct CheckpointArgs {
    #[command(flatten)]
    log: LogChoice,
    /// Print the newest checkpoints as a list.
    #[arg(long)]
    list: bool,
}

/// Show how the logs stand, and how far each witness has been told.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport audit witness")]
pub struct WitnessArgs {
    #[command(flatten)]
    tenant: TenantChoice,
}

pub async fn run(settings: &DatabaseSettings, command: &AuditCommand, format: Format) -> Outcome {
    attached(settings, async |store| match command {
        AuditCommand::Verify(args) => verify::verify(store, args, format).await,
        AuditCommand::Prove(args) => prove(store, args).await,
        AuditCommand::Checkpoint(args) => checkpoint(store, args, format).await,
        AuditCommand::Witness(args) => witness(store, args, format).await,
        AuditCommand::Export(args) => export::export(store, args, format).await,
    })
    .await
}

async fn prove(store: &Store, args: &ProveArgs) -> Outcome {
    let proof = match (args.position, args.from.zip(args.to)) {
        (Some(position), _) => {
            let scope = args.log.tenant.scope(store).await?;
            audit::prove(store, &scope, position).await?
        }
        (None, sizes) => {
            let log = args.log.require(store).await?;
            audit::prove_consistency(store, &log, sizes.unwrap_or_default()).await?
        }
    };
    // Always JSON: it is for a verifier, not for the eye.
    Ok(output::line(&proof.to_string())?)
}

async fn checkpoint(store: &Store, args: &CheckpointArgs, format: Format) -> Outcome {
    let log = args.log.require(store).await?;
    let key = audit::public_key(store, &log).await?;
    let limit = if args.list { LISTED } else { 1 };
    let found = audit::checkpoints(store, &log, (None, limit)).await?;
    if format == Format::Json {
        return output::document(&json!({ "public_key": key, "checkpoints": found }));
    }
    if !args.list {
        output::remark(&format!("public key: {key}"));
        let note = found.first().map(|newest| newest.note.trim_end());
        return Ok(output::line(
            note.unwrap_or("Nothing of this log was signed yet."),
        )?);
    }
    let row = |one: &StoredCheckpoint| {
        let anchor = one.anchor_index.map(|index| index.to_string());
        vec![
            one.tree_size.to_string(),
            output::instant(one.signed_at),
            output::optional(anchor.as_deref()),
        ]
    };
    Ok(output::table(
        &["size", "signed", "in the anchor"],
        found.iter().map(row).collect(),
        "Nothing of this log was signed yet.",
    )?)
}

async fn witness(store: &Store, args: &WitnessArgs, format: Format) -> Outcome {
    let scope = args.tenant.scope(store).await?;
    let standing = audit::standing(store, &scope).await?;
    if format == Format::Json {
        return output::document(&standing);
    }
    let row = |log: &audit::Log| {
        vec![
            log.standing.tenant_id.clone(),
            log.standing.size.to_string(),
            log.standing.signed_size.to_string(),
            output::instant(log.standing.moved_at),
        ]
    };
    let rows = standing.logs.iter().map(row).collect();
    output::table(
        &["log", "entries", "signed", "moved"],
        rows,
        "Nothing was sealed yet.",
    )?;
    if scope != Scope::All {
        return Ok(());
    }
    output::line("")?;
    let row = |one: &WitnessStanding| {
        vec![
            one.witness.clone(),
            one.behind.to_string(),
            output::optional_instant(one.told_at),
            output::optional(one.failure.as_deref()),
        ]
    };
    Ok(output::table(
        &["witness", "behind", "told", "failure"],
        standing.witnesses.iter().map(row).collect(),
        "There are no witnesses: whoever owns the database can write another history. See `rapport serve --help`, --audit-witness.",
    )?)
}
