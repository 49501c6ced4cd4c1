//! The conversation as it goes, with the tools' answers played by the test.

use serde_json::json;

use super::{KnownPerson, Move, Talk, ToolAnswer, Used, next};
use crate::assistant_runs::HandOverReason;
use crate::booking_talk::draft::Draft;
use crate::slots::{Slot, parse_date};
use crate::tenants::price_book::PriceBook;
use crate::tenants::settings::{Settings, ZoneArea};
use crate::values::ServiceZone;

/// What is free on every day.
const FREE: [&str; 2] = ["15:00", "18:00"];

struct Table {
    settings: Settings,
    price_book: PriceBook,
    known: KnownPerson,
    draft: Draft,
    bookings: serde_json::Value,
    used: Vec<String>,
}

impl Table {
    fn new() -> Self {
        let settings = Settings {
            slots: ["12:00", "15:00", "18:00"]
                .map(|slot| Slot::parse(slot).unwrap())
                .to_vec(),
            zones: vec![ZoneArea {
                zone: ServiceZone::parse("downtown").unwrap(),
                postcodes: vec!["900*".to_owned()],
            }],
            ..Settings::default()
        };
        let price_book = PriceBook {
            adult_minor: 5_500,
            kid_minor: 3_000,
            minimum_total_minor: 55_000,
            deposit_minor: 10_000,
            ..PriceBook::default()
        };
        Self {
            settings,
            price_book,
            known: KnownPerson::default(),
            draft: Draft::default(),
            bookings: json!([]),
            used: Vec::new(),
        }
    }

    /// Says something; answers what comes back once every tool has been used.
    fn say(&mut self, text: &str) -> (String, Option<HandOverReason>) {
        let heard = [text.to_owned()];
        let mut results: Vec<Used> = Vec::new();
        for _ in 0..12 {
            let talk = Talk {
                business: "Fire & Rice",
                settings: &self.settings,
                price_book: Some(&self.price_book),
                today: parse_date("2026-03-11").unwrap(),
                heard: &heard,
                draft: self.draft.clone(),
                known: self.known.clone(),
                results: &results,
            };
            match next(&talk) {
                Move::Use(call) => {
                    self.used.push(call.tool.to_owned());
                    let answer = match call.tool {
                        "check_availability" => ToolAnswer::Done(json!({ "slots": FREE })),
                        "list_bookings" => ToolAnswer::Done(json!({ "bookings": self.bookings })),
                        "create_booking" => ToolAnswer::Done(
                            json!({ "status": "deposit_pending", "total_due": "$550.00", "deposit_due": "$100.00" }),
                        ),
                        _ => ToolAnswer::Done(json!({})),
                    };
                    results.push(Used { call, answer });
                }
                Move::Say(reply) => {
                    self.draft = reply.draft;
                    return (reply.text, None);
                }
                Move::HandOver { reason, reply } => return (reply.text, Some(reason)),
            }
        }
        panic!("{text:?} never comes to an end");
    }
}

#[test]
fn a_booking_is_made_out_of_what_is_said() {
    let mut table = Table::new();
    let (answer, _) = table.say("We are 10 adults next Saturday at 6pm in 90012");
    assert!(
        answer.contains("Saturday, March 21 at 6:00 PM is free"),
        "{answer}"
    );
    assert!(answer.contains("address"), "{answer}");
    let (answer, _) = table.say("12 Main St, Los Angeles 90012");
    assert!(
        answer.contains("name, e-mail address and phone"),
        "{answer}"
    );
    let (answer, _) = table.say("Ada Lovelace, ada@example.org, 213 555 0142");
    assert!(
        answer.contains("Done!") && answer.contains("$100.00"),
        "{answer}"
    );
    assert!(table.used.contains(&"create_booking".to_owned()));
    assert_eq!(table.draft, Draft::default());
}

#[test]
fn what_is_missing_is_asked_for_one_after_the_other() {
    let mut table = Table::new();
    table.known.phone = Some("+12135550142".to_owned());
    let (answer, _) = table.say("Hi there");
    assert!(answer.contains("which day"), "{answer}");
    let (answer, _) = table.say("friday");
    assert!(answer.contains("3:00 PM or 6:00 PM"), "{answer}");
    let (answer, _) = table.say("8pm");
    assert!(answer.contains("nobody free at 8:00 PM"), "{answer}");
    let (answer, _) = table.say("ok 6");
    assert!(answer.contains("How many adults"), "{answer}");
    let (answer, _) = table.say("12 and no kids");
    assert!(answer.contains("address"), "{answer}");
    let (answer, _) = table.say("It's 9 Elm Ave, 90015");
    assert!(
        answer.contains("name") && !answer.contains("phone"),
        "{answer}"
    );
    let (answer, _) = table.say("my name is Bo Li");
    assert!(
        answer.contains("e-mail") && !answer.contains("name and"),
        "{answer}"
    );
    let (answer, _) = table.say("bo@example.org");
    assert!(
        answer.starts_with("Done! Friday, March 13 at 6:00 PM for 12 adults"),
        "{answer}"
    );
}

#[test]
fn the_price_is_told_in_the_middle_of_it() {
    let mut table = Table::new();
    let (answer, _) = table.say("How much is it?");
    assert!(answer.contains("$55.00 per adult"), "{answer}");
    let (answer, _) = table.say("and for 12 adults and 2 kids on Friday, how much?");
    assert!(
        answer.contains("12 adults and 2 kids it is $720.00"),
        "{answer}"
    );
}

#[test]
fn what_needs_a_person_is_left_to_one() {
    for (text, reason) in [
        ("I want to cancel", HandOverReason::NeedsApproval),
        ("can I talk to a person", HandOverReason::AskedFor),
        ("this is ridiculous!!", HandOverReason::Upset),
        ("Do you have vegan options?", HandOverReason::Unsure),
        ("lorem ipsum", HandOverReason::Unsure),
        ("Are we confirmed?", HandOverReason::Unsure),
    ] {
        assert_eq!(Table::new().say(text).1, Some(reason), "{text}");
    }
    let mut table = Table::new();
    table.say("I want to book for Friday");
    assert_eq!(table.say("hmm blue").1, None);
    assert_eq!(table.say("purple").1, Some(HandOverReason::Unsure));
}

#[test]
fn ones_own_booking_is_told_of_and_moved() {
    let mut table = Table::new();
    table.bookings = json!([{ "booking_id": "b", "status": "deposit_pending", "date": "2026-03-14", "slot": "18:00",
        "guests": 10, "total": "$550.00", "balance": "$550.00", "deposit_due": "$100.00", "payment_link": "https://pay.example/1" }]);
    let (answer, _) = table.say("Where do I pay?");
    assert!(answer.contains("https://pay.example/1"), "{answer}");
    let (answer, _) = table.say("Can we move our booking from Saturday to Sunday?");
    assert!(
        answer.contains("moved to Sunday, March 15 at 6:00 PM"),
        "{answer}"
    );
    let (answer, _) = table.say("please reschedule");
    assert!(answer.contains("Which day"), "{answer}");
    let (answer, _) = table.say("Monday at 3");
    assert!(
        answer.contains("moved to Monday, March 16 at 3:00 PM"),
        "{answer}"
    );
}

#[test]
fn the_same_words_lead_to_the_same_answer() {
    let answers: Vec<_> = (0..2)
        .map(|_| Table::new().say("10 people on Friday"))
        .collect();
    assert_eq!(answers[0], answers[1]);
}
