//! A customer who writes in the web chat, and what comes back: for tests of the assistant.

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::given::{self, text};

/// One visitor of the chat.
pub struct Visitor<'a> {
    app: &'a TestApp,
    channel: &'static str,
    name: &'static str,
}

impl<'a> Visitor<'a> {
    pub fn of(app: &'a TestApp, name: &'static str) -> Self {
        let channel = "web_chat";
        Self { app, channel, name }
    }

    /// Somebody who texts from this number instead; the tenant gets a provider that carries the answers.
    pub async fn texting(app: &'a TestApp, number: &'static str) -> Self {
        let settings =
            json!({ "account_sid": "AC000000000000000000000000000000d1", "from": "+12015550100" });
        let body = json!({ "provider": "twilio", "settings": settings, "secrets": { "auth_token": "token" } });
        app.tenant.owner.accepted("configure-provider", body).await;
        let channel = "sms";
        Self {
            app,
            channel,
            name: number,
        }
    }

    /// What a thread that begins is to be: `auto`, `suggest` or `off`.
    pub async fn begin_threads(app: &TestApp, ai_mode: &str) {
        let settings = json!({ "messaging": { "ai_mode": ai_mode } });
        app.tenant.owner.accepted("update-settings", settings).await;
    }

    /// Writes; answers the thread's id, without waiting for what comes of it.
    pub async fn write(&self, content: &str) -> String {
        let owner = &self.app.tenant.owner;
        let received = given::message(owner, self.channel, self.name, content).await;
        text(&received, "thread_id").to_owned()
    }

    /// Writes, and answers the thread once nothing is under way any more.
    pub async fn say(&self, content: &str) -> Value {
        let thread_id = self.write(content).await;
        self.app.settle().await;
        thread(self.app, &thread_id).await
    }

    /// As `say`; answers the newest message of ours.
    pub async fn ask(&self, content: &str) -> String {
        last_answer(&self.say(content).await)
    }
}

pub async fn thread(app: &TestApp, thread_id: &str) -> Value {
    let query = format!("thread?id={thread_id}");
    app.tenant.owner.item(&query).await
}

/// The newest message to the customer; empty when there is none.
pub fn last_answer(thread: &Value) -> String {
    let mut messages = thread["messages"].as_array().into_iter().flatten();
    let ours = messages.rfind(|message| message["direction"] == "out");
    let content = ours.and_then(|message| message["content"].as_str());
    content.unwrap_or_default().to_owned()
}

/// The runs in a thread, the newest first.
pub async fn runs(app: &TestApp, thread: &Value) -> Vec<Value> {
    let query = format!("assistant-runs?thread_id={}", text(thread, "thread_id"));
    app.tenant.owner.items(&query).await
}
