//! What words of customers could have made an agent do. An agent that has read such words may answer their writer on their
//! own thread and book for them; whatever else reaches outside, takes away, spends or reaches many, a person has to agree to.

use std::collections::BTreeSet;

use cqrs_es::Aggregate;
use domain::bookings::Booking;
use domain::conversations::Conversation;
use domain::customers::Customer;
use event_store::readings::{self, Reading};
use serde_json::Value;

use crate::Result;
use crate::registry::{Command, Risk};
use crate::work::Work;

/// Why a person is asked, where it is for this.
pub(crate) const UNTRUSTED: &str = "untrusted-text";

/// Replies and bookings: allowed for the customer of a thread that was read.
const FOR_THE_WRITER: [&str; 4] = [
    "create-booking",
    "reschedule-booking",
    "send-message",
    "update-booking",
];
/// Where messages to somebody go, or whether they may: changing these for one customer at another's word diverts what is
/// sent to them.
const ADDRESSES: [&str; 4] = [
    "move-thread",
    "start-thread",
    "update-consent",
    "update-customer",
];

/// Whether the decided command is one that words which the agent has read lately could have ordered.
pub(crate) async fn could_be_ordered(
    work: &Work,
    command: &Command,
    told: (&Value, &Value),
) -> Result<bool> {
    let is_for_writer = FOR_THE_WRITER.contains(&command.name) || ADDRESSES.contains(&command.name);
    if matches!(command.risk, Risk::Read | Risk::Write) && !is_for_writer {
        return Ok(false);
    }
    let principal = &work.ctx.principal;
    let engine = &work.store().pools.engine;
    let read = readings::list(engine, &principal.tenant_id, &principal.reader()).await?;
    if read.is_empty() || is_newcomers(work, command, told.0, &read) {
        return Ok(false);
    }
    Ok(!(is_for_writer && concerns_only_writers(work, told, &read)))
}

/// Whether our assistant books on the very thread it looks at, whose writer nobody knows yet: as on a booking page, they say
/// themselves who they are.
fn is_newcomers(work: &Work, command: &Command, body: &Value, read: &[Reading]) -> bool {
    let thread_id = body["channel_thread_id"].as_str().unwrap_or_default();
    let is_unknown = |reading: &Reading| {
        reading.customer_id.is_empty() && !thread_id.is_empty() && reading.thread_id == thread_id
    };
    command.name == "create-booking"
        && work.ctx.principal.run_id.is_some()
        && read.iter().any(is_unknown)
}

/// Whether everybody and every thread that the command touches is one whose thread was read as such.
fn concerns_only_writers(work: &Work, told: (&Value, &Value), read: &[Reading]) -> bool {
    let answered = read.iter().filter(|reading| !reading.thread_id.is_empty());
    let (threads, writers): (BTreeSet<&str>, BTreeSet<&str>) = answered
        .map(|reading| (reading.thread_id.as_str(), reading.customer_id.as_str()))
        .unzip();
    let touched = work
        .changed()
        .filter(|(kind, ..)| *kind == Conversation::TYPE);
    let touched: Vec<&str> = touched.map(|(_, id, _)| id).collect();
    let concerned = customers(work, told);
    let is_about_somebody = !concerned.is_empty() || !touched.is_empty();
    is_about_somebody
        && concerned.iter().all(|id| writers.contains(id.as_str()))
        && touched.iter().all(|id| threads.contains(id))
}

/// Whom the command is about: those it names, those it answers with, those whose record, booking or thread it changes.
pub(crate) fn customers(work: &Work, (body, result): (&Value, &Value)) -> BTreeSet<String> {
    let named = [body, result]
        .into_iter()
        .filter_map(|value| value["customer_id"].as_str());
    let changed = work
        .changed()
        .filter_map(|(kind, id, snapshot)| match kind {
            Customer::TYPE => Some(id.to_owned()),
            Booking::TYPE => {
                let booking = snapshot.state::<Booking>();
                Some(booking.require().ok()?.customer_id.to_string())
            }
            Conversation::TYPE => {
                let conversation = snapshot.state::<Conversation>();
                let customer_id = conversation.require().ok()?.customer_id.as_ref();
                customer_id.map(ToString::to_string)
            }
            _ => None,
        });
    named.map(str::to_owned).chain(changed).collect()
}
