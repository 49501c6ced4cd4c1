//! Commands about bulk runs: begin one command for many records, stop it, try again what failed; and the turn that a timer
//! leads to, which sees to the next few in one commit.

mod advancing;

use std::collections::HashSet;

use cqrs_es::Aggregate;
use domain::bulk_runs::{
    BulkRun, BulkRunCommand, BulkStanding, MAX_OPEN_RUNS, OPEN, OPEN_SCOPE, Order,
};
use domain::ids::BulkRunId;
use domain::refusal::Refusal;
use event_store::load::Load;
use identity::permissions::Permission;
use identity::principals::PrincipalKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Result;
use crate::bookings::answer_as;
use crate::command;
use crate::registry::{self, Command, Input, Risk};
use crate::work::{Facts, Loaded, Work};

/// The right of the command that is sent is asked for besides.
const SEND: Permission = Permission::CustomersWrite;

/// A command that may be sent for many.
#[derive(Debug)]
pub struct Allowed {
    pub command: &'static str,
    /// The field that names whom.
    pub field: &'static str,
    /// The query that lists them.
    pub list: &'static str,
    /// How many go in one commit. Commands that claim something go alone: two in one commit would not see each other's claims.
    at_once: usize,
}

/// How many records a turn sees to, where nothing is claimed.
const TURN: usize = 25;

/// Every command that may be sent for many.
pub const ALLOWED: &[Allowed] = &[
    Allowed::together("tag-customer", "customer_id", "customers"),
    Allowed::together("untag-customer", "customer_id", "customers"),
    Allowed::alone("archive-customer", "customer_id", "customers"),
    Allowed::alone("unarchive-customer", "customer_id", "customers"),
    Allowed::together("assign-thread", "thread_id", "inbox"),
    Allowed::together("close-thread", "thread_id", "inbox"),
    Allowed::together("snooze-thread", "thread_id", "inbox"),
    Allowed::alone("assign-chef", "booking_id", "bookings"),
];

impl Allowed {
    const fn together(command: &'static str, field: &'static str, list: &'static str) -> Self {
        Self {
            command,
            field,
            list,
            at_once: TURN,
        }
    }

    const fn alone(command: &'static str, field: &'static str, list: &'static str) -> Self {
        Self {
            at_once: 1,
            ..Self::together(command, field, list)
        }
    }

    /// The command's body for one record.
    fn body(&self, order: &Order, id: &str) -> Value {
        let mut body = order.body.clone();
        body.insert(self.field.to_owned(), id.into());
        body.into()
    }
}

/// The command that may be sent for many by this name; refused with 422 `bulk-command-unknown` where none may.
pub fn find(name: &str) -> std::result::Result<&'static Allowed, Refusal> {
    let mut allowed = ALLOWED.iter();
    allowed.find(|one| one.command == name).ok_or_else(|| {
        let names: Vec<&str> = ALLOWED.iter().map(|one| one.command).collect();
        let detail = format!("for many at once there are {}", names.join(", "));
        Refusal::invalid("bulk-command-unknown", detail)
    })
}

/// The commands of this noun.
pub fn commands() -> Vec<Command> {
    vec![
        command!(
            "start-bulk-run",
            start_bulk_run,
            StartBulkRun,
            SEND,
            Risk::Bulk
        ),
        command!(
            "stop-bulk-run",
            stop_bulk_run,
            StopBulkRun,
            SEND,
            Risk::Write
        ),
        command!(
            "retry-bulk-run",
            retry_bulk_run,
            RetryBulkRun,
            SEND,
            Risk::Bulk
        ),
        command!(
            "advance-bulk-run",
            advancing::advance_bulk_run,
            advancing::AdvanceBulkRun,
            SEND,
            Risk::Bulk,
            internal
        ),
    ]
}

/// # Start a bulk run
///
/// Sends one command for up to 5,000 records in the background, some at a time, each as a command of its own that may fail
/// alone. The query `bulk-runs` shows how far it is and what failed. `POST /bulk-runs` takes a list's filter instead of ids.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StartBulkRun {
    /// An id of your own, such as a UUID, by which a repetition is known; made up unless given.
    #[serde(default)]
    pub run_id: Option<BulkRunId>,
    /// Such as `tag-customer`, `close-thread` or `assign-chef`.
    pub command: String,
    /// What the command has beside the id, such as `{"tag": "vip"}`.
    #[serde(default)]
    pub body: Map<String, Value>,
    /// Whom it is for. One that comes twice counts once.
    #[schemars(length(min = 1, max = 5000))]
    pub ids: Vec<String>,
}

/// # Stop a bulk run
///
/// What was done stays done; the rest is left. `retry-bulk-run` goes on with it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StopBulkRun {
    pub run_id: BulkRunId,
}

/// # Retry a bulk run
///
/// Goes on with what failed, and with what a stop has left.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryBulkRun {
    pub run_id: BulkRunId,
}

/// How the run stands.
#[derive(Serialize)]
pub struct BulkRunSummary {
    pub run_id: String,
    pub standing: BulkStanding,
    pub total: usize,
    pub done: usize,
    /// All was as asked already.
    pub skipped: usize,
    pub failed: usize,
    pub remaining: usize,
}

impl Input for StartBulkRun {
    fn wanted(&self, _: &Facts) -> Load {
        match &self.run_id {
            Some(run_id) => run_alone(run_id.as_str()),
            None => Load::default(),
        }
    }
}

impl Input for StopBulkRun {
    fn wanted(&self, _: &Facts) -> Load {
        run_alone(self.run_id.as_str())
    }
}

impl Input for RetryBulkRun {
    fn wanted(&self, _: &Facts) -> Load {
        run_alone(self.run_id.as_str())
    }
}

fn run_alone(run_id: &str) -> Load {
    Load {
        streams: vec![(BulkRun::TYPE, run_id.to_owned(), 0)],
        ..Load::default()
    }
}

pub async fn start_bulk_run(work: &mut Work, input: StartBulkRun) -> Result<BulkRunSummary> {
    let allowed = find(&input.command)?;
    require_right(work, &input.command)?;
    if input.body.contains_key(allowed.field) {
        let detail = format!(
            "{} is filled in for each; leave it out of body",
            allowed.field
        );
        return Err(Refusal::invalid("bulk-body-invalid", detail).into());
    }
    let order = Order {
        command: input.command,
        body: input.body,
    };
    let mut seen = HashSet::new();
    let mut ids = input.ids;
    ids.retain(|id| seen.insert(id.clone()));
    check_limits(work, ids.len())?;
    // What no record could take is refused at once, not once for each.
    if let (Some(command), Some(first)) = (registry::find(allowed.command), ids.first()) {
        command.validate(&allowed.body(&order, first))?;
    }
    let run_id = match input.run_id {
        Some(run_id) => run_id.to_string(),
        None => work.new_id(),
    };
    let mut run = work.load::<BulkRun>(&run_id).await?;
    answer_as(work, &run)?;
    if !run.exists() {
        check_room(work).await?;
    }
    let start = BulkRunCommand::Start {
        order,
        ids,
        by: work.ctx.principal.id.clone(),
        at: work.ctx.now,
    };
    work.execute(&mut run, start).await?;
    summary(run)
}

pub async fn stop_bulk_run(work: &mut Work, input: StopBulkRun) -> Result<BulkRunSummary> {
    let mut run = find_mine(work, &input.run_id).await?;
    let by = work.ctx.principal.id.clone();
    work.execute(&mut run, BulkRunCommand::Stop { by }).await?;
    summary(run)
}

pub async fn retry_bulk_run(work: &mut Work, input: RetryBulkRun) -> Result<BulkRunSummary> {
    let mut run = find_mine(work, &input.run_id).await?;
    check_limits(work, run.state.require()?.remaining.len())?;
    check_room(work).await?;
    let retry = BulkRunCommand::Retry {
        by: work.ctx.principal.id.clone(),
        at: work.ctx.now,
    };
    work.execute(&mut run, retry).await?;
    summary(run)
}

/// The run, for whoever may send its command.
async fn find_mine(work: &mut Work, run_id: &BulkRunId) -> Result<Loaded<BulkRun>> {
    let run = work.find::<BulkRun>(run_id.as_str()).await?;
    require_right(work, &run.state.require()?.order.command)?;
    answer_as(work, &run)?;
    Ok(run)
}

fn require_right(work: &Work, name: &str) -> Result<()> {
    if let Some(command) = registry::find(name) {
        work.ctx.principal.require(command.permission)?;
    }
    Ok(())
}

/// What an agent may change by one call, it may change by one run.
fn check_limits(work: &Work, records: usize) -> Result<()> {
    let limit = work.tenant().settings.agents.limits.records_per_call;
    let limit = limit.filter(|_| work.ctx.principal.kind == PrincipalKind::Agent);
    let records = i64::try_from(records).unwrap_or(i64::MAX);
    if let Some(allowed) = limit.filter(|allowed| records > *allowed) {
        let detail = format!(
            "this would change {records} records; one call of an agent changes at most {allowed}"
        );
        return Err(Refusal::forbidden("records-too-many", detail).into());
    }
    Ok(())
}

async fn check_room(work: &mut Work) -> Result<()> {
    let open = work.find_handles(OPEN_SCOPE, OPEN).await?;
    if open.len() < MAX_OPEN_RUNS {
        return Ok(());
    }
    let detail = format!("{MAX_OPEN_RUNS} runs are under way; wait for one to end, or stop one");
    Err(Refusal::conflict("bulk-run-limit-reached", detail).into())
}

fn summary(run: Loaded<BulkRun>) -> Result<BulkRunSummary> {
    let record = run.state.require()?;
    Ok(BulkRunSummary {
        standing: record.standing,
        total: record.total,
        done: record.done,
        skipped: record.skipped,
        failed: record.failed.len(),
        remaining: record.remaining.len(),
        run_id: run.id,
    })
}
