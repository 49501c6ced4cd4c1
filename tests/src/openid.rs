//! Signing in by an OpenID Connect provider: a browser that keeps everybody's cookies, a real provider in a process of its
//! own, and one made of documents that says whatever a test wants.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Url;
use reqwest::header::{ACCEPT, COOKIE, LOCATION, SET_COOKIE};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::app::TestApp;
use crate::client::Reply;
use crate::documents::Documents;
use crate::oracles;

/// What our programs are called at providers.
pub const CLIENT_ID: &str = "rapport";
pub const CLIENT_SECRET: &str = "quiet-otter-42-stairs-loud-heron-17-window";
/// Longer than any sign-in takes.
const MAX_STEPS: usize = 10;

/// A browser that takes and sends cookies as their hosts say, and goes on only when told to.
pub struct Guest {
    http: reqwest::Client,
    base_url: String,
    /// What it would rather have: a page, or a problem as a program reads it.
    accept: &'static str,
    cookies: Mutex<BTreeMap<(String, String), String>>,
}

impl Guest {
    /// One that asks for problems.
    pub fn at(app: &TestApp) -> Self {
        Self {
            http: integrations::http::client().expect("a client can be built"),
            base_url: app.base_url.clone(),
            accept: "application/json",
            cookies: Mutex::default(),
        }
    }

    /// One that asks for pages, as people's do.
    pub fn with_pages(app: &TestApp) -> Self {
        Self {
            accept: "text/html,application/xhtml+xml",
            ..Self::at(app)
        }
    }

    /// One request, to us or to anybody.
    pub async fn go(&self, address: &str) -> Reply {
        let url = match address.starts_with('/') {
            true => format!("{}{address}", self.base_url),
            false => address.to_owned(),
        };
        let url = Url::parse(&url).expect("an address");
        let origin = url.origin().ascii_serialization();
        let kept = self.cookies().clone();
        let ours = kept.iter().filter(|((of, _), _)| *of == origin);
        let cookies: Vec<String> = ours
            .map(|((_, name), value)| format!("{name}={value}"))
            .collect();
        let request = self
            .http
            .get(url.clone())
            .header(ACCEPT, self.accept)
            .header(COOKIE, cookies.join("; "));
        let answer = request.send().await.expect("an answer");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        for cookie in headers.get_all(SET_COOKIE) {
            let pair = cookie.to_str().expect("text").split(';').next();
            let (name, value) = pair.and_then(|pair| pair.split_once('=')).expect("a pair");
            let key = (origin.clone(), name.to_owned());
            self.cookies().insert(key, value.to_owned());
        }
        let text = answer.text().await.expect("a text");
        let asked = format!("GET {}", url.path());
        Reply {
            asked,
            status,
            headers,
            text,
        }
    }

    /// To the provider: where we send this browser.
    pub async fn start(&self, path: &str) -> Url {
        let reply = self.go(path).await;
        assert_eq!(reply.status, 303, "{}", reply.text);
        place(&reply)
    }

    /// Through the provider, which does not know this browser, and back to us: our last answer.
    pub async fn sign_in(&self, path: &str) -> Reply {
        self.cookies()
            .retain(|(origin, _), _| *origin == self.base_url);
        let mut next = self.start(path).await;
        for _ in 0..MAX_STEPS {
            let reply = self.go(next.as_str()).await;
            if next.path() == "/auth/openid/callback" {
                return reply;
            }
            assert_eq!(reply.status, 303, "{}: {}", reply.asked, reply.text);
            let location = reply.header("location").expect("a place");
            next = next.join(location).expect("an address");
        }
        panic!("the provider leads in circles");
    }

    /// The session that this browser has.
    pub async fn session(&self) -> Reply {
        self.go("/auth/session").await
    }

    fn cookies(&self) -> std::sync::MutexGuard<'_, BTreeMap<(String, String), String>> {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where an answer leads.
pub fn place(reply: &Reply) -> Url {
    let location = reply.headers.get(LOCATION).expect("a place");
    Url::parse(location.to_str().expect("text")).expect("a whole address")
}

/// A parameter of an address.
pub fn parameter(url: &Url, name: &str) -> String {
    let found = url.query_pairs().find(|(found, _)| found == name);
    found
        .unwrap_or_else(|| panic!("no {name} in {url}"))
        .1
        .into_owned()
}

/// Makes this issuer the tenant's, with more settings.
pub async fn configure(app: &TestApp, issuer: &str, more: Value) {
    let mut settings = json!({ "issuer": issuer, "client_id": CLIENT_ID, "title": "Example ID" });
    for (name, value) in more.as_object().expect("settings") {
        settings[name] = value.clone();
    }
    let secrets = json!({ "client_secret": CLIENT_SECRET });
    let body = json!({ "provider": "openid", "settings": settings, "secrets": secrets });
    app.tenant.owner.accepted("configure-provider", body).await;
}

/// A provider by oidc-provider, in a process of its own.
pub struct Provider {
    pub issuer: String,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl Provider {
    /// One that knows this program, and signs nobody in yet.
    pub async fn start(app: &TestApp) -> Self {
        let command = tokio::task::spawn_blocking(|| oracles::node_program("openid_provider.cjs"));
        let mut command = Command::from(command.await.expect("Node.js is there"));
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let mut process = command.spawn().expect("it runs");
        let orders = process.stdin.take().expect("it listens");
        let answers = BufReader::new(process.stdout.take().expect("it speaks")).lines();
        let mut provider = Self {
            issuer: String::new(),
            orders,
            answers,
            _process: process,
        };
        let redirect_uri = format!("{}/auth/openid/callback", app.base_url);
        let client = json!({ "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "redirect_uri": redirect_uri });
        provider.issuer = provider.order(client).await;
        provider
    }

    /// From now on this account signs in; with null nobody does.
    pub async fn sign_in(&mut self, account: Value) {
        self.order(json!({ "account": account })).await;
    }

    /// From now on it signs by another key.
    pub async fn rotate(&mut self) {
        self.order(json!({ "rotate": true })).await;
    }

    async fn order(&mut self, order: Value) -> String {
        let line = format!("{order}\n");
        let written = self.orders.write_all(line.as_bytes()).await;
        written.expect("it listens");
        let answer = self.answers.next_line().await.expect("it answers");
        let answer: Value = serde_json::from_str(&answer.expect("a line")).expect("JSON");
        answer["issuer"].as_str().expect("an issuer").to_owned()
    }
}

/// A provider that says what a test wants.
pub struct Scripted {
    pub documents: Documents,
    pub issuer: String,
    key: Ed25519KeyPair,
}

impl Scripted {
    pub async fn start() -> Self {
        let documents = Documents::start().await;
        let issuer = documents.address("");
        let metadata = json!({
            "issuer": issuer, "authorization_endpoint": documents.address("/authorize"),
            "token_endpoint": documents.address("/token"), "jwks_uri": documents.address("/keys"),
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["EdDSA"],
            "authorization_response_iss_parameter_supported": true,
        });
        documents.put("/.well-known/openid-configuration", metadata);
        let key = Ed25519KeyPair::from_seed_unchecked(&[1; 32]).expect("a key");
        documents.put("/keys", json!({ "keys": [jwk(&key, "one")] }));
        Self {
            documents,
            issuer,
            key,
        }
    }

    /// What it says of Ada in answer to this sign-in, and nothing is wrong with it.
    pub fn claims(&self, start: &Url) -> Value {
        let now = OffsetDateTime::now_utc().unix_timestamp();
        json!({
            "iss": self.issuer, "sub": "ada", "aud": CLIENT_ID, "iat": now, "exp": now + 300,
            "nonce": parameter(start, "nonce"), "email": "ada@example.test", "email_verified": true, "name": "Ada",
        })
    }

    /// Signed by its own key.
    pub fn signed(&self, claims: &Value) -> String {
        sign(
            &self.key,
            &json!({ "alg": "EdDSA", "kid": "one", "typ": "JWT" }),
            claims,
        )
    }

    /// From now on its token endpoint answers with this ID token.
    pub fn answer(&self, id_token: &str) {
        let answer = json!({
            "access_token": "at-1", "token_type": "Bearer", "expires_in": 300, "id_token": id_token,
        });
        self.documents.put("/token", answer);
    }

    /// From now on it signs by this key, under this name.
    pub fn rotate(&mut self, seed: [u8; 32], key_id: &str) -> String {
        self.key = Ed25519KeyPair::from_seed_unchecked(&seed).expect("a key");
        let keys = json!({ "keys": [jwk(&self.key, key_id)] });
        self.documents.put("/keys", keys);
        key_id.to_owned()
    }

    pub fn key(&self) -> &Ed25519KeyPair {
        &self.key
    }

    /// How a browser comes back from it.
    pub fn callback(&self, start: &Url) -> String {
        self.callback_from(start, &self.issuer)
    }

    /// As `callback`, under the name of this issuer.
    pub fn callback_from(&self, start: &Url, issuer: &str) -> String {
        let state = parameter(start, "state");
        let query = [("code", "c-1"), ("state", state.as_str()), ("iss", issuer)];
        let url = Url::parse_with_params("http://rapport.test/auth/openid/callback", query);
        let url = url.expect("an address");
        format!("{}?{}", url.path(), url.query().unwrap_or_default())
    }
}

/// A token of this header and these claims.
pub fn sign(key: &Ed25519KeyPair, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn jwk(key: &Ed25519KeyPair, key_id: &str) -> Value {
    let x = URL_SAFE_NO_PAD.encode(key.public_key().as_ref());
    json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key_id, "x": x })
}
