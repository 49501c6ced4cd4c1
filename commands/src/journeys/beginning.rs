//! How a run begins: by an event that the relay brings, once for each event, or by hand.

use cqrs_es::Aggregate;
use domain::bookings::Booking;
use domain::conversations::Conversation;
use domain::customers::Customer;
use domain::ids::{BookingId, ConversationId, CustomerId, TenantId};
use domain::journey_runs::foresight::{Foreseen, foresee};
use domain::journey_runs::{
    Began, CUSTOMER_SCOPE, Happened, JourneyRun, JourneyRunCommand, MAX_OPEN_RUNS, OPEN_SCOPE,
    RunStanding, open_claim,
};
use domain::journeys::Journey;
use domain::journeys::definition::Definition;
use domain::payments::Payment;
use domain::refusal::Refusal;
use event_store::load::Load;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::facts::{self, Known};
use super::{definition, journey_alone};
use crate::Result;
use crate::bookings::answer_as;
use crate::registry::Input;
use crate::work::{Facts, Work};

/// The namespace of runs' ids; any fixed UUID of our own will do, but it must never change.
const RUN_NAMESPACE: Uuid = Uuid::from_u128(0x7261_7070_6f72_745f_6a6f_7572_6e65_7901);

/// # Start a journey
///
/// Begins a run of an enabled journey for a customer by hand. The result shows the way of a silent customer, from what is
/// known now; with `dry_run` nothing begins, so a journey can be tried out, a version that is not enabled too.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StartJourney {
    /// The journey's name.
    #[schemars(length(min = 1, max = 32))]
    pub journey: String,
    pub customer_id: CustomerId,
    /// The customer's booking, for journeys that speak of one.
    #[serde(default)]
    pub booking_id: Option<BookingId>,
    /// Only with `dry_run`: the version to try out; the enabled one, or else the newest, unless given.
    #[serde(default)]
    pub version: Option<u32>,
}

/// # Begin a run
///
/// Something has happened that begins a journey.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginJourneyRun {
    pub journey: String,
    pub happened: Happened,
}

/// The run as it begins.
#[derive(Serialize)]
pub struct StartedSummary {
    pub run_id: String,
    pub journey: String,
    pub version: u32,
    /// What a silent customer would see, and when.
    pub way: Vec<Foreseen>,
}

/// What became of an event.
#[derive(Serialize)]
pub struct BegunSummary {
    /// Null where nothing began.
    pub run_id: Option<String>,
    pub standing: Option<RunStanding>,
}

impl Input for StartJourney {
    fn wanted(&self, _: &Facts) -> Load {
        let mut load = journey_alone(&self.journey);
        let customer = (Customer::TYPE, self.customer_id.to_string(), 0);
        load.streams.push(customer);
        load
    }
}

impl Input for BeginJourneyRun {
    fn wanted(&self, facts: &Facts) -> Load {
        let mut load = journey_alone(&self.journey);
        let run_id = run_id(&facts.tenant_id, &self.journey, &self.happened);
        load.streams.push((JourneyRun::TYPE, run_id, 0));
        load
    }
}

/// Whom an event is about.
#[derive(Clone, Debug, Default)]
pub(super) struct Subject {
    pub customer_id: Option<CustomerId>,
    pub booking_id: Option<BookingId>,
    pub thread_id: Option<ConversationId>,
}

pub async fn start_journey(work: &mut Work, input: StartJourney) -> Result<StartedSummary> {
    let journey = work.find::<Journey>(&input.journey).await?;
    let enabled = journey.state.in_force().map(|(number, _)| number);
    let number = match (work.is_dry, enabled) {
        (true, enabled) => input.version.or(enabled).or(journey.state.newest()),
        (false, Some(enabled)) => Some(enabled),
        (false, None) => {
            let detail =
                "the journey is not enabled; send enable-journey first, or try it out with dry_run";
            let first = serde_json::json!({ "first": "enable-journey" });
            let refusal = Refusal::conflict("journey-not-enabled", detail);
            return Err(refusal.with_alternatives(vec![first]).into());
        }
    };
    let number = number.unwrap_or_default();
    let read = definition(&journey.state, number)?;
    let subject = Subject {
        customer_id: Some(input.customer_id.clone()),
        booking_id: input.booking_id.clone(),
        thread_id: None,
    };
    check_booking(work, &subject).await?;
    let known = facts::known_of(work, &input.customer_id, input.booking_id.as_ref()).await?;
    known.customer.state.require_living()?;
    let way = foresee(&read, known.facts.clone(), &known.customer.id, work.ctx.now);
    let run_id = work.new_id();
    if !work.is_dry {
        check_room(work, &input.journey, &subject, &known).await?;
    }
    begin(work, &run_id, (&read, subject, &known), None).await?;
    Ok(StartedSummary {
        run_id,
        journey: journey.id,
        version: number,
        way,
    })
}

pub async fn begin_journey_run(work: &mut Work, input: BeginJourneyRun) -> Result<BegunSummary> {
    let nothing = BegunSummary {
        run_id: None,
        standing: None,
    };
    let run_id = run_id(work.ctx.tenant_id(), &input.journey, &input.happened);
    let run = work.load::<JourneyRun>(&run_id).await?;
    let journey = work.load::<Journey>(&input.journey).await?;
    // It answers also when nothing begins.
    answer_as(work, &run)?;
    let (Some((number, version)), false) = (journey.state.in_force(), run.exists()) else {
        return Ok(nothing);
    };
    // Another version may begin on something else.
    if version.trigger != input.happened.event_type {
        return Ok(nothing);
    }
    let read = definition(&journey.state, number)?;
    let subject = subject_of(work, &input.happened).await?;
    let Some(customer_id) = subject.customer_id.clone() else {
        return Ok(nothing);
    };
    let known = facts::known_of(work, &customer_id, subject.booking_id.as_ref()).await?;
    let is_wanted = read
        .trigger
        .when
        .as_ref()
        .is_none_or(|when| when.holds(&known.facts));
    let has_room = check_room(work, &input.journey, &subject, &known).await;
    match has_room {
        Err(event_store::error::Error::Refused(_)) => return Ok(nothing),
        outcome => outcome?,
    }
    if !is_wanted || known.customer.state.require_living().is_err() {
        return Ok(nothing);
    }
    let happened = Some(input.happened);
    begin(work, &run_id, (&read, subject, &known), happened).await?;
    Ok(BegunSummary {
        run_id: Some(run_id),
        standing: Some(RunStanding::Running),
    })
}

async fn begin(
    work: &mut Work,
    run_id: &str,
    (read, subject, known): (&Definition, Subject, &Known),
    trigger: Option<Happened>,
) -> Result<()> {
    let began = Began {
        journey: read.name.clone(),
        version: read.version,
        customer_id: CustomerId::new(known.customer.id.clone()),
        booking_id: subject.booking_id,
        thread_id: subject.thread_id,
        trigger,
        first: read.first().unwrap_or_default().to_owned(),
        at: work.ctx.now,
    };
    let mut run = work.load::<JourneyRun>(run_id).await?;
    work.execute(&mut run, JourneyRunCommand::Begin(Box::new(began)))
        .await
}

/// The run that an event begins: the same however often it is told.
fn run_id(tenant_id: &TenantId, journey: &str, happened: &Happened) -> String {
    let Happened {
        aggregate_type,
        aggregate_id,
        sequence,
        ..
    } = happened;
    let name = format!("{tenant_id}\n{journey}\n{aggregate_type}\n{aggregate_id}\n{sequence}");
    Uuid::new_v5(&RUN_NAMESPACE, name.as_bytes()).to_string()
}

/// Refuses a second open run of the journey for one subject, and too many for one customer.
async fn check_room(
    work: &mut Work,
    journey: &str,
    subject: &Subject,
    known: &Known,
) -> Result<()> {
    let who = match &subject.booking_id {
        Some(booking_id) => booking_id.as_str(),
        None => known.customer.id.as_str(),
    };
    let claim = open_claim(journey, who);
    if let Some(run_id) = work.find_claim(OPEN_SCOPE, &claim).await? {
        let detail = "the customer is on this journey already";
        let open = serde_json::json!({ "first": "stop-journey-run", "run_id": run_id });
        let refusal = Refusal::conflict("journey-run-open", detail);
        return Err(refusal.with_alternatives(vec![open]).into());
    }
    let open = work
        .find_handles(CUSTOMER_SCOPE, &known.customer.id)
        .await?;
    if open.len() >= MAX_OPEN_RUNS {
        let detail = format!("a customer is on at most {MAX_OPEN_RUNS} journeys at once");
        return Err(Refusal::conflict("journey-run-limit-reached", detail).into());
    }
    Ok(())
}

/// A journey speaks of the customer's own booking alone.
async fn check_booking(work: &mut Work, subject: &Subject) -> Result<()> {
    let Some(booking_id) = &subject.booking_id else {
        return Ok(());
    };
    let booking = work.find::<Booking>(booking_id.as_str()).await?;
    let owner = &booking.state.require()?.customer_id;
    if Some(owner) != subject.customer_id.as_ref() {
        let detail = "the booking is another customer's";
        let owner = serde_json::json!({ "customer_id": owner });
        let refusal = Refusal::conflict("booking-of-another-customer", detail);
        return Err(refusal.with_alternatives(vec![owner]).into());
    }
    Ok(())
}

/// Whom an event is about, by what it happened to.
pub(super) async fn subject_of(work: &mut Work, happened: &Happened) -> Result<Subject> {
    let id = happened.aggregate_id.as_str();
    Ok(match happened.aggregate_type.as_str() {
        Booking::TYPE => {
            let booking = work.load::<Booking>(id).await?;
            let record = booking.state.record;
            Subject {
                booking_id: record.is_some().then(|| BookingId::new(id)),
                customer_id: record.map(|record| record.customer_id),
                thread_id: None,
            }
        }
        Customer::TYPE => Subject {
            customer_id: Some(CustomerId::new(id)),
            ..Subject::default()
        },
        Conversation::TYPE => {
            let conversation = work.load::<Conversation>(id).await?;
            Subject {
                customer_id: conversation
                    .state
                    .thread
                    .and_then(|thread| thread.customer_id),
                thread_id: Some(ConversationId::new(id)),
                booking_id: None,
            }
        }
        Payment::TYPE => {
            let payment = work.load::<Payment>(id).await?;
            let record = payment.state.record;
            Subject {
                booking_id: record.as_ref().and_then(|record| record.booking_id.clone()),
                customer_id: record.and_then(|record| record.customer_id),
                thread_id: None,
            }
        }
        _ => Subject::default(),
    })
}
