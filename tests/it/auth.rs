//! Signing in, second factors, sessions and what a cookie is good for.

use identity::permissions::Permission;
use identity::roles::Role;
use reqwest::Method;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::given::{self, text};
use tests::people::{self, Browser, Device, PASSWORD};

const ADA: &str = "ada@example.test";
const NEW_PASSWORD: &str = "loud-heron-17-window";

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_signs_in_with_both_factors_and_works() {
    let app = TestApp::start().await;
    let mut device = people::enrolled(&app, &app.tenant, ADA, Role::Owner).await;
    let browser = Browser::at(&app);
    browser
        .get("/auth/session")
        .await
        .refused(401, "session-missing");

    let signed_in = browser.sign_in(" Ada@Example.TEST ", PASSWORD).await.ok();
    assert_eq!(signed_in["second_factor"], "required", "{signed_in}");
    assert_eq!(signed_in["session"]["permissions"], json!([]));
    let half = browser.cookie().unwrap();
    assert!(half.starts_with("rapport="), "{half}");
    for path in [
        "/queries/bookings",
        "/stream",
        "/operations/acts",
        "/auth/people",
    ] {
        browser.get(path).await.refused(403, "mfa-required");
    }

    let code = device.code();
    let session = browser
        .post("/auth/second-factor", json!({ "code": code }))
        .await
        .ok()["session"]
        .clone();
    assert_ne!(
        browser.cookie().unwrap(),
        half,
        "the token changes with what it is good for"
    );
    assert_eq!(session["person"]["email"], ADA);
    assert_eq!(session["person"]["name"], "Ada Example");
    assert_eq!(session["tenant"]["slug"], "fire-and-rice");
    assert_eq!(session["role"], "owner");
    for field in [
        "second_factor_at",
        "second_factor_fresh_until",
        "expires_at",
    ] {
        assert!(session[field].is_string(), "{field}: {session}");
    }
    let rights = session["permissions"].as_array().unwrap();
    assert_eq!(rights.len(), Role::Owner.permissions().iter().count());
    assert_eq!(browser.get("/auth/session").await.ok(), session);

    assert_eq!(browser.get("/queries/bookings").await.status, 200);
    let chef = json!({ "name": "Kenji", "zones": [given::ZONE], "hours": given::whole_week() });
    assert_eq!(browser.command("add-chef", chef).await.status, 200);
    assert_eq!(browser.get("/operations/acts").await.status, 200);

    let old = Browser::at(&app);
    old.set_cookie(Some(half));
    old.get("/auth/session")
        .await
        .refused(401, "session-expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_are_one_answer_and_on_record() {
    let app = TestApp::start().await;
    let id = people::enter(&app, &app.tenant, ADA, Role::Staff, None).await;
    let browser = Browser::at(&app);
    let wrong = browser
        .sign_in(ADA, "not-what-it-is")
        .await
        .refused(401, "credentials-wrong");
    let unknown = browser
        .sign_in("bob@example.test", PASSWORD)
        .await
        .refused(401, "credentials-wrong");
    assert_eq!(wrong["detail"], unknown["detail"]);
    let nowhere = json!({ "email": ADA, "password": PASSWORD, "tenant": "nowhere" });
    browser
        .post("/auth/sign-in", nowhere)
        .await
        .refused(401, "credentials-wrong");
    browser
        .post("/auth/sign-in", json!({ "email": ADA }))
        .await
        .refused(422, "body-invalid");
    assert_eq!(
        browser.sign_in(ADA, PASSWORD).await.ok()["second_factor"],
        "none"
    );

    let acts = app.tenant.owner.get("/operations/acts").await.ok();
    let acts: Vec<&Value> = acts["items"].as_array().unwrap().iter().collect();
    let actions: Vec<&str> = acts.iter().map(|act| text(act, "action")).collect();
    assert_eq!(
        actions,
        ["sign-in", "fail-sign-in"],
        "nothing of the unknown address"
    );
    assert!(
        acts.iter()
            .all(|act| act["subject"] == id && act["principal"] == format!("person:{id}"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_tries_in_a_minute_are_enough() {
    let app = TestApp::start().await;
    let browser = Browser::at(&app);
    let mut statuses = Vec::new();
    for _ in 0..12 {
        statuses.push(browser.sign_in(ADA, "guess").await.status);
    }
    assert_eq!(
        statuses.iter().filter(|status| **status == 401).count(),
        10,
        "{statuses:?}"
    );
    let refused = browser.sign_in(ADA, PASSWORD).await;
    refused.refused(429, "auth-rate-exceeded");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=7).contains(&wait), "{wait}");
    browser
        .sign_in("bob@example.test", "guess")
        .await
        .refused(401, "credentials-wrong");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_works_once_and_five_wrong_ones_lock() {
    let app = TestApp::start().await;
    let mut device = people::enrolled(&app, &app.tenant, ADA, Role::Staff).await;
    let browser = people::signed_in(&app, ADA, Some(&mut device)).await;
    let again = json!({ "code": device.code_again() });
    browser
        .post("/auth/second-factor", again)
        .await
        .refused(422, "mfa-code-wrong");
    for _ in 0..3 {
        browser
            .post("/auth/second-factor", json!({ "code": "000000" }))
            .await
            .refused(422, "mfa-code-wrong");
    }
    browser
        .post("/auth/second-factor", json!({ "code": "000000" }))
        .await
        .refused(429, "mfa-locked");
    let good = json!({ "code": device.code() });
    browser
        .post("/auth/second-factor", good)
        .await
        .refused(429, "mfa-locked");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_administers_must_enrol_first() {
    let app = TestApp::start().await;
    people::enter(&app, &app.tenant, ADA, Role::Admin, None).await;
    let browser = Browser::at(&app);
    let signed_in = browser.sign_in(ADA, PASSWORD).await.ok();
    assert_eq!(signed_in["second_factor"], "enrolment-required");
    browser
        .get("/queries/bookings")
        .await
        .refused(403, "mfa-required");
    browser
        .post("/auth/second-factor", json!({ "code": "123456" }))
        .await
        .refused(409, "mfa-not-enrolled");
    browser
        .post("/auth/second-factor/confirm", json!({ "code": "123456" }))
        .await
        .refused(409, "mfa-not-begun");

    let enrolment = browser
        .post("/auth/second-factor/enrol", json!({}))
        .await
        .ok();
    let url = text(&enrolment, "otpauth_url");
    assert!(
        url.starts_with("otpauth://totp/Fire%20%26%20Rice:ada%40example%2Etest?secret="),
        "{url}"
    );
    let mut device = Device::new(text(&enrolment, "secret"));
    browser
        .post("/auth/second-factor/confirm", json!({ "code": "000000" }))
        .await
        .refused(422, "mfa-code-wrong");
    let confirmed = browser
        .post(
            "/auth/second-factor/confirm",
            json!({ "code": device.code() }),
        )
        .await
        .ok();
    let codes = confirmed["recovery_codes"].as_array().unwrap();
    assert_eq!(codes.len(), 10);
    assert_eq!(confirmed["second_factor"], "none");
    assert_eq!(browser.get("/queries/bookings").await.status, 200);

    // The device is gone: a recovery code does, and once.
    let later = Browser::at(&app);
    assert_eq!(
        later.sign_in(ADA, PASSWORD).await.ok()["second_factor"],
        "required"
    );
    later
        .post("/auth/second-factor", json!({ "code": codes[0] }))
        .await
        .ok();
    assert_eq!(later.get("/queries/bookings").await.status, 200);
    later
        .post("/auth/second-factor", json!({ "code": codes[0] }))
        .await
        .refused(422, "mfa-code-wrong");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_administers_needs_a_factor_of_the_last_twelve_hours() {
    let app = TestApp::start().await;
    let mut device = people::enrolled(&app, &app.tenant, ADA, Role::Admin).await;
    let browser = people::signed_in(&app, ADA, Some(&mut device)).await;
    let admin = app.admin().await;
    admin
        .batch_execute(
            "update sessions set second_factor_at = second_factor_at - interval '13 hours'",
        )
        .await
        .unwrap();
    // The process may remember the session as it was; a recovery of its own ends that.
    let fresh = Browser::at(&app);
    fresh.set_cookie(browser.cookie());
    let session = tests::wait::until("the process has looked again", async || {
        let session = fresh.get("/auth/session").await.ok();
        (session["second_factor_fresh_until"].is_null()).then_some(session)
    })
    .await;
    let guarded = Permission::TenantsConfigure.as_str();
    assert!(
        !session["permissions"]
            .as_array()
            .unwrap()
            .iter()
            .any(|right| right == guarded)
    );
    fresh
        .command("update-settings", json!({}))
        .await
        .refused(403, "mfa-required");
    fresh.get("/auth/people").await.refused(403, "mfa-required");
    assert_eq!(
        fresh.get("/queries/bookings").await.status,
        200,
        "daily work goes on"
    );
    fresh
        .post("/auth/second-factor", json!({ "code": device.code() }))
        .await
        .ok();
    assert_eq!(fresh.get("/auth/people").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_changes_nothing_from_a_foreign_page() {
    let app = TestApp::start().await;
    people::enter(&app, &app.tenant, ADA, Role::Staff, None).await;
    let browser = people::signed_in(&app, ADA, None).await;
    let host = app.base_url.trim_start_matches("http://").to_owned();
    let post = || {
        browser
            .foreign(Method::POST, "/commands/add-note")
            .header("idempotency-key", "k")
    };
    for request in [
        post(),
        post().header("origin", "https://evil.example"),
        post().header("origin", "null"),
        post().header("sec-fetch-site", "cross-site"),
        post()
            .header("sec-fetch-site", "same-site")
            .header("origin", format!("http://{host}")),
    ] {
        browser
            .send(request.json(&json!({})))
            .await
            .refused(403, "origin-foreign");
    }
    let foreign = browser
        .foreign(Method::POST, "/auth/sign-in")
        .header("origin", "https://evil.example");
    browser
        .send(foreign.json(&json!({ "email": ADA, "password": PASSWORD })))
        .await
        .refused(403, "origin-foreign");
    let own = post().header("origin", format!("http://{host}"));
    let refused = browser.send(own.json(&json!({}))).await;
    assert_ne!(refused.json()["code"], "origin-foreign", "{}", refused.text);
    // Reading is free; what a foreign page asks for it cannot see.
    let reading = browser.foreign(Method::GET, "/queries/bookings");
    assert_eq!(browser.send(reading).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_and_ended() {
    let app = TestApp::start().await;
    people::enter(&app, &app.tenant, ADA, Role::Staff, None).await;
    let (one, two) = (
        people::signed_in(&app, ADA, None).await,
        people::signed_in(&app, ADA, None).await,
    );
    let listed = one.get("/auth/sessions").await.ok();
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    let current: Vec<bool> = items
        .iter()
        .map(|item| item["is_current"] == true)
        .collect();
    assert_eq!(current, [false, true], "the newest first");
    let other = text(&items[0], "id");
    assert_eq!(
        one.delete(&format!("/auth/sessions/{other}")).await.status,
        204
    );
    two.get("/auth/session")
        .await
        .refused(401, "session-revoked");
    one.delete("/auth/sessions/none")
        .await
        .refused(404, "session-not-found");

    let kept = one.cookie();
    assert_eq!(one.post("/auth/sign-out", json!({})).await.status, 204);
    assert_eq!(
        one.cookie().as_deref(),
        Some("rapport="),
        "the browser forgets it"
    );
    one.set_cookie(kept);
    one.get("/auth/session")
        .await
        .refused(401, "session-revoked");
    assert_eq!(
        one.post("/auth/sign-out", json!({})).await.status,
        204,
        "safe to repeat"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_password_ends_the_other_sessions() {
    let app = TestApp::start().await;
    people::enter(&app, &app.tenant, ADA, Role::Staff, None).await;
    let (one, two) = (
        people::signed_in(&app, ADA, None).await,
        people::signed_in(&app, ADA, None).await,
    );
    let change = |current: &str, new: &str| json!({ "current": current, "new": new });
    one.post("/auth/password", change("wrong", NEW_PASSWORD))
        .await
        .refused(401, "credentials-wrong");
    let short = one.post("/auth/password", change(PASSWORD, "short")).await;
    short.refused(422, "validation-failed");
    assert_eq!(short.pointers(), ["/new"]);
    assert_eq!(
        one.post("/auth/password", change(PASSWORD, NEW_PASSWORD))
            .await
            .status,
        204
    );
    assert_eq!(one.get("/auth/session").await.status, 200);
    two.get("/auth/session")
        .await
        .refused(401, "session-revoked");
    two.sign_in(ADA, PASSWORD)
        .await
        .refused(401, "credentials-wrong");
    two.sign_in(ADA, NEW_PASSWORD).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_one_tenants_and_sees_no_other() {
    let app = TestApp::start().await;
    let other = app.another_tenant("sea-and-smoke").await;
    let here = people::enter(&app, &app.tenant, ADA, Role::Staff, None).await;
    let there = people::enter(&app, &other, ADA, Role::Viewer, None).await;
    let customer = given::customer(&other.owner, "Bob").await;
    let browser = Browser::at(&app);
    let meant = json!({ "email": ADA, "password": PASSWORD, "tenant": "sea-and-smoke" });
    let session = browser.post("/auth/sign-in", meant).await.ok()["session"].clone();
    assert_eq!(
        (text(&session["person"], "id"), text(&session, "role")),
        (there.as_str(), "viewer")
    );
    // The one that was used last comes first.
    let session = browser.sign_in(ADA, PASSWORD).await.ok()["session"].clone();
    assert_eq!(session["person"]["id"], there);
    let meant = json!({ "email": ADA, "password": PASSWORD, "tenant": "fire-and-rice" });
    let session = browser.post("/auth/sign-in", meant).await.ok()["session"].clone();
    assert_eq!(session["person"]["id"], here);
    browser
        .get(&format!("/queries/customer-360?id={customer}"))
        .await
        .refused(404, "customer-not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_person_lies_in_plain_text() {
    let app = TestApp::start().await;
    let mut device =
        people::enrolled(&app, &app.tenant, "canarymail@example.test", Role::Owner).await;
    people::signed_in(&app, "canarymail@example.test", Some(&mut device)).await;
    let dump = tests::cluster::shared()
        .await
        .dump(&app.database.name)
        .await;
    for plain in ["canarymail", "Ada Example", &device.secret, PASSWORD] {
        assert!(!dump.contains(plain), "{plain} lies in the database");
    }
}
