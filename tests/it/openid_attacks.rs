//! What a provider, or somebody between it and us, may try: tokens that are wrong in one way each, answers of another issuer,
//! repetitions, and addresses of our own machines.

use domain::webhook_endpoints::reach::Reach;
use identity::roles::Role;
use reqwest::Url;
use ring::signature::Ed25519KeyPair;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::openid::{Guest, Scripted, configure, sign};
use tests::people;
use time::OffsetDateTime;

const ADA: &str = "ada@example.test";
const START: &str = "/auth/openid/start?tenant=fire-and-rice";

async fn ground() -> (TestApp, Scripted) {
    let app = TestApp::start_public(|_| ()).await;
    let issuer = Scripted::start().await;
    configure(&app, &issuer.issuer, json!({})).await;
    people::enter(&app, &app.tenant, ADA, Role::Staff, None).await;
    (app, issuer)
}

/// Claims that are right but for one.
fn changed(claims: &Value, name: &str, value: Value) -> Value {
    let mut changed = claims.clone();
    changed[name] = value;
    changed
}

/// Comes back with this token, and is not let in.
async fn turned_away(app: &TestApp, issuer: &Scripted, what: &str, forge: impl Fn(&Url) -> String) {
    let guest = Guest::at(app);
    let start = guest.start(START).await;
    issuer.answer(&forge(&start));
    let reply = guest.go(&issuer.callback(&start)).await;
    assert_eq!(reply.status, 401, "{what}: {}", reply.text);
    reply.refused(401, "provider-answer-invalid");
    guest.session().await.refused(401, "session-missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_wrong_in_one_way_lets_nobody_in() {
    let (app, issuer) = ground().await;
    let now = OffsetDateTime::now_utc().unix_timestamp();
    for (name, value) in [
        ("nonce", json!("another")),
        ("nonce", Value::Null),
        ("aud", json!("another")),
        ("aud", json!(["rapport", "another"])),
        ("iss", json!("https://evil.example")),
        ("iss", json!(format!("{}/", issuer.issuer))),
        ("exp", json!(now - 120)),
        ("iat", json!(now + 600)),
        ("iat", json!(now - 3600)),
        ("sub", json!("")),
        ("sub", json!("x".repeat(256))),
        (
            "at_hash",
            json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ),
    ] {
        let forge =
            |start: &Url| issuer.signed(&changed(&issuer.claims(start), name, value.clone()));
        turned_away(&app, &issuer, &format!("{name}: {value}"), forge).await;
    }
    let usual = json!({ "alg": "EdDSA", "kid": "one" });
    for (name, value) in [
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("kid", json!("another")),
        ("crit", json!(["x"])),
        ("typ", json!("at+jwt")),
    ] {
        let header = changed(&usual, name, value.clone());
        let forge = |start: &Url| sign(issuer.key(), &header, &issuer.claims(start));
        turned_away(&app, &issuer, &format!("{name}: {value}"), forge).await;
    }
    let other = Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap();
    let forge = |start: &Url| sign(&other, &usual, &issuer.claims(start));
    turned_away(&app, &issuer, "another's key", forge).await;
    let unsigned = |start: &Url| {
        let none = sign(
            issuer.key(),
            &json!({ "alg": "none" }),
            &issuer.claims(start),
        );
        none[..=none.rfind('.').unwrap()].to_owned()
    };
    turned_away(&app, &issuer, "unsigned", unsigned).await;
    // All of them would have been let in otherwise; clocks may differ by a little.
    let guest = Guest::at(&app);
    let start = guest.start(START).await;
    let fine = changed(&issuer.claims(&start), "exp", json!(now - 20));
    issuer.answer(&issuer.signed(&fine));
    let reply = guest.go(&issuer.callback(&start)).await;
    assert_eq!(reply.status, 303, "{}", reply.text);
    assert_eq!(guest.session().await.ok()["person"]["email"], ADA);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_good_once_in_the_browser_that_asked_and_from_the_issuer_that_was_asked() {
    let (app, mut issuer) = ground().await;
    let (guest, other) = (Guest::at(&app), Guest::at(&app));
    let start = guest.start(START).await;
    issuer.answer(&issuer.signed(&issuer.claims(&start)));
    let callback = issuer.callback(&start);
    // A browser that has begun nothing, and one that has begun another.
    other.go(&callback).await.refused(401, "sign-in-not-begun");
    other.start(START).await;
    other.go(&callback).await.refused(401, "sign-in-not-begun");
    other.session().await.refused(401, "session-missing");
    assert_eq!(guest.go(&callback).await.status, 303);
    // Once more, with all that the browser had.
    guest.go(&callback).await.refused(401, "sign-in-not-begun");

    // Another issuer has answered, or it does not say who it is though it said that it would.
    for named in ["https://evil.example", ""] {
        let start = other.start(START).await;
        issuer.answer(&issuer.signed(&issuer.claims(&start)));
        let mut callback = issuer.callback_from(&start, named);
        if named.is_empty() {
            callback = callback.replace("&iss=", "");
        }
        let reply = other.go(&callback).await;
        reply.refused(401, "provider-answer-invalid");
    }
    // Configured anew between going and coming.
    let start = other.start(START).await;
    configure(&app, "https://id.example", json!({})).await;
    let reply = other.go(&issuer.callback(&start)).await;
    reply.refused(401, "provider-answer-invalid");
    configure(&app, &issuer.issuer, json!({})).await;

    // A key that was not there a moment ago is looked for.
    let kid = issuer.rotate([2; 32], "two");
    let start = other.start(START).await;
    let header = json!({ "alg": "EdDSA", "kid": kid });
    issuer.answer(&sign(issuer.key(), &header, &issuer.claims(&start)));
    let reply = other.go(&issuer.callback(&start)).await;
    assert_eq!(reply.status, 303, "{}", reply.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_sent_elsewhere_and_our_own_machines_are_not_asked() {
    let app = TestApp::start_public(|plan| plan.webhook_reach = Reach::Public).await;
    let issuer = Scripted::start().await;
    let guest = Guest::at(&app);
    for closed in [
        issuer.issuer.as_str(),
        "https://169.254.169.254",
        "https://[::1]:8080",
        "http://id.example",
        "https://localhost",
    ] {
        configure(&app, closed, json!({})).await;
        let reply = guest.go(START).await;
        assert!(
            [409, 503].contains(&reply.status),
            "{closed}: {}",
            reply.text
        );
    }
    assert_eq!(issuer.documents.asked(), 0);
    for away in ["https://evil.example", "//evil.example", "/\\evil.example"] {
        let asked = Url::parse_with_params("http://x/", [("return_to", away)]).unwrap();
        let reply = guest
            .go(&format!("{START}&{}", asked.query().unwrap()))
            .await;
        reply.refused(400, "return-address-invalid");
    }
    for (path, status, code) in [
        ("/auth/openid?tenant=nowhere", 200, ""),
        (
            "/auth/openid/start?tenant=nowhere",
            404,
            "sign-in-provider-unknown",
        ),
        ("/auth/openid/start", 400, "parameters-malformed"),
        ("/auth/openid?x=1", 400, "parameters-malformed"),
        ("/auth/openid/callback", 401, "sign-in-not-begun"),
        (
            "/auth/openid/callback?state=a&state=b",
            400,
            "parameters-malformed",
        ),
    ] {
        let reply = guest.go(path).await;
        match code {
            "" => assert_eq!(reply.ok()["items"], json!([])),
            code => {
                reply.refused(status, code);
            }
        }
    }
}
