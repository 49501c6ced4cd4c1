//! Facts from conversations: each with the customer's own words; what is sure counts, what is weak waits for a person, and
//! whatever a model makes up is left out.

use identity::principals::PrincipalKind;
use identity::roles::Role;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::given::{self, ADDRESS, text};
use tests::inbox::{Visitor, thread};

const WISHES: &str = "Hi, I'm Ada. 12 adults and 2 kids on March 28th, one is vegan.";

/// What a visitor says to a business that has no model; answers the thread's id.
async fn said(app: &TestApp, lines: &[&str]) -> String {
    let visitor = Visitor::of(app, "visitor-1");
    let mut thread_id = String::new();
    for line in lines {
        thread_id = visitor.write(line).await;
    }
    thread_id
}

async fn looked(app: &TestApp, thread_id: &str) -> Vec<Value> {
    let owner = &app.tenant.owner;
    owner
        .accepted("extract-facts", json!({ "thread_id": thread_id }))
        .await;
    app.settle().await;
    facts(app, thread_id).await
}

async fn facts(app: &TestApp, thread_id: &str) -> Vec<Value> {
    let query = format!("facts?thread_id={thread_id}");
    app.tenant.owner.items(&query).await
}

fn of<'a>(facts: &'a [Value], field: &str) -> &'a Value {
    let mut facts = facts.iter();
    let found = facts.find(|fact| fact["field"] == field);
    found.unwrap_or_else(|| panic!("no {field} was found"))
}

/// Has a model say this once.
async fn script(app: &TestApp, arguments: Value) {
    let answer = json!({ "call": { "name": "record_facts", "arguments": arguments }, "times": 1 });
    app.providers.post("/sandbox/answers", &answer).await;
}

async fn with_model() -> TestApp {
    let app = TestApp::start().await;
    let body = json!({ "provider": "openai", "secrets": { "api_key": "sk-test" } });
    app.tenant.owner.accepted("configure-provider", body).await;
    app
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_conversation_leaves_facts_with_the_words_they_rest_on() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let address = format!("We are at {ADDRESS}, ada@example.test");
    let lines = [WISHES, &address, "Our budget is $1,200"];
    let thread_id = said(&app, &lines).await;
    owner
        .accepted("close-thread", json!({ "thread_id": thread_id }))
        .await;
    app.settle().await;
    let facts = facts(&app, &thread_id).await;
    assert_eq!(
        of(&facts, "party")["value"],
        json!({ "adults": 12, "kids": 2 })
    );
    assert_eq!(of(&facts, "diet")["value"], "vegan");
    assert_eq!(of(&facts, "email")["value"], "ada@example.test");
    let budget = json!({ "amount_minor": 120_000, "currency": "USD" });
    assert_eq!(of(&facts, "budget")["value"], budget);
    let shown = thread(&app, &thread_id).await;
    for fact in &facts {
        let mut messages = shown["messages"].as_array().unwrap().iter();
        let message = messages
            .find(|message| message["message_id"] == fact["message_id"])
            .unwrap();
        assert!(
            text(message, "content").contains(text(fact, "quote")),
            "{fact}"
        );
        assert_eq!(fact["engine"]["kind"], "rules");
    }
    // "I'm Ada" may be a name and may be none.
    let name = of(&facts, "name");
    assert_eq!(
        (&name["standing"], &name["current"]),
        (&json!("review"), &json!(false))
    );
    assert_eq!(owner.items("facts?standing=review").await.len(), 1);
    let again = looked(&app, &thread_id).await;
    assert_eq!(
        again.len(),
        facts.len(),
        "nothing is found twice: {again:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn people_accept_reject_and_take_back() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let thread_id = said(&app, &[WISHES]).await;
    let found = looked(&app, &thread_id).await;
    let on = |fact: &Value| json!({ "thread_id": thread_id, "fact_id": fact["fact_id"] });
    let name = of(&found, "name");
    let agent = &app.tenant.agent;
    agent
        .command("accept-fact", on(name))
        .await
        .refused(403, "person-required");
    owner.accepted("accept-fact", on(name)).await;
    owner.accepted("accept-fact", on(of(&found, "date"))).await;
    owner.accepted("reject-fact", on(of(&found, "party"))).await;
    let judged = facts(&app, &thread_id).await;
    assert_eq!(of(&judged, "name")["current"], true);
    assert_eq!(of(&judged, "party")["current"], false);
    // What speaks against what a person has accepted waits for one; what was rejected does not come again.
    said(
        &app,
        &["Sorry, March 29th. And 12 adults and 2 kids, as I said"],
    )
    .await;
    let later = looked(&app, &thread_id).await;
    let dates: Vec<&Value> = later
        .iter()
        .filter(|fact| fact["field"] == "date")
        .collect();
    assert_eq!((dates.len(), &dates[0]["standing"]), (2, &json!("review")));
    let parties = later.iter().filter(|fact| fact["field"] == "party");
    assert_eq!(parties.count(), 1);
    owner.accepted("accept-fact", on(dates[0])).await;
    let newer = facts(&app, &thread_id).await;
    assert_eq!(of(&newer, "date")["current"], true);
    let undo = json!({ "thread_id": thread_id, "extraction_id": dates[0]["extraction_id"] });
    owner.accepted("undo-facts", undo.clone()).await;
    let left = facts(&app, &thread_id).await;
    let current = left
        .iter()
        .find(|fact| fact["current"] == true && fact["field"] == "date");
    assert_eq!(current.unwrap()["fact_id"], dates[1]["fact_id"]);
    owner.accepted("undo-facts", undo).await;
    owner
        .command("accept-fact", on(dates[0]))
        .await
        .refused(409, "fact-undone");
    let nothing = json!({ "thread_id": thread_id, "fact_id": "none" });
    owner
        .command("reject-fact", nothing)
        .await
        .refused(404, "fact-not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_believed_only_what_the_customer_wrote() {
    let app = with_model().await;
    let thread_id = said(&app, &[WISHES]).await;
    let message_id = thread(&app, &thread_id).await["messages"][0]["message_id"].clone();
    let fact = |field: &str, value: Value, quote: &str| {
        json!({ "field": field, "value": value, "quote": quote, "message_id": message_id, "evidence": "stated",
            "confidence": 0.95 })
    };
    let mut inferred = fact("diet", json!("halal"), "one is vegan");
    inferred["evidence"] = "inferred".into();
    let mut elsewhere = fact("email", json!("a@b.test"), "a@b.test");
    elsewhere["message_id"] = "another".into();
    let facts = json!([
        fact(
            "party",
            json!({ "adults": 12, "kids": 2 }),
            "12 adults and 2 kids"
        ),
        fact("phone", json!("+12135550142"), "call me at 213 555 0142"),
        fact("date", json!("soon"), "March 28th"),
        elsewhere,
        inferred,
    ]);
    script(&app, json!({ "facts": facts })).await;
    let found = looked(&app, &thread_id).await;
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(of(&found, "party")["standing"], "kept");
    assert_eq!(of(&found, "diet")["standing"], "review");
    assert_eq!(of(&found, "party")["engine"]["provider"], "openai");
    let runs = app.tenant.owner.items("assistant-runs").await;
    assert_eq!(
        (&runs[0]["calls"], &runs[0]["ended_by"]),
        (&json!(1), &json!("looked-for-facts"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_answers_nonsense_twice_is_left_alone() {
    let app = with_model().await;
    let thread_id = said(&app, &[WISHES]).await;
    script(&app, json!("{\"facts\": [{\"field\": \"da")).await;
    script(&app, json!({ "facts": [{ "field": "shoe size" }] })).await;
    assert!(looked(&app, &thread_id).await.is_empty());
    assert_eq!(
        app.tenant.owner.items("assistant-runs").await[0]["calls"],
        2
    );
    // Told once what is wrong, it may do better.
    script(&app, json!({ "facts": "none" })).await;
    script(&app, json!({ "facts": [] })).await;
    assert!(looked(&app, &thread_id).await.is_empty());
    // Rules cost nothing, so a used up day does not stop them.
    let none = json!({ "assistant": { "max_tokens_per_day": 0 } });
    app.tenant.owner.accepted("update-settings", none).await;
    let found = looked(&app, &thread_id).await;
    assert_eq!(of(&found, "party")["engine"]["kind"], "rules");
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_are_part_of_the_customer_and_go_with_them() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    let order = given::order_without_deposit("Ada", &given::day(0), "18:00");
    let phone = text(&order["customer"], "phone").to_owned();
    let booking = given::booking(owner, order).await;
    let received = given::message(owner, "sms", &phone, WISHES).await;
    let thread_id = text(&received, "thread_id");
    let found = looked(&app, thread_id).await;
    assert_eq!(found[0]["customer_id"], booking["customer_id"]);
    let customer_id = text(&booking, "customer_id");
    let whole = owner.item(&format!("customer-360?id={customer_id}")).await;
    assert_eq!(
        whole["facts"].as_array().unwrap().len(),
        found.len(),
        "{whole}"
    );
    let viewer = app.client(PrincipalKind::Person, Role::Viewer).await;
    let hidden = viewer
        .items(&format!("facts?customer_id={customer_id}"))
        .await;
    assert!(
        hidden[0]["value"].is_null() && hidden[0]["quote"].is_null(),
        "{hidden:?}"
    );
    crate::privacy::without_delay(owner).await;
    let erase = json!({ "customer_id": customer_id });
    owner.accepted("erase-subject", erase).await;
    app.settle().await;
    let after = facts(&app, thread_id).await;
    assert!(
        after
            .iter()
            .all(|fact| fact["value"].is_null() && fact["quote"].is_null())
    );
    owner
        .command("extract-facts", json!({ "thread_id": thread_id }))
        .await
        .refused(409, "subject-erased");
    app.claim_undelivered();
}
