//! `rapport store snapshot`: the snapshots of long streams. They are a shortcut only, so that dropping them is safe at any
//! time; one that differs from its stream would make wrong decisions, and must be dropped.

use clap::{Args, Subcommand};
use domain::refusal::Refusal;
use event_store::store::Store;
use event_store::stored_snapshots::{Listed, MAX_LISTED};
use serde_json::json;

use crate::cli::output::{self, Format};
use crate::cli::tenant_choice::TenantChoice;
use crate::cli::{Outcome, Reason, operator};
use crate::operations::snapshots::{self, Verdict, Verified, Wanted};
use crate::operations::{By, Intent};

#[derive(Subcommand, Debug)]
pub enum SnapshotCommand {
    /// List snapshots, in the order of their streams.
    #[command(after_help = "Example:\n  rapport store snapshot list --tenant fire-and-rice")]
    List(Choice),
    /// Fold the streams whole, and say whether each snapshot is what they come to.
    ///
    /// Exit code 3 says that one differs: drop it.
    #[command(
        after_help = "Example:\n  rapport store snapshot verify --json | jq '.snapshots[] | select(.verdict != \"equal\")'"
    )]
    Verify(Choice),
    Drop(DropArgs),
}

/// Which snapshots are meant; all unless something is said.
#[derive(Args, Debug)]
pub struct Choice {
    #[command(flatten)]
    tenant: TenantChoice,
    /// Only of this kind of aggregate.
    #[arg(long, value_name = "TYPE")]
    aggregate_type: Option<String>,
    /// Only of this aggregate.
    #[arg(long, value_name = "ID")]
    aggregate_id: Option<String>,
}

/// Drop snapshots. Their streams are read from the beginning until new ones are taken.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  rapport store snapshot drop --aggregate-type booking --dry-run"
)]
pub struct DropArgs {
    #[command(flatten)]
    choice: Choice,
    /// Only say how many would be dropped.
    #[arg(long)]
    dry_run: bool,
    /// Why, for the record.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl Choice {
    async fn wanted(&self, store: &Store) -> Result<Wanted, Reason> {
        Ok(Wanted {
            scope: self.tenant.scope(store).await?,
            aggregate_type: self.aggregate_type.clone(),
            aggregate_id: self.aggregate_id.clone(),
        })
    }
}

pub async fn run(store: &Store, command: &SnapshotCommand, format: Format) -> Outcome {
    match command {
        SnapshotCommand::List(choice) => list(store, choice, format).await,
        SnapshotCommand::Verify(choice) => verify(store, choice, format).await,
        SnapshotCommand::Drop(args) => drop(store, args, format).await,
    }
}

async fn list(store: &Store, choice: &Choice, format: Format) -> Outcome {
    let listed = snapshots::list(store, &choice.wanted(store).await?).await?;
    if format == Format::Json {
        return output::document(&json!({ "snapshots": listed }));
    }
    let rows = listed.iter().map(|one| {
        let rules = if one.of_these_rules {
            "these"
        } else {
            "others"
        };
        let mut cells = cells(one);
        cells.extend([
            one.position.to_string(),
            one.bytes.to_string(),
            rules.to_owned(),
            output::instant(one.taken_at),
        ]);
        cells
    });
    let heads = [
        "tenant", "stream", "sequence", "position", "bytes", "rules", "taken",
    ];
    output::table(&heads, rows.collect(), "There are no snapshots.")?;
    if i64::try_from(listed.len()).is_ok_and(|found| found == MAX_LISTED) {
        output::remark(&format!(
            "These are the first {MAX_LISTED}; there may be more."
        ));
    }
    Ok(())
}

async fn verify(store: &Store, choice: &Choice, format: Format) -> Outcome {
    let (mut kept, mut checked) = (Vec::new(), 0_u64);
    let wanted = choice.wanted(store).await?;
    snapshots::verify(store, &wanted, |one: Verified| {
        checked += 1;
        if format == Format::Json || one.verdict != Verdict::Equal {
            kept.push(one);
        }
        Ok::<(), Reason>(())
    })
    .await?;
    match format {
        Format::Json => output::document(&json!({ "checked": checked, "snapshots": kept }))?,
        Format::Table => {
            let rows = kept.iter().map(|one| {
                let mut cells = cells(&one.snapshot);
                let verdict = match one.verdict {
                    Verdict::Equal => "equal",
                    Verdict::Different => "DIFFERENT",
                    Verdict::OfOtherRules => "of other rules",
                    Verdict::Replaced => "replaced meanwhile",
                };
                cells.push(verdict.to_owned());
                cells
            });
            let heads = ["tenant", "stream", "sequence", "verdict"];
            let none = format!("{checked} snapshots, each what its stream comes to.");
            output::table(&heads, rows.collect(), &none)?;
        }
    }
    let is_different = |one: &&Verified| one.verdict == Verdict::Different;
    match kept.iter().filter(is_different).count() {
        0 => Ok(()),
        different => {
            let detail = format!(
                "{different} snapshots differ from their streams; drop them with `rapport store snapshot drop`"
            );
            Err(Refusal::conflict("snapshots-differ", detail).into())
        }
    }
}

async fn drop(store: &Store, args: &DropArgs, format: Format) -> Outcome {
    let wanted = args.choice.wanted(store).await?;
    let (intent, done) = match args.dry_run {
        true => (Intent::Say, "would be dropped"),
        false => (Intent::Act, "dropped"),
    };
    let by = By {
        principal: &operator::name(),
        reason: args.reason.as_deref(),
    };
    let dropped = snapshots::drop(store, &wanted, intent, by).await?;
    match format {
        Format::Json => output::document(&json!({ "dry_run": args.dry_run, "dropped": dropped })),
        Format::Table => Ok(output::line(&format!("{dropped} snapshots {done}"))?),
    }
}

fn cells(one: &Listed) -> Vec<String> {
    vec![
        one.tenant_id.clone(),
        format!("{}/{}", one.aggregate_type, one.aggregate_id),
        one.sequence.to_string(),
    ]
}
