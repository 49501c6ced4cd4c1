//! What may become of a run. Whatever comes too late, or a second time, leads to no events.

use time::{Duration, OffsetDateTime};

use super::events::JourneyRunEvent;
use super::{
    EndCause, Ended, JourneyRun, JourneyRunCommand, RunRecord, RunStanding, StepOutcome, Taken,
    Then,
};
use crate::bookings::CLOCK_TOLERANCE_SECONDS;
use crate::journeys::walk::Turned;
use crate::refusal::Refusal;

type Decision = Result<Vec<JourneyRunEvent>, Refusal>;

impl JourneyRun {
    /// The events that `command` leads to.
    pub fn decide(&self, command: JourneyRunCommand) -> Decision {
        if let JourneyRunCommand::Begin(began) = command {
            // Told twice of one event.
            return Ok(match self.record {
                Some(_) => Vec::new(),
                None => vec![JourneyRunEvent::JourneyRunBegan(began)],
            });
        }
        self.require()?;
        let Some(run) = self.open() else {
            return Ok(Vec::new());
        };
        Ok(match command {
            JourneyRunCommand::Advance {
                turn,
                turned,
                then,
                at,
            } if turn == run.turn => advance(turned, then, at),
            JourneyRunCommand::Hear {
                event_type,
                ends,
                next,
                at,
            } => run.hear(event_type, ends, next, at),
            JourneyRunCommand::Reckon { until, .. } => run.reckon(until),
            JourneyRunCommand::Answer {
                turn,
                name,
                answer,
                next,
                at,
            } if turn == run.turn => vec![JourneyRunEvent::JourneyQuestionAnswered {
                name,
                answer,
                next,
                at,
            }],
            JourneyRunCommand::Stop { by, at } => vec![ended(EndCause::Stopped { by }, at)],
            JourneyRunCommand::Begin(_)
            | JourneyRunCommand::Advance { .. }
            | JourneyRunCommand::Answer { .. } => Vec::new(),
        })
    }

    pub(super) fn take(&mut self, event: JourneyRunEvent) {
        if let JourneyRunEvent::JourneyRunBegan(began) = event {
            self.record = Some(Box::new(RunRecord {
                place: Some(began.first.clone()),
                began: *began,
                standing: RunStanding::Running,
                turn: 1,
                waiting: None,
                heard: false,
                answers: Default::default(),
                history: Vec::new(),
                ended: None,
                length: 1,
            }));
            return;
        }
        if let Some(run) = self.record.as_deref_mut() {
            run.length += 1;
            run.take(event);
        }
    }
}

fn advance(turned: Vec<Turned>, then: Then, at: OffsetDateTime) -> Vec<JourneyRunEvent> {
    let branch = |turned: Turned| JourneyRunEvent::JourneyBranchTaken { turned, at };
    let mut events: Vec<JourneyRunEvent> = turned.into_iter().map(branch).collect();
    events.push(match then {
        Then::Take {
            step,
            kind,
            outcome,
            next,
            endpoint_id,
        } => JourneyRunEvent::JourneyStepTaken {
            step,
            kind,
            outcome,
            next,
            endpoint_id,
            at,
        },
        Then::Wait { step, waiting } => JourneyRunEvent::JourneyWaitBegan { step, waiting },
        Then::EndWait { next, outcome } => JourneyRunEvent::JourneyWaitEnded { outcome, next, at },
        Then::MoveWait { until } => JourneyRunEvent::JourneyWaitMoved { until },
        Then::Ask { step } => JourneyRunEvent::JourneyQuestionAsked { step },
        Then::End(cause) => ended(cause, at),
    });
    events
}

fn ended(cause: EndCause, at: OffsetDateTime) -> JourneyRunEvent {
    JourneyRunEvent::JourneyRunEnded(Ended { cause, at })
}

impl RunRecord {
    fn hear(
        &self,
        event_type: String,
        ends: bool,
        next: Option<String>,
        at: OffsetDateTime,
    ) -> Vec<JourneyRunEvent> {
        // What began it does not end it.
        let is_trigger = self
            .began
            .trigger
            .as_ref()
            .is_some_and(|trigger| trigger.event_type == event_type && self.length == 1);
        if ends && !is_trigger {
            return vec![ended(EndCause::Event { event_type }, at)];
        }
        let awaited = self
            .waiting
            .as_ref()
            .and_then(|waiting| waiting.event.as_ref());
        if awaited != Some(&event_type) {
            return Vec::new();
        }
        let outcome = StepOutcome::Heard;
        vec![JourneyRunEvent::JourneyWaitEnded { outcome, next, at }]
    }

    fn reckon(&self, until: OffsetDateTime) -> Vec<JourneyRunEvent> {
        let tolerance = Duration::seconds(CLOCK_TOLERANCE_SECONDS);
        let moved = self.waiting.as_ref().is_some_and(|waiting| {
            waiting.event.is_none() && (waiting.until - until).abs() > tolerance
        });
        match moved {
            true => vec![JourneyRunEvent::JourneyWaitMoved { until }],
            false => Vec::new(),
        }
    }

    fn take(&mut self, event: JourneyRunEvent) {
        match event {
            JourneyRunEvent::JourneyRunBegan(_) => {}
            JourneyRunEvent::JourneyBranchTaken { turned, at } => {
                let outcome = StepOutcome::Turned { arm: turned.arm };
                self.record(turned.step, turned.kind, outcome, at);
            }
            JourneyRunEvent::JourneyStepTaken {
                step,
                kind,
                outcome,
                next,
                at,
                ..
            } => {
                self.record(step, kind, outcome, at);
                self.go_on(next);
            }
            JourneyRunEvent::JourneyWaitBegan { step, waiting } => {
                self.standing = RunStanding::Waiting;
                self.place = Some(step);
                self.waiting = Some(waiting);
                self.turn += 1;
            }
            JourneyRunEvent::JourneyWaitMoved { until } => {
                if let Some(waiting) = &mut self.waiting {
                    waiting.until = until;
                }
                self.turn += 1;
            }
            JourneyRunEvent::JourneyWaitEnded { outcome, next, at } => {
                self.heard = outcome == StepOutcome::Heard;
                let step = self.place.take().unwrap_or_default();
                self.record(step, "wait".to_owned(), outcome, at);
                self.go_on(next);
            }
            JourneyRunEvent::JourneyQuestionAsked { step } => {
                self.place = Some(step);
                self.turn += 1;
            }
            JourneyRunEvent::JourneyQuestionAnswered {
                name,
                answer,
                next,
                at,
            } => {
                let step = self.place.take().unwrap_or_default();
                let outcome = StepOutcome::Answered {
                    answer: answer.clone(),
                };
                self.record(step, "ask-ai".to_owned(), outcome, at);
                self.answers.insert(name, answer);
                self.go_on(next);
            }
            JourneyRunEvent::JourneyRunEnded(ended) => {
                self.standing = match ended.cause {
                    EndCause::Finished => RunStanding::Finished,
                    _ => RunStanding::Exited,
                };
                self.place = None;
                self.waiting = None;
                self.ended = Some(ended);
            }
        }
    }

    fn record(&mut self, step: String, kind: String, outcome: StepOutcome, at: OffsetDateTime) {
        self.history.push(Taken {
            step,
            kind,
            outcome,
            at,
        });
    }

    fn go_on(&mut self, next: Option<String>) {
        self.standing = RunStanding::Running;
        self.place = next;
        self.waiting = None;
        self.turn += 1;
    }
}

#[cfg(test)]
mod tests;
