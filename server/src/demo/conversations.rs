//! What the demo's customers write and what they are answered: threads over every channel, most of them closed, the newest
//! still waiting for somebody.

use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::businesses::Business;
use super::calendars::Calendar;
use super::deeds::{Deed, Story, reference};
use super::people::{Person, phone};
use super::seeds::Seeds;

/// Keeps these stories from being drawn from the same numbers as the others, which stay as they are.
const OWN_SEED: u64 = 0x0c04_7e25_a710_4e5d;
/// How many of a hundred customers have ever written.
const WRITE_PERCENT: usize = 40;
/// Threads of the last day, which are not settled yet.
const FRESH_THREADS: usize = 7;
/// Strangers who wrote of late.
const STRANGERS: usize = 3;
/// Numbers of strangers are counted from the end, those of customers from the beginning.
const NUMBERS_PER_AREA_CODE: usize = 100;
/// The desk that most threads are assigned to.
const DESK: &str = "front-desk";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Customer,
    Person,
    Ai,
    /// A person, to the others.
    Note,
}

use Who::{Ai, Customer, Note, Person as Us};

/// One conversation as it goes when nothing comes in between.
struct Script {
    channel: &'static str,
    subject: Option<&'static str>,
    lines: &'static [(Who, &'static str)],
}

const SCRIPTS: [Script; 8] = [
    Script {
        channel: "sms",
        subject: None,
        lines: &[
            (Customer, "Hi! Do you bring the grill or do we need one?"),
            (
                Us,
                "We bring everything: grill, food, plates and the chef. You only need a bit of space outside.",
            ),
            (Customer, "Perfect, we have a patio. Thank you!"),
        ],
    },
    Script {
        channel: "sms",
        subject: None,
        lines: &[
            (Customer, "Can we add two more adults for Saturday?"),
            (Note, "Kitchen says two more is fine until Thursday noon."),
            (
                Us,
                "Of course. I have put two more on your booking, the new total is in your e-mail.",
            ),
            (Customer, "You are the best"),
        ],
    },
    Script {
        channel: "email",
        subject: Some("Nut allergy"),
        lines: &[
            (
                Customer,
                "Hello,\n\none of our guests is allergic to peanuts and cashews. Is anything on the menu a problem?\n\nThank you",
            ),
            (
                Us,
                "Hello,\n\nnone of our sauces hold nuts, and we cook in soybean oil. The chef will be told, and brings a separate pan.\n\nSee you soon",
            ),
            (Customer, "That is a relief. See you then!"),
        ],
    },
    Script {
        channel: "email",
        subject: Some("Invoice for the office party"),
        lines: &[
            (
                Customer,
                "Could you send the invoice to our bookkeeping with the company's name on it?",
            ),
            (Note, "Name of the company is in the booking notes."),
            (
                Us,
                "Done. The new one has the company's name and your reference.",
            ),
        ],
    },
    Script {
        channel: "web_chat",
        subject: None,
        lines: &[
            (Customer, "How many people do you need at least?"),
            (
                Ai,
                "There is a minimum total rather than a minimum of guests. Ten adults reach it.",
            ),
            (Customer, "And kids?"),
            (
                Ai,
                "Kids under twelve pay less, and they count towards the minimum as well.",
            ),
            (Customer, "Great, I will book then"),
        ],
    },
    Script {
        channel: "web_chat",
        subject: None,
        lines: &[
            (
                Customer,
                "Is somebody there? I would like to talk to a person",
            ),
            (Ai, "I have asked a colleague to join. One moment, please."),
            (Us, "Hello, I am here. What can I do for you?"),
            (
                Customer,
                "We want a surprise dessert for a birthday, can the chef light it?",
            ),
            (Us, "He can, and he will love it. I have made a note of it."),
        ],
    },
    Script {
        channel: "sms",
        subject: None,
        lines: &[
            (Customer, "We are running thirty minutes late, is that ok?"),
            (Us, "No worries, the chef will set up meanwhile."),
            (Customer, "Thanks!!"),
        ],
    },
    Script {
        channel: "whatsapp",
        subject: None,
        lines: &[
            (Customer, "Do you also come on a Monday?"),
            (Us, "On most Mondays, yes. Which one do you have in mind?"),
            (Customer, "The first one of next month"),
            (Us, "That one is free. Shall I hold it for you for a day?"),
        ],
    },
];

/// What strangers ask first.
const QUESTIONS: [&str; STRANGERS] = [
    "Hi, what does a party for 15 cost?",
    "Are you free on the last Saturday of the month?",
    "Do you have vegetarian options?",
];

/// A customer of the history, and since when.
pub(super) struct Acquaintance<'a> {
    pub number: usize,
    pub person: &'a Person,
    pub since: OffsetDateTime,
}

struct Talk<'a> {
    business: &'static Business,
    calendar: &'a Calendar,
    seeds: Seeds,
    deeds: Vec<Deed>,
}

/// Every thread of the history. A thread begins the day after its customer is known at the earliest, since lanes of one
/// day are told side by side.
pub(super) fn plan(
    business: &'static Business,
    calendar: &Calendar,
    acquaintances: &[Acquaintance<'_>],
) -> Vec<Deed> {
    let mut talk = Talk {
        business,
        calendar,
        seeds: Seeds::new(business.seed ^ OWN_SEED),
        deeds: Vec::new(),
    };
    let long_known = |one: &&Acquaintance<'_>| calendar.day_of(one.since) < -1;
    let known: Vec<_> = acquaintances.iter().filter(long_known).collect();
    let (older, newest) = known.split_at(known.len().saturating_sub(FRESH_THREADS));
    for one in older {
        if talk.seeds.chance(WRITE_PERCENT) {
            talk.settled(one);
        }
    }
    for (place, one) in newest.iter().enumerate() {
        talk.fresh(place, one);
    }
    for number in 0..STRANGERS {
        talk.stranger(number);
    }
    talk.deeds
}

impl Talk<'_> {
    /// A thread that has come to its end.
    fn settled(&mut self, one: &Acquaintance<'_>) {
        let first_day = self.calendar.day_of(one.since) + 1;
        let day = self.seeds.between(first_day, -1);
        let minute = self.seeds.between(9 * 60, 18 * 60);
        let at = self.calendar.moment(day, minute);
        let script = self.seeds.below(SCRIPTS.len());
        let (mut story, ended_at) = self.tell(one, &SCRIPTS[script], (at, usize::MAX));
        let thread = thread(one.number);
        let id = json!({ "thread_id": thread });
        let read_at = ended_at + Duration::minutes(11);
        story.then(read_at, "mark-thread-read", id.clone());
        story.then(ended_at + Duration::minutes(12), "close-thread", id);
        self.deeds.extend(story.deeds);
    }

    /// A thread of the last day: somebody still has to answer, or to come back to it.
    fn fresh(&mut self, place: usize, one: &Acquaintance<'_>) {
        let script = &SCRIPTS[place % SCRIPTS.len()];
        let at = self.calendar.anchor - Duration::minutes(self.seeds.between(150, 20 * 60));
        let lines = 1 + self.seeds.below(3);
        let (mut story, ended_at) = self.tell(one, script, (at, lines));
        let thread = thread(one.number);
        let next = ended_at + Duration::minutes(3);
        if !place.is_multiple_of(3) {
            let assign = json!({ "thread_id": thread, "assignee": DESK });
            story.then(next, "assign-thread", assign);
        }
        match place % 4 {
            2 => {
                let until = self.calendar.moment(7, 9 * 60);
                if let Ok(until) = until.format(&Rfc3339) {
                    let snooze = json!({ "thread_id": thread, "until": until });
                    story.then(next + Duration::minutes(1), "snooze-thread", snooze);
                }
            }
            3 => {
                let mode = json!({ "thread_id": thread, "ai_mode": "suggest" });
                story.then(next + Duration::minutes(1), "set-ai-mode", mode);
            }
            _ => {}
        }
        self.deeds.extend(story.deeds);
    }

    /// Somebody nobody knows: a number, and a question.
    fn stranger(&mut self, number: usize) {
        let numbers = self.business.area_codes.len() * NUMBERS_PER_AREA_CODE;
        let from = phone(self.business, numbers - 2 - number);
        let at = self.calendar.anchor - Duration::minutes(self.seeds.between(5, 200));
        let mut story = Story::new(format!("stranger-{number}"));
        let body = json!({ "channel": "sms", "from": from, "content": QUESTIONS[number] });
        story.then(at, "receive-message", body);
        self.deeds.extend(story.deeds);
    }

    /// The first lines of a script from `at` on; answers when the last was said.
    fn tell(
        &mut self,
        one: &Acquaintance<'_>,
        script: &Script,
        (at, lines): (OffsetDateTime, usize),
    ) -> (Story, OffsetDateTime) {
        let mut story = Story::new(format!("talk-{}", one.number));
        let mut at = at;
        for (place, (who, text)) in script.lines.iter().take(lines).enumerate() {
            if place > 0 {
                at += Duration::minutes(match who {
                    Customer => self.seeds.between(1, 40),
                    Us => self.seeds.between(2, 35),
                    Ai => 1,
                    Note => self.seeds.between(1, 6),
                });
            }
            match who {
                Customer => receive(&mut story, at, one, (script, text)),
                Note => {
                    let note = json!({ "thread_id": thread(one.number), "text": text });
                    story.then(at, "add-thread-note", note);
                }
                Us => send(&mut story, (at, place), one, (script, "human", DESK, text)),
                Ai => send(
                    &mut story,
                    (at, place),
                    one,
                    (script, "ai", "ai_system", text),
                ),
            }
        }
        (story, at)
    }
}

fn thread(number: usize) -> String {
    reference(&format!("thread-{number}"))
}

fn receive(
    story: &mut Story,
    at: OffsetDateTime,
    one: &Acquaintance<'_>,
    (script, text): (&Script, &str),
) {
    let person = one.person;
    let mut body = json!({ "channel": script.channel, "content": text });
    let from = match script.channel {
        "email" => person.email.clone(),
        "web_chat" => format!("visitor-{}", one.number),
        _ => person.phone.clone(),
    };
    body["from"] = from.into();
    if let Some(subject) = script.subject {
        body["subject"] = subject.into();
    }
    if script.channel == "web_chat" {
        body["name"] = person.first_name.into();
        body["email"] = person.email.clone().into();
    }
    let name = format!("thread-{}", one.number);
    story.then_naming(at, "receive-message", body, &[("/thread_id", &name)]);
}

/// What we write, and that it has arrived: history is told without a relay.
fn send(
    story: &mut Story,
    (at, place): (OffsetDateTime, usize),
    one: &Acquaintance<'_>,
    (script, sender_type, sender_id, text): (&Script, &str, &str, &str),
) {
    let thread = thread(one.number);
    let body = json!({
        "thread_id": thread,
        "content": text,
        "sender_type": sender_type,
        "sender_id": sender_id,
    });
    let name = format!("message-{}-{place}", one.number);
    story.then_naming(at, "send-message", body, &[("/message_id", &name)]);
    let message = reference(&name);
    let report = |status: &str| -> Value {
        json!({ "thread_id": thread, "message_id": message, "status": status })
    };
    let soon = at + Duration::seconds(2);
    story.then(soon, "record-message-status", report("sent"));
    if script.channel != "email" {
        let arrived = at + Duration::seconds(5);
        story.then(arrived, "record-message-status", report("delivered"));
    }
}
