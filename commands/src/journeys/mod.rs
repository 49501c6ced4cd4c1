//! Commands about journeys: define, enable and disable them, begin and stop a run by hand; and what timers and events lead to.

mod advancing;
mod asked;
mod beginning;
mod defining;
mod facts;
mod hearing;

use cqrs_es::Aggregate;
use domain::journey_runs::{JourneyRun, RunRecord};
use domain::journeys::Journey;
use domain::journeys::definition::Definition;
use domain::refusal::Refusal;
use event_store::load::Load;
use identity::permissions::Permission;

use crate::Result;
use crate::command;
use crate::registry::{Command, Risk};
use crate::work::{Loaded, Work};

const CONFIGURE: Permission = Permission::TenantsConfigure;
const WRITE: Permission = Permission::ConversationsWrite;

/// The commands of this noun.
pub fn commands() -> Vec<Command> {
    let mut commands = sent_by_people();
    commands.extend(sent_by_the_relay());
    commands
}

fn sent_by_people() -> Vec<Command> {
    vec![
        command!(
            "define-journey",
            defining::define_journey,
            defining::DefineJourney,
            CONFIGURE,
            Risk::Write
        ),
        command!(
            "enable-journey",
            defining::enable_journey,
            defining::EnableJourney,
            CONFIGURE,
            Risk::Bulk
        ),
        command!(
            "disable-journey",
            defining::disable_journey,
            defining::DisableJourney,
            CONFIGURE,
            Risk::Write
        ),
        command!(
            "start-journey",
            beginning::start_journey,
            beginning::StartJourney,
            WRITE,
            Risk::Outward
        ),
        command!(
            "stop-journey-run",
            hearing::stop_journey_run,
            hearing::StopJourneyRun,
            WRITE,
            Risk::Write
        ),
    ]
}

fn sent_by_the_relay() -> Vec<Command> {
    vec![
        command!(
            "begin-journey-run",
            beginning::begin_journey_run,
            beginning::BeginJourneyRun,
            WRITE,
            Risk::Outward,
            internal
        ),
        command!(
            "advance-journey-run",
            advancing::advance_journey_run,
            advancing::AdvanceJourneyRun,
            WRITE,
            Risk::Outward,
            internal
        ),
        command!(
            "tell-journey-runs",
            hearing::tell_journey_runs,
            hearing::TellJourneyRuns,
            WRITE,
            Risk::Write,
            internal
        ),
        command!(
            "answer-journey-question",
            hearing::answer_journey_question,
            hearing::AnswerJourneyQuestion,
            WRITE,
            Risk::Write,
            internal
        ),
    ]
}

/// The version of a journey that a run goes through.
async fn definition_of(work: &mut Work, run: &RunRecord) -> Result<(Loaded<Journey>, Definition)> {
    let journey = work.load::<Journey>(&run.began.journey).await?;
    let definition = definition(&journey.state, run.began.version)?;
    Ok((journey, definition))
}

/// One version, read anew.
fn definition(journey: &Journey, number: u32) -> Result<Definition> {
    let missing = || {
        let detail = format!("there is no version {number}");
        Refusal::not_found("journey-version-not-found", detail)
    };
    let version = journey.versions.get(&number).ok_or_else(missing)?;
    Ok(Definition::parse(&version.definition)?)
}

fn journey_alone(name: &str) -> Load {
    stream(Journey::TYPE, name)
}

fn run_alone(run_id: &str) -> Load {
    stream(JourneyRun::TYPE, run_id)
}

fn stream(kind: &'static str, id: &str) -> Load {
    Load {
        streams: vec![(kind, id.to_owned(), 0)],
        ..Load::default()
    }
}
