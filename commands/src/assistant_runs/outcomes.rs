//! `tell-of-approval`: a customer hears in their thread what a person has decided about what they asked the assistant for.

use cqrs_es::Aggregate;
use domain::approvals::Decision;
use domain::booking_talk::when;
use domain::bookings::{Booking, BookingRecord, Status};
use domain::conversations::{Conversation, Thread};
use domain::ids::{BookingId, ConversationId};
use event_store::load::Load;
use schemars::JsonSchema;
use serde::Deserialize;

use super::links::LinkSummary;
use crate::Result;
use crate::bookings::answer_as;
use crate::conversations::speaking::{Speaker, speak};
use crate::registry::Input;
use crate::work::{Facts, Work};

/// # Tell of an approval
///
/// Only where the booking is that of the thread's customer, and the thread takes messages. Whoever has the thread keeps it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TellOfApproval {
    pub thread_id: ConversationId,
    pub booking_id: BookingId,
    pub decision: Decision,
}

impl Input for TellOfApproval {
    fn wanted(&self, _: &Facts) -> Load {
        let mut load = crate::conversations::load_of(self.thread_id.as_str());
        let booking = (Booking::TYPE, self.booking_id.to_string(), 0);
        load.streams.push(booking);
        load
    }
}

pub async fn tell_of_approval(work: &mut Work, input: TellOfApproval) -> Result<LinkSummary> {
    let booking = work.find::<Booking>(input.booking_id.as_str()).await?;
    let mut conversation = work.load::<Conversation>(input.thread_id.as_str()).await?;
    let words = conversation
        .state
        .thread
        .as_deref()
        .and_then(|thread| words(booking.state.record.as_deref()?, thread, input.decision));
    let message_id = match words {
        Some(words) => Some(speak(work, &mut conversation, &words, Speaker::assistant()).await?),
        None => {
            answer_as(work, &booking)?;
            None
        }
    };
    Ok(LinkSummary {
        thread_id: conversation.id,
        message_id: message_id.map(|id| id.to_string()),
    })
}

fn words(booking: &BookingRecord, thread: &Thread, decision: Decision) -> Option<String> {
    let is_theirs = thread.customer_id.as_ref() == Some(&booking.customer_id);
    let may_say = thread.merged_into.is_none() && thread.opted_out.is_none();
    let when = when(booking.date, booking.slot);
    let words = match (decision, booking.status) {
        (Decision::Approve, Status::Cancelled) => {
            format!("Your booking on {when} is cancelled, as you wished.")
        }
        (Decision::Reject, _) => format!(
            "We could not simply cancel your booking on {when}. A colleague will write to you here."
        ),
        (Decision::Approve, _) => return None,
    };
    (is_theirs && may_say).then_some(words)
}
