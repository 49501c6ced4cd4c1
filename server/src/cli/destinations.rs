//! `rapport destinations`: a tenant's accounts with providers; what holds them back, and what limits them.

use clap::{Args, Subcommand};
use event_store::store::Store;
use outbox::destinations::{Change, LONGEST_PAUSE_SECONDS, Standing};
use serde_json::json;

use super::Outcome;
use super::attached::attached;
use super::operator;
use super::output::{self, Format};
use super::tenant_choice::TenantChoice;
use crate::config::DatabaseSettings;
use crate::operations::{By, Intent, destinations};

const MINUTE_SECONDS: i64 = 60;
const LONGEST_PAUSE_MINUTES: i64 = LONGEST_PAUSE_SECONDS / MINUTE_SECONDS;
/// How long a breaker stays open when nobody says how long.
const OPEN_MINUTES: i64 = 10;

#[derive(Subcommand, Debug)]
pub enum DestinationsCommand {
    List(ListArgs),
    Pause(PauseArgs),
    Resume(ResumeArgs),
    Breaker(BreakerArgs),
    Limits(LimitsArgs),
}

/// List destinations: what waits there, what holds them, what limits them.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport destinations list")]
pub struct ListArgs {
    #[command(flatten)]
    tenant: TenantChoice,
}

/// Which destination.
#[derive(Args, Debug)]
pub struct Chosen {
    /// The target: stripe, email, timer and so on.
    target: String,
    #[command(flatten)]
    tenant: TenantChoice,
    /// Why, for whoever looks later.
    #[arg(long)]
    reason: Option<String>,
    /// Only say what would be done.
    #[arg(long)]
    dry_run: bool,
}

/// Send nothing there for a while. It goes on by itself.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  rapport destinations pause email --minutes 30 --reason \"They are moving\""
)]
pub struct PauseArgs {
    #[command(flatten)]
    chosen: Chosen,
    /// For how long.
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..=LONGEST_PAUSE_MINUTES))]
    minutes: i64,
}

/// End whatever holds a destination: a pause, a provider's request to stay away, an open breaker (which then probes).
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport destinations resume email")]
pub struct ResumeArgs {
    #[command(flatten)]
    chosen: Chosen,
}

/// Open or close a destination's breaker by hand.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  rapport destinations breaker stripe --close")]
pub struct BreakerArgs {
    #[command(flatten)]
    chosen: Chosen,
    /// Let nothing through; after that one call at a time probes.
    #[arg(long, required_unless_present = "close")]
    open: bool,
    /// For how long.
    #[arg(long, default_value_t = OPEN_MINUTES, value_parser = clap::value_parser!(i64).range(1..=LONGEST_PAUSE_MINUTES))]
    minutes: i64,
    /// Let everything through, whatever has failed.
    #[arg(long, conflicts_with = "open")]
    close: bool,
}

/// Set what all processes together may send there; what is not named has no limit.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  rapport destinations limits sms --per-second 0.66 --in-flight 4"
)]
pub struct LimitsArgs {
    #[command(flatten)]
    chosen: Chosen,
    /// Messages in a second.
    #[arg(long)]
    per_second: Option<f64>,
    /// How many may leave at once after a silence.
    #[arg(long, default_value_t = 1)]
    burst: i32,
    /// How many may be under way at once.
    #[arg(long)]
    in_flight: Option<i32>,
    /// For how long; for good when absent.
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..=LONGEST_PAUSE_MINUTES))]
    minutes: Option<i64>,
}

pub async fn run(
    settings: &DatabaseSettings,
    command: &DestinationsCommand,
    format: Format,
) -> Outcome {
    attached(settings, async |store| match command {
        DestinationsCommand::List(args) => list(store, args, format).await,
        DestinationsCommand::Pause(args) => {
            let seconds = args.minutes * MINUTE_SECONDS;
            change(store, &args.chosen, Change::Pause { seconds }, format).await
        }
        DestinationsCommand::Resume(args) => {
            change(store, &args.chosen, Change::Resume, format).await
        }
        DestinationsCommand::Breaker(args) => {
            let seconds = args.minutes * MINUTE_SECONDS;
            let wanted = match args.close {
                true => Change::CloseBreaker,
                false => Change::OpenBreaker { seconds },
            };
            change(store, &args.chosen, wanted, format).await
        }
        DestinationsCommand::Limits(args) => {
            let wanted = Change::Limit {
                rate_per_second: args.per_second,
                burst: args.burst,
                max_in_flight: args.in_flight,
                seconds: args.minutes.map(|minutes| minutes * MINUTE_SECONDS),
            };
            change(store, &args.chosen, wanted, format).await
        }
    })
    .await
}

async fn list(store: &Store, args: &ListArgs, format: Format) -> Outcome {
    let scope = args.tenant.scope(store).await?;
    let found = destinations::list(store, &scope).await?;
    if format == Format::Json {
        return output::document(&json!({ "destinations": found }));
    }
    let row = |one: &Standing| {
        vec![
            one.tenant_id.clone(),
            one.target.clone(),
            one.due.to_string(),
            output::span(one.oldest_due_seconds),
            one.in_flight.to_string(),
            held(one),
            limits(one),
        ]
    };
    let heads = [
        "tenant",
        "target",
        "due",
        "oldest",
        "in flight",
        "held",
        "limits",
    ];
    Ok(output::table(
        &heads,
        found.iter().map(row).collect(),
        "Nothing was ever sent.",
    )?)
}

fn held(one: &Standing) -> String {
    let mut told = Vec::new();
    if let Some(until) = one.paused_until {
        told.push(format!("paused until {}", output::instant(until)));
    }
    if let Some(until) = one.not_before {
        told.push(format!("asked to wait until {}", output::instant(until)));
    }
    let reason = output::optional(one.breaker_reason.as_deref());
    match (one.breaker.as_str(), one.breaker_until) {
        ("open", Some(until)) => {
            told.push(format!(
                "breaker open ({reason}) until {}",
                output::instant(until)
            ));
        }
        ("half_open", _) => told.push(format!("breaker half open ({reason})")),
        _ => {}
    }
    match told.is_empty() {
        true => output::optional(None),
        false => told.join("; "),
    }
}

fn limits(one: &Standing) -> String {
    let rate = one.rate_per_second.map(|rate| format!("{rate} per second"));
    let cap = one.max_in_flight.map(|most| format!("{most} in flight"));
    let told: Vec<String> = [rate, cap].into_iter().flatten().collect();
    match told.is_empty() {
        true => output::optional(None),
        false => told.join(", "),
    }
}

async fn change(store: &Store, chosen: &Chosen, wanted: Change, format: Format) -> Outcome {
    let scope = chosen.tenant.scope(store).await?;
    let name = operator::name();
    let by = By {
        principal: &name,
        reason: chosen.reason.as_deref(),
    };
    let intent = match chosen.dry_run {
        true => Intent::Say,
        false => Intent::Act,
    };
    let place = (&scope, chosen.target.as_str());
    let standing = destinations::change(store, place, &wanted, (intent, by)).await?;
    if format == Format::Json {
        return output::document(&json!({ "dry_run": chosen.dry_run, "destination": standing }));
    }
    if chosen.dry_run {
        output::line("Nothing was changed. It would stand so:")?;
    }
    let row = vec![standing.target.clone(), held(&standing), limits(&standing)];
    Ok(output::table(&["target", "held", "limits"], vec![row], "")?)
}
