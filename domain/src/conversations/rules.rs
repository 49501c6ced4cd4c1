//! When a thread may be opened, written in, snoozed, closed, moved and merged, and what a message may go out on.

use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::allowance::{self, Basis, Decision, Question, Verdict};
use super::commands::{ConversationCommand, Outcome, Receive, Send, StatusReport};
use super::events::{AnswerOrder, Answers, ConversationEvent, MessageSent, ThreadsMerged};
use super::keywords::Keyword;
use super::messages::{
    CallOutcome, Direction, Joined, MAX_QUEUED, MessageStatus, Progress, RecentMessage, SenderType,
};
use super::{
    ASSISTANT, AiMode, Conversation, MAX_ASSIGNEE_CHARS, MAX_MERGED_THREADS, MAX_SNOOZE_DAYS,
    MAX_THREAD_NOTES, ReopenCause, Thread, ThreadPrivacy, ThreadStatus,
};
use crate::bookings::CLOCK_TOLERANCE_SECONDS;
use crate::customers::consents::Channel;
use crate::ids::{ConversationId, CustomerId, MessageId};
use crate::refusal::Refusal;
use crate::values::bounded_text;

/// How many newer messages a collision tells of.
const MAX_NEWER_TOLD: usize = 20;

type Decided = Result<Vec<ConversationEvent>, Refusal>;

impl Conversation {
    /// The events that `command` leads to; none when all is as asked already.
    pub fn decide(&self, command: ConversationCommand) -> Decided {
        match command {
            ConversationCommand::Open(opened) => match self.thread {
                Some(_) => Err(Refusal::conflict(
                    "thread-exists",
                    "the thread exists already",
                )),
                None => Ok(vec![ConversationEvent::ThreadOpened(opened)]),
            },
            // What was sent before a merge is reported on where it was sent.
            ConversationCommand::RecordStatus(report) => {
                Ok(self.require_known()?.record_status(*report))
            }
            ConversationCommand::Hold { message_id, until } => {
                Ok(self.require_known()?.hold(message_id, until))
            }
            ConversationCommand::MergeInto { survivor_id } => {
                self.require_known()?.merge_into(survivor_id)
            }
            ConversationCommand::Wake { .. } if self.is_shut_away() => Ok(Vec::new()),
            ConversationCommand::Restrict
            | ConversationCommand::LiftRestriction { .. }
            | ConversationCommand::Erase => Ok(self.require_known()?.change_privacy(command)),
            command => self.require()?.decide(command),
        }
    }
}

impl Conversation {
    /// Whether its customer wants it to rest, or it is gone.
    fn is_shut_away(&self) -> bool {
        let thread = self.thread.as_deref();
        thread.is_some_and(|thread| !thread.privacy.is_open())
    }
}

impl Thread {
    fn decide(&self, command: ConversationCommand) -> Decided {
        match command {
            ConversationCommand::Receive(receive) => Ok(self.receive(*receive)),
            ConversationCommand::Send(send) => self.send(*send),
            ConversationCommand::Assign { assignee } => self.assign(&assignee),
            ConversationCommand::Unassign => Ok(once_if(
                self.assignee.is_some(),
                ConversationEvent::ThreadUnassigned {},
            )),
            ConversationCommand::Snooze { until, at } => self.snooze(until, at),
            ConversationCommand::Wake { at } => Ok(self.wake(at)),
            ConversationCommand::Close { at } => Ok(once_if(
                self.status != ThreadStatus::Closed,
                ConversationEvent::ThreadClosed {
                    since: self.asked_at,
                    at,
                },
            )),
            ConversationCommand::Reopen => Ok(once_if(
                matches!(self.status, ThreadStatus::Closed | ThreadStatus::Snoozed),
                ConversationEvent::ThreadReopened {
                    cause: ReopenCause::ByHand,
                },
            )),
            ConversationCommand::MarkRead => Ok(once_if(
                self.unread_count > 0,
                ConversationEvent::ThreadMarkedRead {},
            )),
            ConversationCommand::Move { customer_id } => Ok(self.move_to(customer_id)),
            ConversationCommand::Claim { candidates } => Ok(once_if(
                self.customer_id.is_none() && self.candidates != candidates,
                ConversationEvent::ThreadClaimed { candidates },
            )),
            ConversationCommand::Absorb(merged) => self.absorb(merged),
            ConversationCommand::SetAiMode { ai_mode } => Ok(once_if(
                self.ai_mode != ai_mode,
                ConversationEvent::AiModeSet {
                    ai_mode,
                    reason: None,
                },
            )),
            ConversationCommand::HandOver { reason } => Ok(once_if(
                self.ai_mode != AiMode::Off || self.handed_over != Some(reason),
                ConversationEvent::AiModeSet {
                    ai_mode: AiMode::Off,
                    reason: Some(reason),
                },
            )),
            ConversationCommand::AddNote {
                note_id,
                text,
                author,
            } => {
                if self.note_count >= MAX_THREAD_NOTES {
                    let detail = format!("a thread has at most {MAX_THREAD_NOTES} notes");
                    return Err(Refusal::conflict("note-limit-reached", detail));
                }
                Ok(vec![ConversationEvent::ThreadNoteAdded {
                    note_id,
                    text,
                    author,
                }])
            }
            // Answered above, before an open thread is asked for.
            ConversationCommand::Open(_)
            | ConversationCommand::RecordStatus(_)
            | ConversationCommand::Hold { .. }
            | ConversationCommand::MergeInto { .. }
            | ConversationCommand::Restrict
            | ConversationCommand::LiftRestriction { .. }
            | ConversationCommand::Erase => Ok(Vec::new()),
        }
    }

    /// What is erased stays so.
    fn change_privacy(&self, command: ConversationCommand) -> Vec<ConversationEvent> {
        match (command, self.privacy) {
            (ConversationCommand::Restrict, ThreadPrivacy::Open) => {
                vec![ConversationEvent::ThreadRestricted {}]
            }
            (ConversationCommand::LiftRestriction { address }, ThreadPrivacy::Restricted) => {
                vec![ConversationEvent::ThreadRestrictionLifted { address }]
            }
            (ConversationCommand::Erase, ThreadPrivacy::Open | ThreadPrivacy::Restricted) => {
                vec![ConversationEvent::ThreadErased {}]
            }
            _ => Vec::new(),
        }
    }

    fn receive(&self, receive: Receive) -> Vec<ConversationEvent> {
        let Receive {
            mut message,
            granted,
        } = receive;
        // Whoever has not stopped anything says YES to something else.
        if self.opted_out.is_none() && message.keyword == Some(Keyword::Start) {
            message.keyword = None;
        }
        let (message_id, keyword) = (message.message_id.clone(), message.keyword);
        let is_shut = matches!(self.status, ThreadStatus::Closed | ThreadStatus::Snoozed);
        let cause = ReopenCause::CustomerWrote;
        let mut events = once_if(
            is_shut && keyword.is_none() && message.call != Some(CallOutcome::Answered),
            ConversationEvent::ThreadReopened { cause },
        );
        events.push(ConversationEvent::MessageReceived(Box::new(message)));
        match keyword {
            Some(Keyword::Stop) if self.opted_out.is_none() => {
                events.push(ConversationEvent::ThreadOptedOut {
                    message_id,
                    withdrawn: granted,
                });
            }
            Some(Keyword::Start) => events.push(ConversationEvent::ThreadOptedIn { message_id }),
            _ => {}
        }
        events
    }

    fn send(&self, send: Send) -> Decided {
        if self.channel == Channel::Phone {
            let detail = "a thread of calls cannot be written in; write by sms or e-mail";
            let elsewhere = [Channel::Sms, Channel::Email].map(|channel| {
                json!({ "first": "start-thread", "customer_id": self.customer_id, "channel": channel })
            });
            return Err(Refusal::conflict("channel-cannot-send", detail)
                .with_alternatives(elsewhere.into()));
        }
        self.check_collision(send.after_message_id.as_ref())?;
        let is_queued = |message: &&RecentMessage| message.progress.status == MessageStatus::Queued;
        // The answer to a STOP is owed however long the queue is.
        let is_owed = send.owed_to.is_some();
        if !is_owed && self.recent.iter().filter(is_queued).count() >= MAX_QUEUED {
            let detail = format!("{MAX_QUEUED} messages of this thread wait to be sent already");
            return Err(Refusal::conflict("thread-backlogged", detail));
        }
        let decision = self.allow(&send)?;
        let by_us = send.sender_type != SenderType::System;
        let answers = self.waiting_since.filter(|_| by_us).map(|since| Answers {
            since,
            order: match self.answer_count {
                0 => AnswerOrder::First,
                _ => AnswerOrder::Later,
            },
        });
        let cause = ReopenCause::WeWrote;
        let mut events = once_if(
            by_us && self.status == ThreadStatus::Closed,
            ConversationEvent::ThreadReopened { cause },
        );
        if send.sender_type == SenderType::Human {
            events.extend(self.take_over());
        }
        events.push(ConversationEvent::MessageSent(Box::new(MessageSent {
            message_id: send.message_id,
            content: send.content,
            subject: send.subject,
            attachments: send.attachments,
            address: send.address,
            sender_type: send.sender_type,
            sender_id: send.sender_id,
            purpose: send.purpose,
            decision,
            canned_reply: send.canned_reply,
            answers,
            at: send.at,
        })));
        Ok(events)
    }

    /// Where a person has the word, the assistant only suggests from now on.
    fn take_over(&self) -> Vec<ConversationEvent> {
        once_if(
            self.ai_mode == AiMode::Auto,
            ConversationEvent::AiModeSet {
                ai_mode: AiMode::Suggest,
                reason: None,
            },
        )
    }

    /// The decision that the message goes out on; nothing is sent without one.
    fn allow(&self, send: &Send) -> Result<Decision, Refusal> {
        if let Some((message_id, keyword)) = send.owed_to.clone() {
            let basis = Basis::Keyword {
                message_id,
                keyword,
            };
            return Ok(Decision::new(basis, send.at));
        }
        let verdict = allowance::decide(&Question {
            channel: self.channel,
            purpose: send.purpose,
            recipient: &send.recipient,
            standing: self.standing(),
            last_inbound: self.last_inbound.as_ref(),
            now: send.at,
        });
        match verdict {
            Verdict::Allowed(basis) => Ok(Decision::new(basis, send.at)),
            Verdict::HeldUntil(until, basis) => Ok(Decision {
                held_until: Some(until),
                ..Decision::new(basis, send.at)
            }),
            Verdict::Denied(denial) => Err(Refusal::conflict(denial.code(), denial.detail())),
        }
    }

    /// Refuses an answer to what is not the newest any more: somebody has written in the meantime.
    fn check_collision(&self, seen: Option<&MessageId>) -> Result<(), Refusal> {
        let Some(seen) = seen else { return Ok(()) };
        let place = self
            .recent
            .iter()
            .position(|message| message.message_id == *seen);
        let newer = &self.recent[place.map_or(0, |place| place + 1)..];
        if newer.is_empty() && (place.is_some() || self.recent.is_empty()) {
            return Ok(());
        }
        let told = newer.iter().rev().take(MAX_NEWER_TOLD).rev();
        let told = told.map(|message| {
            json!({
                "message_id": message.message_id,
                "direction": message.direction,
                "sender_type": message.sender_type,
            })
        });
        let detail = "somebody has written in this thread since; read it and send again after the newest message";
        Err(Refusal::conflict("reply-collision", detail).with_alternatives(told.collect()))
    }

    fn record_status(&self, report: StatusReport) -> Vec<ConversationEvent> {
        let ours = |message: &&RecentMessage| message.direction == Direction::Out;
        let Some(message) = self.find_message(&report.message_id).filter(ours) else {
            return Vec::new();
        };
        let progress = match &report.outcome {
            Outcome::Sent { .. } => Progress::of(MessageStatus::Sent),
            Outcome::Delivered => Progress::of(MessageStatus::Delivered),
            Outcome::Read => Progress::of(MessageStatus::Read),
            Outcome::Failed(failure) => Progress::failed(failure.clone()),
        };
        let brings_id = matches!(&report.outcome, Outcome::Sent { provider_message_id: Some(_), .. }
            if message.provider_message_id.is_none());
        let joined = message.progress.clone().join(progress);
        if joined == Joined::Known && !brings_id {
            return Vec::new();
        }
        let StatusReport { message_id, at, .. } = report;
        vec![match report.outcome {
            Outcome::Sent {
                provider,
                provider_message_id,
            } => ConversationEvent::MessageAccepted {
                message_id,
                provider,
                provider_message_id,
                at,
            },
            Outcome::Delivered => ConversationEvent::MessageDelivered { message_id, at },
            Outcome::Read => ConversationEvent::MessageRead { message_id, at },
            Outcome::Failed(failure) => ConversationEvent::MessageFailed {
                message_id,
                failure,
                at,
            },
        }]
    }

    fn hold(&self, message_id: MessageId, until: OffsetDateTime) -> Vec<ConversationEvent> {
        let waits = self
            .find_message(&message_id)
            .is_some_and(|message| message.progress.status == MessageStatus::Queued);
        once_if(waits, ConversationEvent::MessageHeld { message_id, until })
    }

    fn assign(&self, assignee: &str) -> Decided {
        let assignee = bounded_text(assignee, MAX_ASSIGNEE_CHARS)
            .map_err(|refusal| Refusal::field("/assignee", &refusal.code, refusal.detail))?;
        if self.assignee.as_ref() == Some(&assignee) {
            return Ok(Vec::new());
        }
        let mut events = if assignee == ASSISTANT {
            Vec::new()
        } else {
            self.take_over()
        };
        events.push(ConversationEvent::ThreadAssigned { assignee });
        Ok(events)
    }

    fn snooze(&self, until: OffsetDateTime, at: OffsetDateTime) -> Decided {
        if until <= at || until - at > Duration::days(MAX_SNOOZE_DAYS) {
            let detail = format!("a moment within the next {MAX_SNOOZE_DAYS} days");
            return Err(Refusal::field("/until", "snooze-out-of-range", detail));
        }
        if self.status == ThreadStatus::Closed {
            let detail = "the thread is closed; reopen it before it is snoozed";
            let reopen = json!({ "first": "reopen-thread" });
            return Err(Refusal::conflict("thread-closed", detail).with_alternatives(vec![reopen]));
        }
        Ok(once_if(
            self.snoozed_until != Some(until),
            ConversationEvent::ThreadSnoozed { until },
        ))
    }

    fn wake(&self, at: OffsetDateTime) -> Vec<ConversationEvent> {
        let tolerance = Duration::seconds(CLOCK_TOLERANCE_SECONDS);
        let is_due = self
            .snoozed_until
            .is_some_and(|until| until <= at + tolerance);
        let cause = ReopenCause::SnoozeEnded;
        once_if(
            self.status == ThreadStatus::Snoozed && is_due,
            ConversationEvent::ThreadReopened { cause },
        )
    }

    fn move_to(&self, customer_id: CustomerId) -> Vec<ConversationEvent> {
        let is_new = self.customer_id.as_ref() != Some(&customer_id);
        let previous_customer_id = self.customer_id.clone();
        once_if(
            is_new,
            ConversationEvent::ThreadMoved {
                customer_id,
                previous_customer_id,
            },
        )
    }

    fn absorb(&self, merged: Box<ThreadsMerged>) -> Decided {
        if self.merged.contains(&merged.merged_id) {
            return Ok(Vec::new());
        }
        if self.merged.len() >= MAX_MERGED_THREADS {
            let detail = format!("at most {MAX_MERGED_THREADS} threads can be merged into one");
            return Err(Refusal::conflict("merge-limit-reached", detail));
        }
        Ok(vec![ConversationEvent::ThreadsMerged(merged)])
    }

    fn merge_into(&self, survivor_id: ConversationId) -> Decided {
        if self.merged_into.as_ref() == Some(&survivor_id) {
            return Ok(Vec::new());
        }
        if let Some(elsewhere) = &self.merged_into {
            let detail = "the thread was merged into another one";
            let survivor = json!({ "merged_id": elsewhere });
            return Err(
                Refusal::conflict("thread-merged", detail).with_alternatives(vec![survivor])
            );
        }
        // Chains would make "where did it go?" a search.
        if !self.merged.is_empty() {
            let detail = "other threads were merged into this one; merge the other way round";
            return Err(Refusal::conflict("thread-has-merged", detail));
        }
        Ok(vec![ConversationEvent::ThreadMergedAway { survivor_id }])
    }
}

fn once_if(new: bool, event: ConversationEvent) -> Vec<ConversationEvent> {
    if new { vec![event] } else { Vec::new() }
}

#[cfg(test)]
mod tests;
