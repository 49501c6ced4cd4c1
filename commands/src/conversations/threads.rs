//! What people do with threads: assign, snooze, close, reopen, read, note, and say what the AI may do.

use domain::conversations::commands::ConversationCommand;
use domain::conversations::{AiMode, Conversation, ThreadStatus};
use domain::ids::{ConversationId, NoteId};
use domain::refusal::{Problems, Refusal};
use domain::sealed::Pii;
use domain::values::{MAX_NOTE_CHARS, free_text};
use event_store::load::Load;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::Result;
use crate::command;
use crate::registry::{Command, Input, Risk};
use crate::work::{Facts, Loaded, Work};

/// The commands of this file: all of them change our own records only.
pub fn commands() -> Vec<Command> {
    macro_rules! change {
        ($name:literal, $handler:path, $input:ty) => {
            command!(
                $name,
                $handler,
                $input,
                Permission::ConversationsWrite,
                Risk::Write
            )
        };
    }
    vec![
        change!("assign-thread", assign_thread, AssignThread),
        change!("unassign-thread", unassign_thread, UnassignThread),
        change!("snooze-thread", snooze_thread, SnoozeThread),
        change!("close-thread", close_thread, CloseThread),
        change!("reopen-thread", reopen_thread, ReopenThread),
        change!("mark-thread-read", mark_thread_read, MarkThreadRead),
        change!("set-ai-mode", set_ai_mode, SetAiMode),
        change!("add-thread-note", add_thread_note, AddThreadNote),
        command!(
            "wake-thread",
            wake_thread,
            WakeThread,
            Permission::ConversationsWrite,
            Risk::Write,
            internal
        ),
    ]
}

/// # Assign a thread
///
/// Somebody looks after the thread from now on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignThread {
    pub thread_id: ConversationId,
    /// Who: the id of a person or agent, at most 100 characters.
    pub assignee: String,
}

/// # Unassign a thread
///
/// Nobody in particular looks after the thread any more.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnassignThread {
    pub thread_id: ConversationId,
}

/// # Snooze a thread
///
/// The thread is out of sight until a moment, or until the customer writes.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SnoozeThread {
    pub thread_id: ConversationId,
    /// When it comes back (RFC 3339), within a year.
    pub until: String,
}

/// # Close a thread
///
/// What was asked is settled. The next message of the customer opens the thread again.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseThread {
    pub thread_id: ConversationId,
}

/// # Reopen a thread
///
/// A closed or snoozed thread is open again.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReopenThread {
    pub thread_id: ConversationId,
}

/// # Mark a thread as read
///
/// Everything that the customer wrote has been seen.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkThreadRead {
    pub thread_id: ConversationId,
}

/// # Set the AI mode
///
/// Whether the AI answers in the thread, suggests answers, or keeps out.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetAiMode {
    pub thread_id: ConversationId,
    pub ai_mode: AiMode,
}

/// # Add a note to a thread
///
/// A note between the tenant's own people; the customer never sees it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddThreadNote {
    pub thread_id: ConversationId,
    /// At most 4,000 characters.
    pub text: Pii<String>,
}

/// # Wake a thread
///
/// The timer of a snooze; one that is late decides nothing.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WakeThread {
    pub thread_id: ConversationId,
}

/// How the thread stands now.
#[derive(Serialize)]
pub struct ThreadSummary {
    pub thread_id: String,
    pub status: ThreadStatus,
    pub assigned_agent_id: Option<String>,
    pub ai_mode: AiMode,
    pub unread_count: i64,
    #[serde(with = "time::serde::rfc3339::option")]
    pub snoozed_until: Option<OffsetDateTime>,
}

#[derive(Serialize)]
pub struct ThreadNoteSummary {
    pub thread_id: String,
    pub note_id: String,
}

macro_rules! wants_its_thread {
    ($($input:ty),+ $(,)?) => {
        $(impl Input for $input {
            fn wanted(&self, _: &Facts) -> Load {
                super::load_of(self.thread_id.as_str())
            }
        })+
    };
}

wants_its_thread!(
    AssignThread,
    UnassignThread,
    SnoozeThread,
    CloseThread,
    ReopenThread,
    MarkThreadRead,
    SetAiMode,
    AddThreadNote,
    WakeThread,
);

pub async fn assign_thread(work: &mut Work, input: AssignThread) -> Result<ThreadSummary> {
    let assignee = input.assignee;
    change(
        work,
        &input.thread_id,
        ConversationCommand::Assign { assignee },
    )
    .await
}

pub async fn unassign_thread(work: &mut Work, input: UnassignThread) -> Result<ThreadSummary> {
    change(work, &input.thread_id, ConversationCommand::Unassign).await
}

pub async fn snooze_thread(work: &mut Work, input: SnoozeThread) -> Result<ThreadSummary> {
    let until = OffsetDateTime::parse(&input.until, &Rfc3339).map_err(|_| {
        let message = "a time is RFC 3339, such as 2026-03-14T18:00:00Z";
        Refusal::field("/until", "time-invalid", message)
    })?;
    let at = work.ctx.now;
    change(
        work,
        &input.thread_id,
        ConversationCommand::Snooze { until, at },
    )
    .await
}

pub async fn close_thread(work: &mut Work, input: CloseThread) -> Result<ThreadSummary> {
    let at = work.ctx.now;
    change(work, &input.thread_id, ConversationCommand::Close { at }).await
}

pub async fn reopen_thread(work: &mut Work, input: ReopenThread) -> Result<ThreadSummary> {
    change(work, &input.thread_id, ConversationCommand::Reopen).await
}

pub async fn mark_thread_read(work: &mut Work, input: MarkThreadRead) -> Result<ThreadSummary> {
    change(work, &input.thread_id, ConversationCommand::MarkRead).await
}

pub async fn set_ai_mode(work: &mut Work, input: SetAiMode) -> Result<ThreadSummary> {
    let ai_mode = input.ai_mode;
    change(
        work,
        &input.thread_id,
        ConversationCommand::SetAiMode { ai_mode },
    )
    .await
}

pub async fn wake_thread(work: &mut Work, input: WakeThread) -> Result<ThreadSummary> {
    let mut conversation = work.load::<Conversation>(input.thread_id.as_str()).await?;
    // The timer of a thread that has become part of another one: there is nothing to wake.
    if conversation.state.require_known()?.merged_into.is_some() {
        crate::bookings::answer_as(work, &conversation)?;
        return summary(conversation);
    }
    let at = work.ctx.now;
    work.execute(&mut conversation, ConversationCommand::Wake { at })
        .await?;
    summary(conversation)
}

pub async fn add_thread_note(work: &mut Work, input: AddThreadNote) -> Result<ThreadNoteSummary> {
    let mut conversation = super::find_thread(work, &input.thread_id).await?;
    let key = work.subject(&conversation.id).await?;
    let mut problems = Problems::default();
    let text = problems
        .check("/text", free_text(input.text.expose(), MAX_NOTE_CHARS))
        .unwrap_or_default();
    problems.finish()?;
    let note_id = work.new_id();
    let command = ConversationCommand::AddNote {
        note_id: NoteId::new(note_id.clone()),
        text: key.seal("ThreadNoteAdded", "text", &text)?,
        author: work.ctx.principal.id.clone(),
    };
    work.execute(&mut conversation, command).await?;
    Ok(ThreadNoteSummary {
        thread_id: conversation.id,
        note_id,
    })
}

async fn change(
    work: &mut Work,
    thread_id: &ConversationId,
    command: ConversationCommand,
) -> Result<ThreadSummary> {
    let mut conversation = super::find_thread(work, thread_id).await?;
    work.execute(&mut conversation, command).await?;
    summary(conversation)
}

fn summary(conversation: Loaded<Conversation>) -> Result<ThreadSummary> {
    let thread = conversation.state.require_known()?;
    Ok(ThreadSummary {
        status: thread.status,
        assigned_agent_id: thread.assignee.clone(),
        ai_mode: thread.ai_mode,
        unread_count: thread.unread_count,
        snoozed_until: thread.snoozed_until,
        thread_id: conversation.id,
    })
}
