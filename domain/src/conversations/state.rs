//! What a conversation's events make of it.

use super::allowance::{Basis, Inbound};
use super::events::{ConversationEvent, MessageReceived, MessageSent, ThreadOpened, ThreadsMerged};
use super::messages::{
    CallOutcome, Direction, MessageStatus, Progress, RecentMessage, SenderType, forget_oldest,
};
use super::{Conversation, OptOut, Thread, ThreadPrivacy, ThreadStatus};
use crate::ids::MessageId;
use time::OffsetDateTime;

pub(super) fn apply(conversation: &mut Conversation, event: ConversationEvent) {
    if let ConversationEvent::ThreadOpened(opened) = event {
        conversation.thread = Some(Box::new(open(*opened)));
        return;
    }
    let Some(thread) = conversation.thread.as_deref_mut() else {
        return;
    };
    thread.sequence += 1;
    match event {
        ConversationEvent::ThreadOpened(_) => {}
        ConversationEvent::MessageReceived(received) => receive(thread, *received),
        ConversationEvent::MessageSent(sent) => send(thread, &sent),
        ConversationEvent::MessageAccepted {
            message_id,
            provider_message_id,
            ..
        } => accept(thread, &message_id, provider_message_id),
        ConversationEvent::MessageDelivered { message_id, .. } => {
            join(thread, &message_id, Progress::of(MessageStatus::Delivered));
        }
        ConversationEvent::MessageRead { message_id, .. } => {
            join(thread, &message_id, Progress::of(MessageStatus::Read));
        }
        ConversationEvent::MessageFailed {
            message_id,
            failure,
            ..
        } => join(thread, &message_id, Progress::failed(failure)),
        ConversationEvent::MessageHeld { message_id, until } => hold(thread, &message_id, until),
        ConversationEvent::ThreadAssigned { assignee } => thread.assignee = Some(assignee),
        ConversationEvent::ThreadUnassigned {} => thread.assignee = None,
        ConversationEvent::ThreadSnoozed { until } => snooze(thread, until),
        ConversationEvent::ThreadClosed { .. } => close(thread),
        ConversationEvent::ThreadReopened { .. } => reopen(thread),
        ConversationEvent::ThreadMarkedRead {} => thread.unread_count = 0,
        ConversationEvent::ThreadMoved { customer_id, .. } => {
            thread.customer_id = Some(customer_id);
            thread.candidates.clear();
        }
        ConversationEvent::ThreadClaimed { candidates } => thread.candidates = candidates,
        ConversationEvent::ThreadsMerged(merged) => absorb(thread, *merged),
        ConversationEvent::ThreadMergedAway { survivor_id } => {
            thread.merged_into = Some(survivor_id);
        }
        ConversationEvent::AiModeSet { ai_mode, reason } => {
            (thread.ai_mode, thread.handed_over) = (ai_mode, reason);
            // What the assistant said meanwhile does not answer for the person whose turn it now is.
            if reason.is_some() && thread.status == ThreadStatus::Pending {
                thread.status = ThreadStatus::Open;
            }
        }
        ConversationEvent::ThreadNoteAdded { .. } => thread.note_count += 1,
        ConversationEvent::ThreadOptedOut {
            message_id,
            withdrawn,
        } => {
            thread.opted_out = Some(OptOut {
                message_id,
                withdrawn,
            });
        }
        ConversationEvent::ThreadOptedIn { .. } => thread.opted_out = None,
        ConversationEvent::ThreadRestricted {} => thread.privacy = ThreadPrivacy::Restricted,
        ConversationEvent::ThreadRestrictionLifted { address } => {
            thread.privacy = ThreadPrivacy::Open;
            thread.address = address
                .map(|address| address.sealed)
                .or(thread.address.take());
        }
        ConversationEvent::ThreadErased {} => erase(thread),
    }
}

fn hold(thread: &mut Thread, message_id: &MessageId, until: OffsetDateTime) {
    if let Some(message) = find(thread, message_id) {
        message.held_until = Some(until);
    }
}

fn accept(thread: &mut Thread, message_id: &MessageId, provider_message_id: Option<String>) {
    if let Some(message) = find(thread, message_id) {
        message.progress.join(Progress::of(MessageStatus::Sent));
        message.provider_message_id = provider_message_id;
    }
}

fn open(opened: ThreadOpened) -> Thread {
    Thread {
        channel: opened.channel,
        customer_id: opened.customer_id,
        candidates: opened.candidates,
        address: opened.address.map(|address| address.sealed),
        subject: opened.subject,
        status: ThreadStatus::Open,
        snoozed_until: None,
        assignee: None,
        ai_mode: opened.ai_mode,
        handed_over: None,
        opted_out: None,
        unread_count: 0,
        message_count: 0,
        note_count: 0,
        recent: Vec::new(),
        last_inbound: None,
        last_message_at: None,
        waiting_since: None,
        asked_at: None,
        answer_count: 0,
        merged: Default::default(),
        merged_into: None,
        sequence: 1,
        privacy: ThreadPrivacy::Open,
    }
}

fn receive(thread: &mut Thread, received: MessageReceived) {
    let at = received.at;
    // A message that was long under way is not the newest.
    if thread
        .last_inbound
        .as_ref()
        .is_none_or(|last| last.at <= at)
    {
        let message_id = received.message_id.clone();
        thread.last_inbound = Some(Inbound { message_id, at });
    }
    thread.address = received.address.or(thread.address.take());
    thread.subject = received.subject.or(thread.subject.take());
    // Whoever says no more than a keyword waits for nobody, and nor does whoever has been spoken to.
    if received.keyword.is_none() && received.call != Some(CallOutcome::Answered) {
        thread.status = ThreadStatus::Open;
        thread.snoozed_until = None;
        thread.unread_count += 1;
        thread.waiting_since.get_or_insert(at);
        if thread.asked_at.is_none() {
            thread.asked_at = Some(at);
            thread.answer_count = 0;
        }
    }
    let message = RecentMessage {
        message_id: received.message_id,
        direction: Direction::In,
        sequence: thread.sequence,
        progress: Progress::of(MessageStatus::Received),
        purpose: None,
        sender_type: None,
        provider_message_id: received.provider_message_id,
        held_until: None,
        owed: false,
        at,
    };
    remember(thread, message);
}

fn send(thread: &mut Thread, sent: &MessageSent) {
    if sent.sender_type != SenderType::System {
        let awaits_person = sent.sender_type == SenderType::Ai && thread.handed_over.is_some();
        if thread.status == ThreadStatus::Open && !awaits_person {
            thread.status = ThreadStatus::Pending;
        }
        thread.waiting_since = None;
        thread.answer_count = thread.answer_count.saturating_add(1);
    }
    // A person who answers has read what is answered.
    if sent.sender_type == SenderType::Human {
        thread.unread_count = 0;
        thread.handed_over = None;
    }
    let message = RecentMessage {
        message_id: sent.message_id.clone(),
        direction: Direction::Out,
        sequence: thread.sequence,
        progress: Progress::of(MessageStatus::Queued),
        purpose: Some(sent.purpose),
        sender_type: Some(sent.sender_type),
        provider_message_id: None,
        held_until: sent.decision.held_until,
        owed: matches!(sent.decision.basis, Basis::Keyword { .. }),
        at: sent.at,
    };
    remember(thread, message);
}

fn remember(thread: &mut Thread, message: RecentMessage) {
    thread.message_count += 1;
    thread.last_message_at = thread.last_message_at.max(Some(message.at));
    thread.recent.push(message);
    forget_oldest(&mut thread.recent);
}

/// What was written there was written here: it counts, and may be answered.
fn absorb(thread: &mut Thread, merged: ThreadsMerged) {
    thread.merged.insert(merged.merged_id);
    thread.message_count += merged.message_count;
    thread.unread_count += merged.unread_count;
    thread.opted_out = thread.opted_out.take().or(merged.opted_out);
    let newest = |last: &Inbound| Some(last.at);
    if merged.last_inbound.as_ref().and_then(newest) > thread.last_inbound.as_ref().and_then(newest)
    {
        thread.last_inbound = merged.last_inbound;
    }
}

fn snooze(thread: &mut Thread, until: OffsetDateTime) {
    thread.status = ThreadStatus::Snoozed;
    thread.snoozed_until = Some(until);
}

fn close(thread: &mut Thread) {
    thread.status = ThreadStatus::Closed;
    thread.snoozed_until = None;
    thread.waiting_since = None;
    thread.asked_at = None;
    thread.answer_count = 0;
}

fn reopen(thread: &mut Thread) {
    thread.status = ThreadStatus::Open;
    thread.snoozed_until = None;
}

/// That there was a thread stays, and how many messages.
fn erase(thread: &mut Thread) {
    close(thread);
    thread.privacy = ThreadPrivacy::Erased;
    thread.address = None;
    thread.subject = None;
    thread.candidates.clear();
    thread.recent.clear();
    thread.assignee = None;
    thread.opted_out = None;
    thread.last_inbound = None;
    thread.unread_count = 0;
}

fn join(thread: &mut Thread, message_id: &MessageId, report: Progress) {
    if let Some(message) = find(thread, message_id) {
        message.progress.join(report);
    }
}

fn find<'t>(thread: &'t mut Thread, message_id: &MessageId) -> Option<&'t mut RecentMessage> {
    let mut recent = thread.recent.iter_mut().rev();
    recent.find(|message| message.message_id == *message_id)
}
