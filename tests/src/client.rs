//! A client of the API as its users are: commands under fresh idempotency keys, queries that read their own writes, and
//! answers that can be asked what they should be.

use std::sync::{Arc, Mutex};

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use uuid::Uuid;

/// One holder of an API key.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base_url: String,
    pub key: String,
    /// The newest position that this holder has been told of.
    position: Arc<Mutex<Option<String>>>,
}

/// An answer, read whole.
#[derive(Clone, Debug)]
pub struct Reply {
    pub asked: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Client {
    pub fn new(base_url: &str, key: &str) -> Self {
        let http = integrations::http::client().expect("a client can be built");
        Self {
            http,
            base_url: base_url.to_owned(),
            key: key.to_owned(),
            position: Arc::default(),
        }
    }

    /// The same place, asked with another key.
    pub fn with_key(&self, key: &str) -> Self {
        Self {
            key: key.to_owned(),
            position: Arc::default(),
            ..self.clone()
        }
    }

    /// Sends a command under a fresh key.
    pub async fn command(&self, name: &str, body: Value) -> Reply {
        self.command_under(&Uuid::new_v4().to_string(), name, &body)
            .await
    }

    /// Sends a command under a key of the test's own.
    pub async fn command_under(&self, key: &str, name: &str, body: &Value) -> Reply {
        let request = self.request(Method::POST, &format!("/commands/{name}"));
        self.send(request.header("idempotency-key", key).json(body))
            .await
    }

    /// Sends a command that must be accepted; answers the whole body.
    #[track_caller]
    pub fn accepted(&self, name: &str, body: Value) -> impl Future<Output = Value> {
        let place = std::panic::Location::caller();
        let (client, name) = (self.clone(), name.to_owned());
        async move {
            let reply = client.command(&name, body).await;
            assert_eq!(
                reply.status, 200,
                "at {place}: {} {}",
                reply.asked, reply.text
            );
            reply.json()
        }
    }

    /// Asks a query, `name?parameters`, once it shows what this holder has written.
    pub async fn query(&self, query: &str) -> Reply {
        let mut request = self.request(Method::GET, &format!("/queries/{query}"));
        if let Some(position) = self.position() {
            request = request.header("x-read-after", position);
        }
        self.send(request).await
    }

    /// The items of a list.
    pub async fn items(&self, query: &str) -> Vec<Value> {
        let body = self.query(query).await.ok();
        body["items"]
            .as_array()
            .unwrap_or_else(|| panic!("{query} is no list: {body}"))
            .clone()
    }

    /// The item of a query for one thing.
    pub async fn item(&self, query: &str) -> Value {
        self.query(query).await.ok()["item"].clone()
    }

    /// Asks anything else.
    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path)).await
    }

    /// A request with this holder's credential, to be shaped further.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.base_url))
            .bearer_auth(&self.key)
    }

    /// A request without any credential.
    pub fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.base_url))
    }

    /// Sends what was shaped, and remembers the position it is answered with.
    pub async fn send(&self, request: RequestBuilder) -> Reply {
        let request = request.build().expect("the request can be built");
        let asked = format!("{} {}", request.method(), request.url().path());
        let response = self
            .http
            .execute(request)
            .await
            .unwrap_or_else(|error| panic!("{asked}: {error}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response
            .text()
            .await
            .unwrap_or_else(|error| panic!("{asked}: {error}"));
        if let Some(position) = headers
            .get("x-position")
            .and_then(|value| value.to_str().ok())
        {
            self.note(position);
        }
        Reply {
            asked,
            status,
            headers,
            text,
        }
    }

    pub fn position(&self) -> Option<String> {
        self.position.lock().unwrap().clone()
    }

    /// Positions are opaque to callers; a test of ours may know that they are numbers.
    fn note(&self, position: &str) {
        let number = |text: &str| text.parse::<i64>().unwrap_or(0);
        let mut known = self.position.lock().unwrap();
        if known
            .as_deref()
            .is_none_or(|known| number(known) < number(position))
        {
            *known = Some(position.to_owned());
        }
    }
}

impl Reply {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", self.asked, self.text))
    }

    /// The body of a success.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}: {}", self.asked, self.text);
        self.json()
    }

    /// The body of a refusal: a problem of this status and code (RFC 9457), with all that every problem has.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.text);
        let problem = self.json();
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{}",
            self.text
        );
        assert_eq!(problem["code"], code, "{}", self.text);
        assert_eq!(problem["status"], status, "{}", self.text);
        for field in ["type", "title", "detail", "instance"] {
            assert!(
                problem[field].is_string(),
                "{field} is missing in {}",
                self.text
            );
        }
        problem
    }

    /// The pointers of a refusal's field errors, in their order.
    #[track_caller]
    pub fn pointers(&self) -> Vec<String> {
        let problem = self.json();
        let errors = problem["errors"]
            .as_array()
            .unwrap_or_else(|| panic!("no errors in {}", self.text));
        errors
            .iter()
            .map(|error| error["pointer"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
