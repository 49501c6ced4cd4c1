//! What people make of journeys: a version that is checked whole before it is kept, in force and out of force.

use domain::journeys::definition::{Action, Asked, Definition, refuse_at};
use domain::journeys::{
    EVERY, EVERY_SCOPE, InFlight, Journey, JourneyCommand, JourneyStanding, MAX_JOURNEYS, Version,
};
use domain::refusal::Refusal;
use event_store::load::Load;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{asked, definition, journey_alone};
use crate::Result;
use crate::registry::{self, Command, Input, Risk, Visibility};
use crate::work::{Facts, Loaded, Work};

/// What a journey may have done by itself.
const MAY_ASK: [Permission; 3] = [
    Permission::BookingsWrite,
    Permission::ConversationsWrite,
    Permission::CustomersWrite,
];

/// # Define a journey
///
/// What is done by itself after something has happened, as YAML. It is checked whole; whatever is wrong is told with line
/// and column. Each change is a new version; nothing begins before `enable-journey`. With `dry_run` nothing is kept.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DefineJourney {
    /// Such as `journey: reminder`, `version: 1`, `trigger: { event: BookingConfirmed }`, `exit: [ { event:
    /// BookingCancelled } ]`, and `steps`, a list of `wait`, `send`, `command`, `branch`, `split`, `ask-ai`, `webhook` and
    /// `tag`. At most 16,384 bytes.
    #[schemars(length(min = 1, max = 16384))]
    pub definition: String,
}

/// # Enable a journey
///
/// From now on its event begins runs, with this version. Whoever is under way keeps the version they began with.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnableJourney {
    /// The journey's name.
    #[schemars(length(min = 1, max = 32))]
    pub journey: String,
    /// The newest one unless given.
    #[serde(default)]
    pub version: Option<u32>,
}

/// # Disable a journey
///
/// Nobody begins it any more.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DisableJourney {
    /// The journey's name.
    #[schemars(length(min = 1, max = 32))]
    pub journey: String,
    /// Whoever is under way stops at the next step, which is not taken (`stop`), or goes on to the end (`finish`).
    #[serde(default)]
    pub in_flight: InFlight,
}

/// The journey as it stands.
#[derive(Serialize)]
pub struct JourneySummary {
    pub journey: String,
    pub standing: JourneyStanding,
    /// The newest version.
    pub version: Option<u32>,
    /// The version that new runs begin with; null while none do.
    pub enabled_version: Option<u32>,
}

/// The version as it was read.
#[derive(Serialize)]
pub struct DefinedSummary {
    #[serde(flatten)]
    pub journey: JourneySummary,
    pub trigger: String,
    /// Each step's place, line and kind, in the order in which they stand.
    pub steps: Vec<StepSummary>,
}

#[derive(Serialize)]
pub struct StepSummary {
    pub step: String,
    pub line: usize,
    pub kind: &'static str,
}

impl Input for DefineJourney {
    fn wanted(&self, _: &Facts) -> Load {
        // Its name is known once it has been read.
        Load::default()
    }
}

impl Input for EnableJourney {
    fn wanted(&self, _: &Facts) -> Load {
        journey_alone(&self.journey)
    }
}

impl Input for DisableJourney {
    fn wanted(&self, _: &Facts) -> Load {
        journey_alone(&self.journey)
    }
}

impl JourneySummary {
    fn of(journey: Loaded<Journey>) -> Self {
        Self {
            standing: journey.state.standing,
            version: journey.state.newest(),
            enabled_version: journey.state.in_force().map(|(number, _)| number),
            journey: journey.id,
        }
    }
}

pub async fn define_journey(work: &mut Work, input: DefineJourney) -> Result<DefinedSummary> {
    work.tenant().require()?;
    let read = Definition::parse(&input.definition)?;
    check_commands(work, &read)?;
    let mut journey = work.load::<Journey>(&read.name).await?;
    if !journey.exists() {
        check_limit(work).await?;
    }
    let version = Version {
        definition: input.definition,
        trigger: read.trigger.event.clone(),
        hears: read.hears(),
        defined_by: work.ctx.principal.id.clone(),
    };
    let define = JourneyCommand::Define {
        number: read.version,
        version: Box::new(version),
    };
    work.execute(&mut journey, define).await?;
    let steps = read.all_steps().into_iter().map(|step| StepSummary {
        step: step.label.clone(),
        line: step.line,
        kind: step.action.kind(),
    });
    Ok(DefinedSummary {
        steps: steps.collect(),
        trigger: read.trigger.event.clone(),
        journey: JourneySummary::of(journey),
    })
}

pub async fn enable_journey(work: &mut Work, input: EnableJourney) -> Result<JourneySummary> {
    let mut journey = work.find::<Journey>(&input.journey).await?;
    let number = input.version.or(journey.state.newest()).unwrap_or_default();
    if journey.state.versions.contains_key(&number) {
        // What it asks for may have changed since it was defined, and so may who enables it.
        check_commands(work, &definition(&journey.state, number)?)?;
    }
    let version = input.version;
    work.execute(&mut journey, JourneyCommand::Enable { version })
        .await?;
    Ok(JourneySummary::of(journey))
}

pub async fn disable_journey(work: &mut Work, input: DisableJourney) -> Result<JourneySummary> {
    let mut journey = work.find::<Journey>(&input.journey).await?;
    let in_flight = input.in_flight;
    work.execute(&mut journey, JourneyCommand::Disable { in_flight })
        .await?;
    Ok(JourneySummary::of(journey))
}

/// The command, if journeys may send it.
pub(super) fn allowed(name: &str) -> Option<&'static Command> {
    registry::find(name).filter(|command| {
        command.visibility == Visibility::Public
            && command.risk == Risk::Write
            && MAY_ASK.contains(&command.permission)
    })
}

/// A journey does nothing that who defines it may not do.
fn check_commands(work: &Work, journey: &Definition) -> Result<()> {
    for step in journey.all_steps() {
        if let Action::Command(asked) = &step.action {
            check_command(work, asked)?;
        }
    }
    Ok(())
}

fn check_command(work: &Work, asked: &Asked) -> Result<()> {
    let Some(command) = allowed(&asked.name) else {
        let known: Vec<&str> = registry::public()
            .filter(|command| allowed(command.name).is_some())
            .map(|command| command.name)
            .collect();
        let message = format!("journeys send one of {}", known.join(", "));
        return Err(refuse_at(asked.place, "command-not-allowed", message).into());
    };
    work.ctx.principal.require(command.permission)?;
    let body = asked::fill(&asked.body, &asked::samples());
    if let Err(event_store::error::Error::Refused(refusal)) = command.validate(&body) {
        let wrong = refusal.errors.first();
        let message = match wrong {
            Some(error) => format!("{} of {}: {}", error.pointer, asked.name, error.message),
            None => refusal.detail.clone(),
        };
        return Err(refuse_at(asked.place, "command-body-invalid", message).into());
    }
    Ok(())
}

async fn check_limit(work: &mut Work) -> Result<()> {
    if work.find_handles(EVERY_SCOPE, EVERY).await?.len() >= MAX_JOURNEYS {
        let detail = format!("at most {MAX_JOURNEYS} journeys; change one that is there");
        return Err(Refusal::conflict("journey-limit-reached", detail).into());
    }
    Ok(())
}
