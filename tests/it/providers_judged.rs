//! The vendors' own libraries are the judges: they believe what we sign, we believe what they sign, and their clients find
//! in the sandbox what they expect of the vendors.

use integrations::standard_webhooks::{self, Headers};
use integrations::twilio::signatures::{self as twilio, Algorithm, Content, Signed};
use serde_json::{Value, json};
use tests::oracles;
use tests::providers::Providers;
use time::OffsetDateTime;

const SECRET: &str = "whsec_c2VjcmV0IG9mIGEgdGVzdCBvZiBqdWRnZXM=";
const OTHER_SECRET: &str = "whsec_b3RoZXI=";
const BODIES: &[&str] = &[
    "{}",
    "{\"x\": \"é 火\"}",
    "{\n  \"type\": \"lead.created\"\n}",
];
const URLS: &[&str] = &[
    "https://crm.example/webhooks/hibachi/twilio",
    "https://crm.example/webhooks/hibachi/twilio?message=m1&thread_id=t1",
    "https://crm.example:8443/webhooks/hibachi/twilio?message=m1",
];

fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

async fn ask(arguments: &[&str], cases: &[Value]) -> Vec<String> {
    let lines = cases.iter().map(|case| format!("{case}\n")).collect();
    let said = oracles::ask("webhook_signatures.py", arguments, lines).await;
    said.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn the_reference_libraries_believe_what_we_sign_and_nothing_else() {
    let at = now();
    let mut cases = Vec::new();
    let mut expected = Vec::new();
    for body in BODIES {
        let signed =
            |at, secrets: &[&str]| standard_webhooks::sign(body.as_bytes(), "m1", at, secrets);
        for (at, signature, verdict) in [
            (at, signed(at, &[SECRET]), "ok"),
            (at, signed(at, &[OTHER_SECRET, SECRET]), "ok"),
            (at, signed(at, &[OTHER_SECRET]), "err"),
            (at - 400, signed(at - 400, &[SECRET]), "err"),
        ] {
            cases.push(json!({ "payload": body, "secret": SECRET, "id": "m1", "timestamp": at, "signature": signature }));
            expected.push(verdict);
        }
    }
    for library in ["standardwebhooks", "svix"] {
        assert_eq!(
            ask(&["verify", library], &cases).await,
            expected,
            "{library}"
        );
    }
}

#[tokio::test]
async fn we_believe_what_the_reference_libraries_sign_and_nothing_else() {
    let at = now();
    let case =
        |body: &&str| json!({ "payload": body, "secret": SECRET, "id": "m1", "timestamp": at });
    let cases: Vec<Value> = BODIES.iter().map(case).collect();
    for library in ["standardwebhooks", "svix"] {
        let signatures = ask(&["sign", library], &cases).await;
        assert_eq!(signatures.len(), BODIES.len());
        for (body, signature) in BODIES.iter().zip(&signatures) {
            let timestamp = at.to_string();
            let check = |body: &str, secret: &str| {
                let headers = Headers {
                    id: "m1",
                    timestamp: &timestamp,
                    signature,
                };
                let tolerance = standard_webhooks::TOLERANCE;
                standard_webhooks::verify(body.as_bytes(), headers, &[secret], at, tolerance)
                    .is_ok()
            };
            assert!(check(body, SECRET), "{library}");
            assert!(!check(body, OTHER_SECRET) && !check(&format!("{body} "), SECRET));
        }
    }
}

const PARAMS: &[(&str, &str)] = &[
    ("To", "+15550000001"),
    ("Body", "Fish & chips + tea = 火 100%"),
    ("From", "+15551230001"),
    ("Empty", ""),
    ("AccountSid", "AC1"),
];

fn form() -> String {
    let mut form = integrations::form::Form::default();
    PARAMS
        .iter()
        .for_each(|(name, value)| form.add(name, *value));
    form.encode()
}

fn algorithms() -> [(Algorithm, &'static str); 2] {
    [
        (Algorithm::Sha1, "HMAC_SHA1"),
        (Algorithm::Sha256, "HMAC_SHA256"),
    ]
}

#[tokio::test]
async fn twilios_library_believes_what_we_sign_and_nothing_else() {
    let (body, params) = (
        form(),
        PARAMS
            .iter()
            .copied()
            .collect::<std::collections::BTreeMap<_, _>>(),
    );
    let mut cases = Vec::new();
    let mut expected = Vec::new();
    for url in URLS {
        for (algorithm, name) in algorithms() {
            let signed = Signed {
                url,
                body: body.as_bytes(),
                content: Content::Form,
            };
            let signature = twilio::sign(signed, algorithm, "token");
            for (secret, verdict) in [("token", "ok"), ("other", "err")] {
                cases.push(json!({ "url": url, "params": params, "secret": secret, "algorithm": name, "signature": signature }));
                expected.push(verdict);
            }
        }
    }
    assert_eq!(ask(&["verify", "twilio"], &cases).await, expected);
}

#[tokio::test]
async fn we_believe_what_twilios_library_signs_and_nothing_else() {
    let (body, params) = (
        form(),
        PARAMS
            .iter()
            .copied()
            .collect::<std::collections::BTreeMap<_, _>>(),
    );
    for (algorithm, name) in algorithms() {
        let case = |url: &&str| json!({ "url": url, "params": params, "secret": "token", "algorithm": name });
        let signatures = ask(
            &["sign", "twilio"],
            &URLS.iter().map(case).collect::<Vec<_>>(),
        )
        .await;
        assert_eq!(signatures.len(), URLS.len());
        for (url, signature) in URLS.iter().zip(&signatures) {
            let check = |url: &str, body: &str, secret: &str| {
                let signed = Signed {
                    url,
                    body: body.as_bytes(),
                    content: Content::Form,
                };
                twilio::verify(signed, signature, algorithm, &[secret]).is_ok()
            };
            assert!(check(url, &body, "token"), "{url}");
            assert!(!check(url, &body, "other") && !check(url, "To=x", "token"));
            assert!(!check("https://other.example/", &body, "token"));
        }
    }
}

async fn judge(provider: &str) {
    let providers = Providers::start().await;
    let call = json!({ "when": "oracle-call", "call": { "name": "check", "arguments": { "date": "2026-03-13" } } });
    providers.post("/sandbox/answers", &call).await;
    let said = oracles::ask(
        "provider_clients.py",
        &[provider, &providers.url],
        String::new(),
    )
    .await;
    assert_eq!(said.lines().last(), Some("ok"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn twilios_client_finds_in_the_sandbox_what_it_expects() {
    judge("twilio").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn resends_client_finds_in_the_sandbox_what_it_expects() {
    judge("resend").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn openais_client_finds_in_the_sandbox_what_it_expects() {
    judge("openai").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn anthropics_client_finds_in_the_sandbox_what_it_expects() {
    judge("anthropic").await;
}
