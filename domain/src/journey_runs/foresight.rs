//! What a journey would do for somebody, from what is known now: for trying one out. Nothing that is waited for comes, and
//! nobody answers, so the way shown is the one of a silent customer.

use schemars::JsonSchema;
use serde::Serialize;
use time::OffsetDateTime;

use crate::journeys::MAX_STEPS;
use crate::journeys::definition::{Action, Definition, Wait};
use crate::journeys::facts::{ANSWERS, Facts, Value};

/// A step that would be taken.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Foreseen {
    pub step: String,
    /// Where it stands in the definition.
    pub line: usize,
    pub kind: &'static str,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    pub at: OffsetDateTime,
    /// Of a branch or split, the arm, from 1; none where no condition held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arm: Option<usize>,
}

/// When a wait that begins now is over; none while the moment it hangs on is not known.
pub fn wait_until(wait: &Wait, facts: &Facts, now: OffsetDateTime) -> Option<OffsetDateTime> {
    match wait {
        Wait::For(length) => now.checked_add(*length),
        Wait::Until(moment) => moment.of(facts),
        Wait::Event { timeout, .. } => now.checked_add(*timeout),
    }
}

/// The whole way of a silent customer.
pub fn foresee(
    journey: &Definition,
    mut facts: Facts,
    who: &str,
    mut now: OffsetDateTime,
) -> Vec<Foreseen> {
    let mut way = Vec::new();
    let mut place = journey.first().map(str::to_owned);
    // There is no way back, so it ends by itself; the limit is for whoever changes that.
    for _ in 0..MAX_STEPS {
        facts.set("now", Value::Moment(now));
        let (turned, step) = journey.walk(place.as_deref(), &facts, who);
        for turned in turned {
            let Some(step) = journey.step(&turned.step) else {
                continue;
            };
            way.push(Foreseen {
                step: turned.step,
                line: step.line,
                kind: step.action.kind(),
                at: now,
                arm: turned.arm,
            });
        }
        let Some(step) = step else { break };
        match &step.action {
            Action::Wait(wait) => {
                let until = wait_until(wait, &facts, now).unwrap_or(now);
                now = until.max(now);
                facts.set("run.heard", Value::Flag(false));
            }
            Action::Ask(question) => {
                let last = question.answers.last().cloned().unwrap_or_default();
                facts.set(format!("{ANSWERS}{}", question.name), Value::Text(last));
            }
            _ => {}
        }
        way.push(Foreseen {
            step: step.label.clone(),
            line: step.line,
            kind: step.action.kind(),
            at: now,
            arm: None,
        });
        place = journey.after(&step.label).map(|step| step.label.clone());
        if place.is_none() {
            break;
        }
    }
    way
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn the_way_of_a_silent_customer_is_foreseen_with_its_times() {
        let source = r#"
journey: reminder
version: 1
trigger: { event: BookingConfirmed }
steps:
  - wait: { until: "booking.starts_at - 24h" }
  - send: { channel: sms, template: reminder, purpose: transactional }
  - wait: { event: MessageReceived, timeout: 2h }
  - branch:
      - when: "run.heard"
        steps: []
      - otherwise: [ { tag: silent } ]
"#;
        let journey = Definition::parse(source).unwrap();
        let mut facts = Facts::default();
        let starts_at = datetime!(2026-03-14 18:00 UTC);
        facts.set("booking.starts_at", Value::Moment(starts_at));
        let way = foresee(&journey, facts, "ada", datetime!(2026-03-01 9:00 UTC));
        let seen: Vec<(&str, &str, OffsetDateTime)> = way
            .iter()
            .map(|one| (one.step.as_str(), one.kind, one.at))
            .collect();
        let (day, later) = (
            datetime!(2026-03-13 18:00 UTC),
            datetime!(2026-03-13 20:00 UTC),
        );
        assert_eq!(
            seen,
            [
                ("1", "wait", day),
                ("2", "send", day),
                ("3", "wait", later),
                ("4", "branch", later),
                ("4.2.1", "tag", later),
            ]
        );
    }
}
