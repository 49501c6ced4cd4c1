//! What a journey may say, and what is told of one that may not.

use super::*;

const REMINDER: &str = r#"journey: booking-reminder
version: 1
trigger: { event: BookingConfirmed }
exit: [ { event: BookingCancelled } ]
steps:
  - wait: { until: "booking.starts_at - 24h" }
  - send: { channel: sms, template: reminder-24h, purpose: transactional }
  - wait: { until: "booking.ends_at + 2h" }
  - branch:
      - when: "customer.consent.email.marketing"
        steps: [ { send: { channel: email, template: review-request, purpose: marketing } } ]
      - otherwise: []
"#;

/// Line, column and code of everything that is wrong with a journey of these steps.
fn faults(steps: &str) -> Vec<(usize, usize, String)> {
    let source =
        format!("journey: x\nversion: 1\ntrigger: {{ event: BookingConfirmed }}\nsteps:\n{steps}");
    let refusal = Definition::parse(&source).unwrap_err();
    assert_eq!(refusal.code, "journey-invalid", "{refusal:?}");
    let place = |error: FieldError| {
        let mut numbers = error
            .message
            .split([' ', ',', ':'])
            .filter_map(|word| word.parse().ok());
        (numbers.next().unwrap(), numbers.next().unwrap(), error.code)
    };
    refusal.errors.into_iter().map(place).collect()
}

#[test]
fn a_journey_is_read_as_it_was_written() {
    let journey = Definition::parse(REMINDER).unwrap();
    assert_eq!(
        (journey.name.as_str(), journey.version),
        ("booking-reminder", 1)
    );
    assert_eq!(journey.exits, ["BookingCancelled"]);
    let labels: Vec<(&str, usize, &str)> = journey
        .all_steps()
        .into_iter()
        .map(|step| (step.label.as_str(), step.line, step.action.kind()))
        .collect();
    assert_eq!(
        labels,
        [
            ("1", 6, "wait"),
            ("2", 7, "send"),
            ("3", 8, "wait"),
            ("4", 9, "branch"),
            ("4.1.1", 11, "send"),
        ]
    );
    assert_eq!(journey.hears(), ["BookingCancelled"]);
}

#[test]
fn every_kind_of_step_is_read() {
    let source = r#"
journey: everything
version: 7
trigger: { event: LeadCreated, when: "customer.source == 'web'" }
steps:
  - wait: { for: 2d }
  - wait: { event: MessageReceived, timeout: 48h }
  - command: { name: add-note, body: { customer_id: "{{ customer.id }}", text: "waited" } }
  - tag: waited
  - webhook: { endpoint: "0199b0c2-5b7e-7d31-9c5e-3f2a1b4c5d91" }
  - ask-ai: { name: mood, question: "Is the customer happy?", answers: [happy, unhappy, unclear] }
  - split:
      - percent: 50
        steps: [ { tag: one-half } ]
      - percent: 50
        steps: []
  - branch:
      - when: "answers.mood == 'happy' and run.heard"
        steps: [ { tag: happy } ]
"#;
    let journey = Definition::parse(source).unwrap();
    let kinds: Vec<&str> = journey
        .steps
        .iter()
        .map(|step| step.action.kind())
        .collect();
    assert_eq!(
        kinds,
        [
            "wait", "wait", "command", "tag", "webhook", "ask-ai", "split", "branch"
        ]
    );
    assert_eq!(journey.hears(), ["MessageReceived"]);
}

#[test]
fn everything_that_is_wrong_is_told_at_once_with_line_and_column() {
    let steps = "  - wait: { until: \"booking.colour\" }\n  - send: { channel: fax, template: x, purpose: marketing }\n  \
                 - dance: {}\n  - wait: { event: MoonRose, timeout: 1h }\n";
    assert_eq!(
        faults(steps),
        [
            (5, 21, "name-unknown".to_owned()),
            (6, 22, "channel-unknown".to_owned()),
            (7, 5, "step-unknown".to_owned()),
            (8, 20, "event-unknown".to_owned()),
        ]
    );
}

#[test]
fn shares_come_to_a_hundred_and_otherwise_comes_last() {
    let split =
        "  - split:\n      - { percent: 50, steps: [] }\n      - { percent: 40, steps: [] }\n";
    assert_eq!(faults(split)[0].2, "shares-not-hundred");
    let branch = "  - branch:\n      - otherwise: []\n      - { when: \"run.heard\", steps: [] }\n";
    assert_eq!(faults(branch)[0].2, "otherwise-not-last");
}

#[test]
fn an_answer_is_asked_for_before_it_is_used() {
    let early = "  - branch:\n      - { when: \"answers.mood == 'happy'\", steps: [] }\n";
    assert_eq!(faults(early)[0].2, "answer-unknown");
}

#[test]
fn what_is_no_yaml_is_told_where() {
    let refusal = Definition::parse("journey: [x\nversion: 1\n").unwrap_err();
    assert_eq!(refusal.errors[0].code, "yaml-invalid");
    let long = "#".repeat(MAX_SOURCE_BYTES + 1);
    assert_eq!(
        Definition::parse(&long).unwrap_err().errors[0].code,
        "definition-too-long"
    );
}
