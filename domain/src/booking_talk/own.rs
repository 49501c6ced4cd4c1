//! The customer's own bookings: how they stand, where to pay, and moving one to another day.

use serde_json::{Value, json};

use super::draft::{Draft, Heard, Wanted};
use super::intents::Intent;
use super::making::offer_alternatives;
use super::plan::{ask, hand_over, look_up, offer_another_day, say, unsure};
use super::{Move, Talk, ToolAnswer, ToolCall, texts};
use crate::assistant_runs::HandOverReason;
use crate::slots::{Slot, parse_date};

/// The customer's own open bookings, or the call that asks for them.
fn own_bookings<'a>(talk: &'a Talk<'_>) -> Result<Vec<&'a Value>, Box<Move>> {
    let call = ToolCall {
        tool: "list_bookings",
        arguments: json!({}),
    };
    match talk.answer_to(&call) {
        None => Err(Box::new(Move::Use(call))),
        Some(ToolAnswer::Done(found) | ToolAnswer::Proposed(found)) => {
            Ok(found["bookings"].as_array().into_iter().flatten().collect())
        }
        Some(ToolAnswer::Refused { .. }) => Ok(Vec::new()),
    }
}

fn when(booking: &Value) -> String {
    let date = booking["date"]
        .as_str()
        .and_then(|date| parse_date(date).ok());
    let slot = booking["slot"]
        .as_str()
        .and_then(|slot| Slot::parse(slot).ok());
    match date.zip(slot) {
        Some((date, slot)) => format!("{} at {}", texts::day(date), texts::time(slot)),
        None => "a day that we still have to agree on".to_owned(),
    }
}

pub(super) fn tell_of_bookings(talk: &Talk<'_>, draft: Draft, heard: &Heard) -> Move {
    let bookings = match own_bookings(talk) {
        Ok(bookings) => bookings,
        Err(call) => return *call,
    };
    let reason = match heard.wants(Intent::PaymentLink) {
        true => "asks-for-payment-link",
        false => "asks-for-status",
    };
    let [first, ..] = bookings.as_slice() else {
        let text = "I cannot find a booking of yours from here. A colleague will look for it and write to you here.";
        return hand_over(HandOverReason::Unsure, text.to_owned(), draft);
    };
    let text = |name: &str| first[name].as_str().unwrap_or_default().to_owned();
    let standing = match text("status").as_str() {
        "deposit_pending" => format!("waits for the deposit of {}", text("deposit_due")),
        "confirmed" => "is confirmed".to_owned(),
        _ => "is entered".to_owned(),
    };
    let mut said = format!(
        "Your booking for {} guests on {} {standing}. Total {}, still to pay {}.",
        first["guests"],
        when(first),
        text("total"),
        text("balance")
    );
    if text("status") == "deposit_pending" {
        match first["payment_link"].as_str() {
            Some(link) => said.push_str(&format!(" You can pay the deposit here: {link}")),
            None => said.push_str(" The payment link follows here and by e-mail."),
        }
    }
    say(said, vec![reason], draft)
}

pub(super) fn reschedule(talk: &Talk<'_>, mut draft: Draft) -> Move {
    let bookings = match own_bookings(talk) {
        Ok(bookings) => bookings,
        Err(call) => return *call,
    };
    let [booking] = bookings.as_slice() else {
        let text = match bookings.as_slice() {
            [] => {
                "I cannot find a booking of yours from here. A colleague will look for it and write to you here."
            }
            _ => {
                "You have several bookings with us. A colleague will sort out with you here which one moves."
            }
        };
        return hand_over(HandOverReason::Unsure, text.to_owned(), draft);
    };
    let mut reasons = vec!["reschedules"];
    let Some(date) = draft.date else {
        let lead = format!("Your booking is on {}.", when(booking));
        return ask(talk, draft, Wanted::Date, lead, reasons);
    };
    let same_time = booking["slot"]
        .as_str()
        .and_then(|slot| Slot::parse(slot).ok());
    let free = match look_up(talk, &draft, date) {
        Ok(free) => free,
        Err(call) => return *call,
    };
    if free.is_empty() {
        return offer_another_day(talk, draft, date, reasons);
    }
    let wanted = draft.slot.or(same_time.filter(|slot| free.contains(slot)));
    let Some(slot) = wanted.filter(|slot| free.contains(slot)) else {
        draft.slot = None;
        draft.offer(&free);
        let lead = format!("{}:", texts::day(date));
        return ask(talk, draft, Wanted::Time, lead, reasons);
    };
    let call = ToolCall {
        tool: "reschedule_booking",
        arguments: json!({
            "booking_id": booking["booking_id"],
            "booking_date": date.to_string(),
            "booking_slot": slot.to_string(),
        }),
    };
    let there = format!("{} at {}", texts::day(date), texts::time(slot));
    match talk.answer_to(&call) {
        None => Move::Use(call),
        Some(ToolAnswer::Done(_)) => {
            reasons.push("rescheduled");
            let text = format!("Done! Your booking has moved to {there}.");
            say(text, reasons, Draft::default())
        }
        Some(ToolAnswer::Proposed(_)) => {
            reasons.push("would-reschedule");
            say(
                format!("We can move your booking to {there}."),
                reasons,
                draft,
            )
        }
        Some(ToolAnswer::Refused {
            code, alternatives, ..
        }) if code == "slot-unavailable" => offer_alternatives(talk, draft, alternatives, reasons),
        Some(ToolAnswer::Refused { .. }) => unsure(draft),
    }
}

/// A person has to agree, whoever's booking it is; the tool asks one.
pub(super) fn cancel(talk: &Talk<'_>, draft: Draft) -> Move {
    let bookings = match own_bookings(talk) {
        Ok(bookings) => bookings,
        Err(call) => return *call,
    };
    let passed_on = |draft| {
        let text = "I have passed on that you want to cancel. A colleague will confirm it here.";
        hand_over(HandOverReason::NeedsApproval, text.to_owned(), draft)
    };
    let [booking] = bookings.as_slice() else {
        return passed_on(draft);
    };
    let call = ToolCall {
        tool: "cancel_booking",
        arguments: json!({ "booking_id": booking["booking_id"] }),
    };
    let there = when(booking);
    match talk.answer_to(&call) {
        None => Move::Use(call),
        Some(ToolAnswer::Proposed(_)) => {
            let text = format!(
                "I have asked a colleague to cancel your booking on {there}. You will hear from us here."
            );
            hand_over(HandOverReason::NeedsApproval, text, draft)
        }
        Some(ToolAnswer::Done(_)) => {
            let text = format!("Your booking on {there} is cancelled.");
            say(text, vec!["cancelled"], Draft::default())
        }
        Some(ToolAnswer::Refused { .. }) => passed_on(draft),
    }
}
