//! The inbox: every filter, search by customer and by word, pages, rights, and how long customers waited.

use identity::principals::PrincipalKind;
use identity::roles::Role;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::client::Client;
use tests::given::{self, text};
use time::{Duration, OffsetDateTime};

/// Three threads: Ada's by e-mail, answered; a stranger's by SMS, unread twice; a visitor's chat, closed.
async fn some_threads(app: &TestApp) -> [Value; 3] {
    let owner = &app.tenant.owner;
    given::customer(owner, "Ada").await;
    let mail = given::message(
        owner,
        "email",
        &given::email("Ada"),
        "Is the lobster fresh?",
    )
    .await;
    let answer = given::answer(&mail["thread_id"], "Caught this very morning.");
    owner.accepted("send-message", answer).await;
    let sms = given::message(owner, "sms", "+12135550177", "Do you serve Burbank?").await;
    given::message(owner, "sms", "+12135550177", "For twelve people").await;
    let chat = given::message(owner, "web_chat", "visitor-7", "Thanks, bye").await;
    owner
        .accepted("close-thread", json!({ "thread_id": chat["thread_id"] }))
        .await;
    app.settle().await;
    [mail, sms, chat]
}

async fn found(client: &Client, query: &str) -> Vec<String> {
    let items = client.items(&format!("inbox?{query}")).await;
    items
        .iter()
        .map(|item| text(item, "channel").to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inbox_is_filtered_by_each_of_its_fields() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let [mail, _, chat] = some_threads(&app).await;
    let (thread_id, customer_id) = (text(&chat, "thread_id"), text(&mail, "customer_id"));
    let hence = (OffsetDateTime::now_utc() + Duration::hours(1)).unix_timestamp();
    let hence = given::instant(OffsetDateTime::from_unix_timestamp(hence).unwrap());
    let expected: [(String, &[&str]); 15] = [
        ("limit=10".to_owned(), &["web_chat", "sms", "email"]),
        (
            "sort=last_message_at".to_owned(),
            &["email", "sms", "web_chat"],
        ),
        (format!("thread_id={thread_id}"), &["web_chat"]),
        (format!("customer_id={customer_id}"), &["email"]),
        ("customer_name=ada".to_owned(), &["email"]),
        ("channel=sms".to_owned(), &["sms"]),
        ("status=open".to_owned(), &["sms"]),
        ("status=pending".to_owned(), &["email"]),
        ("status=closed".to_owned(), &["web_chat"]),
        ("unread=true".to_owned(), &["web_chat", "sms"]),
        ("unread_count=2".to_owned(), &["sms"]),
        ("message_count=1".to_owned(), &["web_chat"]),
        ("unknown_customer=true".to_owned(), &["web_chat"]),
        (format!("last_message_from={hence}"), &[]),
        (format!("last_message_to={hence}&unassigned=false"), &[]),
    ];
    for (query, channels) in expected {
        assert_eq!(found(owner, &query).await, channels, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn threads_are_searched_by_names_and_by_words() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    some_threads(&app).await;
    for (query, channels) in [
        ("LOBSTER", &["email"] as &[&str]),
        ("morning", &["email"]),
        ("burbank%20twelve", &["sms"]),
        ("ada%20lobster", &["email"]),
        ("ad", &["email"]),
        ("lobst", &[]),
        ("ada%20burbank", &[]),
        ("...", &[]),
    ] {
        assert_eq!(
            found(owner, &format!("search={query}")).await,
            channels,
            "{query}"
        );
    }
    // Words of messages are nobody's to read in the database.
    let sql = "select count(*) from conversation_terms where term !~ '^[0-9a-f]{64}$'";
    assert_eq!(app.count(sql).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_the_inbox_and_of_a_thread_meet_everything_once() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let [_, sms, _] = some_threads(&app).await;
    for number in 3..=7 {
        given::message(owner, "sms", "+12135550177", &format!("Message {number}")).await;
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = owner.query(&format!("inbox?limit=2{cursor}")).await.ok();
        let items = page["items"].as_array().unwrap().clone();
        seen.extend(items.iter().map(|item| text(item, "channel").to_owned()));
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, ["sms", "web_chat", "email"]);
    let (mut said, mut before) = (Vec::new(), String::new());
    loop {
        let query = format!("thread?id={}&limit=3{before}", text(&sms, "thread_id"));
        let page = owner.item(&query).await;
        let messages = page["messages"].as_array().unwrap();
        said.splice(
            0..0,
            messages
                .iter()
                .map(|message| text(message, "content").to_owned()),
        );
        let Some(older) = page["older"].as_str() else {
            break;
        };
        before = format!("&before={older}");
    }
    assert_eq!(said.len(), 7);
    assert_eq!(
        (said[0].as_str(), said[6].as_str()),
        ("Do you serve Burbank?", "Message 7")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_is_for_those_who_may_read_personal_data() {
    let app = TestApp::start().await;
    let [mail, ..] = some_threads(&app).await;
    let viewer = app.client(PrincipalKind::Person, Role::Viewer).await;
    let thread = format!("thread?id={}", text(&mail, "thread_id"));
    for query in ["inbox", thread.as_str()] {
        let shown = viewer.query(query).await;
        assert_eq!(shown.status, 200, "{}", shown.text);
        for secret in ["lobster", "morning", "ada@", "5550177"] {
            assert!(
                !shown.text.contains(secret),
                "{query} shows {secret}: {}",
                shown.text
            );
        }
    }
    viewer
        .command("send-message", given::answer(&mail["thread_id"], "Hi"))
        .await
        .refused(403, "permission-missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn waits_are_counted_from_the_question_to_the_answer_and_to_the_end() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let begun = OffsetDateTime::now_utc() - Duration::hours(4);
    let after = |minutes: i64| begun + Duration::minutes(minutes);
    let ask =
        |content: &str| json!({ "channel": "web_chat", "from": "visitor-7", "content": content });
    let asked = app
        .command_at(begun, "receive-message", ask("One"))
        .await
        .unwrap();
    app.command_at(after(2), "receive-message", ask("Two"))
        .await
        .unwrap();
    let id = json!({ "thread_id": asked["result"]["thread_id"] });
    let answer = given::answer(&id["thread_id"], "Yes");
    app.command_at(after(10), "send-message", answer.clone())
        .await
        .unwrap();
    app.command_at(after(20), "send-message", answer.clone())
        .await
        .unwrap();
    app.command_at(after(30), "receive-message", ask("Three"))
        .await
        .unwrap();
    app.command_at(after(35), "send-message", answer)
        .await
        .unwrap();
    app.command_at(after(60), "close-thread", id).await.unwrap();
    app.settle().await;
    let stats = owner.items("conversation-stats").await;
    let waits = |kind: &str| {
        (
            stats[0][kind]["count"].clone(),
            stats[0][kind]["mean_seconds"].clone(),
        )
    };
    assert_eq!(stats[0]["group"], "total");
    assert_eq!(waits("first_response"), (json!(1), json!(600.0)));
    assert_eq!(
        waits("response"),
        (json!(2), json!(450.0)),
        "nobody waited for the second message"
    );
    assert_eq!(waits("resolution"), (json!(1), json!(3600.0)));
    assert_eq!(stats[0]["response"]["median_seconds"], 450.0);
    let by_sender = owner.items("conversation-stats?by=sender_type").await;
    let groups: Vec<&str> = by_sender.iter().map(|item| text(item, "group")).collect();
    assert_eq!(groups, ["human", "none"]);
    assert_eq!(
        owner
            .items("conversation-stats?by=channel&channel=sms")
            .await
            .len(),
        0
    );
    assert!(!owner.items("conversation-stats?by=day").await.is_empty());
    let backwards = owner
        .query("conversation-stats?from=2026-03-02&to=2026-03-01")
        .await;
    backwards.refused(400, "parameters-invalid");
}
