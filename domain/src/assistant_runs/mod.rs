//! Runs of the assistant: one for each message of a customer's that it looks at. A run remembers who thought (a model, or
//! rules), what each call cost, what came of it, and what a person made of a suggestion.

pub mod events;
mod rules;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use self::events::{AssistantRunEvent, ModelCalled, RunStarted, Said};
use crate::conversations::AiMode;
use crate::effects::Effect;
use crate::ids::{ConversationId, CustomerId, MessageId};
use crate::noun::{ClaimChanges, Noun};
use crate::refusal::Refusal;
use crate::sealed::Sealed;

/// Calls to a model that one run may make, over all of its attempts.
pub const MAX_CALLS: u32 = 32;
/// Tools that one run may use and still tell of.
pub const MAX_TOOL_USES: usize = 64;
/// Reasons that a run may give.
pub const MAX_REASONS: usize = 16;

/// Where a run stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunStanding {
    /// Never heard of.
    #[default]
    Unknown,
    Running,
    /// A suggestion waits for a person.
    Suggested,
    /// A person sent the suggestion as it was.
    Accepted,
    /// A person sent other words in its place.
    Edited,
    Dismissed,
    /// The assistant answered by itself.
    Answered,
    /// It left the thread to a person.
    HandedOver,
    /// It was not needed any more, or was not allowed to answer.
    Ended,
}

/// Why the assistant leaves a thread to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HandOverReason {
    /// The customer wants a person.
    AskedFor,
    /// The customer is angry, or complains.
    Upset,
    /// The assistant does not know what to answer.
    Unsure,
    /// What is wanted needs a person's approval: to cancel, or to give money back.
    NeedsApproval,
    /// No model could be reached in time.
    Unavailable,
    /// The run used up what it may.
    Budget,
    /// The model broke a rule of ours, or its provider kept the answer back.
    Policy,
    /// Somebody of the tenant's wanted it.
    ByHand,
}

/// Who thinks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Engine {
    pub kind: EngineKind,
    /// `openai` and the like; null for rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// As it is asked for; of rules, their edition.
    pub model: String,
    /// Which edition of the tenant's settings for the assistant.
    pub settings_version: u32,
    /// SHA-256 of all that the model is told beforehand, hex; null for rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_digest: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EngineKind {
    /// Deterministic rules of ours; they cost nothing.
    #[default]
    Rules,
    Model,
}

/// How the use of a tool went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ToolOutcome {
    Done,
    /// Refused, with a code.
    Refused,
    /// Checked and not done: in `suggest` a person does it.
    Proposed,
}

/// One use of a tool. What was asked and answered is ciphertext under the conversation's key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolUse {
    pub tool: String,
    pub outcome: ToolOutcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// `{"arguments": …, "result": …}` as JSON, sealed whole.
    pub detail: Sealed,
}

/// A run; nothing is known of it before it is started.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AssistantRun {
    pub standing: RunStanding,
    pub started: Option<Box<RunStarted>>,
    pub calls: u32,
    pub failed_calls: u32,
    pub input_tokens: u64,
    pub cached_input_tokens: u64,
    pub output_tokens: u64,
    /// In millionths of a US dollar; of the calls whose model has a known price.
    pub cost_micros: u64,
    /// Calls whose price nobody knows.
    pub unpriced_calls: u32,
    pub latency_ms: u64,
    /// What it said, to a person or to the customer.
    pub said: Option<Box<Said>>,
    /// The message that came of it.
    pub message_id: Option<MessageId>,
    pub hand_over: Option<HandOverReason>,
    /// Why it ended without a word.
    pub ended_by: Option<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub finished_at: Option<OffsetDateTime>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum AssistantRunCommand {
    /// Nothing when it has been started before.
    Start(Box<RunStarted>),
    RecordCall(Box<ModelCalled>),
    Suggest(Box<Said>),
    Answer {
        said: Box<Said>,
        message_id: MessageId,
    },
    HandOver {
        reason: HandOverReason,
        said: Option<Box<Said>>,
        /// The message that tells the customer, where one was sent.
        message_id: Option<MessageId>,
        at: OffsetDateTime,
    },
    End {
        code: String,
        at: OffsetDateTime,
    },
    Accept(Acceptance),
    Dismiss {
        by: String,
    },
}

/// What a person made of a suggestion.
#[derive(Clone, Debug, PartialEq)]
pub struct Acceptance {
    pub message_id: MessageId,
    pub wording: Wording,
    pub by: String,
}

/// Whose words went out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wording {
    Suggested,
    Other,
}

impl AssistantRun {
    /// What it was started with, or a refusal when it never was.
    pub fn require(&self) -> Result<&RunStarted, Refusal> {
        self.started.as_deref().ok_or_else(|| {
            Refusal::not_found("suggestion-not-found", "there is no such suggestion")
        })
    }

    /// Whether it has come to an end, whatever a person makes of it later.
    pub fn is_finished(&self) -> bool {
        !matches!(self.standing, RunStanding::Unknown | RunStanding::Running)
    }

    pub fn tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }
}

impl RunStarted {
    /// A run over this message.
    pub fn new(conversation_id: ConversationId, message_id: MessageId, at: OffsetDateTime) -> Self {
        Self {
            conversation_id,
            message_id,
            customer_id: None::<CustomerId>,
            ai_mode: AiMode::Suggest,
            engine: Engine::default(),
            at,
        }
    }
}

impl Aggregate for AssistantRun {
    const TYPE: &'static str = "assistant-run";
    type Command = AssistantRunCommand;
    type Event = AssistantRunEvent;
    type Error = Refusal;
    type Services = ();

    async fn handle(
        &mut self,
        command: AssistantRunCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Refusal> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: AssistantRunEvent) {
        match event {
            AssistantRunEvent::AssistantRunStarted(started) => {
                self.standing = RunStanding::Running;
                self.started = Some(started);
            }
            AssistantRunEvent::AssistantModelCalled(called) => self.count(&called),
            AssistantRunEvent::ReplySuggested(said) => {
                self.finish(RunStanding::Suggested, said.at);
                self.said = Some(said);
            }
            AssistantRunEvent::AssistantAnswered { said, message_id } => {
                self.finish(RunStanding::Answered, said.at);
                self.said = Some(said);
                self.message_id = Some(message_id);
            }
            AssistantRunEvent::AssistantHandedOver {
                reason,
                said,
                message_id,
                at,
            } => {
                self.finish(RunStanding::HandedOver, at);
                self.hand_over = Some(reason);
                self.said = said;
                self.message_id = message_id;
            }
            AssistantRunEvent::AssistantRunEnded { code, at } => {
                self.finish(RunStanding::Ended, at);
                self.ended_by = Some(code);
            }
            AssistantRunEvent::SuggestionAccepted { message_id, .. } => {
                self.standing = RunStanding::Accepted;
                self.message_id = Some(message_id);
            }
            AssistantRunEvent::SuggestionEdited { message_id, .. } => {
                self.standing = RunStanding::Edited;
                self.message_id = Some(message_id);
            }
            AssistantRunEvent::SuggestionDismissed { .. } => {
                self.standing = RunStanding::Dismissed;
            }
        }
    }
}

impl AssistantRun {
    fn finish(&mut self, standing: RunStanding, at: OffsetDateTime) {
        self.standing = standing;
        self.finished_at = Some(at);
    }

    fn count(&mut self, called: &ModelCalled) {
        self.calls = self.calls.saturating_add(1);
        self.input_tokens = self.input_tokens.saturating_add(called.input_tokens);
        self.cached_input_tokens = self
            .cached_input_tokens
            .saturating_add(called.cached_input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(called.output_tokens);
        self.latency_ms = self.latency_ms.saturating_add(called.latency_ms);
        match (called.cost_micros, &called.failure_kind) {
            (Some(micros), _) => self.cost_micros = self.cost_micros.saturating_add(micros),
            (None, None) => self.unpriced_calls = self.unpriced_calls.saturating_add(1),
            (None, Some(_)) => {}
        }
        if called.failure_kind.is_some() {
            self.failed_calls = self.failed_calls.saturating_add(1);
        }
    }
}

impl Noun for AssistantRun {
    fn claims(&self, _id: &str, _event: &AssistantRunEvent) -> ClaimChanges {
        ClaimChanges::default()
    }

    fn effects(&self, _id: &str, _event: &AssistantRunEvent) -> Vec<Effect> {
        Vec::new()
    }
}
