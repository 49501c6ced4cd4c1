//! What may become of a bulk run. Whatever comes too late, or a second time, leads to no events.

use super::events::BulkRunEvent;
use super::{BulkRecord, BulkRun, BulkRunCommand, BulkStanding, MAX_RECORDS};
use crate::refusal::Refusal;

type Decision = Result<Vec<BulkRunEvent>, Refusal>;

impl BulkRun {
    /// The events that `command` leads to.
    pub fn decide(&self, command: BulkRunCommand) -> Decision {
        match command {
            BulkRunCommand::Start { .. } if self.record.is_some() => Ok(Vec::new()),
            BulkRunCommand::Start { order, ids, by, at } => {
                check_size(ids.len())?;
                Ok(vec![BulkRunEvent::BulkRunStarted { order, ids, by, at }])
            }
            BulkRunCommand::Advance { turn, progress, at } => {
                let is_due = self.is_running() && self.require()?.turn == turn;
                Ok(match is_due && !progress.is_empty() {
                    true => vec![BulkRunEvent::BulkRunAdvanced { progress, at }],
                    false => Vec::new(),
                })
            }
            BulkRunCommand::Stop { by } => Ok(match self.require()?.standing {
                BulkStanding::Running => vec![BulkRunEvent::BulkRunStopped { by }],
                BulkStanding::Finished | BulkStanding::Stopped => Vec::new(),
            }),
            BulkRunCommand::Retry { by, at } => {
                self.require()?.check_retry()?;
                Ok(vec![BulkRunEvent::BulkRunRetried { by, at }])
            }
        }
    }

    pub(super) fn take(&mut self, event: BulkRunEvent) {
        if let BulkRunEvent::BulkRunStarted { order, ids, by, .. } = event {
            self.record = Some(Box::new(BulkRecord {
                order,
                started_by: by,
                total: ids.len(),
                remaining: ids,
                done: 0,
                skipped: 0,
                failed: Vec::new(),
                standing: BulkStanding::Running,
                turn: 1,
            }));
            return;
        }
        if let Some(record) = self.record.as_deref_mut() {
            record.turn += 1;
            record.take(event);
        }
    }
}

fn check_size(records: usize) -> Result<(), Refusal> {
    if (1..=MAX_RECORDS).contains(&records) {
        return Ok(());
    }
    let detail = format!("name 1 to {MAX_RECORDS} different ids; these are {records}");
    Err(Refusal::invalid("bulk-size-invalid", detail))
}

impl BulkRecord {
    fn check_retry(&self) -> Result<(), Refusal> {
        if self.standing == BulkStanding::Running {
            let detail = "the run is still under way; wait for its end, or stop it first";
            return Err(Refusal::conflict("bulk-run-running", detail));
        }
        if self.failed.is_empty() && self.remaining.is_empty() {
            let detail = "nothing failed, and nothing is left to do";
            return Err(Refusal::conflict("bulk-run-complete", detail));
        }
        Ok(())
    }

    fn take(&mut self, event: BulkRunEvent) {
        match event {
            BulkRunEvent::BulkRunStarted { .. } => {}
            BulkRunEvent::BulkRunAdvanced { progress, .. } => {
                let seen = progress.len().min(self.remaining.len());
                self.remaining.drain(..seen);
                self.done += progress.done;
                self.skipped += progress.skipped;
                self.failed.extend(progress.failed);
                if self.remaining.is_empty() {
                    self.standing = BulkStanding::Finished;
                }
            }
            BulkRunEvent::BulkRunStopped { .. } => self.standing = BulkStanding::Stopped,
            BulkRunEvent::BulkRunRetried { .. } => {
                let failed = self.failed.drain(..).map(|failed| failed.id);
                self.remaining.extend(failed);
                self.standing = BulkStanding::Running;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;
    use time::OffsetDateTime;

    use super::*;
    use crate::bulk_runs::{FailedRecord, Order, Progress};

    const AT: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn given(commands: Vec<BulkRunCommand>) -> BulkRun {
        let mut run = BulkRun::default();
        for command in commands {
            for event in run.decide(command).unwrap() {
                run.take(event);
            }
        }
        run
    }

    fn start(ids: &[&str]) -> BulkRunCommand {
        BulkRunCommand::Start {
            order: Order {
                command: "tag-customer".to_owned(),
                body: Map::new(),
            },
            ids: ids.iter().map(|id| (*id).to_owned()).collect(),
            by: "ada".to_owned(),
            at: AT,
        }
    }

    fn advance(turn: u32, done: usize, failed: &[&str]) -> BulkRunCommand {
        let failed = failed.iter().map(|id| FailedRecord {
            id: (*id).to_owned(),
            code: "customer-not-found".to_owned(),
        });
        let progress = Progress {
            done,
            skipped: 0,
            failed: failed.collect(),
        };
        BulkRunCommand::Advance {
            turn,
            progress,
            at: AT,
        }
    }

    fn retry() -> BulkRunCommand {
        BulkRunCommand::Retry {
            by: "ada".to_owned(),
            at: AT,
        }
    }

    fn code(run: &BulkRun, command: BulkRunCommand) -> String {
        run.decide(command).unwrap_err().code.to_string()
    }

    #[test]
    fn a_run_ends_with_the_last_of_its_records() {
        let run = given(vec![start(&["a", "b", "c"]), advance(1, 1, &["b"])]);
        let record = run.require().unwrap();
        assert_eq!(
            (record.standing, record.remaining.len()),
            (BulkStanding::Running, 1)
        );
        let run = given(vec![
            start(&["a", "b", "c"]),
            advance(1, 1, &["b"]),
            advance(2, 1, &[]),
        ]);
        let record = run.require().unwrap();
        assert_eq!(record.standing, BulkStanding::Finished);
        assert_eq!((record.done, record.failed.len()), (2, 1));
        assert_eq!(record.failed_by_code()["customer-not-found"], 1);
    }

    #[test]
    fn a_timer_of_another_turn_decides_nothing() {
        let run = given(vec![start(&["a", "b"]), advance(1, 1, &[])]);
        assert_eq!(run.decide(advance(1, 1, &[])).unwrap(), []);
    }

    #[test]
    fn what_failed_and_what_a_stop_has_left_can_be_tried_again() {
        let stop = BulkRunCommand::Stop {
            by: "ada".to_owned(),
        };
        let begun = vec![start(&["a", "b", "c"]), advance(1, 0, &["a"])];
        assert_eq!(code(&given(begun.clone()), retry()), "bulk-run-running");
        let stopped = [begun, vec![stop, retry()]].concat();
        let run = given(stopped);
        let record = run.require().unwrap();
        assert_eq!(record.remaining, ["b", "c", "a"]);
        assert!(record.failed.is_empty());
        let run = given(vec![start(&["a"]), advance(1, 1, &[])]);
        assert_eq!(code(&run, retry()), "bulk-run-complete");
    }

    #[test]
    fn a_run_is_neither_empty_nor_begun_twice_nor_endless() {
        let run = BulkRun::default();
        assert_eq!(code(&run, start(&[])), "bulk-size-invalid");
        assert_eq!(
            code(&run, start(&vec!["a"; MAX_RECORDS + 1])),
            "bulk-size-invalid"
        );
        assert_eq!(
            given(vec![start(&["a"])]).decide(start(&["b"])).unwrap(),
            []
        );
    }
}
