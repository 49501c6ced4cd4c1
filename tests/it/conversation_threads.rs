//! What people do with threads: answer without colliding, read, note, snooze, close, assign and merge.

use serde_json::{Value, json};
use tests::app::TestApp;
use tests::client::Client;
use tests::given::{self, text};
use tests::stream::Listener;
use time::{Duration, OffsetDateTime};

async fn thread(client: &Client, thread_id: &Value) -> Value {
    client
        .item(&format!("thread?id={}", thread_id.as_str().unwrap()))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_answer_at_once_collide() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let asked = given::message(owner, "web_chat", "visitor-7", "Is Saturday free?").await;
    let mut answer = given::answer(&asked["thread_id"], "Yes");
    answer["after_message_id"] = asked["message_id"].clone();
    let first = owner.accepted("send-message", answer.clone()).await;
    let refusal = owner
        .command("send-message", answer.clone())
        .await
        .refused(409, "reply-collision");
    assert_eq!(
        refusal["alternatives"][0]["message_id"],
        first["result"]["message_id"]
    );
    answer["after_message_id"] = first["result"]["message_id"].clone();
    owner.accepted("send-message", answer).await;
    let shown = thread(owner, &asked["thread_id"]).await;
    assert_eq!(shown["messages"].as_array().unwrap().len(), 3);
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unread_messages_are_counted_until_somebody_has_read_them() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let asked = given::message(owner, "web_chat", "visitor-7", "One").await;
    given::message(owner, "web_chat", "visitor-7", "Two").await;
    let id = json!({ "thread_id": asked["thread_id"] });
    let mut note = id.clone();
    note["text"] = "A regular of ours".into();
    owner.accepted("add-thread-note", note).await;
    let unread = async || owner.items("inbox").await[0]["unread_count"].clone();
    assert_eq!(unread().await, 2);
    let mut by_ai = given::answer(&asked["thread_id"], "Hello");
    by_ai["sender_type"] = "ai".into();
    by_ai["sender_id"] = "ai_system".into();
    app.tenant.agent.accepted("send-message", by_ai).await;
    assert_eq!(unread().await, 2, "nobody of ours has read it yet");
    owner.accepted("mark-thread-read", id.clone()).await;
    let again = owner.accepted("mark-thread-read", id).await;
    assert_eq!((unread().await, &again["events"]), (json!(0), &json!([])));
    let shown = thread(owner, &asked["thread_id"]).await;
    let directions: Vec<&str> = shown["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| text(message, "direction"))
        .collect();
    assert_eq!(directions, ["in", "in", "note", "out"]);
    assert_eq!(
        (&shown["message_count"], &shown["messages"][2]["content"]),
        (&json!(3), &json!("A regular of ours"))
    );
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snoozed_thread_comes_back_in_time_and_a_closed_one_with_the_next_message() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let asked = given::message(owner, "web_chat", "visitor-7", "Later, please").await;
    let id = json!({ "thread_id": asked["thread_id"] });
    let status = async || thread(owner, &asked["thread_id"]).await["status"].clone();
    let until = OffsetDateTime::now_utc() + Duration::hours(3);
    let mut snooze = id.clone();
    snooze["until"] = given::instant(until).into();
    owner.accepted("snooze-thread", snooze).await;
    assert_eq!(status().await, "snoozed");
    let timers = "select count(*) from outbox_work w join outbox_messages m using (tenant_id, message_id)
        where m.name = 'wake-thread' and w.run_at between now() + interval '2 hours' and now() + interval '4 hours'";
    assert_eq!(app.count(timers).await, 1);
    let early = app
        .command_as_system("wake-thread", id.clone())
        .await
        .unwrap();
    assert_eq!(early["events"], json!([]));
    let due = until + Duration::seconds(1);
    let woken = app
        .command_at(due, "wake-thread", id.clone())
        .await
        .unwrap();
    assert_eq!(woken["events"][0]["type"], "ThreadReopened");
    owner.accepted("close-thread", id.clone()).await;
    assert_eq!(status().await, "closed");
    given::message(owner, "web_chat", "visitor-7", "One more thing").await;
    assert_eq!(status().await, "open");
    let mut assign = id.clone();
    assign["assignee"] = "kim".into();
    owner.accepted("assign-thread", assign).await;
    assert_eq!(owner.items("inbox?assigned_agent_id=kim").await.len(), 1);
    owner.accepted("unassign-thread", id.clone()).await;
    assert_eq!(owner.items("inbox?unassigned=true").await.len(), 1);
    let mut mode = id;
    mode["ai_mode"] = "suggest".into();
    owner.accepted("set-ai-mode", mode).await;
    assert_eq!(owner.items("inbox?ai_mode=suggest").await.len(), 1);
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn merged_threads_are_one_and_take_the_messages_of_both_addresses() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let home = given::message(owner, "email", "ada@home.test", "From home").await;
    let work = given::message(owner, "email", "ada@work.test", "From work").await;
    let pair = json!({ "survivor_id": home["thread_id"], "merged_id": work["thread_id"] });
    let refusal = owner.command("merge-threads", pair.clone()).await;
    refusal.refused(409, "customers-differ");
    let customers = json!({ "survivor_id": home["customer_id"], "merged_id": work["customer_id"] });
    owner.accepted("merge-customers", customers).await;
    owner.accepted("merge-threads", pair).await;
    let next = given::message(owner, "email", "ada@work.test", "From work again").await;
    assert_eq!(next["thread_id"], home["thread_id"]);
    let shown = thread(owner, &home["thread_id"]).await;
    let said: Vec<&str> = shown["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| text(message, "content"))
        .collect();
    assert_eq!(said, ["From home", "From work", "From work again"]);
    assert_eq!(
        (&shown["message_count"], &shown["address"]),
        (&json!(3), &json!("ada@work.test"))
    );
    assert_eq!(owner.items("inbox").await.len(), 1);
    owner
        .command("send-message", given::answer(&work["thread_id"], "Hello"))
        .await
        .refused(409, "thread-merged");
    owner
        .query(&format!("thread?id={}", text(&work, "thread_id")))
        .await
        .refused(404, "thread-merged");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canned_reply_fills_itself_in_and_remembers_its_version() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let define = |text: &str| json!({ "name": "thanks", "text": text });
    owner
        .accepted("define-canned-reply", define("Thanks!"))
        .await;
    let text = "Thanks {{first_name}}, {{chef}} of {{business}} will be there.";
    let second = owner.accepted("define-canned-reply", define(text)).await;
    assert_eq!(second["result"]["version"], 2);
    let body = json!({
        "channel": "web_chat", "from": "visitor-7", "content": "Hi", "name": "Ada", "email": given::email("Ada"),
    });
    let asked = owner.accepted("receive-message", body).await["result"].clone();
    let mut send = given::answer(&asked["thread_id"], "");
    send.as_object_mut().unwrap().remove("content");
    send["canned_reply"] = json!({ "name": "thanks" });
    let refusal = owner.command("send-message", send.clone()).await;
    refusal.refused(422, "validation-failed");
    assert_eq!(refusal.pointers(), ["/canned_reply/variables"]);
    send["canned_reply"]["variables"] = json!({ "chef": "Kenji" });
    owner.accepted("send-message", send).await;
    let shown = thread(owner, &asked["thread_id"]).await;
    let message = &shown["messages"][1];
    assert_eq!(
        message["content"],
        "Thanks Ada, Kenji of Fire & Rice will be there."
    );
    assert_eq!(
        message["canned_reply"],
        json!({ "name": "thanks", "version": 2 })
    );
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_tells_of_threads_to_both_who_look_at_the_inbox_and_who_look_at_one() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let mut listener = Listener::open(owner, "inbox,thread", None).await;
    let asked = given::message(owner, "web_chat", "visitor-7", "Hi").await;
    let mut heard = Vec::new();
    for _ in 0..4 {
        let change = listener.next().await;
        assert_eq!(change.data["aggregate_id"], asked["thread_id"]);
        heard.push((change.topic, text(&change.data, "type").to_owned()));
    }
    let expected = ["ThreadOpened", "MessageReceived"]
        .map(|kind| ["inbox", "thread"].map(|topic| (topic.to_owned(), kind.to_owned())));
    assert_eq!(heard, expected.concat());
}
