//! The sandbox of one test: every provider's stand-in, with its ledger of what was done and its mailbox.

use integrations::sandbox::{Running, Sandbox, SandboxConfig};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::wait;

/// A sandbox on ports of its own.
pub struct Providers {
    running: Option<Running>,
    ledger: std::path::PathBuf,
    http: reqwest::Client,
    pub url: String,
    pub smtp_port: u16,
}

impl Providers {
    pub async fn start() -> Self {
        let ledger = std::env::temp_dir().join(format!("rapport-ledger-{}.ndjson", Uuid::new_v4()));
        let any_port = "127.0.0.1:0".parse().expect("an address");
        let config = SandboxConfig {
            listen: any_port,
            smtp_listen: any_port,
            ledger: ledger.clone(),
        };
        let running = Sandbox::start(config).await.expect("the sandbox starts");
        let http = integrations::http::client().expect("a client can be built");
        let (url, smtp_port) = (format!("http://{}", running.http), running.smtp.port());
        Self {
            running: Some(running),
            ledger,
            http,
            url,
            smtp_port,
        }
    }

    pub async fn get(&self, path: &str) -> Value {
        let response = self
            .http
            .get(format!("{}{path}", self.url))
            .send()
            .await
            .expect("the sandbox answers");
        assert!(
            response.status().is_success(),
            "{path}: {}",
            response.status()
        );
        response.json().await.expect("the sandbox answers in JSON")
    }

    pub async fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.url)).json(body);
        let response = request.send().await.expect("the sandbox answers");
        assert!(
            response.status().is_success(),
            "{path}: {}",
            response.status()
        );
        response.json().await.unwrap_or_default()
    }

    /// Has Stripe's stand-in send this account's webhooks to `url`.
    pub async fn send_webhooks_to(&self, url: &str, account: &str, secret: &str) {
        let order =
            json!({ "provider": "stripe", "account": account, "url": url, "secret": secret });
        self.post("/sandbox/webhooks", &order).await;
    }

    /// Presses a button of a checkout page (`pay`, `pay?outcome=async`, …); answers the status.
    pub async fn press(&self, checkout_url: &str, button: &str) -> u16 {
        let request = self.http.post(format!("{checkout_url}/{button}"));
        request
            .send()
            .await
            .expect("the checkout page answers")
            .status()
            .as_u16()
    }

    /// A checkout session as Stripe's stand-in shows it to its account.
    pub async fn session(&self, account: &str, session_id: &str) -> Value {
        let url = format!("{}/stripe/v1/checkout/sessions/{session_id}", self.url);
        let response = self
            .http
            .get(url)
            .bearer_auth(account)
            .send()
            .await
            .expect("the sandbox answers");
        assert!(
            response.status().is_success(),
            "{session_id}: {}",
            response.status()
        );
        response.json().await.expect("a session is JSON")
    }

    /// Orders something to go wrong.
    pub async fn fault(&self, order: Value) {
        self.post("/sandbox/faults", &order).await;
    }

    /// Takes Stripe's stand-in off our webhooks: from now on it tells nobody what happens.
    pub async fn send_no_webhooks(&self) {
        let listed = self.get("/sandbox/webhooks").await;
        for endpoint in listed["webhooks"].as_array().expect("a list of endpoints") {
            let id = endpoint["id"].as_str().expect("an endpoint has an id");
            let request = self
                .http
                .delete(format!("{}/sandbox/webhooks/{id}", self.url));
            assert!(
                request
                    .send()
                    .await
                    .expect("the sandbox answers")
                    .status()
                    .is_success()
            );
        }
    }

    /// How many effects of a kind (`sessions`, `charges`, `refunds`, `mails`) a booking has caused.
    pub async fn count(&self, kind: &str, booking_id: &str) -> u64 {
        let ledger = self
            .get(&format!("/sandbox/ledger?booking={booking_id}"))
            .await;
        ledger[kind]
            .as_u64()
            .unwrap_or_else(|| panic!("no {kind} in {ledger}"))
    }

    /// The e-mails of a booking, oldest first, once there are as many.
    pub async fn mails(&self, booking_id: &str, count: usize) -> Vec<Value> {
        wait::until(&format!("{count} mails have come"), async || {
            let all = self.get("/sandbox/mails?limit=1000").await;
            let ours = |mail: &&Value| mail["booking"] == booking_id;
            let mut mails: Vec<Value> = all["mails"]
                .as_array()?
                .iter()
                .filter(ours)
                .cloned()
                .collect();
            // The mailbox shows the newest first.
            mails.reverse();
            (mails.len() >= count).then_some(mails)
        })
        .await
    }

    /// Whether webhooks still have to go out.
    pub async fn webhooks_waiting(&self) -> u64 {
        self.get("/sandbox/ledger?kind=none").await["webhooks_waiting"]
            .as_u64()
            .unwrap_or(0)
    }

    /// Hangs up on everybody at once, so that nobody's stop has to wait for idle connections.
    pub fn hang_up(&mut self) {
        self.running = None;
    }
}

impl Drop for Providers {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.ledger);
    }
}
