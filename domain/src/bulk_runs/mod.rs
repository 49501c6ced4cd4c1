//! Bulk runs: one command for many records, some at a time, in the background. A turn's commands and the note of what became
//! of each stand in one commit, so a crash neither loses nor repeats one; a timer names its turn, and one of another turn
//! decides nothing.

pub mod events;
mod rules;

use std::collections::BTreeMap;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use self::events::BulkRunEvent;
use crate::effects::{Effect, Timer};
use crate::ids::BulkRunId;
use crate::noun::{ClaimChanges, Key, Noun};
use crate::refusal::Refusal;

/// The most records of one run.
pub const MAX_RECORDS: usize = 5_000;
/// Runs of one tenant that may be under way at once.
pub const MAX_OPEN_RUNS: usize = 5;
/// Handle: every run that is under way.
pub const OPEN_SCOPE: &str = "bulk-run-open";
/// The value of that handle.
pub const OPEN: &str = "*";

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BulkRun {
    pub record: Option<Box<BulkRecord>>,
}

/// A run as its events tell it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BulkRecord {
    pub order: Order,
    /// The principal who began it.
    pub started_by: String,
    pub total: usize,
    /// Those that have not been seen to, in order.
    pub remaining: Vec<String>,
    pub done: usize,
    /// All was as asked already.
    pub skipped: usize,
    pub failed: Vec<FailedRecord>,
    pub standing: BulkStanding,
    /// Counts what has happened to it; a timer names the turn it is for.
    pub turn: u32,
}

/// What is to be done with each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// Such as `tag-customer`.
    pub command: String,
    /// What the command has beside the id. No field of the commands that go here is personal.
    pub body: Map<String, Value>,
}

/// One that did not go, and the code of its refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailedRecord {
    pub id: String,
    pub code: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BulkStanding {
    Running,
    /// Each has been seen to.
    Finished,
    /// Somebody stopped it before.
    Stopped,
}

/// What became of the next few, in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    pub done: usize,
    pub skipped: usize,
    pub failed: Vec<FailedRecord>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum BulkRunCommand {
    /// Nothing for a run that there is.
    Start {
        order: Order,
        ids: Vec<String>,
        by: String,
        at: OffsetDateTime,
    },
    /// Nothing when another turn has come.
    Advance {
        turn: u32,
        progress: Progress,
        at: OffsetDateTime,
    },
    Stop {
        by: String,
    },
    /// Goes on with what failed, and with what a stop has left.
    Retry {
        by: String,
        at: OffsetDateTime,
    },
}

impl BulkRun {
    /// Refuses a run that never was.
    pub fn require(&self) -> Result<&BulkRecord, Refusal> {
        let unknown = || Refusal::not_found("bulk-run-not-found", "there is no such run");
        self.record.as_deref().ok_or_else(unknown)
    }

    fn is_running(&self) -> bool {
        let record = self.record.as_deref();
        record.is_some_and(|record| record.standing == BulkStanding::Running)
    }
}

impl BulkRecord {
    /// How many failed for each reason.
    pub fn failed_by_code(&self) -> BTreeMap<&str, usize> {
        let mut codes = BTreeMap::new();
        for failed in &self.failed {
            *codes.entry(failed.code.as_str()).or_default() += 1;
        }
        codes
    }
}

impl Progress {
    /// How many have been seen to.
    pub fn len(&self) -> usize {
        self.done + self.skipped + self.failed.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Aggregate for BulkRun {
    const TYPE: &'static str = "bulk-run";
    type Command = BulkRunCommand;
    type Event = BulkRunEvent;
    type Error = Refusal;
    type Services = ();

    async fn handle(
        &mut self,
        command: BulkRunCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Refusal> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: BulkRunEvent) {
        self.take(event);
    }
}

impl Noun for BulkRun {
    fn claims(&self, _id: &str, _event: &BulkRunEvent) -> ClaimChanges {
        let handles = match self.is_running() {
            true => vec![Key::new(OPEN_SCOPE, OPEN)],
            false => Vec::new(),
        };
        ClaimChanges {
            handles,
            drop_handles: vec![OPEN_SCOPE],
            ..ClaimChanges::default()
        }
    }

    fn effects(&self, id: &str, event: &BulkRunEvent) -> Vec<Effect> {
        let (
            BulkRunEvent::BulkRunStarted { at, .. }
            | BulkRunEvent::BulkRunAdvanced { at, .. }
            | BulkRunEvent::BulkRunRetried { at, .. },
            Some(record),
            true,
        ) = (event, self.record.as_deref(), self.is_running())
        else {
            return Vec::new();
        };
        let timer = Timer::AdvanceBulkRun {
            run_id: BulkRunId::new(id),
            turn: record.turn,
        };
        vec![Effect::timer("advance-bulk-run", *at, timer)]
    }
}
