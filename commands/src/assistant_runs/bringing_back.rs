//! What the relay brings back of a run: each call to a model, and what came of it. An answer goes into its thread in the
//! same commit, and only if nobody has written there meanwhile and the assistant may still speak.

use cqrs_es::Aggregate;
use domain::assistant_runs::events::{ModelCalled, RunStarted, Said};
use domain::assistant_runs::{
    AssistantRun, AssistantRunCommand, Engine, HandOverReason, RunStanding, ToolOutcome, ToolUse,
};
use domain::conversations::commands::ConversationCommand;
use domain::conversations::{AiMode, Conversation, Thread};
use domain::ids::{ConversationId, CustomerId, MessageId};
use domain::refusal::Refusal;
use domain::sealed::Pii;
use domain::tenants::assistant::{DAY_MICROS, DAY_TOKENS, day_began};
use event_store::commit::Count;
use event_store::load::Load;
use event_store::vault::SubjectKey;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::conversations::recipients::find_customer;
use crate::conversations::speaking::{Speaker, speak};
use crate::registry::Input;
use crate::work::{Facts, Loaded, Work};

/// A run that is not wanted any more: somebody has written, or has taken the thread over.
const OVERTAKEN: &str = "overtaken";

/// Which run it is.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunInput {
    pub thread_id: ConversationId,
    /// The customer's message, which is the run's id too.
    pub message_id: MessageId,
    /// `suggest` or `auto`, as it works in this run.
    pub ai_mode: AiMode,
    pub engine: Engine,
}

/// # Record a call to a model
///
/// What one attempt at an answer used, answered or not.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordAssistantCall {
    pub run: RunInput,
    pub round: u32,
    pub attempt: u32,
    pub model: String,
    #[serde(default)]
    pub provider_request_id: Option<String>,
    #[serde(default)]
    pub input_tokens: u64,
    #[serde(default)]
    pub cached_input_tokens: u64,
    #[serde(default)]
    pub output_tokens: u64,
    #[serde(default)]
    pub cost_micros: Option<u64>,
    /// What it takes of the day's money: its cost, or what it may have cost where nobody knows.
    #[serde(default)]
    pub charged_micros: u64,
    #[serde(default)]
    pub latency_ms: u64,
    #[serde(default)]
    pub ending: Option<String>,
    #[serde(default)]
    pub failure_kind: Option<String>,
}

/// # Finish a run of the assistant
///
/// What came of it: a suggestion, an answer, a hand-over, or nothing.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FinishAssistantRun {
    pub run: RunInput,
    /// The newest message that it knew of.
    pub after_message_id: MessageId,
    pub outcome: FinishedAs,
    /// What it says.
    #[serde(default)]
    pub content: Option<Pii<String>>,
    #[serde(default)]
    pub reasons: Vec<String>,
    #[serde(default)]
    pub tools: Vec<ToolInput>,
    #[serde(default)]
    pub draft: Option<Pii<String>>,
    #[serde(default)]
    pub actions: Option<Pii<String>>,
    /// Why a person is needed.
    #[serde(default)]
    pub reason: Option<HandOverReason>,
    /// Why nothing came of it.
    #[serde(default)]
    pub code: Option<String>,
    /// Whose thread it has turned out to be.
    #[serde(default)]
    pub customer_id: Option<CustomerId>,
}

/// How a run comes to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FinishedAs {
    Suggest,
    Answer,
    HandOver,
    End,
}

/// A tool that was used.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolInput {
    pub tool: String,
    pub outcome: ToolOutcome,
    #[serde(default)]
    pub code: Option<String>,
    /// `{"arguments": …, "result": …}` as JSON.
    pub detail: Pii<String>,
}

/// Where the run stands.
#[derive(Serialize)]
pub struct RunSummary {
    pub run_id: String,
    pub standing: RunStanding,
    pub message_id: Option<MessageId>,
}

impl RunInput {
    fn wanted(&self) -> Load {
        let mut load = crate::conversations::load_of(self.thread_id.as_str());
        let run = (AssistantRun::TYPE, self.message_id.to_string(), 0);
        load.streams.insert(0, run);
        load
    }
}

impl Input for RecordAssistantCall {
    fn wanted(&self, _: &Facts) -> Load {
        self.run.wanted()
    }
}

impl Input for FinishAssistantRun {
    fn wanted(&self, _: &Facts) -> Load {
        self.run.wanted()
    }
}

pub async fn record_assistant_call(
    work: &mut Work,
    input: RecordAssistantCall,
) -> Result<RunSummary> {
    let conversation = work
        .load::<Conversation>(input.run.thread_id.as_str())
        .await?;
    let thread = conversation.state.require_known()?;
    let mut run = begin(work, &input.run, thread).await?;
    charge_the_day(
        work,
        input.input_tokens.saturating_add(input.output_tokens),
        input.charged_micros,
    );
    let called = ModelCalled {
        round: input.round,
        attempt: input.attempt,
        model: input.model,
        provider_request_id: input.provider_request_id,
        input_tokens: input.input_tokens,
        cached_input_tokens: input.cached_input_tokens,
        output_tokens: input.output_tokens,
        cost_micros: input.cost_micros,
        latency_ms: input.latency_ms,
        ending: input.ending,
        failure_kind: input.failure_kind,
    };
    work.execute(&mut run, AssistantRunCommand::RecordCall(Box::new(called)))
        .await?;
    Ok(summary(run))
}

/// Counts what a call has used. It is spent already, so it is never refused here: whoever wants to call looks first.
fn charge_the_day(work: &mut Work, tokens: u64, micros: u64) {
    let period = day_began(&work.tenant().settings.time_zone, work.ctx.now);
    let taken = [(DAY_TOKENS, tokens), (DAY_MICROS, micros)];
    let counts = taken.into_iter().filter(|(_, used)| *used > 0);
    let counts = counts.map(|(counter, used)| Count {
        counter: counter.to_owned(),
        period,
        used: i64::try_from(used).unwrap_or(i64::MAX),
        allowed: i64::MAX,
    });
    work.kept.usage.counts.extend(counts);
}

pub async fn finish_assistant_run(
    work: &mut Work,
    input: FinishAssistantRun,
) -> Result<RunSummary> {
    let mut conversation = work
        .load::<Conversation>(input.run.thread_id.as_str())
        .await?;
    let thread = conversation.state.require_known()?.clone();
    let mut run = begin(work, &input.run, &thread).await?;
    if run.state.is_finished() {
        return Ok(summary(run));
    }
    let outcome = match is_overtaken(&thread, &input) {
        true => FinishedAs::End,
        false => input.outcome,
    };
    let at = work.ctx.now;
    let command = match outcome {
        FinishedAs::End => {
            let code = input.code.filter(|_| input.outcome == FinishedAs::End);
            let code = code.unwrap_or_else(|| OVERTAKEN.to_owned());
            AssistantRunCommand::End { code, at }
        }
        FinishedAs::Suggest => {
            let said = say(work, &conversation, &input)
                .await?
                .ok_or_else(wordless)?;
            AssistantRunCommand::Suggest(said)
        }
        FinishedAs::Answer => {
            let said = say(work, &conversation, &input)
                .await?
                .ok_or_else(wordless)?;
            let message_id = send(work, &mut conversation, &input).await?;
            AssistantRunCommand::Answer { said, message_id }
        }
        FinishedAs::HandOver => {
            let said = say(work, &conversation, &input).await?;
            let message_id = match said {
                Some(_) => Some(send(work, &mut conversation, &input).await?),
                None => None,
            };
            let reason = input.reason.unwrap_or(HandOverReason::Unsure);
            work.execute(&mut conversation, ConversationCommand::HandOver { reason })
                .await?;
            AssistantRunCommand::HandOver {
                reason,
                said,
                message_id,
                at,
            }
        }
    };
    work.execute(&mut run, command).await?;
    Ok(summary(run))
}

/// The run, started if it has not been.
async fn begin(work: &mut Work, input: &RunInput, thread: &Thread) -> Result<Loaded<AssistantRun>> {
    let mut run = work.load::<AssistantRun>(input.message_id.as_str()).await?;
    let started = RunStarted {
        conversation_id: input.thread_id.clone(),
        message_id: input.message_id.clone(),
        customer_id: thread.customer_id.clone(),
        ai_mode: input.ai_mode,
        engine: input.engine.clone(),
        at: work.ctx.now,
    };
    work.execute(&mut run, AssistantRunCommand::Start(Box::new(started)))
        .await?;
    Ok(run)
}

fn is_overtaken(thread: &Thread, input: &FinishAssistantRun) -> bool {
    let newest = thread.recent.last().map(|message| &message.message_id);
    let is_mode_kept = match input.outcome {
        FinishedAs::Answer => thread.ai_mode == AiMode::Auto,
        FinishedAs::HandOver => thread.ai_mode != AiMode::Off,
        FinishedAs::Suggest => thread.ai_mode != AiMode::Off,
        FinishedAs::End => true,
    };
    // Whoever is to look at a thread is told so even if the customer has written more.
    let is_newest =
        input.outcome == FinishedAs::HandOver || newest == Some(&input.after_message_id);
    thread.merged_into.is_some() || !is_mode_kept || !is_newest
}

async fn say(
    work: &mut Work,
    conversation: &Loaded<Conversation>,
    input: &FinishAssistantRun,
) -> Result<Option<Box<Said>>> {
    let Some(content) = &input.content else {
        return Ok(None);
    };
    let key = work.subject(&conversation.id).await?;
    let sealed = |field: &str, plain: &Option<Pii<String>>| {
        let plain = plain.as_ref().map(|plain| seal(&key, field, plain));
        plain.transpose()
    };
    let tools = input.tools.iter().map(|used| {
        Ok(ToolUse {
            tool: used.tool.clone(),
            outcome: used.outcome,
            code: used.code.clone(),
            detail: seal(&key, "detail", &used.detail)?,
        })
    });
    Ok(Some(Box::new(Said {
        content: seal(&key, "content", content)?,
        after_message_id: input.after_message_id.clone(),
        reasons: input.reasons.clone(),
        tools: tools.collect::<Result<_>>()?,
        draft: sealed("draft", &input.draft)?,
        actions: sealed("actions", &input.actions)?,
        needs_person: input.reason,
        at: work.ctx.now,
    })))
}

fn seal(key: &SubjectKey, field: &str, plain: &Pii<String>) -> Result<domain::sealed::Sealed> {
    key.seal("ReplySuggested", field, plain.expose())
}

async fn send(
    work: &mut Work,
    conversation: &mut Loaded<Conversation>,
    input: &FinishAssistantRun,
) -> Result<MessageId> {
    let is_nobodys = conversation.state.require()?.customer_id.is_none();
    if let Some(customer_id) = input.customer_id.as_ref().filter(|_| is_nobodys) {
        let customer_id = CustomerId::new(find_customer(work, customer_id).await?.id);
        work.execute(conversation, ConversationCommand::Move { customer_id })
            .await?;
    }
    let content = input
        .content
        .as_ref()
        .map(|content| content.expose().clone());
    let content = content.ok_or_else(wordless)?;
    speak(work, conversation, &content, Speaker::assistant()).await
}

fn wordless() -> Refusal {
    let message = "an answer or a suggestion says something";
    Refusal::field("/content", "content-missing", message)
}

fn summary(run: Loaded<AssistantRun>) -> RunSummary {
    RunSummary {
        standing: run.state.standing,
        message_id: run.state.message_id.clone(),
        run_id: run.id,
    }
}
