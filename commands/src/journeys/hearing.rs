//! What runs hear: events that end them or end a wait, answers of models, and people who stop one.

use domain::customers::Customer;
use domain::ids::{CustomerId, JourneyRunId};
use domain::journey_runs::{CUSTOMER_SCOPE, Happened, JourneyRun, JourneyRunCommand};
use domain::journeys::definition::{Action, Question, Wait};
use domain::tenants::Tenant;
use event_store::load::Load;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::advancing::{RunSummary, summary};
use super::beginning::subject_of;
use super::{definition_of, facts, run_alone};
use crate::Result;
use crate::bookings::answer_as;
use crate::registry::Input;
use crate::work::{Facts, Loaded, Work};

/// # Stop a run
///
/// The customer is on this journey no longer; the next step is not taken.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StopJourneyRun {
    pub run_id: JourneyRunId,
}

/// # Tell runs of an event
///
/// Something has happened that runs may wait for, or end on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TellJourneyRuns {
    pub happened: Happened,
}

/// # Answer a journey's question
///
/// What a model says; the last of the answers where it cannot say.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerJourneyQuestion {
    pub run_id: JourneyRunId,
    pub turn: u32,
    #[serde(default)]
    pub answer: Option<String>,
}

/// How many runs have heard it.
#[derive(Serialize)]
pub struct ToldSummary {
    pub runs: usize,
}

impl Input for StopJourneyRun {
    fn wanted(&self, _: &Facts) -> Load {
        run_alone(self.run_id.as_str())
    }
}

impl Input for TellJourneyRuns {
    fn wanted(&self, _: &Facts) -> Load {
        // Whom it is about is known once what it happened to is loaded.
        Load::default()
    }
}

impl Input for AnswerJourneyQuestion {
    fn wanted(&self, _: &Facts) -> Load {
        run_alone(self.run_id.as_str())
    }
}

pub async fn stop_journey_run(work: &mut Work, input: StopJourneyRun) -> Result<RunSummary> {
    let mut run = work.find::<JourneyRun>(input.run_id.as_str()).await?;
    let stop = JourneyRunCommand::Stop {
        by: work.ctx.principal.id.clone(),
        at: work.ctx.now,
    };
    work.execute(&mut run, stop).await?;
    summary(run.id, &run.state)
}

pub async fn tell_journey_runs(work: &mut Work, input: TellJourneyRuns) -> Result<ToldSummary> {
    let happened = input.happened;
    let subject = subject_of(work, &happened).await?;
    let Some(customer_id) = &subject.customer_id else {
        answer_at_least(work).await?;
        return Ok(ToldSummary { runs: 0 });
    };
    let mut told = Vec::new();
    for customer_id in family(work, customer_id).await? {
        told.extend(work.find_handles(CUSTOMER_SCOPE, &customer_id).await?);
    }
    for run_id in &told {
        let run = work.load::<JourneyRun>(run_id).await?;
        // What happens to one booking is nothing to runs about another.
        let own = run
            .state
            .open()
            .and_then(|open| open.began.booking_id.clone());
        let is_about = match (&own, &subject.booking_id) {
            (Some(own), Some(other)) => own == other,
            _ => true,
        };
        if is_about {
            tell(work, run, &happened).await?;
        }
    }
    answer_at_least(work).await?;
    Ok(ToldSummary { runs: told.len() })
}

/// The business itself answers where no run had anything to decide.
async fn answer_at_least(work: &mut Work) -> Result<()> {
    if work.decided.is_none() {
        let tenant_id = work.ctx.tenant_id().to_string();
        let tenant = work.find::<Tenant>(&tenant_id).await?;
        answer_as(work, &tenant)?;
    }
    Ok(())
}

pub async fn answer_journey_question(
    work: &mut Work,
    input: AnswerJourneyQuestion,
) -> Result<RunSummary> {
    let mut run = work.find::<JourneyRun>(input.run_id.as_str()).await?;
    let record = run.state.require()?.clone();
    // It answers also when it no longer asks.
    answer_as(work, &run)?;
    let (_, read) = definition_of(work, &record).await?;
    let place = record.place.as_deref().unwrap_or_default();
    let step = read.step(place).map(|step| &step.action);
    if let Some(Action::Ask(Question { name, answers, .. })) = step {
        let answer = input.answer.filter(|answer| answers.contains(answer));
        let answer = answer.or_else(|| answers.last().cloned());
        let command = JourneyRunCommand::Answer {
            turn: input.turn,
            name: name.clone(),
            answer: answer.unwrap_or_default(),
            next: read.after(place).map(|step| step.label.clone()),
            at: work.ctx.now,
        };
        work.execute(&mut run, command).await?;
    }
    summary(run.id, &run.state)
}

/// The customer, and those who were merged into them.
async fn family(work: &mut Work, customer_id: &CustomerId) -> Result<Vec<String>> {
    let customer = work.load::<Customer>(customer_id.as_str()).await?;
    let merged = customer.state.merged.iter().map(CustomerId::to_string);
    Ok(std::iter::once(customer.id.clone()).chain(merged).collect())
}

/// One run hears of it: it ends, or its wait does, or what it waits until is reckoned anew.
async fn tell(work: &mut Work, mut run: Loaded<JourneyRun>, happened: &Happened) -> Result<()> {
    let Some(record) = run.state.open().cloned() else {
        return Ok(());
    };
    let (_, read) = definition_of(work, &record).await?;
    let place = record.place.as_deref().unwrap_or_default();
    let hear = JourneyRunCommand::Hear {
        event_type: happened.event_type.clone(),
        ends: read.ends_on(&happened.event_type),
        next: read.after(place).map(|step| step.label.clone()),
        at: work.ctx.now,
    };
    let decided = run.state.decide(hear.clone())?;
    if !decided.is_empty() {
        return work.execute(&mut run, hear).await;
    }
    let step = read.step(place).map(|step| &step.action);
    if let (Some(_), Some(Action::Wait(Wait::Until(moment)))) = (&record.waiting, step) {
        let known = facts::known(work, &run.id, &record).await?;
        if let Some(until) = moment.of(&known.facts) {
            let at = work.ctx.now;
            let until = until.max(at);
            return work
                .execute(&mut run, JourneyRunCommand::Reckon { until, at })
                .await;
        }
    }
    Ok(())
}
