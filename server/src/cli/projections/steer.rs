//! Stopping a projection and letting it go on, saying what it does with events that fail, and sending it back.

use clap::Args;
use clap::builder::PossibleValuesParser;
use domain::refusal::Refusal;
use event_store::checkpoints;
use event_store::parking::Policy;
use event_store::steering;
use event_store::store::Store;
use projectors::{Projection, Replay};
use serde_json::{Value, json};

use super::super::output::{self, Format};
use super::choice::{self, Chosen};
use super::{Outcome, Reason};

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
    let mut done = Vec::new();
    for projection in args.chosen.find(store)? {
        let name = projection.name();
        let changed = match args.dry_run {
            true => !is_paused(store, name).await?,
            false => steering::pause(&store.pools.engine, name, &args.reason).await?,
        };
        done.push(json!({ "projection": name, "changed": changed }));
    }
    tell(("paused", "was paused already"), done, args.dry_run, format)
}

pub async fn resume(store: &Store, args: &ResumeArgs, format: Format) -> Outcome {
    let mut done = Vec::new();
    for projection in args.chosen.find(store)? {
        let name = projection.name();
        let changed = match args.dry_run {
            true => is_paused(store, name).await?,
            false => steering::resume(&store.pools.engine, name).await?,
        };
        done.push(json!({ "projection": name, "changed": changed }));
    }
    tell(("resumed", "was not paused"), done, args.dry_run, format)
}

pub async fn policy(store: &Store, args: &PolicyArgs, format: Format) -> Outcome {
    let name = choice::find(store, &args.name)?.name();
    let changed = match args.dry_run {
        true => find_policy(store, name).await? != args.policy,
        false => steering::set_policy(&store.pools.engine, name, Policy::of(&args.policy)).await?,
    };
    let done = json!({ "projection": name, "policy": args.policy, "changed": changed });
    tell(
        ("changed", "has that policy already"),
        vec![done],
        args.dry_run,
        format,
    )
}

pub async fn rewind(store: &Store, args: &RewindArgs, format: Format) -> Outcome {
    let projection = choice::find(store, &args.name)?;
    let name = projection.name();
    require_harmless(&projection)?;
    let client = store.pools.engine.get().await?;
    let position = checkpoints::position(&client, &[name]).await?;
    drop(client);
    if args.to >= position {
        let detail = format!("{name} stands at {position}; name a position before that");
        return Err(Refusal::conflict("position-invalid", detail).into());
    }
    if !args.dry_run {
        steering::rewind(&store.pools.engine, name, args.to).await?;
    }
    let done = json!({ "projection": name, "from": position, "to": args.to, "changed": true });
    tell(("sent back", ""), vec![done], args.dry_run, format)
}

fn require_harmless(projection: &Projection) -> Result<(), Reason> {
    if projection.replay == Replay::Harmless {
        return Ok(());
    }
    let name = projection.name();
    let detail = format!(
        "{name} holds sums and would count twice; use `rapport projections rebuild {name}`"
    );
    Err(Refusal::conflict("projection-counts", detail).into())
}

async fn is_paused(store: &Store, name: &str) -> Result<bool, Reason> {
    let conditions = steering::list(&store.pools.engine.get().await?).await?;
    Ok(conditions
        .iter()
        .any(|one| one.subscriber == name && one.paused_at.is_some()))
}

async fn find_policy(store: &Store, name: &str) -> Result<String, Reason> {
    let conditions = steering::list(&store.pools.engine.get().await?).await?;
    let found = conditions.into_iter().find(|one| one.subscriber == name);
    let policy = found.map(|condition| condition.policy);
    Ok(policy.unwrap_or_else(|| Policy::default().as_str().to_owned()))
}

/// Says of each projection what was done, or would be.
fn tell(
    (done, not_done): (&str, &str),
    outcomes: Vec<Value>,
    dry_run: bool,
    format: Format,
) -> Outcome {
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
