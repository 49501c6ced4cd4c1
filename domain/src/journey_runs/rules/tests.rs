//! How a run goes on, told as given events, a command, and the events or the refusal that follow.

use cqrs_es::Aggregate;
use time::macros::datetime;

use super::super::{Began, Happened, Waiting};
use super::*;
use crate::effects::{Call, Timer};
use crate::ids::{BookingId, CustomerId, WebhookEndpointId};
use crate::noun::Noun;

const NOW: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

fn began() -> Box<Began> {
    Box::new(Began {
        journey: "reminder".to_owned(),
        version: 1,
        customer_id: CustomerId::new("ada"),
        booking_id: Some(BookingId::new("party")),
        thread_id: None,
        trigger: Some(Happened {
            event_type: "BookingConfirmed".to_owned(),
            aggregate_type: "booking".to_owned(),
            aggregate_id: "party".to_owned(),
            sequence: 2,
        }),
        first: "1".to_owned(),
        at: NOW,
    })
}

fn run(commands: Vec<JourneyRunCommand>) -> JourneyRun {
    let mut run = JourneyRun::default();
    let all = [JourneyRunCommand::Begin(began())]
        .into_iter()
        .chain(commands);
    for command in all {
        for event in run.decide(command).unwrap() {
            run.apply(event);
        }
    }
    run
}

fn advance_to(turn: u32, then: Then) -> JourneyRunCommand {
    JourneyRunCommand::Advance {
        turn,
        turned: Vec::new(),
        then,
        at: NOW,
    }
}

fn wait(turn: u32, event: Option<&str>) -> JourneyRunCommand {
    let waiting = Waiting {
        until: NOW + Duration::hours(2),
        event: event.map(str::to_owned),
    };
    let step = "1".to_owned();
    advance_to(turn, Then::Wait { step, waiting })
}

fn hear(event_type: &str, ends: bool) -> JourneyRunCommand {
    JourneyRunCommand::Hear {
        event_type: event_type.to_owned(),
        ends,
        next: Some("2".to_owned()),
        at: NOW,
    }
}

#[test]
fn told_twice_of_one_event_it_begins_once() {
    let known = run(Vec::new());
    assert_eq!(
        known.decide(JourneyRunCommand::Begin(began())),
        Ok(Vec::new())
    );
}

#[test]
fn a_timer_of_another_turn_decides_nothing() {
    let waiting = run(vec![wait(1, None)]);
    assert_eq!(waiting.open().unwrap().turn, 2);
    assert_eq!(waiting.decide(wait(1, None)), Ok(Vec::new()));
    let end = Then::EndWait {
        outcome: StepOutcome::Waited,
        next: Some("2".to_owned()),
    };
    let events = waiting.decide(advance_to(2, end)).unwrap();
    assert_eq!(events.len(), 1);
}

#[test]
fn each_turn_sets_its_own_timer() {
    let mut run = run(Vec::new());
    let due = |run: &JourneyRun, event: &JourneyRunEvent| -> Vec<(OffsetDateTime, u32)> {
        let effects = run.effects("run", event).into_iter();
        let timers = effects.filter_map(|effect| match effect.call {
            Call::Timer(Timer::AdvanceJourneyRun { turn, .. }) => Some((effect.due?, turn)),
            _ => None,
        });
        timers.collect()
    };
    let first = JourneyRunEvent::JourneyRunBegan(began());
    assert_eq!(due(&run, &first), [(NOW, 1)]);
    let waits = run.decide(wait(1, None)).unwrap().remove(0);
    run.apply(waits.clone());
    assert_eq!(due(&run, &waits), [(NOW + Duration::hours(2), 2)]);
}

#[test]
fn what_is_waited_for_ends_the_wait_and_other_events_do_not() {
    let waiting = run(vec![wait(1, Some("MessageReceived"))]);
    assert_eq!(
        waiting.decide(hear("BookingRescheduled", false)),
        Ok(Vec::new())
    );
    let mut heard = waiting;
    for event in heard.decide(hear("MessageReceived", false)).unwrap() {
        heard.apply(event);
    }
    let record = heard.open().unwrap();
    assert_eq!((record.heard, record.place.as_deref()), (true, Some("2")));
}

#[test]
fn an_exit_ends_it_and_lets_go_of_all_it_held() {
    let mut run = run(vec![wait(1, None)]);
    let events = run.decide(hear("BookingCancelled", true)).unwrap();
    run.apply(events[0].clone());
    let record = run.require().unwrap();
    assert_eq!(record.standing, RunStanding::Exited);
    let changes = run.claims("run", &events[0]);
    assert_eq!((changes.release.len(), changes.drop_handles.len()), (1, 1));
    assert_eq!(run.decide(hear("BookingCancelled", true)), Ok(Vec::new()));
    let stop = JourneyRunCommand::Stop {
        by: "person:kim".to_owned(),
        at: NOW,
    };
    assert_eq!(run.decide(stop), Ok(Vec::new()));
}

#[test]
fn a_wait_moves_with_what_it_is_until() {
    let waiting = run(vec![wait(1, None)]);
    let reckon = |until| JourneyRunCommand::Reckon { until, at: NOW };
    assert_eq!(
        waiting.decide(reckon(NOW + Duration::hours(2))),
        Ok(Vec::new())
    );
    let moved = waiting.decide(reckon(NOW + Duration::hours(50))).unwrap();
    assert_eq!(moved.len(), 1);
    let listening = run(vec![wait(1, Some("MessageReceived"))]);
    assert_eq!(listening.decide(reckon(NOW)), Ok(Vec::new()));
}

#[test]
fn a_webhook_tells_of_the_event_that_says_so() {
    let mut run = run(Vec::new());
    let then = Then::Take {
        step: "1".to_owned(),
        kind: "webhook".to_owned(),
        outcome: StepOutcome::Told,
        next: None,
        endpoint_id: Some(WebhookEndpointId::new("endpoint")),
    };
    let event = run.decide(advance_to(1, then)).unwrap().remove(0);
    run.apply(event.clone());
    let effects = run.effects("run", &event);
    assert_eq!(effects.len(), 2);
    let told = serde_json::to_value(&effects[0].call).unwrap();
    assert_eq!(told["sequence"], 2);
}
