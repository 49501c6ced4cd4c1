//! Journeys: defined in YAML that is checked whole, begun by events, waited through in the order and at the times that they
//! say, each step once, and never further than consent goes.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::client::Client;
use tests::given::{self, SLOT, day, text};
use tests::wait;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

pub const REMINDER: &str = r#"journey: booking-reminder
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

async fn define(client: &Client, definition: &str) -> Value {
    let body = json!({ "definition": definition });
    client.accepted("define-journey", body).await["result"].clone()
}

/// Defines and enables a journey of these steps.
async fn enable(client: &Client, trigger: &str, rest: &str) -> String {
    let source = format!("journey: ways\nversion: 1\ntrigger: {{ event: {trigger} }}\n{rest}");
    let name = text(&define(client, &source).await, "journey").to_owned();
    client
        .accepted("enable-journey", json!({ "journey": name }))
        .await;
    name
}

/// A published template for a channel.
async fn template(client: &Client, name: &str, channel: &str, said: &str) {
    let about = if said.contains("{{") {
        "booking"
    } else {
        "customer"
    };
    let mut draft = json!({ "name": name, "channel": channel, "text": said, "about": about });
    if channel == "email" {
        draft["subject"] = "From us".into();
    }
    let saved = client.accepted("save-template-draft", draft).await;
    let published = json!({ "template_id": saved["result"]["template_id"] });
    client.accepted("publish-template", published).await;
}

/// The only run, once `is_so`.
async fn run_once(app: &TestApp, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    wait::until(what, async || {
        let mut runs = app.tenant.owner.items("journey-runs").await;
        assert!(runs.len() < 2, "{runs:?}");
        runs.pop().filter(&is_so)
    })
    .await
}

fn is_waiting(run: &Value) -> bool {
    run["standing"] == "waiting"
}

fn is_over(run: &Value) -> bool {
    run["standing"] == "finished" || run["standing"] == "exited"
}

fn moment(run: &Value, field: &str) -> OffsetDateTime {
    OffsetDateTime::parse(text(run, field), &Rfc3339).unwrap()
}

/// What came of each step, in order.
fn outcomes(run: &Value) -> Vec<String> {
    let steps = run["steps"].as_array().unwrap().iter();
    steps
        .map(|step| {
            format!(
                "{} {}",
                text(step, "step"),
                text(&step["outcome"], "outcome")
            )
        })
        .collect()
}

/// Lets time pass until `at`: what is due by then is done, as its timers would.
async fn pass(app: &TestApp, run: &Value, at: OffsetDateTime) -> Value {
    let run_id = text(run, "run_id").to_owned();
    loop {
        app.catch_up().await;
        let runs = app.tenant.owner.items("journey-runs").await;
        let run = runs
            .into_iter()
            .find(|one| one["run_id"] == run["run_id"])
            .unwrap();
        let is_due = !is_over(&run) && (!is_waiting(&run) || moment(&run, "wakes_at") <= at);
        if !is_due {
            return run;
        }
        let turn = format!(
            "select (state #>> '{{record,turn}}')::bigint from journey_runs where run_id = '{run_id}'"
        );
        let turn = app.count(&turn).await;
        let body = json!({ "run_id": run_id, "turn": turn });
        app.command_at(at, "advance-journey-run", body)
            .await
            .unwrap();
    }
}

async fn book(app: &TestApp, name: &str, number: i64) -> String {
    let order = given::order_without_deposit(name, &day(number), SLOT);
    let booking = given::booking(&app.tenant.owner, order).await;
    text(&booking, "booking_id").to_owned()
}

async fn confirmed(app: &TestApp, name: &str, number: i64) -> String {
    let booking_id = book(app, name, number).await;
    let body = json!({ "booking_id": booking_id });
    app.tenant.owner.accepted("confirm-booking", body).await;
    booking_id
}

/// The program with a chef and the reminder enabled.
async fn with_reminder() -> TestApp {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    template(owner, "reminder-24h", "sms", "Tomorrow: {{ when }}").await;
    template(
        owner,
        "review-request",
        "email",
        "How was it, {{ first_name }}?",
    )
    .await;
    define(owner, REMINDER).await;
    let body = json!({ "journey": "booking-reminder" });
    owner.accepted("enable-journey", body).await;
    app
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_goes_out_a_day_before_and_a_review_only_to_who_consents() {
    let app = with_reminder().await;
    let owner = &app.tenant.owner;
    let booking_id = confirmed(&app, "Ada", 0).await;
    let run = run_once(&app, "she is on her way", is_waiting).await;
    let booking = owner.item(&format!("booking?id={booking_id}")).await;
    let (starts_at, ends_at) = (moment(&booking, "starts_at"), moment(&booking, "ends_at"));
    assert_eq!(moment(&run, "wakes_at"), starts_at - Duration::hours(24));
    assert_eq!((&run["step"], &run["version"]), (&json!("1"), &json!(1)));

    let run = pass(&app, &run, starts_at - Duration::hours(24)).await;
    assert_eq!(outcomes(&run), ["1 waited", "2 sent"]);
    assert_eq!(moment(&run, "wakes_at"), ends_at + Duration::hours(2));
    let sent = &run["steps"][1]["outcome"];
    let shown = owner
        .item(&format!("thread?id={}", text(sent, "thread_id")))
        .await;
    let mut messages = shown["messages"].as_array().unwrap().iter();
    let reminder = messages.find(|message| message["message_id"] == sent["message_id"]);
    assert!(text(reminder.unwrap(), "content").starts_with("Tomorrow: "));

    let run = pass(&app, &run, ends_at + Duration::hours(2)).await;
    // Consent at booking is for what was ordered, and for nothing else.
    assert_eq!(outcomes(&run)[2..], ["3 waited", "4 turned"]);
    assert_eq!(
        (&run["standing"], &run["ended"]["cause"]),
        (&json!("finished"), &json!("finished"))
    );
    let customer_id = text(&run, "customer_id");
    let whole = owner.item(&format!("customer-360?id={customer_id}")).await;
    assert_eq!(whole["journeys"][0]["run_id"], run["run_id"]);
    let journeys = owner.items("journeys").await;
    assert_eq!(
        (&journeys[0]["finished_runs"], &journeys[0]["open_runs"]),
        (&json!(1), &json!(0))
    );
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_on_its_exit_and_moves_with_its_booking() {
    let app = with_reminder().await;
    let owner = &app.tenant.owner;
    let booking_id = confirmed(&app, "Ada", 0).await;
    let before = run_once(&app, "she is on her way", is_waiting).await;
    let moved = json!({ "booking_id": booking_id, "date": day(9), "slot": SLOT });
    owner.accepted("reschedule-booking", moved).await;
    let run = run_once(&app, "the wait has moved", |run| {
        run["wakes_at"] != before["wakes_at"]
    })
    .await;
    let later = moment(&run, "wakes_at") - moment(&before, "wakes_at");
    assert!(
        (later - Duration::days(9)).abs() < Duration::hours(2),
        "{later}"
    );
    let cancel = json!({ "booking_id": booking_id, "reason": "rain" });
    owner.accepted("cancel-booking", cancel).await;
    let run = run_once(&app, "she is off it", is_over).await;
    assert_eq!(
        run["ended"],
        json!({ "cause": "event", "event_type": "BookingCancelled" })
    );
    assert_eq!(outcomes(&run), Vec::<String>::new());
    // What happens from now on is nothing to it.
    let told = json!({ "happened": run["trigger"] });
    app.command_as_system("tell-journey-runs", told)
        .await
        .unwrap();
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_is_taken_once_however_often_its_timer_fires() {
    let app = with_reminder().await;
    confirmed(&app, "Ada", 0).await;
    let run = run_once(&app, "she is on her way", is_waiting).await;
    let at = moment(&run, "wakes_at");
    let body = |turn: i64| json!({ "run_id": run["run_id"], "turn": turn });
    for turn in 1..6 {
        let firing = (0..6).map(|_| app.command_at(at, "advance-journey-run", body(turn)));
        for fired in join_all(firing).await {
            fired.unwrap();
        }
    }
    // Told again of what began it, it does not begin again.
    let trigger = &run["trigger"];
    let told = json!({ "journey": "booking-reminder", "happened": trigger });
    let again = app
        .command_as_system("begin-journey-run", told)
        .await
        .unwrap();
    assert_eq!(again["result"]["run_id"], Value::Null);
    app.catch_up().await;
    let run = run_once(&app, "it has gone on", is_waiting).await;
    assert_eq!(outcomes(&run), ["1 waited", "2 sent"]);
    let sent = "select count(*) from events where event_type = 'MessageSent'
        and payload #>> '{MessageSent,sender_id}' = 'journeys'";
    assert_eq!(app.count(sent).await, 1);
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_journey_is_told_with_line_and_column() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let wrong = REMINDER.replace("booking.starts_at", "booking.begins_at");
    let wrong = wrong.replace("channel: email", "channel: post");
    let reply = owner
        .command("define-journey", json!({ "definition": wrong }))
        .await;
    let refusal = reply.refused(422, "journey-invalid");
    let told: Vec<(&str, &str)> = refusal["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (text(error, "code"), text(error, "message")))
        .collect();
    assert_eq!(told[0].0, "name-unknown");
    assert!(told[0].1.starts_with("line 6, column 21: "), "{told:?}");
    assert_eq!(told[1].0, "channel-unknown");
    assert!(told[1].1.starts_with("line 11, column 37: "), "{told:?}");
    assert!(owner.items("journeys").await.is_empty());

    let asks = "journey: x\nversion: 1\ntrigger: { event: LeadCreated }\nsteps:\n  - command: { name: refund-payment, body: {} }\n";
    let reply = owner
        .command("define-journey", json!({ "definition": asks }))
        .await;
    let refusal = reply.refused(422, "journey-invalid");
    assert_eq!(refusal["errors"][0]["code"], "command-not-allowed");
    let asks = asks.replace(
        "refund-payment, body: {}",
        "tag-customer, body: { customer_id: \"{{ customer.id }}\" }",
    );
    let reply = owner
        .command("define-journey", json!({ "definition": asks }))
        .await;
    let refusal = reply.refused(422, "journey-invalid");
    assert_eq!(refusal["errors"][0]["code"], "command-body-invalid");

    define(owner, REMINDER).await;
    let changed = REMINDER.replace("24h\"", "48h\"");
    let reply = owner
        .command("define-journey", json!({ "definition": changed }))
        .await;
    let refusal = reply.refused(409, "journey-version-taken");
    assert_eq!(refusal["alternatives"][0]["version"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journey_is_tried_out_before_anybody_is_on_it() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    define(owner, REMINDER).await;
    let booking_id = book(&app, "Ada", 0).await;
    let booking = owner.item(&format!("booking?id={booking_id}")).await;
    let body = json!({
        "journey": "booking-reminder", "customer_id": booking["customer_id"], "booking_id": booking_id,
    });
    let refusal = owner.command("start-journey", body.clone()).await;
    refusal.refused(409, "journey-not-enabled");
    let path = "/commands/start-journey?dry_run=true";
    let tried = owner
        .send(owner.request(reqwest::Method::POST, path).json(&body))
        .await
        .ok();
    let way: Vec<String> = tried["result"]["way"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| format!("{} {}", text(step, "step"), text(step, "kind")))
        .collect();
    assert_eq!(way, ["1 wait", "2 send", "3 wait", "4 branch"]);
    let first = &tried["result"]["way"][1];
    assert_eq!(
        moment(first, "at"),
        moment(&booking, "starts_at") - Duration::hours(24)
    );
    app.catch_up().await;
    assert!(owner.items("journey-runs").await.is_empty());
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_tag_send_commands_split_and_wait_for_what_customers_do() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let steps = r#"exit: [ { event: ThreadOptedOut } ]
steps:
  - tag: welcomed
  - command: { name: add-note, body: { customer_id: "{{ customer.id }}", text: "is on the way" } }
  - send: { channel: sms, template: missing, purpose: marketing }
  - split:
      - { percent: 100, steps: [ { wait: { event: MessageReceived, timeout: 2d } } ] }
  - branch:
      - when: "run.heard"
        steps: [ { tag: answered } ]
  - ask-ai: { name: mood, question: "Is the customer happy?", answers: [happy, unclear] }
  - branch:
      - when: "answers.mood == 'unclear'"
        steps: [ { tag: unclear } ]
"#;
    enable(owner, "LeadCreated", steps).await;
    let body = json!({ "source": "web", "first_name": "Ada", "phone": "+12135550142" });
    let customer_id = given::id_of(&owner.accepted("create-lead", body).await);
    run_once(&app, "she is being waited for", is_waiting).await;
    given::message(owner, "sms", "+12135550142", "Hello?").await;
    let run = run_once(&app, "the way is over", is_over).await;
    assert_eq!(
        outcomes(&run),
        [
            "1 tagged",
            "2 commanded",
            "3 withheld",
            "4 turned",
            "4.1.1 heard",
            "5 turned",
            "5.1.1 tagged",
            "6 answered",
            "7 turned",
            "7.1.1 tagged",
        ]
    );
    assert_eq!(run["steps"][2]["outcome"]["code"], "template-not-published");
    let whole = owner.item(&format!("customer-360?id={customer_id}")).await;
    assert_eq!(whole["tags"], json!(["answered", "unclear", "welcomed"]));
    assert_eq!(whole["notes"][0]["text"], "is on the way");
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn marketing_goes_to_nobody_without_consent_and_a_stop_ends_the_way() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    template(owner, "offer", "sms", "Come again").await;
    let steps = r#"exit: [ { event: ThreadOptedOut } ]
steps:
  - send: { channel: sms, template: offer, purpose: marketing }
  - wait: { for: 30d }
"#;
    enable(owner, "LeadCreated", steps).await;
    given::message(owner, "sms", "+12135550142", "Hello?").await;
    let run = run_once(&app, "she waits", is_waiting).await;
    assert_eq!(outcomes(&run), ["1 withheld"]);
    assert_eq!(run["steps"][0]["outcome"]["code"], "consent-missing");
    given::message(owner, "sms", "+12135550142", "STOP").await;
    let run = run_once(&app, "she is off it", is_over).await;
    assert_eq!(run["ended"]["event_type"], "ThreadOptedOut");
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn those_under_way_keep_their_version_until_the_journey_is_disabled() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    enable(
        owner,
        "LeadCreated",
        "steps: [ { wait: { for: 1d } }, { tag: first } ]\n",
    )
    .await;
    given::customer(owner, "Ada").await;
    let run = run_once(&app, "she waits", is_waiting).await;
    let second =
        "journey: ways\nversion: 2\ntrigger: { event: LeadCreated }\nsteps: [ { tag: second } ]\n";
    define(owner, second).await;
    owner
        .accepted("enable-journey", json!({ "journey": "ways" }))
        .await;
    let disable = json!({ "journey": "ways", "in_flight": "finish" });
    owner.accepted("disable-journey", disable).await;
    app.catch_up().await;
    given::customer(owner, "Bea").await;
    let tomorrow = moment(&run, "wakes_at");
    let run = pass(&app, &run, tomorrow).await;
    assert_eq!(
        (outcomes(&run), &run["version"]),
        (
            vec!["1 waited".to_owned(), "2 tagged".to_owned()],
            &json!(1)
        )
    );
    assert_eq!(run["standing"], "finished");

    owner
        .accepted("enable-journey", json!({ "journey": "ways", "version": 1 }))
        .await;
    let body = json!({ "journey": "ways", "customer_id": run["customer_id"] });
    let again = owner.accepted("start-journey", body.clone()).await;
    owner
        .command("start-journey", body)
        .await
        .refused(409, "journey-run-open");
    owner
        .accepted("disable-journey", json!({ "journey": "ways" }))
        .await;
    let again = json!({ "run_id": again["result"]["run_id"] });
    let again = pass(&app, &again, OffsetDateTime::now_utc() + Duration::days(2)).await;
    assert_eq!(again["ended"]["cause"], "journey_disabled");
    app.settle().await;
}
