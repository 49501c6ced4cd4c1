//! How a run goes on: what a turn's timer leads to. A step is taken in the very commit that writes it down, by the handlers
//! of the commands themselves, so it is taken once; what they refuse is written down too, and the run goes on.

use domain::ids::{BookingId, JourneyRunId, WebhookEndpointId};
use domain::journey_runs::foresight::wait_until;
use domain::journey_runs::{
    EndCause, JourneyRun, JourneyRunCommand, RunRecord, RunStanding, StepOutcome, Then, Waiting,
};
use domain::journeys::definition::{Action, Asked, Definition, Send, Step, Wait};
use event_store::error::Error;
use event_store::load::Load;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::Duration;

use super::facts::{self, Known};
use super::{asked, defining, definition_of, run_alone};
use crate::Result;
use crate::bookings::answer_as;
use crate::conversations::sending::{SentSummary, send_template};
use crate::conversations::templated::TemplateInput;
use crate::inner::{self, Decided};
use crate::registry::Input;
use crate::work::{Facts, Work};

/// # Go on with a run
///
/// A turn's timer is due.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdvanceJourneyRun {
    pub run_id: JourneyRunId,
    /// A timer of another turn comes too late.
    pub turn: u32,
}

/// How the run stands.
#[derive(Serialize)]
pub struct RunSummary {
    pub run_id: String,
    pub standing: RunStanding,
    pub turn: u32,
}

impl Input for AdvanceJourneyRun {
    fn wanted(&self, _: &Facts) -> Load {
        run_alone(self.run_id.as_str())
    }
}

pub async fn advance_journey_run(work: &mut Work, input: AdvanceJourneyRun) -> Result<RunSummary> {
    let mut run = work.find::<JourneyRun>(input.run_id.as_str()).await?;
    let record = run.state.require()?.clone();
    let is_due = record.standing.is_open() && record.turn == input.turn;
    let command = match is_due {
        true => Some(next(work, &run.id, &record).await?),
        false => None,
    };
    // The run answers, whatever the step has changed before it.
    answer_as(work, &run)?;
    if let Some(command) = command {
        work.execute(&mut run, command).await?;
    }
    summary(run.id, &run.state)
}

pub(super) fn summary(run_id: String, run: &JourneyRun) -> Result<RunSummary> {
    let record = run.require()?;
    Ok(RunSummary {
        run_id,
        standing: record.standing,
        turn: record.turn,
    })
}

async fn next(work: &mut Work, run_id: &str, run: &RunRecord) -> Result<JourneyRunCommand> {
    let (journey, read) = definition_of(work, run).await?;
    let known = facts::known(work, run_id, run).await?;
    let (at, turn) = (work.ctx.now, run.turn);
    let advance = |turned, then| JourneyRunCommand::Advance {
        turn,
        turned,
        then,
        at,
    };
    if journey.state.stops_runs() {
        return Ok(advance(Vec::new(), Then::End(EndCause::JourneyDisabled)));
    }
    if known.customer.state.require_living().is_err() {
        return Ok(advance(Vec::new(), Then::End(EndCause::CustomerGone)));
    }
    if let Some(waiting) = &run.waiting {
        let then = end_wait(&read, run, waiting, (&known, at));
        return Ok(advance(Vec::new(), then));
    }
    let who = known.customer.id.as_str();
    let (turned, step) = read.walk(run.place.as_deref(), &known.facts, who);
    let then = match step {
        None => Then::End(EndCause::Finished),
        Some(step) => take(work, (&read, step), &known).await?,
    };
    Ok(advance(turned, then))
}

/// What it waited until may have moved since.
fn end_wait(
    read: &Definition,
    run: &RunRecord,
    waiting: &Waiting,
    (known, at): (&Known, time::OffsetDateTime),
) -> Then {
    let place = run.place.as_deref().unwrap_or_default();
    let step = read.step(place);
    let moment = match step.map(|step| &step.action) {
        Some(Action::Wait(Wait::Until(moment))) => moment.of(&known.facts),
        _ => None,
    };
    let until = moment.unwrap_or(waiting.until);
    if until > at + Duration::seconds(domain::bookings::CLOCK_TOLERANCE_SECONDS) {
        return Then::MoveWait { until };
    }
    Then::EndWait {
        outcome: match waiting.event {
            Some(_) => StepOutcome::TimedOut,
            None => StepOutcome::Waited,
        },
        next: read.after(place).map(|step| step.label.clone()),
    }
}

/// Takes one step.
async fn take(work: &mut Work, (read, step): (&Definition, &Step), known: &Known) -> Result<Then> {
    let mut endpoint = None;
    let outcome = match &step.action {
        Action::Wait(wait) => match begin_wait(wait, step, known, work.ctx.now) {
            Ok(then) => return Ok(then),
            Err(outcome) => outcome,
        },
        Action::Ask(_) => {
            let step = step.label.clone();
            return Ok(Then::Ask { step });
        }
        Action::Send(send) => self::send(work, send, known).await?,
        Action::Command(asked) => command(work, asked, known).await?,
        Action::Tag { tag } => {
            let body = json!({ "customer_id": known.customer.id, "tag": tag });
            match inner::decide(work, "tag-customer", &body).await? {
                Ok(_) => StepOutcome::Tagged,
                Err(refusal) => StepOutcome::Refused {
                    code: inner::code_of(&refusal),
                },
            }
        }
        Action::Webhook { endpoint_id } => {
            endpoint = Some(WebhookEndpointId::new(endpoint_id.as_str()));
            StepOutcome::Told
        }
        // Gone through before.
        Action::Branch(_) | Action::Split(_) => StepOutcome::Passed,
    };
    Ok(Then::Take {
        step: step.label.clone(),
        kind: step.action.kind().to_owned(),
        outcome,
        next: read.after(&step.label).map(|step| step.label.clone()),
        endpoint_id: endpoint,
    })
}

/// The wait, or what came of one that has no length.
fn begin_wait(
    wait: &Wait,
    step: &Step,
    known: &Known,
    now: time::OffsetDateTime,
) -> std::result::Result<Then, StepOutcome> {
    let Some(until) = wait_until(wait, &known.facts, now) else {
        // There is no booking whose moment it could be.
        let code = "moment-unknown".to_owned();
        return Err(StepOutcome::Refused { code });
    };
    if until <= now {
        return Err(StepOutcome::Passed);
    }
    let event = match wait {
        Wait::Event { event, .. } => Some(event.clone()),
        Wait::For(_) | Wait::Until(_) => None,
    };
    Ok(Then::Wait {
        step: step.label.clone(),
        waiting: Waiting { until, event },
    })
}

/// Consent, quiet hours and the customer's stop are the conversation's to decide, as for any message.
async fn send(work: &mut Work, send: &Send, known: &Known) -> Result<StepOutcome> {
    let template = TemplateInput {
        name: send.template.clone(),
        booking_id: known.facts.text("booking.id").map(BookingId::new),
        variables: Default::default(),
    };
    let place = work.mark();
    let way = (send.channel, send.purpose);
    match send_template(work, &known.customer, way, template).await {
        Ok(SentSummary {
            thread_id,
            message_id,
            held_until,
            ..
        }) => Ok(StepOutcome::Sent {
            thread_id,
            message_id,
            held: held_until.is_some(),
        }),
        Err(Error::Refused(refusal)) => {
            work.back_to(place);
            Ok(StepOutcome::Withheld {
                code: inner::code_of(&refusal),
            })
        }
        Err(error) => Err(error),
    }
}

async fn command(work: &mut Work, asked: &Asked, known: &Known) -> Result<StepOutcome> {
    let body = asked::fill(&asked.body, &known.facts);
    if defining::allowed(&asked.name).is_none() {
        let code = "command-not-allowed".to_owned();
        return Ok(StepOutcome::Refused { code });
    }
    Ok(match inner::decide(work, &asked.name, &body).await? {
        Ok(Decided {
            about: (aggregate_type, aggregate_id),
            ..
        }) => StepOutcome::Commanded {
            aggregate_type,
            aggregate_id,
        },
        Err(refusal) => StepOutcome::Refused {
            code: inner::code_of(&refusal),
        },
    })
}
