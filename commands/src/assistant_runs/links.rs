//! `send-payment-link`: a booking that was made by talking to the assistant gets its payment link where it was made.

use cqrs_es::Aggregate;
use domain::bookings::{Booking, BookingRecord, Status};
use domain::conversations::{AiMode, Conversation, Thread};
use domain::ids::{BookingId, ConversationId};
use event_store::load::Load;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::bookings::answer_as;
use crate::conversations::speaking::{Speaker, speak};
use crate::conversations::templated::write_payment_link;
use crate::registry::Input;
use crate::work::{Facts, Work};

/// # Send the payment link into a thread
///
/// Only while the assistant answers there, the thread is the payer's, and the link can still be paid on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendPaymentLink {
    pub thread_id: ConversationId,
    pub booking_id: BookingId,
}

/// Whether it was sent.
#[derive(Serialize)]
pub struct LinkSummary {
    pub thread_id: String,
    pub message_id: Option<String>,
}

impl Input for SendPaymentLink {
    fn wanted(&self, _: &Facts) -> Load {
        let mut load = crate::conversations::load_of(self.thread_id.as_str());
        let booking = (Booking::TYPE, self.booking_id.to_string(), 0);
        load.streams.push(booking);
        load
    }
}

pub async fn send_payment_link(work: &mut Work, input: SendPaymentLink) -> Result<LinkSummary> {
    let booking = work.find::<Booking>(input.booking_id.as_str()).await?;
    let mut conversation = work.load::<Conversation>(input.thread_id.as_str()).await?;
    let said = conversation.state.thread.as_deref().and_then(|thread| {
        let record = booking.state.record.as_deref()?;
        let ours = words(record, thread, &input.thread_id)?;
        Some((ours, record, thread))
    });
    let Some((ours, record, thread)) = said else {
        answer_as(work, &booking)?;
        return Ok(LinkSummary {
            thread_id: conversation.id,
            message_id: None,
        });
    };
    let own = write_payment_link(work, record, thread).await?;
    let (words, used) = own.map_or((ours, None), |(words, used)| (words, Some(used)));
    let speaker = Speaker {
        used,
        ..Speaker::assistant()
    };
    let message_id = speak(work, &mut conversation, &words, speaker).await?;
    Ok(LinkSummary {
        thread_id: conversation.id,
        message_id: Some(message_id.to_string()),
    })
}

fn words(booking: &BookingRecord, thread: &Thread, thread_id: &ConversationId) -> Option<String> {
    let is_theirs = thread.customer_id.as_ref() == Some(&booking.customer_id)
        && booking.channel_thread_id.as_deref() == Some(thread_id.as_str());
    let may_say = thread.ai_mode == AiMode::Auto
        && thread.merged_into.is_none()
        && thread.opted_out.is_none();
    let is_payable =
        booking.status == Status::DepositPending && booking.open_session_id().is_some();
    let url = &booking.checkout.as_ref()?.link.url;
    (is_theirs && may_say && is_payable).then(|| {
        format!(
            "Here you can pay the deposit of {}: {url}",
            booking.deposit_due()
        )
    })
}
