//! Stopping a projection and letting it go on, saying what it does with events that fail, and sending it back.

use clap::Args;
use clap::builder::PossibleValuesParser;
use event_store::parking::Policy;
use event_store::store::Store;
use serde_json::{Value, json};

use super::super::operator;
use super::super::output::{self, Format};
use super::Outcome;
use super::choice::Chosen;
use crate::operations::{By, Intent, check_reason, projections};

/// Stop projections until they are resumed. Commands go on; what they write is not seen by queries meanwhile.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  rapport projections pause bookings --reason \"Index is being built\""
)]
pub struct PauseArgs {
    #[command(flatten)]
    chosen: Chosen,
    /// Why, for whoever looks later.
    #[arg(long)]
    reason: String,
    /// Only say what would be done.
    #[arg(long)]
    dry_run: bool,
}

/// Let paused projections go on from where they stand.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport projections resume --all")]
pub struct ResumeArgs {
    #[command(flatten)]
    chosen: Chosen,
    /// Only say what would be done.
    #[arg(long)]
    dry_run: bool,
}

/// Say what a projection does with an event that cannot be applied.
///
/// park: its key waits, with what comes after it, and all else goes on (the default). pause: the projection stops there
/// and tries again every few seconds. skip: the event is given up, on record, and what comes after it goes on.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport projections policy payments pause")]
pub struct PolicyArgs {
    /// Which projection.
    name: String,
    /// What to do.
    #[arg(value_parser = PossibleValuesParser::new(Policy::NAMES))]
    policy: String,
    /// Only say what would be done.
    #[arg(long)]
    dry_run: bool,
}

/// Send a projection back, to read the log again after a position.
///
/// Rows that are there stay as they are, as they know which events they have seen; rows that were lost come back. A
/// projection of sums cannot be sent back, as it would count twice: rebuild it instead.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport projections rewind customers --to 120000")]
pub struct RewindArgs {
    /// Which projection.
    name: String,
    /// The position after which it reads again; 0 is the beginning.
    #[arg(long, value_parser = clap::value_parser!(i64).range(0..))]
    to: i64,
    /// Only say what would be done.
    #[arg(long)]
    dry_run: bool,
}

pub async fn pause(store: &Store, args: &PauseArgs, format: Format) -> Outcome {
    check_reason(&args.reason)?;
    let (operator, intent) = (operator::name(), intent(args.dry_run));
    let by = By {
        principal: &operator,
        reason: Some(&args.reason),
    };
    let mut done = Vec::new();
    for projection in args.chosen.find(store)? {
        done.push(json!(
            projections::pause(store, projection.name(), intent, by).await?
        ));
    }
    tell(("paused", "was paused already"), done, intent, format)
}

pub async fn resume(store: &Store, args: &ResumeArgs, format: Format) -> Outcome {
    let (operator, intent) = (operator::name(), intent(args.dry_run));
    let by = By::without_reason(&operator);
    let mut done = Vec::new();
    for projection in args.chosen.find(store)? {
        done.push(json!(
            projections::resume(store, projection.name(), intent, by).await?
        ));
    }
    tell(("resumed", "was not paused"), done, intent, format)
}

pub async fn policy(store: &Store, args: &PolicyArgs, format: Format) -> Outcome {
    let (operator, intent) = (operator::name(), intent(args.dry_run));
    let wanted = (args.name.as_str(), Policy::of(&args.policy));
    let by = By::without_reason(&operator);
    let changed = projections::set_policy(store, wanted, intent, by).await?;
    let mut done = json!(changed);
    done["policy"] = json!(args.policy);
    let words = ("changed", "has that policy already");
    tell(words, vec![done], intent, format)
}

pub async fn rewind(store: &Store, args: &RewindArgs, format: Format) -> Outcome {
    let (operator, intent) = (operator::name(), intent(args.dry_run));
    let by = By::without_reason(&operator);
    let rewound = projections::rewind(store, (&args.name, args.to), intent, by).await?;
    tell(("sent back", ""), vec![json!(rewound)], intent, format)
}

fn intent(dry_run: bool) -> Intent {
    match dry_run {
        true => Intent::Say,
        false => Intent::Act,
    }
}

/// Says of each projection what was done, or would be.
fn tell(
    (done, not_done): (&str, &str),
    outcomes: Vec<Value>,
    intent: Intent,
    format: Format,
) -> Outcome {
    let dry_run = intent == Intent::Say;
    if format == Format::Json {
        return output::document(&json!({ "dry_run": dry_run, "projections": outcomes }));
    }
    for outcome in outcomes {
        let name = outcome["projection"].as_str().unwrap_or_default();
        let line = match (outcome["changed"] == json!(true), dry_run) {
            (true, false) => format!("{name}: {done}"),
            (true, true) => format!("{name}: would be {done}"),
            (false, _) => format!("{name}: {not_done}"),
        };
        output::line(&line)?;
    }
    Ok(())
}
