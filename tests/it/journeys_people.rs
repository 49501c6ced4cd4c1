//! Journeys and the people who are on them: what a person may have handed out and erased, how runs stood at an earlier time,
//! and that one piece of news which cannot be told keeps no later one back.

use serde_json::{Value, json};
use tests::app::TestApp;
use tests::given::{self, SLOT, day, text};
use tests::wait;

use crate::privacy::without_delay;

const WAYS: &str = "journey: ways\nversion: 1\ntrigger: { event: LeadCreated }\n\
    steps: [ { tag: welcomed }, { wait: { for: 30d } }, { tag: late } ]\n";
const WISHES: &str = "Hi, I'm Wanda. 12 adults and 2 kids on March 28th, one is vegan.";
/// A message that no binary can read, of the key that a booking's news to journeys have.
const ENQUEUE_UNREADABLE: &str = "
    with made as (
        insert into outbox_messages (tenant_id, message_id, name, target, call, order_key, aggregate_type, aggregate_id,
            sequence, correlation_id, causation_id)
        values ($1, 'unreadable', 'tell-journeys', 'timer', '{}', $2, 'booking', 'b', 1, '', ''))
    insert into outbox_work (tenant_id, message_id, target, order_key, run_at)
    values ($1, 'unreadable', 'timer', $2, clock_timestamp())";

async fn enable(app: &TestApp, definition: &str) {
    let owner = &app.tenant.owner;
    let defined = owner
        .accepted("define-journey", json!({ "definition": definition }))
        .await;
    let journey = json!({ "journey": defined["result"]["journey"] });
    owner.accepted("enable-journey", journey).await;
}

/// The runs of a customer, once all are so.
async fn runs_once(app: &TestApp, customer_id: &str, standing: &str) -> Vec<Value> {
    let query = format!("journey-runs?customer_id={customer_id}");
    wait::until("the run stands so", async || {
        let runs = app.tenant.owner.items(&query).await;
        let is_so = !runs.is_empty() && runs.iter().all(|run| run["standing"] == standing);
        is_so.then_some(runs)
    })
    .await
}

/// A person on a journey, who has said what they wish; answers the customer's id and the thread's.
async fn wanda(app: &TestApp) -> (String, String) {
    let owner = &app.tenant.owner;
    let body = json!({ "source": "web", "first_name": "Wanda", "phone": "+12135550142" });
    let customer_id = given::id_of(&owner.accepted("create-lead", body).await);
    runs_once(app, &customer_id, "waiting").await;
    let received = given::message(owner, "sms", "+12135550142", WISHES).await;
    let thread_id = text(&received, "thread_id").to_owned();
    owner
        .accepted("extract-facts", json!({ "thread_id": thread_id }))
        .await;
    app.settle().await;
    (customer_id, thread_id)
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_and_journeys_are_shown_as_they_were() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    enable(&app, WAYS).await;
    let (customer_id, thread_id) = wanda(&app).await;
    let whole = format!("customer-360?id={customer_id}");
    let before = owner.query(&whole).await.ok();
    let journey = owner.item("journey?id=ways").await;
    assert_eq!(journey["open_runs"], 1, "{journey}");
    assert!(!before["item"]["facts"].as_array().unwrap().is_empty());
    assert_eq!(before["item"]["journeys"][0]["standing"], "waiting");
    let position = text(&before, "as_of").to_owned();

    let found = owner.items(&format!("facts?thread_id={thread_id}")).await;
    let undo = json!({ "thread_id": thread_id, "extraction_id": found[0]["extraction_id"] });
    owner.accepted("undo-facts", undo).await;
    let stop = json!({ "run_id": before["item"]["journeys"][0]["run_id"] });
    owner.accepted("stop-journey-run", stop).await;
    let second = WAYS.replace("version: 1", "version: 2");
    enable(&app, &second).await;
    app.settle().await;
    let now = owner.item(&whole).await;
    assert_eq!(now["facts"], json!([]));
    assert_eq!(now["journeys"][0]["standing"], "exited");
    let newest = owner.item("journey?id=ways").await;
    assert_eq!(
        (
            &newest["version"],
            &newest["open_runs"],
            &newest["exited_runs"]
        ),
        (&json!(2), &json!(0), &json!(1))
    );

    let then = owner.query(&format!("{whole}&as_of={position}")).await.ok();
    for part in ["facts", "journeys"] {
        assert_eq!(then["item"][part], before["item"][part], "{part}");
    }
    let then = owner
        .item(&format!("journey?id=ways&as_of={position}"))
        .await;
    assert_eq!(then, journey);
    let early = owner.query("journey?id=ways&as_of=1").await;
    early.refused(404, "journey-not-found");
    // Before anybody was on it, nobody was.
    let enabled =
        "select position from events where event_type = 'JourneyEnabled' order by position limit 1";
    let enabled = app.count(enabled).await;
    let then = owner
        .item(&format!("journey?id=ways&as_of={enabled}"))
        .await;
    assert_eq!(
        (&then["open_runs"], &then["standing"]),
        (&json!(0), &json!("enabled")),
        "{then}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_export_tells_of_their_journeys_and_an_erasure_ends_them() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    enable(&app, WAYS).await;
    let (customer_id, thread_id) = wanda(&app).await;
    let other = given::customer(owner, "Ada").await;
    runs_once(&app, &other, "waiting").await;
    let run = runs_once(&app, &customer_id, "waiting").await.remove(0);
    let run_id = text(&run, "run_id").to_owned();
    let whose = json!({ "customer_id": customer_id });
    owner.accepted("export-subject", whose.clone()).await;
    app.catch_up().await;
    let export = owner
        .item(&format!("subject-export?id={customer_id}"))
        .await;
    let streams = export["document"]["streams"].as_array().unwrap();
    let of = |kind: &str| {
        let own = streams
            .iter()
            .filter(move |stream| stream["aggregate_type"] == kind);
        own.collect::<Vec<_>>()
    };
    let runs = of("journey-run");
    assert_eq!(runs.len(), 1, "nobody else's");
    assert_eq!(runs[0]["aggregate_id"], run["run_id"]);
    assert_eq!(runs[0]["events"][0]["type"], "JourneyRunBegan");
    let sheets = of("fact-sheet");
    assert_eq!(sheets[0]["aggregate_id"], thread_id.as_str());
    assert!(sheets[0].to_string().contains("vegan"), "{sheets:?}");
    assert!(
        !export.to_string().contains("v1:"),
        "something is still sealed"
    );

    without_delay(owner).await;
    owner.accepted("erase-subject", whose).await;
    wait::until("they are erased", async || {
        let erased = "select count(*) from events where event_type = 'SubjectErased'";
        (app.count(erased).await == 1).then_some(())
    })
    .await;
    let of_run = |table: &str| {
        format!(
            "select count(*) from {table} where aggregate_type = 'journey-run' and aggregate_id = '{run_id}'"
        )
    };
    let answers = format!(
        "select count(*) from commands where command_id in (select command_id from events where aggregate_id = '{run_id}')"
    );
    assert_eq!(app.count(&answers).await, 0, "stored answers are gone");
    let finished = format!(
        "{} and not exists (select from outbox_work w where w.message_id = outbox_messages.message_id)",
        of_run("outbox_messages")
    );
    assert_eq!(app.count(&finished).await, 0, "messages are gone");
    // Its next turn finds nobody.
    let turn = format!(
        "select (state #>> '{{record,turn}}')::bigint from journey_runs where run_id = '{run_id}'"
    );
    let body = json!({ "run_id": run_id, "turn": app.count(&turn).await });
    app.command_as_system("advance-journey-run", body)
        .await
        .unwrap();
    let ended = runs_once(&app, &customer_id, "exited").await;
    assert_eq!(ended[0]["ended"]["cause"], "customer_gone");
    assert!(runs_once(&app, &other, "waiting").await.len() == 1);
    app.claim_undelivered();
}

#[tokio::test(flavor = "multi_thread")]
async fn news_that_cannot_be_told_steps_aside_and_waits_for_an_operator() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    let on_booking = WAYS.replace("LeadCreated", "BookingConfirmed");
    enable(&app, &on_booking).await;
    let order = given::order_without_deposit("Ada", &day(0), SLOT);
    let booking = given::booking(owner, order).await;
    let booking_id = json!({ "booking_id": booking["booking_id"] });
    app.settle().await;
    let key = format!("booking/{}/journeys", text(&booking, "booking_id"));
    app.admin()
        .await
        .execute(ENQUEUE_UNREADABLE, &[&app.tenant.id.as_str(), &key])
        .await
        .unwrap();
    wait::until("it is dead", async || {
        let dead = "select count(*) from outbox_dead where message_id = 'unreadable' and discarded_at is null";
        (app.count(dead).await == 1).then_some(())
    })
    .await;
    owner.accepted("confirm-booking", booking_id).await;
    runs_once(&app, text(&booking, "customer_id"), "waiting").await;
    let stuck = owner.get("/operations/outbox?state=dead").await.ok();
    assert!(stuck.to_string().contains("unreadable"), "{stuck}");
    app.claim_undelivered();
}
