//! What follows from a draft: look up, ask, book, move, answer, or leave it to a person.

use serde_json::{Value, json};
use time::Duration;

use super::draft::{Draft, Flow, Heard, Wanted};
use super::intents::Intent;
use super::making::create;
use super::own::{cancel, reschedule, tell_of_bookings};
use super::texts::{self, Known};
use super::{Move, Reply, Talk, ToolAnswer, ToolCall};
use crate::assistant_runs::HandOverReason;
use crate::slots::Slot;
use crate::values::{Party, ServiceZone};

/// Days after a full one that are looked at.
const DAYS_LOOKED_AHEAD: i64 = 3;
/// Answers in a row that tell nothing before a person takes over.
pub(super) const MAX_MISSES: u8 = 2;

pub(super) fn next(talk: &Talk<'_>, mut draft: Draft, heard: &Heard) -> Move {
    if let Some(given_up) = leave_to_a_person(talk, &draft, heard) {
        return given_up;
    }
    if heard.wants(Intent::Cancel) {
        return cancel(talk, draft);
    }
    if heard.wants(Intent::Status) || heard.wants(Intent::PaymentLink) {
        return tell_of_bookings(talk, draft, heard);
    }
    if heard.tells {
        draft.misses = 0;
    }
    match draft.flow {
        Some(Flow::Reschedule) => reschedule(talk, draft),
        Some(Flow::Book) => {
            let is_lost = !heard.tells && !talks_of_booking(heard);
            if is_lost {
                return ask_again(talk, draft, heard);
            }
            let prices = heard
                .wants(Intent::Price)
                .then(|| price(talk, &draft))
                .flatten();
            book(talk, draft, prices)
        }
        None => without_a_flow(talk, draft, heard),
    }
}

fn talks_of_booking(heard: &Heard) -> bool {
    [Intent::Book, Intent::Price, Intent::Greeting]
        .iter()
        .any(|intent| heard.wants(*intent))
}

fn leave_to_a_person(talk: &Talk<'_>, draft: &Draft, heard: &Heard) -> Option<Move> {
    let business = talk.business;
    let table = [
        (
            Intent::Upset,
            HandOverReason::Upset,
            "I am sorry about that. A colleague will look at it and answer you here.".to_owned(),
        ),
        (
            Intent::Person,
            HandOverReason::AskedFor,
            format!("Of course. Somebody of {business} will answer you here."),
        ),
        (
            Intent::Refund,
            HandOverReason::NeedsApproval,
            "A colleague has to look at that and will answer you here.".to_owned(),
        ),
    ];
    let (_, reason, text) = table
        .into_iter()
        .find(|(intent, ..)| heard.wants(*intent))?;
    Some(hand_over(reason, text, draft.clone()))
}

fn without_a_flow(talk: &Talk<'_>, mut draft: Draft, heard: &Heard) -> Move {
    if heard.wants(Intent::Price)
        && let Some(prices) = price(talk, &draft)
    {
        draft.asked = Some(Wanted::Date);
        let text = format!("{prices} Which day are you thinking of?");
        return say(text, vec!["asks-for-price"], draft);
    }
    if heard.wants(Intent::Question) {
        return unsure(draft);
    }
    if heard.wants(Intent::Thanks) || heard.wants(Intent::No) {
        let text = "You are welcome. Write here whenever you need us.".to_owned();
        return say(text, vec!["says-thanks"], draft);
    }
    if heard.wants(Intent::Greeting) {
        draft.asked = Some(Wanted::Date);
        let text = format!(
            "Hi, this is {}. I can book a chef for you: which day, what time and how many people?",
            talk.business
        );
        return say(text, vec!["greets"], draft);
    }
    unsure(draft)
}

/// What was not understood is asked once more, and then left to a person.
fn ask_again(talk: &Talk<'_>, mut draft: Draft, heard: &Heard) -> Move {
    if heard.wants(Intent::Thanks) {
        return say("You are welcome.".to_owned(), vec!["says-thanks"], draft);
    }
    draft.misses = draft.misses.saturating_add(1);
    match draft.asked.filter(|_| !heard.wants(Intent::Question)) {
        Some(wanted) if draft.misses < MAX_MISSES => {
            let question = texts::question(wanted, &draft, known(talk));
            let text = format!("Sorry, I did not get that. {question}");
            say(text, vec!["not-understood"], draft)
        }
        _ => unsure(draft),
    }
}

pub(super) fn unsure(draft: Draft) -> Move {
    let text = "I would rather have a colleague answer that. They will write to you here.";
    hand_over(HandOverReason::Unsure, text.to_owned(), draft)
}

fn price(talk: &Talk<'_>, draft: &Draft) -> Option<String> {
    let book = talk.price_book?;
    let currency = &talk.settings.currency;
    let adults = draft.adults;
    let party = adults.and_then(|adults| Party::new(adults, draft.kids.unwrap_or(0)).ok());
    let zone = zone(talk, draft).unwrap_or_default();
    let priced = party.and_then(|party| book.price(party, &[], &zone, currency).ok());
    match priced {
        Some(price) => Some(format!(
            "For {} it is {}; a deposit of {} holds the date.",
            heads(draft),
            price.total,
            price.deposit
        )),
        None => Some(texts::prices(book, currency)),
    }
}

pub(super) fn heads(draft: &Draft) -> String {
    let count = |number: u16, one: &str, many: &str| match number {
        1 => format!("1 {one}"),
        number => format!("{number} {many}"),
    };
    let adults = count(draft.adults.unwrap_or(0), "adult", "adults");
    match draft.kids.unwrap_or(0) {
        0 => adults,
        kids => format!("{adults} and {}", count(kids, "kid", "kids")),
    }
}

fn zone(talk: &Talk<'_>, draft: &Draft) -> Option<ServiceZone> {
    let settings = talk.settings;
    let address = draft.address.as_deref();
    let of_address = address.and_then(|address| settings.zone_of_address(address));
    let of_postcode = || settings.zone_of(draft.postcode.as_deref()?);
    of_address.or_else(of_postcode).cloned()
}

fn known(talk: &Talk<'_>) -> Known {
    match talk.known.phone {
        Some(_) => Known::Phone,
        None => Known::NoPhone,
    }
}

/// The booking: the day and time first, for nothing else matters when those are gone.
fn book(talk: &Talk<'_>, mut draft: Draft, lead: Option<String>) -> Move {
    let known_person = talk.known.clone();
    draft.first_name = known_person.first_name.or(draft.first_name.take());
    draft.last_name = known_person.last_name.or(draft.last_name.take());
    draft.email = known_person.email.or(draft.email.take());
    let mut reasons = Vec::new();
    reasons.extend(lead.is_some().then_some("asks-for-price"));
    let mut lead = lead.unwrap_or_default();
    let Some(date) = draft.date else {
        return ask(talk, draft, Wanted::Date, lead, reasons);
    };
    let free = match look_up(talk, &draft, date) {
        Ok(free) => free,
        Err(call) => return *call,
    };
    if free.is_empty() {
        return offer_another_day(talk, draft, date, reasons);
    }
    match draft.slot {
        Some(slot) if free.contains(&slot) => reasons.push("slot-free"),
        wanted => {
            reasons.push(if wanted.is_some() {
                "slot-taken"
            } else {
                "asks-for-time"
            });
            if let Some(slot) = wanted {
                lead.push_str(&format!(
                    " We have nobody free at {} that day.",
                    texts::time(slot)
                ));
            }
            draft.slot = None;
            draft.offer(&free);
            let day = format!("{} {}:", lead.trim(), texts::day(date));
            return ask(talk, draft, Wanted::Time, day.trim().to_owned(), reasons);
        }
    }
    let missing = [
        (draft.adults.is_none(), Wanted::Party, "asks-for-party"),
        (draft.address.is_none(), Wanted::Address, "asks-for-address"),
        (
            draft.lacks_name()
                || draft.email.is_none()
                || (draft.phone.is_none() && talk.known.phone.is_none()),
            Wanted::Contact,
            "asks-for-contact",
        ),
    ];
    if let Some((_, wanted, reason)) = missing.into_iter().find(|(is_missing, ..)| *is_missing) {
        reasons.push(reason);
        if lead.is_empty()
            && draft
                .asked
                .is_none_or(|asked| matches!(asked, Wanted::Date | Wanted::Time))
        {
            let when = draft.slot.map(texts::time).unwrap_or_default();
            lead = format!("{} at {when} is free.", texts::day(date));
        }
        return ask(talk, draft, wanted, lead, reasons);
    }
    create(talk, draft, reasons)
}

pub(super) fn ask(
    talk: &Talk<'_>,
    mut draft: Draft,
    wanted: Wanted,
    lead: String,
    mut reasons: Vec<&'static str>,
) -> Move {
    let question = texts::question(wanted, &draft, known(talk));
    draft.asked = Some(wanted);
    if wanted == Wanted::Date {
        reasons.push("asks-for-date");
    }
    let text = format!("{} {question}", lead.trim());
    say(text.trim().to_owned(), reasons, draft)
}

/// The free slots of a day, or the call that asks for them.
pub(super) fn look_up(
    talk: &Talk<'_>,
    draft: &Draft,
    date: time::Date,
) -> Result<Vec<Slot>, Box<Move>> {
    let mut arguments = json!({ "date": date.to_string() });
    if let Some(zone) = zone(talk, draft) {
        arguments["zone"] = zone.as_str().into();
    }
    let call = ToolCall {
        tool: "check_availability",
        arguments,
    };
    match talk.answer_to(&call) {
        None => Err(Box::new(Move::Use(call))),
        Some(ToolAnswer::Done(found) | ToolAnswer::Proposed(found)) => {
            let slots = found["slots"].as_array();
            let parsed = slots.into_iter().flatten().filter_map(Value::as_str);
            Ok(parsed.filter_map(|slot| Slot::parse(slot).ok()).collect())
        }
        // A day that cannot be looked at is a day without slots.
        Some(ToolAnswer::Refused { .. }) => Ok(Vec::new()),
    }
}

pub(super) fn offer_another_day(
    talk: &Talk<'_>,
    mut draft: Draft,
    full: time::Date,
    mut reasons: Vec<&'static str>,
) -> Move {
    reasons.push("day-full");
    let mut others = Vec::new();
    for ahead in 1..=DAYS_LOOKED_AHEAD {
        let date = full + Duration::days(ahead);
        match look_up(talk, &draft, date) {
            Err(call) => return *call,
            Ok(free) if free.is_empty() => {}
            Ok(free) => others.push(format!("{} at {}", texts::day(date), texts::times(&free))),
        }
    }
    (draft.date, draft.asked) = (None, Some(Wanted::Date));
    let full = texts::day(full);
    let text = match others.as_slice() {
        [] => format!(
            "We have nobody free on {full} or in the days after. Which other day would suit you?"
        ),
        others => format!(
            "We have nobody free on {full}. We could come on {}. Which would suit you?",
            others.join(", or on ")
        ),
    };
    say(text, reasons, draft)
}

pub(super) fn say(text: String, reasons: Vec<&'static str>, draft: Draft) -> Move {
    Move::Say(Reply {
        text,
        reasons,
        draft,
    })
}

pub(super) fn hand_over(reason: HandOverReason, text: String, draft: Draft) -> Move {
    Move::HandOver {
        reason,
        reply: Reply {
            text,
            reasons: Vec::new(),
            draft,
        },
    }
}
