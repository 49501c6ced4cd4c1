//! Runs of journeys: one customer on the way through one version of a journey. Each step is taken in the commit that writes it
//! down, so a crash neither loses nor repeats one; what comes next is a timer that names the turn it is for, and a late one
//! decides nothing.

pub mod events;
pub mod foresight;
mod rules;

use std::collections::BTreeMap;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use self::events::JourneyRunEvent;
use crate::effects::{Call, Effect, Timer};
use crate::ids::{BookingId, ConversationId, CustomerId, JourneyRunId, WebhookEndpointId};
use crate::journeys::walk::Turned;
use crate::noun::{ClaimChanges, Key, Noun};
use crate::refusal::Refusal;
use crate::webhook_endpoints::messages::News;

/// Claim: one open run of a journey for one subject, `<journey>|<booking or customer>`.
pub const OPEN_SCOPE: &str = "journey-run-open";
/// Handle: the open runs of a customer.
pub const CUSTOMER_SCOPE: &str = "journey-run-customer";
/// Open runs of one customer.
pub const MAX_OPEN_RUNS: usize = 50;
/// The target of a webhook step, as the log of the outbox names it.
const TELL: &str = "tell-journey-step";

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct JourneyRun {
    pub record: Option<Box<RunRecord>>,
}

/// A run as its events tell it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    #[serde(flatten)]
    pub began: Began,
    pub standing: RunStanding,
    /// The step that is next, or that is waited at; none behind the last one.
    pub place: Option<String>,
    /// Counts what has moved the run; a timer names the turn that it is for.
    pub turn: u32,
    /// What is waited for.
    pub waiting: Option<Waiting>,
    /// Whether the last wait for an event has heard it.
    pub heard: bool,
    /// Answers of models, by name.
    pub answers: BTreeMap<String, String>,
    pub history: Vec<Taken>,
    pub ended: Option<Ended>,
    /// Events so far, which is the sequence of the newest.
    pub length: i64,
}

/// How a run began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Began {
    pub journey: String,
    pub version: u32,
    pub customer_id: CustomerId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booking_id: Option<BookingId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread_id: Option<ConversationId>,
    /// None where a person began it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<Happened>,
    /// The first step.
    pub first: String,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// An event that a journey has heard of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Happened {
    pub event_type: String,
    pub aggregate_type: String,
    pub aggregate_id: String,
    pub sequence: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunStanding {
    Running,
    Waiting,
    /// It came to the last step.
    Finished,
    /// It ended before.
    Exited,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    #[serde(with = "time::serde::rfc3339")]
    pub until: OffsetDateTime,
    /// The event that ends it before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
}

/// A step that was taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Taken {
    /// Where the step stands: `4.1.2` is the second step of the first arm of the fourth one.
    pub step: String,
    /// `wait`, `send`, `command`, `branch`, `split`, `ask-ai`, `webhook` or `tag`.
    pub kind: String,
    pub outcome: StepOutcome,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    pub at: OffsetDateTime,
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum StepOutcome {
    /// The message is on its way; `held` while quiet hours keep it.
    Sent {
        thread_id: String,
        message_id: String,
        held: bool,
    },
    /// The message may not go: there is no consent, no address, no template.
    Withheld {
        code: String,
    },
    /// The command was accepted.
    Commanded {
        aggregate_type: String,
        aggregate_id: String,
    },
    /// The command, or the step, was refused.
    Refused {
        code: String,
    },
    Tagged,
    /// The endpoint is being told.
    Told,
    /// A model has answered, or nobody could.
    Answered {
        answer: String,
    },
    /// The way through a branch or split.
    Turned {
        arm: Option<usize>,
    },
    /// It waited until then.
    Waited,
    /// The moment had passed.
    Passed,
    /// The event came.
    Heard,
    /// The event did not come in time.
    TimedOut,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    pub cause: EndCause,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// Why a run is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum EndCause {
    Finished,
    /// Such an event ends the journey.
    Event {
        event_type: String,
    },
    JourneyDisabled,
    /// The customer's data rests or is gone.
    CustomerGone,
    /// Somebody stopped it.
    Stopped {
        by: String,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum JourneyRunCommand {
    Begin(Box<Began>),
    /// What the turn's timer leads to; nothing when another turn has come.
    Advance {
        turn: u32,
        turned: Vec<Turned>,
        then: Then,
        at: OffsetDateTime,
    },
    /// An event that ends the run, or that it waits for.
    Hear {
        event_type: String,
        ends: bool,
        /// The step behind the wait.
        next: Option<String>,
        at: OffsetDateTime,
    },
    /// What a wait is until may have moved.
    Reckon {
        until: OffsetDateTime,
        at: OffsetDateTime,
    },
    Answer {
        turn: u32,
        name: String,
        answer: String,
        next: Option<String>,
        at: OffsetDateTime,
    },
    Stop {
        by: String,
        at: OffsetDateTime,
    },
}

/// What an advance comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Then {
    Take {
        step: String,
        kind: String,
        outcome: StepOutcome,
        next: Option<String>,
        /// Where a webhook goes.
        endpoint_id: Option<WebhookEndpointId>,
    },
    Wait {
        step: String,
        waiting: Waiting,
    },
    /// The wait is over; `next` is behind it.
    EndWait {
        outcome: StepOutcome,
        next: Option<String>,
    },
    /// It is not over yet.
    MoveWait {
        until: OffsetDateTime,
    },
    Ask {
        step: String,
    },
    End(EndCause),
}

impl RunStanding {
    pub fn is_open(self) -> bool {
        matches!(self, Self::Running | Self::Waiting)
    }
}

impl JourneyRun {
    /// Refuses a run that never was.
    pub fn require(&self) -> Result<&RunRecord, Refusal> {
        let unknown = || Refusal::not_found("journey-run-not-found", "there is no such run");
        self.record.as_deref().ok_or_else(unknown)
    }

    /// The run while it is under way.
    pub fn open(&self) -> Option<&RunRecord> {
        let record = self.record.as_deref();
        record.filter(|record| record.standing.is_open())
    }
}

impl Began {
    /// What no two open runs of a journey share.
    pub fn subject(&self) -> &str {
        match &self.booking_id {
            Some(booking_id) => booking_id.as_str(),
            None => self.customer_id.as_str(),
        }
    }

    pub fn open_claim(&self) -> String {
        open_claim(&self.journey, self.subject())
    }
}

/// The claim of an open run of a journey for a booking, or for a customer without one.
pub fn open_claim(journey: &str, subject: &str) -> String {
    format!("{journey}|{subject}")
}

impl Aggregate for JourneyRun {
    const TYPE: &'static str = "journey-run";
    type Command = JourneyRunCommand;
    type Event = JourneyRunEvent;
    type Error = Refusal;
    type Services = ();

    async fn handle(
        &mut self,
        command: JourneyRunCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Refusal> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: JourneyRunEvent) {
        self.take(event);
    }
}

impl Noun for JourneyRun {
    fn claims(&self, _id: &str, event: &JourneyRunEvent) -> ClaimChanges {
        match event {
            JourneyRunEvent::JourneyRunBegan(began) => ClaimChanges {
                take: vec![Key::new(OPEN_SCOPE, began.open_claim())],
                handles: vec![Key::new(CUSTOMER_SCOPE, began.customer_id.as_str())],
                ..ClaimChanges::default()
            },
            JourneyRunEvent::JourneyRunEnded(_) => ClaimChanges {
                release: vec![OPEN_SCOPE],
                drop_handles: vec![CUSTOMER_SCOPE],
                ..ClaimChanges::default()
            },
            _ => ClaimChanges::default(),
        }
    }

    fn effects(&self, id: &str, event: &JourneyRunEvent) -> Vec<Effect> {
        let Some(record) = self.record.as_deref() else {
            return Vec::new();
        };
        let run_id = JourneyRunId::new(id);
        let turn = record.turn;
        let advance = |due: OffsetDateTime| {
            let run_id = run_id.clone();
            Effect::timer(
                "advance-journey-run",
                due,
                Timer::AdvanceJourneyRun { run_id, turn },
            )
        };
        match event {
            JourneyRunEvent::JourneyRunBegan(began) => vec![advance(began.at)],
            JourneyRunEvent::JourneyStepTaken {
                endpoint_id, at, ..
            } => {
                let told = endpoint_id.as_ref().map(|endpoint_id| Effect {
                    name: TELL,
                    call: Call::SendWebhook {
                        endpoint_id: endpoint_id.clone(),
                        news: News::Event {
                            aggregate_type: Self::TYPE.to_owned(),
                            aggregate_id: id.to_owned(),
                            sequence: record.length,
                        },
                    },
                    due: None,
                    order_key: None,
                    expires_at: None,
                });
                told.into_iter().chain([advance(*at)]).collect()
            }
            JourneyRunEvent::JourneyWaitBegan { waiting, .. } => vec![advance(waiting.until)],
            JourneyRunEvent::JourneyWaitMoved { until } => vec![advance(*until)],
            JourneyRunEvent::JourneyWaitEnded { at, .. }
            | JourneyRunEvent::JourneyQuestionAnswered { at, .. } => vec![advance(*at)],
            JourneyRunEvent::JourneyQuestionAsked { .. } => vec![Effect {
                name: "ask-for-journey",
                call: Call::AskForJourney { run_id, turn },
                due: None,
                order_key: None,
                expires_at: None,
            }],
            JourneyRunEvent::JourneyBranchTaken { .. } | JourneyRunEvent::JourneyRunEnded(_) => {
                Vec::new()
            }
        }
    }
}
