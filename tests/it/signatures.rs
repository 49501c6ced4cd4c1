//! Stripe's own library is the judge: it believes what the sandbox signs, we believe what it signs, and its client finds
//! in the sandbox what it expects of Stripe.

use std::time::Duration;

use integrations::stripe::signatures::{SignatureError, TOLERANCE, sign, verify};
use serde_json::json;
use tests::oracles;
use tests::providers::Providers;
use time::OffsetDateTime;

const SECRET: &str = "whsec_test";
const BODIES: &[&str] = &[
    "{}",
    r#"{"id": "evt_1", "object": "event"}"#,
    "{\n  \"id\": \"ev\\u00e9nement\",\n  \"object\": \"event\", \"x\": \"é 火\"}",
];

fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

#[tokio::test]
async fn stripes_library_believes_what_we_sign_and_nothing_else() {
    let mut lines = String::new();
    let mut expected = Vec::new();
    for body in BODIES {
        let header = sign(body.as_bytes(), SECRET, now());
        let late = sign(body.as_bytes(), SECRET, now() - 301);
        for (header, secret, verdict) in [
            (header.as_str(), SECRET, "ok"),
            (
                header.as_str(),
                "whsec_other",
                "err SignatureVerificationError",
            ),
            (late.as_str(), SECRET, "err SignatureVerificationError"),
            ("t=1,v1=00", SECRET, "err SignatureVerificationError"),
        ] {
            lines += &format!(
                "{}\n",
                json!({ "payload": body, "header": header, "secret": secret })
            );
            expected.push(verdict);
        }
    }
    let said = oracles::ask("stripe_signatures.py", &["verify"], lines).await;
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn we_believe_what_stripes_library_signs_and_nothing_else() {
    let at = now();
    let line = |body: &&str| {
        format!(
            "{}\n",
            json!({ "payload": body, "secret": SECRET, "timestamp": at })
        )
    };
    let said = oracles::ask(
        "stripe_signatures.py",
        &["sign"],
        BODIES.iter().map(line).collect(),
    )
    .await;
    let headers: Vec<&str> = said.lines().collect();
    assert_eq!(headers.len(), BODIES.len());
    for (body, header) in BODIES.iter().zip(headers) {
        let check = |body: &str, secrets: &[&str], now: i64, tolerance: Duration| {
            verify(body.as_bytes(), header, secrets, now, tolerance)
        };
        assert_eq!(check(body, &[SECRET], at, TOLERANCE), Ok(()));
        assert_eq!(check(body, &["whsec_old", SECRET], at, TOLERANCE), Ok(()));
        assert_eq!(
            check(body, &["whsec_old"], at, TOLERANCE),
            Err(SignatureError::Mismatch)
        );
        assert_eq!(
            check(&format!("{body} "), &[SECRET], at, TOLERANCE),
            Err(SignatureError::Mismatch)
        );
        assert_eq!(
            check(body, &[SECRET], at + 301, TOLERANCE),
            Err(SignatureError::OutsideTolerance)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stripes_client_finds_in_the_sandbox_what_it_expects_of_stripe() {
    let providers = Providers::start().await;
    let said = oracles::ask(
        "stripe_client.py",
        &[&providers.url, "sk_test_oracle"],
        String::new(),
    )
    .await;
    assert_eq!(said.lines().last(), Some("ok"), "{said}");
}
