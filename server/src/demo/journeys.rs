//! The demo's journeys: what the businesses do by themselves, who has been through it of late, and who is on the way. Those
//! whose way lies behind them are told as history, turn by turn; those under way are begun for real, and the relay goes on
//! with them.

use std::collections::HashMap;

use commands::context::Mode;
use commands::dispatch::Dispatcher;
use cqrs_es::Aggregate;
use domain::bookings::Booking;
use domain::customers::Customer;
use domain::ids::TenantId;
use domain::journey_runs::{JourneyRun, StepOutcome};
use domain::noun::Noun;
use event_store::recorded::Recorded;
use futures_util::{TryStreamExt, stream};
use identity::principals::Principal;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::deeds::{Story, reference};
use super::filling::{LANES_AT_ONCE, request};
use crate::database::Reason;

/// Runs that ended longer ago are not told.
const TOLD_FOR: Duration = Duration::days(16);
/// What the reminder's definition says.
const REMINDED_BEFORE: Duration = Duration::days(2);
/// More turns than any of these journeys takes.
const MAX_TURNS: usize = 12;

/// A journey with the words that it sends.
struct Plan {
    name: &'static str,
    /// Its versions, as people would write them.
    versions: &'static [&'static str],
    standing: Standing,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Enabled,
    /// Somebody still works on it.
    Drafted,
}

/// What begins a journey, and how long after that the last step has been taken; none while that hangs on the booking.
struct Course {
    journey: &'static str,
    trigger: &'static str,
    takes: Option<Duration>,
}

const PARTY_REMINDER: &str = r#"journey: party-reminder
version: 1
# Two days before the party, to whoever has said yes to text messages.
trigger:
  event: BookingConfirmed
  when: "now < booking.starts_at - 2d"
exit: [ { event: BookingCancelled } ]
steps:
  - wait: { until: "booking.starts_at - 2d" }
  - send: { channel: sms, template: party-reminder, purpose: transactional }
  - branch:
      - when: "booking.guests >= 20"
        steps: [ { tag: large-party } ]
"#;

const AFTER_PARTY: &str = r#"journey: after-party
version: 1
# The day after, whoever wants to hear from us is asked how it was.
trigger: { event: BookingCompleted }
steps:
  - wait: { for: 18h }
  - branch:
      - when: "customer.consent.email.marketing"
        steps: [ { send: { channel: email, template: review-request, purpose: marketing } } ]
      - otherwise: [ { tag: ask-in-person } ]
"#;

const LEAD_FOLLOW_UP: [&str; 2] = [
    r#"journey: lead-follow-up
version: 1
trigger: { event: LeadCreated }
steps:
  - wait: { event: BookingCreated, timeout: 4d }
  - branch:
      - when: "run.heard"
        steps: [ { tag: booked-after-asking } ]
      - otherwise: [ { tag: call-back } ]
"#,
    r#"journey: lead-follow-up
version: 2
# Four days turned out to be too long: most had booked elsewhere by then.
trigger: { event: LeadCreated }
steps:
  - wait: { event: BookingCreated, timeout: 2d }
  - branch:
      - when: "run.heard"
        steps: [ { tag: booked-after-asking } ]
      - otherwise: [ { tag: call-back } ]
"#,
];

const WIN_BACK: &str = r#"journey: win-back
version: 1
# Not enabled yet: the words of its letter are still a draft.
trigger: { event: BookingCompleted }
exit: [ { event: BookingCreated } ]
steps:
  - wait: { for: 10w }
  - send: { channel: email, template: win-back, purpose: marketing }
"#;

static PLANS: [Plan; 4] = [
    Plan {
        name: "party-reminder",
        versions: &[PARTY_REMINDER],
        standing: Standing::Enabled,
    },
    Plan {
        name: "after-party",
        versions: &[AFTER_PARTY],
        standing: Standing::Enabled,
    },
    Plan {
        name: "lead-follow-up",
        versions: &LEAD_FOLLOW_UP,
        standing: Standing::Enabled,
    },
    Plan {
        name: "win-back",
        versions: &[WIN_BACK],
        standing: Standing::Drafted,
    },
];

static COURSES: [Course; 3] = [
    Course {
        journey: "party-reminder",
        trigger: "BookingConfirmed",
        takes: None,
    },
    Course {
        journey: "after-party",
        trigger: "BookingCompleted",
        takes: Some(Duration::hours(18)),
    },
    Course {
        journey: "lead-follow-up",
        trigger: "LeadCreated",
        takes: Some(Duration::days(2)),
    },
];

/// The journeys and their words, in a story that begins at `at`.
pub(super) fn writing(at: OffsetDateTime) -> Story {
    let mut story = Story::new("journeys");
    let mut minute = 0;
    let mut next = || {
        minute += 1;
        at + Duration::minutes(minute)
    };
    for (draft, name, standing) in templates() {
        let yields = [("/template_id", name)];
        story.then_naming(next(), "save-template-draft", draft, &yields);
        if standing == Standing::Enabled {
            let body = json!({ "template_id": reference(name) });
            story.then(next(), "publish-template", body);
        }
    }
    for plan in &PLANS {
        for version in plan.versions {
            let body = json!({ "definition": version });
            story.then(next(), "define-journey", body);
        }
        if plan.standing == Standing::Enabled {
            let body = json!({ "journey": plan.name });
            story.then(next(), "enable-journey", body);
        }
    }
    story
}

fn templates() -> [(Value, &'static str, Standing); 3] {
    let reminder = json!({
        "name": "party-reminder", "channel": "sms", "about": "booking",
        "text": "Hi {{ first_name | default('there') }}, we look forward to {{ when }}! We bring everything; please keep a \
            space of 10 by 10 feet free for the grill. Questions? Just answer this message. {{ business }}",
    });
    let review = json!({
        "name": "review-request", "channel": "email", "about": "booking",
        "subject": "How was your party?",
        "text": "Hello {{ first_name | default('there') }},\n\nthank you for having us with {{ guests }} guests. How was it? \
            A line or two in answer to this letter helps us and the chef.\n\n{{ business }}",
    });
    let win_back = json!({
        "name": "win-back", "channel": "email", "about": "customer",
        "subject": "The grill misses you",
        "text": "Hello {{ first_name | default('there') }},\n\nit has been a while. This season's menu has something new.\
            \n\n{{ business }}",
    });
    [
        (reminder, "words-reminder", Standing::Enabled),
        (review, "words-review", Standing::Enabled),
        (win_back, "words-win-back", Standing::Drafted),
    ]
}

/// Those who have been through a journey of late, and those who are on the way. `known` are ids by the names of the history.
pub(super) async fn tell(
    dispatcher: &Dispatcher,
    tenant_id: &TenantId,
    (known, anchor): (&HashMap<String, Value>, OffsetDateTime),
) -> Result<(), Reason> {
    let numbered = |prefix: &'static str| {
        let mut ids: Vec<(usize, &str)> = known
            .iter()
            .filter_map(|(name, id)| Some((name.strip_prefix(prefix)?.parse().ok()?, id.as_str()?)))
            .collect();
        ids.sort_unstable();
        ids.into_iter().map(|(_, id)| id.to_owned())
    };
    let bookings = numbered("booking-").map(|id| (Booking::TYPE, id));
    let customers = numbered("customer-").map(|id| (Customer::TYPE, id));
    let telling = Telling {
        dispatcher,
        tenant_id,
        anchor,
    };
    stream::iter(bookings.chain(customers).map(Ok))
        .try_for_each_concurrent(LANES_AT_ONCE, async |(kind, id)| {
            telling.tell_of(kind, &id).await
        })
        .await
}

struct Telling<'a> {
    dispatcher: &'a Dispatcher,
    tenant_id: &'a TenantId,
    anchor: OffsetDateTime,
}

impl Telling<'_> {
    /// What one booking or customer has led to.
    async fn tell_of(&self, kind: &str, id: &str) -> Result<(), Reason> {
        let events = self.read(kind, id).await?;
        for event in &events {
            let mut courses = COURSES.iter();
            let Some(course) = courses.find(|course| course.trigger == event.event_type) else {
                continue;
            };
            let ends_at = course.takes.map(|takes| event.occurred_at + takes);
            let is_under_way = match ends_at {
                Some(ends_at) if ends_at < self.anchor - TOLD_FOR => continue,
                Some(ends_at) => ends_at >= self.anchor,
                None if is_ahead(&events, self.anchor)? => true,
                None => continue,
            };
            if is_under_way {
                self.begin(course, event, Mode::Live).await?;
            } else {
                self.go_through(course, event).await?;
            }
        }
        Ok(())
    }

    /// Begins a run; answers its id, unless nothing began.
    async fn begin(
        &self,
        course: &Course,
        event: &Recorded,
        mode: Mode,
    ) -> Result<Option<String>, Reason> {
        let body = json!({
            "journey": course.journey,
            "happened": {
                "event_type": event.event_type,
                "aggregate_type": event.aggregate_type,
                "aggregate_id": event.aggregate_id,
                "sequence": event.sequence,
            },
        });
        let key = run_key(course, event);
        let answer = self
            .say(&key, "begin-journey-run", body, (event.occurred_at, mode))
            .await?;
        Ok(answer["result"]["run_id"].as_str().map(str::to_owned))
    }

    /// The whole way, at the times at which it would have been gone.
    async fn go_through(&self, course: &Course, event: &Recorded) -> Result<(), Reason> {
        let Some(run_id) = self.begin(course, event, Mode::Import).await? else {
            return Ok(());
        };
        let key = run_key(course, event);
        let mut at = event.occurred_at;
        for _ in 0..MAX_TURNS {
            let run: JourneyRun = fold(&self.read(JourneyRun::TYPE, &run_id).await?)?;
            let Some(open) = run.open() else {
                return self.deliver(&key, &run).await;
            };
            at = match &open.waiting {
                Some(waiting) => waiting.until,
                None => at + Duration::seconds(1),
            };
            let body = json!({ "run_id": run_id, "turn": open.turn });
            let key = format!("{key}:{}", open.turn);
            self.say(&key, "advance-journey-run", body, (at, Mode::Import))
                .await?;
        }
        Ok(())
    }

    /// History is told without a relay: what a run sent has arrived, and nobody has to look after it.
    async fn deliver(&self, key: &str, run: &JourneyRun) -> Result<(), Reason> {
        let steps = run.record.iter().flat_map(|record| &record.history);
        for (place, step) in steps.enumerate() {
            let StepOutcome::Sent {
                thread_id,
                message_id,
                ..
            } = &step.outcome
            else {
                continue;
            };
            let soon = (step.at + Duration::seconds(2), Mode::Import);
            let sent =
                json!({ "thread_id": thread_id, "message_id": message_id, "status": "sent" });
            let sent_key = format!("{key}:sent:{place}");
            self.say(&sent_key, "record-message-status", sent, soon)
                .await?;
            let closed = json!({ "thread_id": thread_id });
            let closed_key = format!("{key}:closed:{place}");
            self.say(&closed_key, "close-thread", closed, soon).await?;
        }
        Ok(())
    }

    async fn say(
        &self,
        key: &str,
        name: &str,
        body: Value,
        (at, mode): (OffsetDateTime, Mode),
    ) -> Result<Value, Reason> {
        let mut request = request(
            Principal::system(self.tenant_id.clone()),
            key,
            name,
            body,
            at,
        );
        request.ctx.mode = mode;
        let answer = self.dispatcher.dispatch(&request).await?;
        Ok(serde_json::from_str(&answer.body)?)
    }

    async fn read(&self, kind: &str, id: &str) -> Result<Vec<Recorded>, Reason> {
        let store = &self.dispatcher.store;
        Ok(store.read_stream(self.tenant_id, (kind, id), 0).await?)
    }
}

/// Whether a booking still takes place, and its reminder lies ahead as well.
fn is_ahead(booking: &[Recorded], anchor: OffsetDateTime) -> Result<bool, Reason> {
    let booking: Booking = fold(booking)?;
    let record = booking.record.filter(|record| record.status.is_open());
    Ok(record.is_some_and(|record| record.starts_at - REMINDED_BEFORE > anchor))
}

fn run_key(course: &Course, event: &Recorded) -> String {
    let Recorded {
        aggregate_id,
        sequence,
        ..
    } = event;
    format!("demo:run:{}:{aggregate_id}:{sequence}", course.journey)
}

fn fold<N: Noun + Default>(events: &[Recorded]) -> Result<N, Reason> {
    let mut state = N::default();
    for event in events {
        state.apply(event.decode()?);
    }
    Ok(state)
}

#[cfg(test)]
mod tests {
    use domain::journeys::definition::Definition;

    use super::*;

    #[test]
    fn every_journey_reads_well_and_begins_as_its_course_says() {
        for plan in &PLANS {
            for (index, version) in plan.versions.iter().enumerate() {
                let read = Definition::parse(version).unwrap();
                let number = usize::try_from(read.version).unwrap();
                assert_eq!((read.name.as_str(), number), (plan.name, index + 1));
                let mut courses = COURSES.iter();
                if let Some(course) = courses.find(|course| course.journey == plan.name) {
                    assert_eq!(read.trigger.event, course.trigger);
                }
            }
        }
    }
}
