//! What people do with suggestions: send them as they are, send other words, dismiss them; and leave threads to people.

use cqrs_es::Aggregate;
use domain::assistant_runs::{
    Acceptance, AssistantRun, AssistantRunCommand, HandOverReason, RunStanding, Wording,
};
use domain::conversations::commands::ConversationCommand;
use domain::conversations::messages::SenderType;
use domain::conversations::{ASSISTANT, AiMode, Conversation};
use domain::ids::{ConversationId, MessageId};
use domain::refusal::{Problems, Refusal};
use domain::sealed::Pii;
use domain::values::bounded_text;
use event_store::load::Load;
use identity::principals::PrincipalKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::conversations::sending::{MAX_CONTENT_CHARS, MAX_SENDER_CHARS, SendAs};
use crate::conversations::speaking::{Speaker, speak};
use crate::conversations::{find_thread, load_of};
use crate::registry::Input;
use crate::work::{Facts, Work};

/// # Accept a suggestion
///
/// Sends the reply that the assistant suggests, or other words in its place; which of both is kept as a measure of its
/// quality. Refused with `reply-collision` when somebody has written in the thread since.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptSuggestion {
    /// As the thread shows it.
    pub suggestion_id: MessageId,
    /// What to send instead; what was suggested when absent.
    #[serde(default)]
    pub content: Option<Pii<String>>,
    /// Who speaks: `ai` unless given.
    #[serde(default)]
    pub sender_type: Option<SendAs>,
    /// Which of them: needed for `human`, at most 100 characters.
    #[serde(default)]
    pub sender_id: Option<String>,
}

/// # Dismiss a suggestion
///
/// The suggested reply is of no use and goes out of sight.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DismissSuggestion {
    /// As the thread shows it.
    pub suggestion_id: MessageId,
}

/// # Hand a thread over to a person
///
/// The assistant keeps out of the thread from now on, and the thread says that it waits for a person.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOverThread {
    pub thread_id: ConversationId,
    /// Who looks after it from now on, at most 100 characters; nobody in particular when absent.
    #[serde(default)]
    pub assignee: Option<String>,
}

/// The suggestion as it is settled.
#[derive(Serialize)]
pub struct SuggestionSummary {
    pub suggestion_id: String,
    pub thread_id: String,
    pub standing: RunStanding,
    /// The message that went out.
    pub message_id: Option<MessageId>,
}

/// How the thread stands.
#[derive(Serialize)]
pub struct HandedOverSummary {
    pub thread_id: String,
    pub ai_mode: AiMode,
    pub assigned_agent_id: Option<String>,
    pub handed_over: Option<HandOverReason>,
}

fn run_alone(id: &MessageId) -> Load {
    Load {
        streams: vec![(AssistantRun::TYPE, id.to_string(), 0)],
        ..Load::default()
    }
}

impl Input for AcceptSuggestion {
    fn wanted(&self, _: &Facts) -> Load {
        run_alone(&self.suggestion_id)
    }
}

impl Input for DismissSuggestion {
    fn wanted(&self, _: &Facts) -> Load {
        run_alone(&self.suggestion_id)
    }
}

impl Input for HandOverThread {
    fn wanted(&self, _: &Facts) -> Load {
        load_of(self.thread_id.as_str())
    }
}

pub async fn accept_suggestion(
    work: &mut Work,
    input: AcceptSuggestion,
) -> Result<SuggestionSummary> {
    let speaker = check_speaker(work, &input)?;
    let mut run = work
        .load::<AssistantRun>(input.suggestion_id.as_str())
        .await?;
    let thread_id = run.state.require()?.conversation_id.clone();
    work.fetch(load_of(thread_id.as_str())).await?;
    let mut conversation = find_thread(work, &thread_id).await?;
    let key = work.subject(&conversation.id).await?;
    let Some(said) = run.state.said.clone() else {
        let detail = "nothing was suggested that could be sent";
        return Err(Refusal::conflict("suggestion-settled", detail).into());
    };
    let suggested = key.open("content", &said.content).unwrap_or_default();
    let other = input.content.map(|content| content.expose().clone());
    let other = other.filter(|other| other.trim() != suggested.trim());
    let wording = match other {
        Some(_) => Wording::Other,
        None => Wording::Suggested,
    };
    let content = other.unwrap_or(suggested);
    // A settled suggestion is refused before anything about its thread is.
    let probe = |message_id: MessageId, by: String| {
        AssistantRunCommand::Accept(Acceptance {
            message_id,
            wording,
            by,
        })
    };
    let by = work.ctx.principal.id.clone();
    run.state.decide(probe(MessageId::default(), by.clone()))?;
    let speaker = Speaker {
        after_message_id: Some(said.after_message_id.clone()),
        ..speaker
    };
    let message_id = speak(work, &mut conversation, &content, speaker).await?;
    work.execute(&mut run, probe(message_id.clone(), by))
        .await?;
    Ok(SuggestionSummary {
        suggestion_id: run.id,
        thread_id: conversation.id,
        standing: run.state.standing,
        message_id: Some(message_id),
    })
}

/// Who speaks; an agent never passes for a person.
fn check_speaker(work: &Work, input: &AcceptSuggestion) -> Result<Speaker> {
    let send_as = input.sender_type.unwrap_or(SendAs::Ai);
    if work.ctx.principal.kind == PrincipalKind::Agent && send_as == SendAs::Human {
        let detail = "an agent sends as ai";
        return Err(Refusal::forbidden("sender-type-forbidden", detail).into());
    }
    let mut problems = Problems::default();
    if let Some(content) = &input.content {
        problems.check(
            "/content",
            bounded_text(content.expose(), MAX_CONTENT_CHARS),
        );
    }
    let sender_id = match (&input.sender_id, send_as) {
        (Some(sender_id), _) => problems
            .check("/sender_id", bounded_text(sender_id, MAX_SENDER_CHARS))
            .unwrap_or_default(),
        (None, SendAs::Ai) => ASSISTANT.to_owned(),
        (None, SendAs::Human) => {
            problems.add("/sender_id", "sender-missing", "say which person speaks");
            String::new()
        }
    };
    problems.finish()?;
    Ok(Speaker {
        sender_type: match send_as {
            SendAs::Ai => SenderType::Ai,
            SendAs::Human => SenderType::Human,
        },
        sender_id,
        after_message_id: None,
        used: None,
    })
}

pub async fn dismiss_suggestion(
    work: &mut Work,
    input: DismissSuggestion,
) -> Result<SuggestionSummary> {
    let mut run = work
        .load::<AssistantRun>(input.suggestion_id.as_str())
        .await?;
    let thread_id = run.state.require()?.conversation_id.to_string();
    let by = work.ctx.principal.id.clone();
    work.execute(&mut run, AssistantRunCommand::Dismiss { by })
        .await?;
    Ok(SuggestionSummary {
        suggestion_id: run.id,
        thread_id,
        standing: run.state.standing,
        message_id: None,
    })
}

pub async fn hand_over_thread(work: &mut Work, input: HandOverThread) -> Result<HandedOverSummary> {
    let mut conversation = find_thread(work, &input.thread_id).await?;
    let reason = HandOverReason::ByHand;
    work.execute(&mut conversation, ConversationCommand::HandOver { reason })
        .await?;
    if let Some(assignee) = input.assignee {
        work.execute(&mut conversation, ConversationCommand::Assign { assignee })
            .await?;
    }
    let thread = Conversation::require(&conversation.state)?;
    Ok(HandedOverSummary {
        ai_mode: thread.ai_mode,
        assigned_agent_id: thread.assignee.clone(),
        handed_over: thread.handed_over,
        thread_id: conversation.id,
    })
}
