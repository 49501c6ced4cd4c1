//! What a person may ask for their data: it rests, it comes back, it is erased for good; and everybody who was merged into
//! them shares that.

use domain::conversations::CUSTOMER_SCOPE;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::client::Client;
use tests::given::{self, SLOT, day, text};
use time::{Duration, OffsetDateTime};

/// What is in a person's keys: how many there are, how many rest, how many are tombstones.
const COUNT_RESTRICTED: &str =
    "select count(*) from subject_keys where restricted_at is not null and wrapped_key is not null";
const COUNT_TOMBSTONES: &str =
    "select count(*) from subject_keys where destroyed_at is not null and wrapped_key is null";

/// A person with a booking, a payment, a note, a thread, and another customer merged into them.
pub struct Person {
    pub id: String,
    pub merged_id: String,
    pub thread_id: String,
    pub booking_id: String,
    pub payment_id: String,
}

pub async fn person(app: &TestApp) -> Person {
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    let mut order = given::order_without_deposit("Wanda", &day(0), SLOT);
    order["customer"]["phone"] = "+12135550188".into();
    order["metadata"] = json!({ "hint": "wandameta" });
    let booking = given::booking(owner, order).await;
    let id = text(&booking, "customer_id").to_owned();
    let note = json!({ "customer_id": id, "text": "wandanote" });
    owner.accepted("add-note", note).await;
    let thread = given::message(owner, "email", "wanda@example.test", "wandaword here").await;
    let payment = json!({
        "amount_minor": 5_000, "memo": "wandamemo", "booking_id": booking["booking_id"],
    });
    let payment = owner.accepted("record-payment", payment).await;
    let twin = json!({ "source": "web", "first_name": "Wandatwin", "email": "twin@example.test" });
    let merged_id = given::id_of(&owner.accepted("create-lead", twin).await);
    let pair = json!({ "survivor_id": id, "merged_id": merged_id });
    owner.accepted("merge-customers", pair).await;
    app.settle().await;
    Person {
        thread_id: text(&thread, "thread_id").to_owned(),
        booking_id: text(&booking, "booking_id").to_owned(),
        payment_id: text(&payment["result"], "payment_id").to_owned(),
        merged_id,
        id,
    }
}

pub fn of(person: &Person) -> Value {
    json!({ "customer_id": person.id })
}

/// Lets an erasure be due at once.
pub async fn without_delay(owner: &Client) {
    let settings = json!({ "erasure_days": 0 });
    owner.accepted("update-settings", settings).await;
}

async fn shown(app: &TestApp, id: &str) -> Value {
    app.catch_up().await;
    let whole = app
        .tenant
        .owner
        .item(&format!("customer-360?id={id}"))
        .await;
    whole["profile"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restricted_person_is_seen_by_nobody_and_comes_back_whole() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let person = person(&app).await;
    let before = shown(&app, &person.id).await;
    let threads = async || {
        let found = owner.items("inbox?search=wandaword").await;
        found.len()
    };
    assert_eq!(threads().await, 1);
    app.tenant
        .agent
        .command("restrict-subject", of(&person))
        .await
        .refused(403, "permission-missing");
    let restricted = owner.accepted("restrict-subject", of(&person)).await;
    assert_eq!(restricted["result"]["restricted"], true);
    let again = owner.accepted("restrict-subject", of(&person)).await;
    assert_eq!(again["events"], json!([]), "it rests already");

    let now = shown(&app, &person.id).await;
    assert_eq!(
        (&now["first_name"], &now["email"], &now["restricted"]),
        (&json!("restricted"), &Value::Null, &json!(true)),
        "{now}"
    );
    for query in [
        "customers?email=wanda%40example.test",
        "customers?search=wanda",
    ] {
        assert_eq!(owner.items(query).await.len(), 0, "{query}");
    }
    assert_eq!(threads().await, 0);
    assert_eq!(
        app.count(COUNT_RESTRICTED).await,
        3,
        "both customers and the thread"
    );
    let note = json!({ "customer_id": person.id, "text": "more" });
    owner
        .command("add-note", note.clone())
        .await
        .refused(409, "subject-restricted");
    let answer = given::answer(&json!(person.thread_id), "Hello");
    owner
        .command("send-message", answer)
        .await
        .refused(409, "subject-restricted");

    owner.accepted("lift-restriction", of(&person)).await;
    let mut after = shown(&app, &person.id).await;
    for changed in ["updated_at", "sequence"] {
        after[changed] = before[changed].clone();
    }
    assert_eq!(after, before);
    assert_eq!(threads().await, 1);
    owner.accepted("add-note", note).await;
    let back = given::message(owner, "email", "wanda@example.test", "Still me").await;
    assert_eq!(
        back["thread_id"], person.thread_id,
        "its address is claimed again"
    );
    assert_eq!(back["customer_id"], person.id);
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_writes_while_the_old_data_rests_is_somebody_new() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let person = person(&app).await;
    owner.accepted("restrict-subject", of(&person)).await;
    let message = given::message(owner, "email", "wanda@example.test", "Hello again").await;
    assert_eq!(message["customer_created"], true, "{message}");
    let new_id = text(&message, "customer_id");
    assert_ne!(new_id, person.id);
    let lifted = owner.accepted("lift-restriction", of(&person)).await;
    assert_eq!(lifted["result"]["restricted"], false);
    let profile = shown(&app, &person.id).await;
    assert_eq!(profile["email"], Value::Null, "the new one has it by now");
    assert_eq!(profile["first_name"], "Wanda");
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_person_is_gone_with_all_that_was_theirs_and_stays_gone() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let person = person(&app).await;
    without_delay(owner).await;
    let asked = owner.accepted("erase-subject", of(&person)).await;
    assert!(asked["result"]["erase_at"].is_string(), "{asked}");
    app.settle().await;
    let profile = shown(&app, &person.id).await;
    assert_eq!(
        (&profile["first_name"], &profile["status"]),
        (&json!("erased"), &json!("erased")),
        "{profile}"
    );
    assert_eq!(
        app.count(COUNT_TOMBSTONES).await,
        4,
        "two customers, thread, payment"
    );
    let counts = app
        .admin()
        .await
        .query_one(
            "select payload->'SubjectErased'->'counts' from events where event_type = 'SubjectErased'
             and payload->'SubjectErased'->>'counts' is not null",
            &[],
        )
        .await
        .unwrap();
    let counts: Value = counts.get(0);
    assert_eq!(counts["keys"], 4, "{counts}");
    assert!(counts["stored_answers"].as_u64() > Some(4), "{counts}");
    let held = format!("select count(*) from handles where scope = '{CUSTOMER_SCOPE}'");
    assert_eq!(app.count(&held).await, 0);
    assert_eq!(
        app.count(
            "select count(*) from claims where scope in ('customer-email', 'conversation-address')"
        )
        .await,
        0
    );
    let booking = owner
        .item(&format!("booking?id={}", person.booking_id))
        .await;
    assert_eq!(booking["customer_name"], "erased", "{booking}");
    assert_eq!(booking["address"], Value::Null);
    let again = owner.command("erase-subject", of(&person)).await;
    again.refused(409, "subject-erased");
    app.claim_undelivered();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_command_makes_a_key_for_the_dead() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let person = person(&app).await;
    without_delay(owner).await;
    owner.accepted("erase-subject", of(&person)).await;
    app.settle().await;
    let known = app.count("select count(*) from subject_keys").await;
    let mut tried = 0;
    for command in commands::registry::all() {
        let schema = command.json_schema().unwrap();
        for body in bodies(schema, &person) {
            let _ = app.command_as_system(command.name, body).await;
            tried += 1;
        }
    }
    assert!(tried > 40, "only {tried} commands name a subject");
    let living = "select count(*) from subject_keys where subject_id in
        (select subject_id from subject_keys where destroyed_at is not null) and wrapped_key is not null";
    assert_eq!(app.count(living).await, 0);
    assert_eq!(app.count(COUNT_TOMBSTONES).await, 4);
    assert!(app.count("select count(*) from subject_keys").await >= known);
    app.claim_undelivered();
}

/// Bodies that name the person wherever the schema has an id, with all else as plain as it may be.
fn bodies(schema: &Value, person: &Person) -> Vec<Value> {
    let Some(properties) = schema["properties"].as_object() else {
        return Vec::new();
    };
    let id_of = |name: &str| {
        Some(match name {
            "customer_id" | "survivor_id" => &person.id,
            "merged_id" => &person.merged_id,
            "thread_id" | "conversation_id" => &person.thread_id,
            "booking_id" => &person.booking_id,
            "payment_id" => &person.payment_id,
            _ => return None,
        })
    };
    if !properties.keys().any(|name| id_of(name).is_some()) {
        return Vec::new();
    }
    let value = |name: &str, property: &Value| -> Value {
        if let Some(id) = id_of(name) {
            return json!(id);
        }
        let kind = property["type"].to_string();
        match name {
            "email" | "address" | "from" => json!("wanda@example.test"),
            "phone" => json!("+12135550188"),
            "channel" => json!("email"),
            "purpose" => json!("marketing"),
            "standing" => json!("granted"),
            "source" => json!("web"),
            "ground" => json!("legal_claim"),
            "sender_type" => json!("human"),
            _ if kind.contains("integer") => json!(1),
            _ if kind.contains("boolean") => json!(true),
            _ if kind.contains("array") => json!([]),
            _ if kind.contains("object") => json!({}),
            _ => json!("something"),
        }
    };
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let whole = |all: bool| -> Value {
        let fields = properties
            .iter()
            .filter(|(name, _)| all || required.contains(&name.as_str()));
        fields
            .map(|(name, property)| (name.clone(), value(name, property)))
            .collect()
    };
    vec![whole(false), whole(true)]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_erasure_never_comes_and_a_held_one_waits() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let person = person(&app).await;
    let asked = owner.accepted("erase-subject", of(&person)).await;
    let due = text(&asked["result"], "erase_at");
    let due = OffsetDateTime::parse(due, &time::format_description::well_known::Rfc3339).unwrap();
    let days = (due - OffsetDateTime::now_utc()).whole_days();
    assert!((29..=30).contains(&days), "{days}");
    owner
        .command("lift-restriction", of(&person))
        .await
        .refused(409, "erasure-requested");
    owner.accepted("cancel-erasure", of(&person)).await;
    let complete = json!({ "customer_id": person.id, "payments": [], "counts": {} });
    let late = app
        .command_at(due, "complete-erasure", complete.clone())
        .await;
    assert_eq!(late.unwrap()["events"], json!([]));

    owner.accepted("erase-subject", of(&person)).await;
    let hold = json!({ "customer_id": person.id, "ground": "legal_claim" });
    owner.accepted("hold-subject", hold).await;
    let later = due + Duration::days(1);
    let held = app
        .command_at(later, "complete-erasure", complete.clone())
        .await;
    assert_eq!(held.unwrap()["result"]["erased"], false);
    owner.accepted("release-subject", of(&person)).await;
    let done = app.command_at(later, "complete-erasure", complete).await;
    assert_eq!(done.unwrap()["result"]["erased"], true);
    app.claim_undelivered();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_whole_is_proved_and_is_on_record() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let person = person(&app).await;
    let query = format!("subject-export?id={}&format=html", person.id);
    owner.query(&query).await.refused(409, "export-not-ordered");
    let ordered = owner.accepted("export-subject", of(&person)).await;
    app.catch_up().await;
    let export = owner.item(&query).await;
    assert_eq!(export["export_id"], ordered["result"]["export_id"]);
    let told = export["document"].to_string();
    for word in [
        "Wanda",
        "wanda@example.test",
        "+12135550188",
        "wandanote",
        "wandaword",
        "wandamemo",
        "wandameta",
        "Wandatwin",
        given::ADDRESS,
    ] {
        assert!(told.contains(word), "{word} is missing");
    }
    assert!(!told.contains("v1:"), "something is still sealed");
    assert!(text(&export, "html").contains("wandaword"));
    let proof = &export["document"]["proof"];
    let events = "select count(*) from events where aggregate_type in ('customer', 'booking', 'payment', 'conversation')";
    assert_eq!(proof["events"], app.count(events).await, "{proof}");
    let again = owner.item(&query).await;
    assert_eq!(again["document"]["proof"], *proof);

    let reads = owner
        .items(&format!("audited-reads?customer_id={}", person.id))
        .await;
    assert_eq!(
        reads.len(),
        3,
        "the one that was refused as well: {reads:?}"
    );
    assert_eq!(reads[0]["query"], "subject-export");
    let agent = app.tenant.agent.query(&query).await;
    agent.refused(403, "permission-missing");
}
