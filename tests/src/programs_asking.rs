//! Programs that ask people what they may do: a client by OAuth as a browser and a program's HTTP client would see it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::client::{Client, Reply};
use crate::given::text;
use crate::people::Browser;

/// Where answers go; nobody listens there.
pub const CALLBACK: &str = "http://127.0.0.1:1/callback";
/// A verifier, and what it is hashed to (RFC 7636, appendix B).
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Registers a client as somebody who may; answers it, with its secret.
pub async fn register(by: &Browser, client: Value) -> Value {
    let reply = by.post("/auth/clients", client).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let mut made = reply.json();
    made["client_id"] = made["item"]["client_id"].clone();
    made
}

/// An application that people let act for them; it keeps no secret.
pub fn application() -> Value {
    json!({
        "name": "Assistant", "kind": "agent", "role": "ai-agent", "proof": "none", "redirect_uris": [CALLBACK],
    })
}

/// The parameters of a request to a person.
pub fn asking(client_id: &str, scope: &str, resource: &str) -> Vec<(String, String)> {
    let pairs = [
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", CALLBACK),
        ("state", "s t&ate"),
        ("scope", scope),
        ("resource", resource),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let owned = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    owned.to_vec()
}

/// What the endpoint answers to a browser that comes with these parameters.
pub async fn ask(browser: &Browser, parameters: &[(String, String)]) -> Reply {
    let url = reqwest::Url::parse_with_params("http://localhost/", parameters).expect("an address");
    let query = url.query().unwrap_or_default();
    browser.get(&format!("/auth/oauth/authorize?{query}")).await
}

/// The person's answer: yes to all of it.
pub async fn allow(browser: &Browser, parameters: &[(String, String)]) -> Reply {
    let mut form = parameters.to_vec();
    for scope in [
        "crm.read",
        "crm.write",
        "messages.send",
        "money",
        "pii.read",
        "admin",
    ] {
        form.push((format!("grant.{scope}"), "yes".to_owned()));
    }
    form.push(("decision".to_owned(), "allow".to_owned()));
    let request = browser.request(Method::POST, "/auth/oauth/consent");
    browser.send(request.form(&form)).await
}

/// A parameter of the address that a reply sends the browser to.
#[track_caller]
pub fn sent(reply: &Reply, name: &str) -> String {
    assert_eq!(reply.status, 303, "{}", reply.text);
    let location = reply.header("location").expect("a place to go");
    let url = reqwest::Url::parse(location).expect("an address");
    let mut pairs = url.query_pairs();
    let found = pairs.find(|(found, _)| found == name);
    let (_, value) = found.unwrap_or_else(|| panic!("no {name} in {location}"));
    value.into_owned()
}

/// What the token endpoint answers to these fields.
pub async fn token(app: &TestApp, fields: &[(&str, &str)]) -> Reply {
    let client = Client::new(&app.base_url, "");
    let request = client.anonymous(Method::POST, "/auth/oauth/token");
    client.send(request.form(fields)).await
}

/// The code of a grant, and the tokens it is good for.
pub async fn redeem(app: &TestApp, client_id: &str, code: &str) -> Reply {
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", client_id),
        ("code", code),
        ("code_verifier", VERIFIER),
        ("redirect_uri", CALLBACK),
    ];
    token(app, &fields).await
}

/// The tokens of a new grant of whoever uses this browser.
pub async fn granted(app: &TestApp, browser: &Browser, asked: &[(String, String)]) -> Value {
    let code = sent(&allow(browser, asked).await, "code");
    let (_, client_id) = asked
        .iter()
        .find(|(name, _)| name == "client_id")
        .expect("a client");
    redeem(app, client_id, &code).await.ok()
}

/// A client of the API that carries this access token.
pub fn bearer(app: &TestApp, tokens: &Value) -> Client {
    Client::new(&app.base_url, text(tokens, "access_token"))
}

/// A token put together by hand.
pub fn assembled(header: &Value, claims: &Value, signature: &[u8]) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signature = URL_SAFE_NO_PAD.encode(signature);
    format!("{}.{}.{signature}", part(header), part(claims))
}

/// Header and claims of a token.
pub fn opened(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| {
        let bytes = URL_SAFE_NO_PAD.decode(part).expect("base64url");
        serde_json::from_slice::<Value>(&bytes).unwrap_or(Value::Null)
    });
    (
        parts.next().expect("a header"),
        parts.next().expect("claims"),
    )
}
