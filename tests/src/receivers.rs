//! An endpoint of a tenant's own, over real HTTP: it keeps what it was sent, and answers as it is told.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::client::Client;
use crate::{given, wait};

/// The largest body that is taken.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Got {
    pub path: String,
    /// Names in lower case.
    pub headers: HashMap<String, String>,
    pub body: String,
}

/// What is answered.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    pub status: u16,
    /// Whole header lines.
    pub headers: &'static [&'static str],
    pub body: &'static str,
}

/// Status 204.
pub const ACCEPTED: Answer = Answer::of(204);

impl Answer {
    pub const fn of(status: u16) -> Self {
        Self {
            status,
            headers: &[],
            body: "",
        }
    }
}

type Script = Box<dyn Fn(&Got) -> Answer + Send + Sync>;

struct Shared {
    got: Mutex<Vec<Got>>,
    script: Mutex<Script>,
    /// Whether answers are kept back.
    held: watch::Sender<bool>,
}

/// It listens until it is dropped.
pub struct Receiver {
    pub url: String,
    shared: Arc<Shared>,
    listening: JoinHandle<()>,
}

impl Got {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The body, which must be JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The three headers that are signed by, and the body, for a judge.
    pub fn signed(&self, secret: &str) -> Value {
        json!({
            "payload": self.body, "secret": secret, "id": self.header("webhook-id"),
            "timestamp": self.header("webhook-timestamp"), "signature": self.header("webhook-signature"),
        })
    }
}

impl Receiver {
    /// Accepts everything, until it is told otherwise.
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            got: Mutex::default(),
            script: Mutex::new(Box::new(|_| ACCEPTED)),
            held: watch::Sender::new(false),
        });
        let serving = shared.clone();
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, serving.clone()));
            }
        });
        Self {
            url,
            shared,
            listening,
        }
    }

    /// From now on it answers as this says.
    pub fn answer(&self, script: impl Fn(&Got) -> Answer + Send + Sync + 'static) {
        *lock(&self.shared.script) = Box::new(script);
    }

    /// Keeps its answers back until `release`.
    pub fn hold(&self) {
        self.shared.held.send_replace(true);
    }

    /// Answers what it has kept back, and whatever comes.
    pub fn release(&self) {
        self.shared.held.send_replace(false);
    }

    /// Everything that came, in order.
    pub fn got(&self) -> Vec<Got> {
        lock(&self.shared.got).clone()
    }

    /// What came, once there is so much of it.
    pub async fn got_at_least(&self, count: usize) -> Vec<Got> {
        let what = format!("{count} webhooks have come");
        wait::until(&what, async || {
            let got = self.got();
            (got.len() >= count).then_some(got)
        })
        .await
    }

    /// Subscribes it to these events; answers the endpoint's id.
    pub async fn subscribe(&self, owner: &Client, event_types: &[&str]) -> String {
        let body = json!({ "url": self.url, "event_types": event_types });
        given::id_of(&owner.accepted("create-webhook-endpoint", body).await)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let mut stream = BufReader::new(stream);
    while let Some(got) = read(&mut stream).await {
        let answer = lock(&shared.script)(&got);
        lock(&shared.got).push(got);
        let mut held = shared.held.subscribe();
        if held.wait_for(|held| !held).await.is_err() {
            return;
        }
        let headers: String = answer
            .headers
            .iter()
            .map(|line| format!("{line}\r\n"))
            .collect();
        let text = format!(
            "HTTP/1.1 {} Told\r\n{headers}content-length: {}\r\n\r\n{}",
            answer.status,
            answer.body.len(),
            answer.body
        );
        if stream.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Got> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = HashMap::new();
    loop {
        line.clear();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length: usize = match headers.get("content-length") {
        Some(length) => length.parse().ok()?,
        None => 0,
    };
    assert!(length <= MAX_BODY_BYTES, "{length} bytes are too many");
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let body = String::from_utf8(body).ok()?;
    Some(Got {
        path,
        headers,
        body,
    })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
