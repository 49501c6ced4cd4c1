//! The booking itself: made once everything is known, and what is said when it cannot be.

use serde_json::{Value, json};

use super::draft::{Draft, Wanted};
use super::plan::{MAX_MISSES, ask, heads, say, unsure};
use super::{Move, Talk, ToolAnswer, ToolCall, texts};
use crate::slots::{Slot, parse_date};

pub(super) fn create(talk: &Talk<'_>, draft: Draft, mut reasons: Vec<&'static str>) -> Move {
    let call = ToolCall {
        tool: "create_booking",
        arguments: json!({
            "customer_first_name": draft.first_name,
            "customer_last_name": draft.last_name,
            "customer_email": draft.email,
            "customer_phone": talk.known.phone.clone().or(draft.phone.clone()),
            "booking_date": draft.date.map(|date| date.to_string()),
            "booking_slot": draft.slot.map(|slot| slot.to_string()),
            "address": draft.address,
            "party_adults": draft.adults,
            "party_kids": draft.kids.unwrap_or(0),
        }),
    };
    match talk.answer_to(&call) {
        None => Move::Use(call),
        Some(ToolAnswer::Done(made)) => {
            reasons.push("books");
            say(
                confirmation(&draft, made, "Done!"),
                reasons,
                Draft::default(),
            )
        }
        Some(ToolAnswer::Proposed(made)) => {
            reasons.push("would-book");
            say(
                confirmation(&draft, made, "We can do that:"),
                reasons,
                draft,
            )
        }
        Some(ToolAnswer::Refused {
            code,
            fields,
            alternatives,
        }) => {
            reasons.push("booking-refused");
            match code.as_str() {
                "slot-unavailable" => offer_alternatives(talk, draft, alternatives, reasons),
                _ => ask_for_what_is_wrong(talk, draft, fields, reasons),
            }
        }
    }
}

/// What was refused is asked for again, and then left to a person.
fn ask_for_what_is_wrong(
    talk: &Talk<'_>,
    mut draft: Draft,
    fields: &[String],
    reasons: Vec<&'static str>,
) -> Move {
    let wrong = |name: &str| fields.iter().any(|field| field.contains(name));
    draft.misses = draft.misses.saturating_add(1);
    let (wanted, lead) = if wrong("email") {
        draft.email = None;
        (Wanted::Contact, "That e-mail address does not work.")
    } else if wrong("phone") && talk.known.phone.is_none() {
        draft.phone = None;
        (Wanted::Contact, "That phone number does not work.")
    } else if wrong("zone") || wrong("address") {
        draft.address = None;
        (
            Wanted::Address,
            "I cannot place that address in the area we serve.",
        )
    } else if wrong("party") {
        draft.adults = None;
        (Wanted::Party, "We cannot come to a party of that size.")
    } else if wrong("date") || wrong("slot") {
        (draft.date, draft.slot) = (None, None);
        (Wanted::Date, "That day does not work.")
    } else {
        return unsure(draft);
    };
    if draft.misses >= MAX_MISSES {
        return unsure(draft);
    }
    ask(talk, draft, wanted, lead.to_owned(), reasons)
}

fn confirmation(draft: &Draft, made: &Value, begins: &str) -> String {
    let text = |name: &str| made[name].as_str().unwrap_or_default();
    let day = draft.date.map(texts::day).unwrap_or_default();
    let time = draft.slot.map(texts::time).unwrap_or_default();
    let mut said = format!(
        "{begins} {day} at {time} for {}, {}. Total {}.",
        heads(draft),
        draft.address.as_deref().unwrap_or_default(),
        text("total_due")
    );
    if text("status") == "deposit_pending" {
        said.push_str(&format!(
            " A deposit of {} holds the date; the payment link follows here and by e-mail.",
            text("deposit_due")
        ));
    }
    said.push_str(" Tell me if anything is wrong.");
    said
}

/// What a refusal offers, by its own words.
pub(super) fn offer_alternatives(
    talk: &Talk<'_>,
    mut draft: Draft,
    alternatives: &[Value],
    mut reasons: Vec<&'static str>,
) -> Move {
    reasons.push("offers-alternatives");
    let offers: Vec<String> = alternatives
        .iter()
        .filter_map(|offer| {
            let date = parse_date(offer["date"].as_str()?).ok()?;
            let slot = Slot::parse(offer["slot"].as_str()?).ok()?;
            Some(format!("{} at {}", texts::day(date), texts::time(slot)))
        })
        .take(3)
        .collect();
    draft.slot = None;
    draft.asked = Some(Wanted::Time);
    let text = match offers.as_slice() {
        [] => {
            draft.date = None;
            return ask(
                talk,
                draft,
                Wanted::Date,
                "That time has just gone.".to_owned(),
                reasons,
            );
        }
        offers => format!(
            "That time is not free. We could come {}. Which suits you?",
            offers.join(", or ")
        ),
    };
    say(text, reasons, draft)
}
