//! How people come to be here: invitations, resets, the set-up of an installation; their roles; and the keys they make.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use identity::accounts::Accounts;
use identity::roles::Role;
use reqwest::Method;
use serde_json::{Value, json};
use tests::app::{ROOT_KEY, TestApp};
use tests::given::text;
use tests::operator::Operator;
use tests::people::{self, Browser, PASSWORD};
use tests::wait;
use time::OffsetDateTime;

const ADA: &str = "ada@example.test";
const BOB: &str = "bob@example.test";
const NEW_PASSWORD: &str = "loud-heron-17-window";

/// The newest letter to somebody, and the token of the link in it.
async fn letter(app: &TestApp, to: &str, count: usize) -> (Value, String) {
    let mail = wait::until("the letter is there", async || {
        let all = app.providers.get("/sandbox/mails?limit=1000").await;
        let mails: Vec<Value> = all["mails"]
            .as_array()?
            .iter()
            .filter(|mail| mail["to"].to_string().contains(to))
            .cloned()
            .collect();
        (mails.len() == count).then(|| mails[0].clone())
    })
    .await;
    let words = text(&mail, "text").split_whitespace().map(str::to_owned);
    let link = words
        .clone()
        .find(|word| word.contains("?token="))
        .expect("a link");
    let token = link.split_once("?token=").expect("a token").1.to_owned();
    (mail, token)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_lets_its_reader_in_once() {
    let app = TestApp::start().await;
    let mut device = people::enrolled(&app, &app.tenant, ADA, Role::Owner).await;
    let owner = people::signed_in(&app, ADA, Some(&mut device)).await;
    let invitation = json!({ "email": BOB, "name": "Bob Example", "role": "staff" });
    let invited = owner.post("/auth/invitations", invitation.clone()).await;
    assert_eq!(invited.status, 201, "{}", invited.text);
    let id = text(&invited.json(), "person_id").to_owned();
    let (mail, token) = letter(&app, BOB, 1).await;
    assert_eq!(
        text(&mail, "subject"),
        "You are invited to work with Fire & Rice"
    );

    let browser = Browser::at(&app);
    let accept = |token: &str, password: &str| json!({ "token": token, "password": password });
    browser
        .post("/auth/invitations/accept", accept("nonsense", PASSWORD))
        .await
        .refused(422, "link-invalid");
    browser
        .post("/auth/reset/confirm", accept(&token, PASSWORD))
        .await
        .refused(422, "link-invalid");
    browser
        .post("/auth/invitations/accept", accept(&token, "short"))
        .await
        .refused(422, "validation-failed");
    let come = browser
        .post("/auth/invitations/accept", accept(&token, PASSWORD))
        .await
        .ok();
    assert_eq!(
        (&come["session"]["person"]["id"], &come["session"]["role"]),
        (&json!(id), &json!("staff"))
    );
    browser
        .post("/auth/invitations/accept", accept(&token, PASSWORD))
        .await
        .refused(422, "link-invalid");
    owner
        .post("/auth/invitations", invitation)
        .await
        .refused(409, "person-exists");

    let people = owner.get("/auth/people").await.ok();
    let bob = people["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|person| person["id"] == id.as_str())
        .unwrap()
        .clone();
    assert_eq!(
        (text(&bob, "email"), text(&bob, "standing")),
        (BOB, "active")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_role_and_a_person_turned_away_are_felt_at_once() {
    let app = TestApp::start().await;
    let mut device = people::enrolled(&app, &app.tenant, ADA, Role::Owner).await;
    let owner = people::signed_in(&app, ADA, Some(&mut device)).await;
    let id = people::enter(&app, &app.tenant, BOB, Role::Staff, None).await;
    let browser = people::signed_in(&app, BOB, None).await;
    browser
        .get("/auth/people")
        .await
        .refused(403, "permission-missing");

    let role = format!("/auth/people/{id}/role");
    owner
        .post(&role, json!({ "role": "emperor" }))
        .await
        .refused(422, "validation-failed");
    assert_eq!(
        owner.post(&role, json!({ "role": "viewer" })).await.ok()["item"]["role"],
        "viewer"
    );
    assert_eq!(
        browser.get("/auth/session").await.ok()["role"],
        "viewer",
        "it holds at once"
    );
    assert_eq!(
        owner
            .post(&format!("/auth/people/{id}/deactivate"), json!({}))
            .await
            .status,
        204
    );
    browser
        .get("/auth/session")
        .await
        .refused(401, "session-expired");
    browser
        .sign_in(BOB, PASSWORD)
        .await
        .refused(401, "credentials-wrong");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gives_or_takes_more_than_they_have() {
    let app = TestApp::start().await;
    let mut device = people::enrolled(&app, &app.tenant, ADA, Role::Admin).await;
    let admin = people::signed_in(&app, ADA, Some(&mut device)).await;
    let owner_id = people::enter(&app, &app.tenant, BOB, Role::Owner, None).await;
    let invitation = json!({ "email": "eve@example.test", "name": "Eve", "role": "owner" });
    admin
        .post("/auth/invitations", invitation)
        .await
        .refused(403, "role-beyond-own");
    for (path, body) in [
        ("role", json!({ "role": "staff" })),
        ("deactivate", json!({})),
    ] {
        let path = format!("/auth/people/{owner_id}/{path}");
        admin
            .post(&path, body.clone())
            .await
            .refused(403, "role-beyond-own");
        let last = app.tenant.owner.request(Method::POST, &path).json(&body);
        app.tenant.owner.send(last).await.refused(409, "last-owner");
    }
    admin
        .get("/auth/keys")
        .await
        .refused(403, "permission-missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_replaced_by_letter() {
    let app = TestApp::start().await;
    people::enter(&app, &app.tenant, ADA, Role::Staff, None).await;
    let signed_in = people::signed_in(&app, ADA, None).await;
    let browser = Browser::at(&app);
    for email in [ADA, "nobody@example.test", "no address"] {
        let asked = browser.post("/auth/reset", json!({ "email": email })).await;
        assert_eq!(asked.status, 202, "{}", asked.text);
    }
    let (_, first) = letter(&app, ADA, 1).await;
    browser.post("/auth/reset", json!({ "email": ADA })).await;
    let (mail, token) = letter(&app, ADA, 2).await;
    assert_eq!(text(&mail, "subject"), "Choose a new password");
    let reset = |token: &str| json!({ "token": token, "password": NEW_PASSWORD });
    browser
        .post("/auth/reset/confirm", reset(&first))
        .await
        .refused(422, "link-invalid");
    assert_eq!(
        browser
            .post("/auth/reset/confirm", reset(&token))
            .await
            .status,
        204
    );
    browser
        .post("/auth/reset/confirm", reset(&token))
        .await
        .refused(422, "link-invalid");
    signed_in
        .get("/auth/session")
        .await
        .refused(401, "session-revoked");
    browser
        .sign_in(ADA, PASSWORD)
        .await
        .refused(401, "credentials-wrong");
    browser.sign_in(ADA, NEW_PASSWORD).await.ok();
    let mails = app
        .count("select count(*) from outbox_messages where name = 'send-account-letter'")
        .await;
    assert_eq!(mails, 2, "nobody else gets a letter");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_person_comes_in_by_a_link_that_is_good_once() {
    let app = TestApp::start().await;
    let accounts = Accounts::new(app.store.clone());
    assert!(!accounts.is_fresh().await.unwrap(), "there is a tenant");
    let now = OffsetDateTime::now_utc();
    let (early, _) = accounts.make_set_up_link("test", now).await.unwrap();
    let (token, _) = accounts.make_set_up_link("test", now).await.unwrap();
    let browser = Browser::at(&app);
    let body =
        |token: &str| json!({ "token": token, "email": ADA, "name": "Ada", "password": PASSWORD });
    browser
        .post("/auth/set-up", body(early.expose()))
        .await
        .refused(422, "link-invalid");
    let set_up = browser
        .post("/auth/set-up", body(token.expose()))
        .await
        .ok();
    assert_eq!(set_up["second_factor"], "enrolment-required");
    let session = &set_up["session"];
    assert_eq!(
        (text(session, "role"), &session["is_operator"]),
        ("owner", &json!(true))
    );
    assert_eq!(
        session["tenant"]["slug"], "fire-and-rice",
        "the only one there is"
    );
    browser
        .post("/auth/set-up", body(token.expose()))
        .await
        .refused(422, "link-invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_makes_a_link_for_one_more_owner() {
    let app = TestApp::start().await;
    let desk = Operator::on(&app.database.url, Some(&BASE64_STANDARD.encode(ROOT_KEY)));
    let made = desk
        .json(&["set-up-link", "--public-url", "https://crm.example/"])
        .await;
    let token = text(&made, "token");
    assert_eq!(
        text(&made, "link"),
        format!("https://crm.example/set-up?token={token}")
    );
    let body = json!({ "token": token, "email": ADA, "name": "Ada", "password": PASSWORD });
    let browser = Browser::at(&app);
    let set_up = browser.post("/auth/set-up", body).await.ok();
    assert_eq!(set_up["session"]["is_operator"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_made_listed_bound_to_their_maker_and_revoked() {
    let app = TestApp::start().await;
    let mut device = people::enrolled(&app, &app.tenant, ADA, Role::Owner).await;
    let owner = people::signed_in(&app, ADA, Some(&mut device)).await;
    let make = |body: Value| async { owner.post("/auth/keys", body).await };
    let made = make(json!({ "kind": "service", "label": "Shop", "role": "staff" })).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    let key = app.tenant.owner.with_key(text(&made, "key"));
    let item = &made["item"];
    assert!(
        item["expires_at"].is_string(),
        "ninety days unless said: {item}"
    );
    assert!(item["owner_id"].is_string());
    assert_eq!(key.query("bookings").await.status, 200);
    let listed = owner.get("/auth/keys").await.ok();
    assert!(
        !listed.to_string().contains(text(&made, "key")),
        "it is shown once"
    );
    let wide = json!({ "kind": "service", "label": "x", "role": "operator" });
    make(wide).await.refused(403, "role-beyond-own");
    let agent = json!({ "kind": "agent", "label": "x", "role": "staff" });
    assert_eq!(make(agent).await.pointers(), ["/role"]);
    let late = json!({ "kind": "service", "label": "x", "role": "staff", "expires_at": "2001-01-01T00:00:00Z" });
    assert_eq!(make(late).await.pointers(), ["/expires_at"]);

    let elsewhere = json!({ "kind": "service", "label": "x", "role": "staff", "address_ranges": ["203.0.113.0/24"] });
    let bound = make(elsewhere).await.json();
    let bound = app.tenant.owner.with_key(text(&bound, "key"));
    bound
        .query("bookings")
        .await
        .refused(401, "key-out-of-range");
    let nonsense = json!({ "kind": "service", "label": "x", "role": "staff", "address_ranges": ["everywhere"] });
    assert_eq!(make(nonsense).await.pointers(), ["/address_ranges"]);

    let id = text(item, "key_id");
    assert!(owner.delete(&format!("/auth/keys/{id}")).await.ok()["item"]["revoked_at"].is_string());
    key.query("bookings").await.refused(401, "key-revoked");
    owner
        .delete("/auth/keys/none")
        .await
        .refused(404, "key-not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_does_no_more_than_its_maker_and_ends_with_them() {
    let app = TestApp::start().await;
    let mut device = people::enrolled(&app, &app.tenant, ADA, Role::Owner).await;
    let id = {
        let owner = people::signed_in(&app, ADA, Some(&mut device)).await;
        let made = owner
            .post(
                "/auth/keys",
                json!({ "kind": "service", "label": "Shop", "role": "owner" }),
            )
            .await
            .json();
        (
            text(&made, "key").to_owned(),
            text(&made["item"], "owner_id").to_owned(),
        )
    };
    let key = app.tenant.owner.with_key(&id.0);
    people::enter(&app, &app.tenant, BOB, Role::Owner, None).await;
    let post = |path: String, body: Value| {
        let request = app.tenant.owner.request(Method::POST, &path).json(&body);
        let client = app.tenant.owner.clone();
        async move { client.send(request).await }
    };
    // The key was not used yet, so nobody remembers what it could do.
    post(
        format!("/auth/people/{}/role", id.1),
        json!({ "role": "viewer" }),
    )
    .await
    .ok();
    key.command("add-note", json!({}))
        .await
        .refused(403, "permission-missing");
    assert_eq!(key.query("bookings").await.status, 200);
    assert_eq!(
        post(format!("/auth/people/{}/deactivate", id.1), json!({}))
            .await
            .status,
        204
    );
    wait::until("the key has ended with its maker", async || {
        let reply = key.query("bookings").await;
        (reply.status == 401).then(|| reply.refused(401, "key-revoked"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_names_sets_of_permissions_of_its_own() {
    let app = TestApp::start().await;
    let id = people::enter(&app, &app.tenant, ADA, Role::Staff, None).await;
    let browser = people::signed_in(&app, ADA, None).await;
    let owner = &app.tenant.owner;
    let put = |name: &str, within: &str, permissions: &[&str]| {
        let body = json!({ "within": within, "permissions": permissions });
        owner
            .request(Method::PUT, &format!("/auth/roles/{name}"))
            .json(&body)
    };
    let beyond = owner
        .send(put("front-desk", "staff", &["keys:manage"]))
        .await;
    assert_eq!(beyond.pointers(), ["/permissions"]);
    assert_eq!(
        owner.send(put("owner", "staff", &[])).await.pointers(),
        ["/name"]
    );
    owner
        .send(put(
            "front-desk",
            "staff",
            &["bookings:read", "bookings:write"],
        ))
        .await
        .ok();
    let role = json!({ "role": "front-desk" });
    let give = owner
        .request(Method::POST, &format!("/auth/people/{id}/role"))
        .json(&role);
    assert_eq!(owner.send(give).await.ok()["item"]["role"], "front-desk");
    let session = browser.get("/auth/session").await.ok();
    assert_eq!(
        session["permissions"],
        json!(["bookings:read", "bookings:write"])
    );
    assert_eq!(session["role"], "front-desk");
    browser
        .get("/queries/customers")
        .await
        .refused(403, "permission-missing");

    owner
        .send(put("front-desk", "staff", &["customers:read"]))
        .await
        .ok();
    assert_eq!(
        browser.get("/queries/customers").await.status,
        200,
        "it holds at once"
    );
    browser
        .get("/queries/bookings")
        .await
        .refused(403, "permission-missing");
    let remove = || owner.request(Method::DELETE, "/auth/roles/front-desk");
    owner.send(remove()).await.refused(409, "role-held");
    let back = json!({ "role": "staff" });
    let give = owner
        .request(Method::POST, &format!("/auth/people/{id}/role"))
        .json(&back);
    owner.send(give).await.ok();
    assert_eq!(owner.send(remove()).await.status, 204);
    let roles = owner.get("/auth/roles").await.ok();
    let names: Vec<&str> = roles["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|role| text(role, "name"))
        .collect();
    assert_eq!(names, ["owner", "admin", "manager", "staff", "viewer"]);
}
