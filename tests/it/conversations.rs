//! Conversations: threads found or opened, messages in and out, what becomes of them.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::client::Client;
use tests::given::{self, text};
use tests::wait;

const NUMBER: &str = "+12135550142";

async fn lead(client: &Client, first_name: &str, phone: &str) -> String {
    let body = json!({
        "source": "web", "first_name": first_name, "email": given::email(first_name), "phone": phone,
    });
    given::id_of(&client.accepted("create-lead", body).await)
}

async fn thread(client: &Client, thread_id: &Value) -> Value {
    client
        .item(&format!("thread?id={}", thread_id.as_str().unwrap()))
        .await
}

/// The thread once its newest message of ours has this status.
async fn thread_once(client: &Client, thread_id: &Value, status: &str) -> Value {
    wait::until(&format!("the message is {status}"), async || {
        let thread = thread(client, thread_id).await;
        let messages = thread["messages"].as_array()?;
        let newest = messages
            .iter()
            .rev()
            .find(|message| message["direction"] == "out")?;
        (newest["status"] == status).then(|| thread.clone())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_number_becomes_a_lead_with_one_thread() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let first = given::message(owner, "sms", "(213) 555-0142", "Do you do birthdays?").await;
    assert_eq!(
        (&first["thread_created"], &first["customer_created"]),
        (&json!(true), &json!(true))
    );
    let again = given::message(owner, "sms", NUMBER, "Hello?").await;
    assert_eq!(first["thread_id"], again["thread_id"]);
    assert_eq!(
        (&again["thread_created"], &again["customer_created"]),
        (&json!(false), &json!(false))
    );
    let whole = owner
        .item(&format!("customer-360?id={}", text(&first, "customer_id")))
        .await;
    assert_eq!(whole["profile"]["phone"], NUMBER);
    assert_eq!(whole["conversations"][0]["last_message"], "Hello?");
    assert!(
        whole["timeline"].to_string().contains("Wrote to us"),
        "{}",
        whole["timeline"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn first_messages_that_come_at_once_open_one_thread() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let arriving = (0..8).map(|number| {
        let content = format!("Message {number}");
        async move { given::message(owner, "sms", NUMBER, &content).await }
    });
    let threads: BTreeSet<String> = join_all(arriving)
        .await
        .iter()
        .map(|result| text(result, "thread_id").to_owned())
        .collect();
    assert_eq!(threads.len(), 1);
    assert_eq!(owner.items("customers").await.len(), 1);
    let inbox = owner.items("inbox").await;
    assert_eq!((inbox.len(), &inbox[0]["unread_count"]), (1, &json!(8)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_provider_brings_again_changes_nothing() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let body = json!({
        "channel": "sms", "from": NUMBER, "content": "Hi", "provider": "twilio", "provider_message_id": "SM1",
    });
    let first = owner.accepted("receive-message", body.clone()).await;
    let again = owner.accepted("receive-message", body).await;
    assert_eq!(again["events"], json!([]));
    assert_eq!(again["result"]["repeated"], true);
    for field in ["thread_id", "message_id", "customer_id"] {
        assert_eq!(first["result"][field], again["result"][field], "{field}");
    }
    assert_eq!(owner.items("inbox").await[0]["message_count"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_several_share_asks_whose_thread_it_is() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let (ada, bob) = (
        lead(owner, "Ada", NUMBER).await,
        lead(owner, "Bob", NUMBER).await,
    );
    let asked = given::message(owner, "sms", NUMBER, "We are late").await;
    assert_eq!(
        (&asked["customer_id"], &asked["customer_created"]),
        (&Value::Null, &json!(false))
    );
    let candidates: BTreeSet<&str> = asked["candidates"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(candidates, BTreeSet::from([ada.as_str(), bob.as_str()]));
    assert_eq!(owner.items("inbox?unknown_customer=true").await.len(), 1);
    let shown = thread(owner, &asked["thread_id"]).await;
    assert_eq!(shown["candidates"].as_array().unwrap().len(), 2, "{shown}");
    let settle = json!({ "thread_id": asked["thread_id"], "customer_id": bob });
    owner.accepted("move-thread", settle).await;
    let next = given::message(owner, "sms", NUMBER, "Ten minutes").await;
    assert_eq!(
        (&next["customer_id"], &next["thread_id"]),
        (&json!(bob), &asked["thread_id"])
    );
    assert_eq!(
        owner.items(&format!("inbox?customer_id={bob}")).await[0]["customer_name"],
        "Bob"
    );
    assert_eq!(
        owner.items(&format!("inbox?customer_id={ada}")).await.len(),
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_e_mail_is_answered_by_e_mail() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let ada = given::customer(owner, "Ada").await;
    let body = json!({
        "channel": "email", "from": "ADA@example.test", "content": "Is Saturday free?", "subject": "A party",
        "provider": "mail", "provider_message_id": "<1@example.test>",
    });
    let asked = owner.accepted("receive-message", body).await["result"].clone();
    assert_eq!(
        (&asked["customer_id"], &asked["customer_created"]),
        (&json!(ada), &json!(false))
    );
    let sent = owner
        .accepted(
            "send-message",
            given::answer(&asked["thread_id"], "It is.\n\nKim & crew"),
        )
        .await;
    assert_eq!(sent["result"]["status"], "queued");
    let shown = thread_once(owner, &asked["thread_id"], "sent").await;
    app.settle().await;
    let mails = app.providers.get("/sandbox/mails").await["mails"].clone();
    let [mail] = mails.as_array().unwrap().as_slice() else {
        panic!("{mails}");
    };
    assert_eq!(
        (&mail["subject"], &mail["to"][0]),
        (&json!("Re: A party"), &json!(given::email("Ada")))
    );
    assert_eq!(
        text(mail, "text").trim().replace("\r\n", "\n"),
        "It is.\n\nKim & crew"
    );
    assert!(text(mail, "html").contains("Kim &amp; crew"), "{mail}");
    assert!(
        mail["headers"].to_string().contains("<1@example.test>"),
        "{mail}"
    );
    let message = &shown["messages"][1];
    assert_eq!(
        (&message["why"]["basis"], &message["provider"]),
        (&json!("answer"), &json!("smtp"))
    );
    assert_eq!(
        (&shown["status"], &shown["unread_count"]),
        (&json!("pending"), &json!(0))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_of_the_chat_is_answered_and_may_say_who_they_are() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let asked = given::message(owner, "web_chat", "visitor-7", "Anybody there?").await;
    assert_eq!(
        (&asked["customer_id"], &asked["candidates"]),
        (&Value::Null, &json!([]))
    );
    owner
        .accepted("send-message", given::answer(&asked["thread_id"], "Yes!"))
        .await;
    thread_once(owner, &asked["thread_id"], "delivered").await;
    let body = json!({
        "channel": "web_chat", "from": "visitor-7", "content": "Great", "name": "Ada",
        "email": given::email("Ada"),
    });
    let known = owner.accepted("receive-message", body).await["result"].clone();
    assert_eq!(
        (&known["thread_id"], &known["customer_created"]),
        (&asked["thread_id"], &json!(true))
    );
    assert_eq!(
        thread(owner, &asked["thread_id"]).await["customer_name"],
        "Ada"
    );
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_of_providers_come_to_the_same_in_any_order() {
    let app = TestApp::start().await;
    // Nobody carries text messages here; what is said of them is what counts.
    app.claim_undelivered();
    let owner = &app.tenant.owner;
    let asked = given::message(owner, "sms", NUMBER, "Hi").await;
    let reports = [
        json!({ "status": "sent", "provider": "twilio" }),
        json!({ "status": "failed", "code": "30003" }),
        json!({ "status": "delivered" }),
        json!({ "status": "read" }),
        json!({ "status": "delivered" }),
    ];
    let mut outcomes = BTreeSet::new();
    for turn in 0..reports.len() {
        let sent = owner
            .accepted("send-message", given::answer(&asked["thread_id"], "Hello"))
            .await;
        let message_id = &sent["result"]["message_id"];
        for place in 0..2 * reports.len() {
            // Every other turn runs backwards, and all of it comes twice.
            let index = match turn % 2 {
                0 => (turn + place) % reports.len(),
                _ => (turn + 3 * place) % reports.len(),
            };
            let mut report = reports[index].clone();
            report["thread_id"] = asked["thread_id"].clone();
            report["message_id"] = message_id.clone();
            if report["status"] == "sent" {
                report["provider_message_id"] = format!("SM-{turn}").into();
            }
            app.command_as_system("record-message-status", report)
                .await
                .unwrap();
        }
        app.catch_up().await;
        let shown = thread(owner, &asked["thread_id"]).await;
        let message = shown["messages"].as_array().unwrap().last().unwrap();
        assert_eq!(message["provider_message_id"], format!("SM-{turn}"));
        outcomes.insert(format!("{} {}", message["status"], message["failure"]));
    }
    assert_eq!(outcomes, BTreeSet::from(["\"read\" null".to_owned()]));
    let by_provider =
        json!({ "provider": "twilio", "provider_message_id": "SM-2", "status": "read" });
    let known = app
        .command_as_system("record-message-status", by_provider)
        .await
        .unwrap();
    assert_eq!(
        (&known["events"], &known["result"]["status"]),
        (&json!([]), &json!("read"))
    );
    let unheard_of =
        json!({ "provider": "twilio", "provider_message_id": "SM-9", "status": "read" });
    let refused = app
        .command_as_system("record-message-status", unheard_of)
        .await;
    assert!(refused.unwrap_err().to_string().contains("message-unknown"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_passes_for_somebody_else_and_no_tenant_sees_anothers_threads() {
    let app = TestApp::start().await;
    let other = app.another_tenant("sea-and-smoke").await;
    let owner = &app.tenant.owner;
    let ours = given::message(owner, "sms", NUMBER, "Hi").await;
    app.tenant
        .agent
        .command(
            "send-message",
            given::answer(&ours["thread_id"], "I am Kim"),
        )
        .await
        .refused(403, "sender-type-forbidden");
    let theirs = given::message(&other.owner, "sms", NUMBER, "Hi").await;
    assert_ne!(ours["thread_id"], theirs["thread_id"]);
    assert_eq!(other.owner.items("inbox").await.len(), 1);
    other
        .owner
        .command("send-message", given::answer(&ours["thread_id"], "Hello"))
        .await
        .refused(404, "thread-not-found");
    other
        .owner
        .query(&format!("thread?id={}", text(&ours, "thread_id")))
        .await
        .refused(404, "thread-not-found");
    other
        .owner
        .command("record-message-status", json!({ "status": "read" }))
        .await
        .refused(404, "command-unknown");
}
