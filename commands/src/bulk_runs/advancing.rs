//! A turn of a bulk run: the next few commands are decided within this one, and what became of each is noted in the very
//! commit that writes what they changed.

use domain::bulk_runs::{
    BulkRecord, BulkRun, BulkRunCommand, BulkStanding, FailedRecord, Progress,
};
use domain::ids::BulkRunId;
use event_store::load::Load;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{BulkRunSummary, find, run_alone, summary};
use crate::Result;
use crate::bookings::answer_as;
use crate::inner;
use crate::registry::Input;
use crate::work::{Facts, Work};

/// # Go on with a bulk run
///
/// A turn's timer is due.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdvanceBulkRun {
    pub run_id: BulkRunId,
    /// A timer of another turn comes too late.
    pub turn: u32,
}

impl Input for AdvanceBulkRun {
    fn wanted(&self, _: &Facts) -> Load {
        run_alone(self.run_id.as_str())
    }
}

pub async fn advance_bulk_run(work: &mut Work, input: AdvanceBulkRun) -> Result<BulkRunSummary> {
    let mut run = work.find::<BulkRun>(input.run_id.as_str()).await?;
    let record = run.state.require()?;
    let is_due = record.standing == BulkStanding::Running && record.turn == input.turn;
    let progress = match is_due {
        true => see_to(work, &record.clone()).await?,
        false => Progress::default(),
    };
    // The run answers, whatever the commands have changed before it.
    answer_as(work, &run)?;
    let advance = BulkRunCommand::Advance {
        turn: input.turn,
        progress,
        at: work.ctx.now,
    };
    work.execute(&mut run, advance).await?;
    summary(run)
}

/// The next few, each by itself: what one is refused keeps no other from going.
async fn see_to(work: &mut Work, run: &BulkRecord) -> Result<Progress> {
    let allowed = find(&run.order.command)?;
    let mut progress = Progress::default();
    for id in run.remaining.iter().take(allowed.at_once) {
        let body = allowed.body(&run.order, id);
        match inner::decide(work, allowed.command, &body).await? {
            Ok(decided) if decided.events == 0 => progress.skipped += 1,
            Ok(_) => progress.done += 1,
            Err(refusal) => progress.failed.push(FailedRecord {
                id: id.clone(),
                code: inner::code_of(&refusal),
            }),
        }
    }
    Ok(progress)
}
