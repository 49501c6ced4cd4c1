//! A running sandbox, clients of ours pointed at it, and an endpoint that takes its webhooks.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use integrations::http::client;
use integrations::sandbox::{Running, Sandbox, SandboxConfig};
use integrations::secret::Secret;
use integrations::smtp::mails::Mail;
use integrations::smtp::{Smtp, SmtpConfig, SmtpCredentials, Tls};
use integrations::stripe::Stripe;
use integrations::stripe::events::Event;
use integrations::stripe::objects::{CheckoutSession, NewCheckoutSession};
use integrations::stripe::signatures::{TOLERANCE, verify};
use serde_json::{Value, json};
use tokio::sync::Notify;

pub const KEY: &str = "sk_test_integration";
const SECRET: &str = "whsec_integration";
/// Longest wait for a webhook.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Bench {
    pub running: Running,
    pub stripe: Stripe,
    pub http: reqwest::Client,
    pub ledger: PathBuf,
}

pub async fn bench() -> Bench {
    let ledger = std::env::temp_dir().join(format!("sandbox-{}.ndjson", uuid::Uuid::new_v4()));
    bench_on(ledger).await
}

pub async fn bench_on(ledger: PathBuf) -> Bench {
    let running = Sandbox::start(SandboxConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        smtp_listen: "127.0.0.1:0".parse().unwrap(),
        ledger: ledger.clone(),
    })
    .await
    .unwrap();
    let http = client().unwrap();
    let base_url = format!("http://{}/stripe", running.http);
    let stripe = Stripe::new(http.clone(), base_url, Secret::new(KEY));
    Bench {
        running,
        stripe,
        http,
        ledger,
    }
}

impl Bench {
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.http)
    }

    pub async fn get(&self, path: &str) -> Value {
        let response = self.http.get(self.url(path)).send().await.unwrap();
        response.json().await.unwrap()
    }

    pub async fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.http.post(self.url(path)).json(body);
        let response = request.send().await.unwrap();
        assert!(
            response.status().is_success(),
            "{path}: {}",
            response.status()
        );
        response.json().await.unwrap()
    }

    pub async fn press(&self, session: &CheckoutSession, button: &str) -> u16 {
        let url = self.url(&format!("/checkout/{}/{button}", session.id));
        self.http.post(url).send().await.unwrap().status().as_u16()
    }

    pub async fn counts(&self, booking: &str) -> [u64; 4] {
        let ledger = self
            .get(&format!("/sandbox/ledger?booking={booking}"))
            .await;
        ["sessions", "charges", "refunds", "mails"].map(|kind| ledger[kind].as_u64().unwrap())
    }

    pub async fn register(&self, receiver: &Receiver) {
        let order = json!({"provider": "stripe", "account": KEY, "url": receiver.url, "secret": SECRET,
            "merchant": "Hibachi & Sons"});
        let first = self.post("/sandbox/webhooks", &order).await;
        assert_eq!(self.post("/sandbox/webhooks", &order).await, first);
    }

    pub async fn paid_session(&self, booking: &str) -> CheckoutSession {
        let new = new_session(booking);
        let session = self
            .stripe
            .create_checkout_session(&new, booking)
            .await
            .unwrap();
        assert_eq!(self.press(&session, "pay").await, 303);
        self.stripe
            .retrieve_checkout_session(&session.id)
            .await
            .unwrap()
    }

    pub async fn fault(&self, order: Value) {
        self.post("/sandbox/faults", &order).await;
    }
}

/// An endpoint that keeps what it was sent and refuses the first few deliveries.
pub struct Receiver {
    pub url: String,
    pub inbox: Arc<Inbox>,
}

#[derive(Default)]
pub struct Inbox {
    pub refusals_left: Mutex<u32>,
    events: Mutex<Vec<Event>>,
    arrived: Notify,
}

pub async fn receiver(refusals: u32) -> Receiver {
    let inbox = Arc::new(Inbox::default());
    *inbox.refusals_left.lock().unwrap() = refusals;
    let data = web::Data::from(Arc::clone(&inbox));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .route("/hook", web::post().to(take))
    })
    .workers(1)
    .disable_signals()
    .bind("127.0.0.1:0")
    .unwrap();
    let url = format!("http://{}/hook", server.addrs()[0]);
    tokio::spawn(server.run());
    Receiver { url, inbox }
}

async fn take(request: HttpRequest, body: web::Bytes, inbox: web::Data<Inbox>) -> HttpResponse {
    let header = request
        .headers()
        .get("Stripe-Signature")
        .unwrap()
        .to_str()
        .unwrap();
    verify(&body, header, &[SECRET], now(), TOLERANCE).unwrap();
    let mut refusals = inbox.refusals_left.lock().unwrap();
    if *refusals > 0 {
        *refusals -= 1;
        return HttpResponse::ServiceUnavailable().finish();
    }
    inbox
        .events
        .lock()
        .unwrap()
        .push(Event::parse(&body).unwrap());
    inbox.arrived.notify_one();
    HttpResponse::Ok().finish()
}

impl Receiver {
    pub async fn wait_for(&self, kind: &str, count: usize) -> Vec<Event> {
        let waiting = async {
            loop {
                let events = self.inbox.events.lock().unwrap().clone();
                let found: Vec<Event> = events
                    .into_iter()
                    .filter(|event| event.kind == kind)
                    .collect();
                if found.len() >= count {
                    return found;
                }
                self.inbox.arrived.notified().await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .unwrap_or_else(|_| panic!("{count} × {kind} did not come"))
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_secs().cast_signed()
}

pub fn new_session(booking: &str) -> NewCheckoutSession {
    NewCheckoutSession {
        product_name: "Deposit <b>".into(),
        product_description: Some("2026-03-14 at 18:00".into()),
        amount: 10_000,
        currency: "USD".into(),
        customer_email: Some("ada@example.test".into()),
        success_url: "http://127.0.0.1:9/thanks?session={CHECKOUT_SESSION_ID}".into(),
        cancel_url: Some("http://127.0.0.1:9/cancelled".into()),
        expires_at: now() + 3_600,
        metadata: BTreeMap::from([("booking_id".into(), booking.into())]),
        ..NewCheckoutSession::default()
    }
}

pub fn mail(booking: &str) -> Mail {
    Mail {
        message_id: format!("{booking}@rapport.example"),
        from: "Hibachi <hello@rapport.example>".into(),
        to: format!("Ada <{booking}@example.test>"),
        subject: "Your booking — link".into(),
        text: "Pay here.\n.\nThanks".into(),
        html: "<script>alert(1)</script><p>Pay here.</p>".into(),
        headers: vec![("X-Rapport-Booking".into(), booking.into())],
        ..Mail::default()
    }
}

pub fn smtp(bench: &Bench) -> Smtp {
    Smtp::new(SmtpConfig {
        host: bench.running.smtp.ip().to_string(),
        port: bench.running.smtp.port(),
        tls: Tls::None,
        ca_certificate: None,
        credentials: Some(SmtpCredentials {
            username: "user".into(),
            password: Secret::new("password"),
        }),
    })
    .unwrap()
}

/// An endpoint that keeps everything as it was posted, for any provider.
pub struct Hook {
    pub origin: String,
    pub url: String,
    posted: Arc<Postbox>,
}

#[derive(Default)]
struct Postbox {
    all: Mutex<Vec<Posted>>,
    arrived: Notify,
}

#[derive(Clone, Debug)]
pub struct Posted {
    pub path_and_query: String,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Posted {
    pub fn header(&self, name: &str) -> &str {
        let found = self
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value.as_str())
    }
}

pub async fn hook() -> Hook {
    let posted = Arc::new(Postbox::default());
    let data = web::Data::from(Arc::clone(&posted));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .default_service(web::to(keep))
    })
    .workers(1)
    .disable_signals()
    .bind("127.0.0.1:0")
    .unwrap();
    let origin = format!("http://{}", server.addrs()[0]);
    tokio::spawn(server.run());
    Hook {
        url: format!("{origin}/hook"),
        origin,
        posted,
    }
}

async fn keep(request: HttpRequest, body: web::Bytes, posted: web::Data<Postbox>) -> HttpResponse {
    let headers = request.headers().iter();
    posted.all.lock().unwrap().push(Posted {
        path_and_query: request.uri().to_string(),
        headers: headers
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect(),
        body: body.to_vec(),
    });
    posted.arrived.notify_one();
    HttpResponse::Ok().finish()
}

impl Hook {
    /// Everything that was posted, once there is as much.
    pub async fn wait_for(&self, count: usize) -> Vec<Posted> {
        let waiting = async {
            loop {
                let all = self.posted.all.lock().unwrap().clone();
                if all.len() >= count {
                    return all;
                }
                self.posted.arrived.notified().await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .unwrap_or_else(|_| panic!("{count} webhooks did not come"))
    }
}
