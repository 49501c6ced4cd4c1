//! Templates: the tenant's own words for what is sent, drafted, tried out, published, and on record with each message.

use identity::principals::PrincipalKind;
use identity::roles::Role;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::client::Client;
use tests::given::{self, SLOT, day, text};

const LETTER: &str = "booking-requested.email.en";
/// Her name has to be escaped in HTML, and nowhere else.
const MARKED: &str = "Bea";

fn draft(subject: &str) -> Value {
    json!({
        "name": "booking-requested", "channel": "email", "language": "en", "subject": subject,
        "text": "Dear {{ first_name }},\n\n{{ guests }} of you on {{ when }}.{% if hold_until %} Until {{ hold_until }}.{% endif %}\n\n{{ business }}",
    })
}

fn named(template_id: &str) -> Value {
    json!({ "template_id": template_id })
}

async fn publish(client: &Client, draft: Value) -> Value {
    let saved = client.accepted("save-template-draft", draft).await;
    let template_id = text(&saved["result"], "template_id");
    let published = client.accepted("publish-template", named(template_id));
    published.await["result"].clone()
}

/// Books without a deposit, which one letter follows; answers the booking's id.
async fn book(app: &TestApp, name: &str, number: i64) -> String {
    let mut order = given::order_without_deposit(name, &day(number), SLOT);
    if name == MARKED {
        order["customer"]["first_name"] = "Bea & Co".into();
    }
    let booking = given::booking(&app.tenant.owner, order).await;
    text(&booking, "booking_id").to_owned()
}

/// What the record says of the words of a booking's letter.
async fn words_on_record(app: &TestApp, booking_id: &str) -> String {
    app.settle().await;
    let owner = &app.tenant.owner;
    let listed = owner.get("/operations/outbox?limit=200").await.ok();
    let messages = listed["items"].as_array().unwrap();
    let message = messages
        .iter()
        .find(|message| message["aggregate_id"] == booking_id && message["target"] == "email")
        .unwrap();
    let path = format!("/operations/outbox/{}", text(message, "message_id"));
    let shown = owner.get(&path).await.ok();
    let shown = shown.get("item").unwrap_or(&shown).clone();
    text(&shown["attempts"][0], "detail").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_template_takes_the_place_of_our_words_until_it_is_retired() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    let saved = owner
        .accepted("save-template-draft", draft("Noted: {{ when }}"))
        .await;
    assert_eq!(saved["result"]["template_id"], LETTER);
    let preview = &saved["result"]["preview"];
    assert!(
        text(preview, "text").starts_with("Dear Ada,\n\n13 of you on Saturday"),
        "{preview}"
    );
    assert!(
        text(preview, "html").contains("<p>Dear Ada,</p>"),
        "{preview}"
    );
    let first = book(&app, "Ada", 0).await;
    let mails = app.providers.mails(&first, 1).await;
    assert!(
        !text(&mails[0], "subject").starts_with("Noted"),
        "a draft is not sent"
    );
    assert_eq!(
        words_on_record(&app, &first).await,
        "words: our own of booking-requested"
    );
    let published = owner.accepted("publish-template", named(LETTER)).await["result"].clone();
    assert_eq!(
        (&published["version"], &published["standing"]),
        (&json!(1), &json!("published"))
    );
    let second = book(&app, MARKED, 1).await;
    let mails = app.providers.mails(&second, 1).await;
    assert!(
        text(&mails[0], "subject").starts_with("Noted: "),
        "{}",
        mails[0]
    );
    assert!(
        text(&mails[0], "text").contains("Dear Bea & Co,"),
        "{}",
        mails[0]
    );
    assert!(
        text(&mails[0], "html").contains("Dear Bea &amp; Co,"),
        "{}",
        mails[0]
    );
    assert_eq!(
        words_on_record(&app, &second).await,
        format!(
            "words: template {LETTER} version 1 sha256:{}",
            text(&published, "digest")
        )
    );
    owner.accepted("retire-template", named(LETTER)).await;
    let third = book(&app, "Cleo", 2).await;
    let mails = app.providers.mails(&third, 1).await;
    assert!(
        !text(&mails[0], "subject").starts_with("Noted"),
        "{}",
        mails[0]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_never_changes_and_every_one_is_kept() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let first = publish(owner, draft("One")).await;
    let second = publish(owner, draft("Two")).await;
    assert_eq!(
        (&first["version"], &second["version"]),
        (&json!(1), &json!(2))
    );
    assert_ne!(first["digest"], second["digest"]);
    let again = owner.accepted("publish-template", named(LETTER)).await;
    assert_eq!(again["events"], json!([]), "there is no draft");
    owner.accepted("save-template-draft", draft("Three")).await;
    app.catch_up().await;
    let shown = owner.item(&format!("template?id={LETTER}")).await;
    let subjects: Vec<&Value> = shown["versions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["content"]["subject"])
        .collect();
    assert_eq!(subjects, ["Two", "One"]);
    assert_eq!(shown["draft"]["subject"], "Three");
    assert_eq!(shown["versions"][0]["digest"], second["digest"]);
    owner
        .accepted("discard-template-draft", named(LETTER))
        .await;
    app.catch_up().await;
    let listed = owner
        .items("templates?channel=email&standing=published")
        .await;
    assert_eq!(
        (listed.len(), &listed[0]["version"], &listed[0]["has_draft"]),
        (1, &json!(2), &json!(false))
    );
    let letters = owner.items("template-letters").await;
    let ours = letters
        .iter()
        .find(|one| one["name"] == "booking-requested")
        .unwrap();
    assert!(text(ours, "text").contains("{{ first_name }}"));
    let another = app.another_tenant("moon-and-tide").await;
    assert!(another.owner.items("templates").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_sent_is_refused_with_what_would_be_right() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let mut wrong = draft("{{ when }} {{ colour }}");
    wrong["text"] = "Until {{ hold_until }}".into();
    wrong["html"] = "{% include 'x' %}".into();
    let reply = owner.command("save-template-draft", wrong).await;
    reply.refused(422, "validation-failed");
    assert_eq!(
        reply.pointers(),
        ["/subject", "/text", "/html"],
        "{}",
        reply.text
    );
    for part in [
        "colour is not known",
        "first_name",
        "{% if hold_until %}",
        "endif",
    ] {
        assert!(reply.text.contains(part), "{part}: {}", reply.text);
    }
    let mut other = draft("x");
    other["channel"] = "sms".into();
    let reply = owner.command("save-template-draft", other).await;
    assert_eq!(reply.pointers()[0], "/subject", "{}", reply.text);
    owner
        .command("publish-template", named(LETTER))
        .await
        .refused(404, "template-not-found");
    let staff = app.client(PrincipalKind::Person, Role::Staff).await;
    staff
        .command("save-template-draft", draft("x"))
        .await
        .refused(403, "permission-missing");
    let tried = owner
        .command("save-template-draft?dry_run=true", draft("Tried"))
        .await
        .ok();
    assert_eq!(tried["result"]["preview"]["subject"], "Tried");
    app.catch_up().await;
    assert!(
        owner.items("templates").await.is_empty(),
        "a dry run keeps nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_shows_what_a_real_customer_would_read() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    let booking_id = book(&app, "Grace", 0).await;
    owner
        .accepted("save-template-draft", draft("{{ first_name }}"))
        .await;
    app.catch_up().await;
    let path = format!("template-preview?id={LETTER}");
    let shown = owner.item(&path).await;
    assert_eq!(
        (&shown["subject"], &shown["version"]),
        (&json!("Ada"), &Value::Null)
    );
    assert!(text(&shown, "text").contains("Until Sunday"));
    let shown = owner.item(&format!("{path}&booking_id={booking_id}")).await;
    assert_eq!(shown["subject"], "Grace");
    assert!(!text(&shown, "text").contains("Until"), "{shown}");
    let customer_id = given::customer(owner, "Hedy").await;
    app.catch_up().await;
    let shown = owner
        .item(&format!("{path}&customer_id={customer_id}"))
        .await;
    assert_eq!(shown["subject"], "Hedy");
    let missing = owner.query(&format!("{path}&which=published")).await;
    missing.refused(404, "template-version-not-found");
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_sent_by_its_name_and_remembers_its_version() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let hello = json!({
        "name": "parking", "channel": "sms", "language": "en", "text": "Hi {{ first_name }}, park at {{ place }} – {{ business }}",
        "variables": [{ "name": "place", "sample": "the gate" }],
    });
    let saved = owner.accepted("save-template-draft", hello).await;
    assert_eq!(
        saved["result"]["preview"]["segments"]["alphabet"], "unicode",
        "for its dash"
    );
    let asked = given::message(owner, "sms", "+12135550177", "Where do I park?").await;
    let mut send = given::answer(&asked["thread_id"], "");
    send.as_object_mut().unwrap().remove("content");
    send["template"] = json!({ "name": "parking", "variables": { "place": "the <mill>" } });
    let refused = owner.command("send-message", send.clone()).await;
    assert_eq!(refused.pointers(), ["/template/name"], "{}", refused.text);
    let published = owner
        .accepted("publish-template", named("parking.sms.en"))
        .await["result"]
        .clone();
    let mut without = send.clone();
    without["template"]["variables"] = json!({});
    let refused = owner.command("send-message", without).await;
    assert_eq!(
        refused.pointers(),
        ["/template/variables"],
        "{}",
        refused.text
    );
    owner.accepted("send-message", send).await;
    app.catch_up().await;
    let path = format!("thread?id={}", text(&asked, "thread_id"));
    let shown = owner.item(&path).await;
    let message = &shown["messages"][1];
    assert_eq!(
        message["content"],
        "Hi there, park at the <mill> – Fire & Rice"
    );
    assert_eq!(
        message["canned_reply"],
        json!({ "name": "parking.sms.en", "version": 1, "digest": published["digest"] })
    );
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tenants_language_is_spoken_where_there_are_words_in_it() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    publish(owner, draft("English")).await;
    let mut spanish = draft("Anotado");
    spanish["language"] = "es".into();
    publish(owner, spanish).await;
    let first = book(&app, "Ada", 0).await;
    assert_eq!(
        app.providers.mails(&first, 1).await[0]["subject"],
        "English"
    );
    let language = json!({ "messaging": { "language": "es-MX" } });
    owner.accepted("update-settings", language).await;
    let second = book(&app, "Bea", 1).await;
    assert_eq!(
        app.providers.mails(&second, 1).await[0]["subject"],
        "Anotado"
    );
    app.settle().await;
}
