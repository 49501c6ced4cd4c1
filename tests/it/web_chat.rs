//! The web chat as a visitor's browser has it: written to by anybody on an open page, read by the visitor alone.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use server::http::chat::limits::{MAX_VISITOR_STREAMS, MESSAGES};
use server::http::chat::sessions::Session;
use tests::app::TestApp;
use tests::client::Reply;
use tests::given::text;
use tests::stream::Listener;
use tests::{given, wait};
use time::OffsetDateTime;
use uuid::Uuid;

const PAGE: &str = "https://shop.example";

/// One browser on the tenant's page.
struct Browser<'a> {
    app: &'a TestApp,
    origin: &'static str,
    session: Option<String>,
}

impl<'a> Browser<'a> {
    fn on(app: &'a TestApp, origin: &'static str) -> Self {
        Self {
            app,
            origin,
            session: None,
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let path = format!("/chat/{}/{path}", self.app.tenant.slug);
        let request = self.app.tenant.owner.anonymous(method, &path);
        let request = request.header("origin", self.origin);
        match &self.session {
            Some(session) => request.bearer_auth(session),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> Reply {
        self.app.tenant.owner.send(request).await
    }

    async fn post(&self, body: &Value) -> Reply {
        let request = self.request(Method::POST, "messages");
        self.send(request.json(body)).await
    }

    /// Writes, and keeps the session.
    async fn write(&mut self, content: &str) -> Value {
        let body = json!({ "id": Uuid::new_v4(), "content": content });
        let answer = self.post(&body).await.ok();
        self.session = Some(text(&answer, "session").to_owned());
        answer
    }

    async fn history(&self) -> Reply {
        self.send(self.request(Method::GET, "messages")).await
    }

    async fn contents(&self) -> Vec<String> {
        self.app.catch_up().await;
        let history = self.history().await.ok();
        let messages = history["messages"].as_array().unwrap().iter();
        messages
            .map(|message| text(message, "content").to_owned())
            .collect()
    }

    async fn listen(&self, last_event_id: Option<&str>) -> Listener {
        let mut request = self.request(Method::GET, "stream");
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        Listener::of(request).await
    }
}

async fn open_chat(app: &TestApp) {
    let settings = json!({ "open_to": [PAGE] });
    app.tenant.owner.accepted("update-settings", settings).await;
}

async fn only_thread(app: &TestApp) -> Value {
    app.catch_up().await;
    let mut threads = app.tenant.owner.items("inbox").await;
    assert_eq!(threads.len(), 1, "{threads:?}");
    threads.remove(0)
}

async fn answer(app: &TestApp, thread_id: &str, content: &str) -> String {
    let body = json!({ "thread_id": thread_id, "content": content, "sender_type": "human", "sender_id": "kim" });
    let sent = app.tenant.owner.accepted("send-message", body).await;
    text(&sent["result"], "message_id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_writes_and_sees_the_answer_come_and_staff_see_that_it_was_read() {
    let app = TestApp::start().await;
    open_chat(&app).await;
    let mut visitor = Browser::on(&app, PAGE);
    let body = json!({ "id": Uuid::new_v4(), "content": "Is Saturday free?", "name": "Ada", "email": given::email("Ada") });
    let written = visitor.post(&body).await;
    assert_eq!(written.header("access-control-allow-origin"), Some(PAGE));
    visitor.session = Some(text(&written.ok(), "session").to_owned());
    let thread = only_thread(&app).await;
    assert_eq!(
        (&thread["channel"], &thread["last_message"]),
        (&json!("web_chat"), &json!("Is Saturday free?"))
    );
    assert!(thread["customer_id"].is_string(), "{thread}");
    let history = visitor.history().await.ok();
    let mut stream = visitor.listen(Some(text(&history, "last_event_id"))).await;
    let message_id = answer(&app, text(&thread, "thread_id"), "It is.").await;
    let shown = stream.next().await;
    assert_eq!(shown.topic, "message");
    assert_eq!(
        (
            &shown.data["message_id"],
            &shown.data["content"],
            &shown.data["direction"]
        ),
        (&json!(message_id), &json!("It is."), &json!("out"))
    );
    let seen = visitor
        .request(Method::POST, "read")
        .json(&json!({ "message_id": message_id }));
    assert_eq!(visitor.send(seen).await.status, 204);
    let staff_see = wait::until("staff see that it was read", async || {
        let item = app
            .tenant
            .owner
            .item(&format!("thread?id={}", text(&thread, "thread_id")))
            .await;
        let newest = item["messages"]
            .as_array()
            .unwrap()
            .last()
            .cloned()
            .unwrap();
        (newest["status"] == "read").then_some(newest)
    })
    .await;
    assert_eq!(staff_see["message_id"], json!(message_id));
    assert_eq!(visitor.contents().await, ["Is Saturday free?", "It is."]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_resumes_behind_the_last_event_and_shows_no_notes() {
    let app = TestApp::start().await;
    open_chat(&app).await;
    let mut visitor = Browser::on(&app, PAGE);
    visitor.write("Hello?").await;
    let thread_id = text(&only_thread(&app).await, "thread_id").to_owned();
    let mut stream = visitor.listen(Some("0")).await;
    let first = stream.next().await;
    assert_eq!(first.data["content"], "Hello?");
    drop(stream);
    let note = json!({ "thread_id": thread_id, "text": "Looks rich" });
    app.tenant.owner.accepted("add-thread-note", note).await;
    let message_id = answer(&app, &thread_id, "Hello!").await;
    app.settle().await;
    let mut resumed = visitor.listen(Some(&first.id)).await;
    assert_eq!(resumed.next().await.data["message_id"], json!(message_id));
    assert_eq!(visitor.contents().await, ["Hello?", "Hello!"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_sent_again_is_there_once_even_the_first() {
    let app = TestApp::start().await;
    open_chat(&app).await;
    let mut visitor = Browser::on(&app, PAGE);
    let first = json!({ "id": Uuid::new_v4(), "content": "Hi" });
    let answers = [
        visitor.post(&first).await.ok(),
        visitor.post(&first).await.ok(),
    ];
    assert_eq!(answers[0]["message_id"], answers[1]["message_id"]);
    visitor.session = Some(text(&answers[1], "session").to_owned());
    let second = json!({ "id": Uuid::new_v4(), "content": "Anybody?" });
    for _ in 0..3 {
        visitor.post(&second).await.ok();
    }
    assert_eq!(visitor.contents().await, ["Hi", "Anybody?"]);
    only_thread(&app).await;
    let received = "select count(*) from events where event_type = 'MessageReceived'";
    assert_eq!(app.count(received).await, 2);
    let sequential = json!({ "id": Uuid::now_v7(), "content": "Hi" });
    let refused = visitor.post(&sequential).await;
    refused.refused(422, "validation-failed");
    assert_eq!(refused.pointers(), ["/id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_forged_expired_or_anothers_opens_nothing() {
    let app = TestApp::start().await;
    let other = app.another_tenant("sea-and-smoke").await;
    open_chat(&app).await;
    let mut ada = Browser::on(&app, PAGE);
    ada.history().await.refused(401, "session-missing");
    ada.write("Mine").await;
    let mut bob = Browser::on(&app, PAGE);
    let bobs = bob.write("His").await;
    assert_eq!(ada.contents().await, ["Mine"]);
    assert_eq!(bob.contents().await, ["His"]);
    let thread = app.tenant.owner.items("inbox").await;
    let his = thread
        .iter()
        .find(|thread| thread["last_message"] == "His")
        .unwrap();
    let message_id = answer(&app, text(his, "thread_id"), "For Bob").await;
    app.settle().await;
    for id in [message_id.as_str(), text(&bobs, "message_id")] {
        let seen = ada
            .request(Method::POST, "read")
            .json(&json!({ "message_id": id }));
        ada.send(seen).await.refused(404, "message-unknown");
    }
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let keys = app.store.keys(&app.tenant.id).await.unwrap();
    let others = app.store.keys(&other.id).await.unwrap();
    let session = Session::read(&keys, ada.session.as_deref().unwrap(), now).unwrap();
    let expired = Session {
        expires_at: now - 1,
        ..session.clone()
    };
    let forged = ada
        .session
        .clone()
        .unwrap()
        .replace(&session.expires_at.to_string(), "9999999999");
    for (token, code) in [
        (forged, "session-invalid"),
        (session.token(&others), "session-invalid"),
        ("x".to_owned(), "session-invalid"),
        (expired.token(&keys), "session-expired"),
    ] {
        ada.session = Some(token);
        ada.history().await.refused(401, code);
        ada.send(ada.request(Method::GET, "stream"))
            .await
            .refused(401, code);
        let body = json!({ "id": Uuid::new_v4(), "content": "Hi" });
        ada.post(&body).await.refused(401, code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_pages_that_the_tenant_names_may_call_and_of_no_tenant_that_names_none() {
    let app = TestApp::start().await;
    let body = json!({ "id": Uuid::new_v4(), "content": "Hi" });
    Browser::on(&app, PAGE)
        .post(&body)
        .await
        .refused(404, "chat-unknown");
    open_chat(&app).await;
    let evil = Browser::on(&app, "https://evil.example");
    let refused = evil.post(&body).await;
    refused.refused(403, "origin-not-allowed");
    assert_eq!(refused.header("access-control-allow-origin"), None);
    let asked = evil.send(evil.request(Method::OPTIONS, "messages")).await;
    asked.refused(403, "origin-not-allowed");
    let good = Browser::on(&app, PAGE);
    let asked = good.send(good.request(Method::OPTIONS, "messages")).await;
    assert_eq!(
        (asked.status, asked.header("access-control-allow-origin")),
        (204, Some(PAGE))
    );
    let unread = good.history().await;
    unread.refused(401, "session-missing");
    assert_eq!(
        unread.header("access-control-allow-origin"),
        Some(PAGE),
        "the page can read why"
    );
    let page = app
        .tenant
        .owner
        .get(&format!("/chat/{}", app.tenant.slug))
        .await;
    assert!(
        page.text
            .contains(&format!("data-tenant=\"{}\"", app.tenant.slug)),
        "{}",
        page.text
    );
    let widget = app.tenant.owner.get("/chat/widget.js").await;
    assert_eq!(
        (widget.status, widget.header("content-type")),
        (200, Some("text/javascript; charset=utf-8"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_who_floods_is_told_when_to_come_back() {
    let app = TestApp::start().await;
    open_chat(&app).await;
    let mut visitor = Browser::on(&app, PAGE);
    for number in 0..MESSAGES.burst {
        visitor.write(&format!("Message {number}")).await;
    }
    let more = json!({ "id": Uuid::new_v4(), "content": "One more" });
    let mut refused = None;
    for _ in 0..MESSAGES.burst {
        let reply = visitor.post(&more).await;
        if reply.status == 429 {
            refused = Some(reply);
            break;
        }
    }
    let refused = refused.expect("a flood is refused");
    refused.refused(429, "chat-rate-exceeded");
    assert!(refused.header("retry-after").is_some());
    Browser::on(&app, PAGE).write("Another visitor").await;
    let mut streams = Vec::new();
    for _ in 0..MAX_VISITOR_STREAMS {
        streams.push(visitor.listen(None).await);
    }
    let one_more = visitor.send(visitor.request(Method::GET, "stream")).await;
    one_more.refused(429, "streams-exhausted");
    let long = json!({ "id": Uuid::new_v4(), "content": "x".repeat(40_000) });
    visitor.post(&long).await.refused(413, "body-too-large");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_who_names_a_customers_address_is_a_candidate_until_staff_say_so() {
    let app = TestApp::start().await;
    open_chat(&app).await;
    let owner = &app.tenant.owner;
    let ada = given::customer(owner, "Ada").await;
    let mut visitor = Browser::on(&app, PAGE);
    visitor.write("Is Saturday free?").await;
    let claims =
        json!({ "id": Uuid::new_v4(), "content": "It is Ada", "email": given::email("Ada") });
    visitor.post(&claims).await.ok();
    let thread = only_thread(&app).await;
    assert_eq!(thread["customer_id"], json!(null), "{thread}");
    let thread_id = text(&thread, "thread_id").to_owned();
    let shown = owner.item(&format!("thread?id={thread_id}")).await;
    assert_eq!(shown["candidates"][0]["customer_id"], json!(ada));
    // One that opens its thread with it is taken for nobody either.
    let mut other = Browser::on(&app, PAGE);
    let first = json!({ "id": Uuid::new_v4(), "content": "Hi", "email": given::email("Ada") });
    let answered = other.post(&first).await.ok();
    other.session = Some(text(&answered, "session").to_owned());
    app.catch_up().await;
    let threads = owner.items("inbox").await;
    assert_eq!(threads.len(), 2);
    assert!(threads.iter().all(|one| one["customer_id"].is_null()));
    assert_eq!(
        owner.items(&format!("inbox?customer_id={ada}")).await,
        [] as [Value; 0]
    );
    let order = json!({ "thread_id": thread_id, "customer_id": ada });
    owner.accepted("move-thread", order).await;
    app.catch_up().await;
    let shown = owner.item(&format!("thread?id={thread_id}")).await;
    assert_eq!(
        (&shown["customer_id"], &shown["candidates"]),
        (&json!(ada), &json!([]))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chat_may_stand_elsewhere_than_the_bookings() {
    let app = TestApp::start().await;
    open_chat(&app).await;
    let owner = &app.tenant.owner;
    let settings = json!({ "chat_open_to": ["https://help.example"] });
    owner.accepted("update-settings", settings).await;
    let body = json!({ "id": Uuid::new_v4(), "content": "Hi" });
    let elsewhere = Browser::on(&app, PAGE).post(&body).await;
    elsewhere.refused(403, "origin-not-allowed");
    let there = Browser::on(&app, "https://help.example");
    assert_eq!(there.post(&body).await.status, 200);
    let closed = json!({ "chat_open_to": [] });
    owner.accepted("update-settings", closed).await;
    there.post(&body).await.refused(404, "chat-unknown");
    let again = json!({ "chat_open_to": null });
    owner.accepted("update-settings", again).await;
    let body = json!({ "id": Uuid::new_v4(), "content": "Hi" });
    assert_eq!(Browser::on(&app, PAGE).post(&body).await.status, 200);
    let wrong = owner
        .command("update-settings", json!({ "chat_open_to": ["everybody"] }))
        .await;
    assert_eq!(
        (wrong.status, wrong.pointers()),
        (422, vec!["/chat_open_to/0".to_owned()])
    );
}
