//! Signing in by a tenant's OpenID Connect provider, against a real one: who comes in, as whom, and with which second factor.

use identity::accounts::Accounts;
use identity::keys;
use identity::new_keys::NewKey;
use identity::permissions::Permission;
use identity::principals::PrincipalKind;
use identity::roles::Role;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::client::Client;
use tests::openid::{Guest, Provider, configure};
use tests::people::{self, Browser, Device};
use tests::wait;

const ADA: &str = "ada@example.test";
const BOB: &str = "bob@example.test";
const START: &str = "/auth/openid/start?tenant=fire-and-rice&return_to=/inbox";

/// Somebody as the provider knows them.
fn account(sub: &str, email: &str, is_verified: bool) -> Value {
    json!({ "sub": sub, "claims": { "email": email, "email_verified": is_verified, "name": "Ada At Theirs" } })
}

async fn owner(app: &TestApp) -> (Browser, Device) {
    let mut device = people::enrolled(app, &app.tenant, "owner@example.test", Role::Owner).await;
    let browser = people::signed_in(app, "owner@example.test", Some(&mut device)).await;
    (browser, device)
}

async fn invite(owner: &Browser, email: &str, role: &str) -> String {
    let body = json!({ "email": email, "name": "Ada Example", "role": role });
    let invited = owner.post("/auth/invitations", body).await;
    assert_eq!(invited.status, 201, "{}", invited.text);
    invited.json()["person_id"].as_str().unwrap().to_owned()
}

async fn standing(owner: &Browser, person_id: &str) -> Value {
    let people = owner.get("/auth/people").await.ok();
    let people = people["items"].as_array().unwrap().clone();
    let person = people.into_iter().find(|person| person["id"] == person_id);
    person.unwrap()["standing"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_invited_comes_in_by_the_provider_and_is_known_from_then_on() {
    let app = TestApp::start_public(|_| ()).await;
    let mut provider = Provider::start(&app).await;
    let nobody = Guest::at(&app);
    let found = nobody.go("/auth/openid").await.ok();
    assert_eq!(found["items"], json!([]), "nothing is configured");
    nobody
        .go(START)
        .await
        .refused(404, "sign-in-provider-unknown");
    configure(&app, &provider.issuer, json!({})).await;
    let found = nobody.go("/auth/openid").await.ok();
    let offered = json!([{ "tenant": "fire-and-rice", "title": "Example ID" }]);
    assert_eq!(found["items"], offered);

    let (owner, _) = owner(&app).await;
    let person_id = invite(&owner, ADA, "staff").await;
    // Whoever says no there, whose address is not verified, and who was not invited.
    nobody.sign_in(START).await.refused(401, "provider-refused");
    provider.sign_in(account("ada", ADA, false)).await;
    let reply = nobody.sign_in(START).await;
    reply.refused(403, "provider-email-unverified");
    provider.sign_in(account("bob", BOB, true)).await;
    nobody
        .sign_in(START)
        .await
        .refused(403, "person-not-invited");
    nobody.session().await.refused(401, "session-missing");
    assert_eq!(standing(&owner, &person_id).await, "invited");

    provider
        .sign_in(account("ada", "Ada@Example.test", true))
        .await;
    let guest = Guest::at(&app);
    let reply = guest.sign_in(START).await;
    assert_eq!(
        (reply.status, reply.header("location")),
        (303, Some("/inbox"))
    );
    let session = guest.session().await.ok();
    assert_eq!(session["person"]["id"], person_id.as_str());
    assert_eq!(session["second_factor"], "none");
    assert_eq!(standing(&owner, &person_id).await, "active");

    // From now on the account counts, whatever address it shows, and whichever key signs.
    provider.rotate().await;
    provider
        .sign_in(account("ada", "elsewhere@example.test", false))
        .await;
    let again = Guest::at(&app);
    assert_eq!(again.sign_in(START).await.status, 303);
    let session = again.session().await.ok();
    assert_eq!(session["person"]["id"], person_id.as_str());

    // Another account with her address is somebody else's until somebody says otherwise.
    provider.sign_in(account("ada-2", ADA, true)).await;
    nobody
        .sign_in(START)
        .await
        .refused(409, "account-linked-otherwise");
    let unlink = format!("/auth/people/{person_id}/unlink");
    assert_eq!(owner.post(&unlink, json!({})).await.status, 204);
    assert_eq!(nobody.sign_in(START).await.status, 303);

    let deactivate = format!("/auth/people/{person_id}/deactivate");
    assert_eq!(owner.post(&deactivate, json!({})).await.status, 204);
    nobody.session().await.refused(401, "session-expired");
    nobody
        .sign_in(START)
        .await
        .refused(403, "person-deactivated");
    recorded(&app).await;
}

/// What was done, and who was turned away, is on record.
async fn recorded(app: &TestApp) {
    for action in [
        "sign-in",
        "accept-invitation",
        "link-provider-account",
        "unlink-provider-account",
        "fail-sign-in",
    ] {
        wait::until(action, async || {
            let items = app.tenant.owner.items("audit?limit=200").await;
            items
                .iter()
                .any(|item| item["action"] == action)
                .then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn our_second_factor_is_asked_for_unless_the_providers_own_counts() {
    let app = TestApp::start_public(|_| ()).await;
    let mut provider = Provider::start(&app).await;
    configure(&app, &provider.issuer, json!({})).await;
    let mut device = people::enrolled(&app, &app.tenant, ADA, Role::Admin).await;
    people::enter(&app, &app.tenant, BOB, Role::Admin, None).await;
    let carol = "carol@example.test";
    let _ = people::enrolled(&app, &app.tenant, carol, Role::Owner).await;
    let with = |sub: &str, email: &str, amr: &[&str]| {
        let mut account = account(sub, email, true);
        account["amr"] = json!(amr);
        account
    };
    let step = async |provider: &mut Provider, account: Value| {
        provider.sign_in(account).await;
        let guest = Guest::at(&app);
        let reply = guest.sign_in(START).await;
        assert_eq!(reply.status, 303, "{}", reply.text);
        let session = guest.session().await.ok();
        let step = session["second_factor"].as_str().unwrap().to_owned();
        (step, guest, session)
    };

    let both = ["pwd", "otp"];
    let (first, guest, _) = step(&mut provider, with("ada", ADA, &both)).await;
    assert_eq!(first, "required");
    let refused = guest.go("/auth/people").await;
    refused.refused(403, "mfa-required");
    let _ = device.code();
    let (first, _, _) = step(&mut provider, with("bob", BOB, &both)).await;
    assert_eq!(first, "enrolment-required");

    let counts = json!({ "second_factors": "otp, hwk" });
    configure(&app, &provider.issuer, counts).await;
    for (sub, email, amr, expected) in [
        ("ada", ADA, &both[..], "none"),
        ("bob", BOB, &both[..], "none"),
        ("ada", ADA, &["pwd"][..], "required"),
        ("bob", BOB, &["pwd"][..], "enrolment-required"),
        // Whoever may configure a provider must not become the owner by it.
        ("carol", carol, &both[..], "required"),
    ] {
        let (step, guest, session) = step(&mut provider, with(sub, email, amr)).await;
        assert_eq!(step, expected, "{sub} by {amr:?}: {session}");
        let people = guest.go("/auth/people").await;
        assert_eq!(people.status == 200, expected == "none", "{}", people.text);
    }
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn others_come_only_from_the_domains_and_with_the_role_that_are_configured() {
    let app = TestApp::start_public(|_| ()).await;
    let mut provider = Provider::start(&app).await;
    let role = json!({ "new_people_role": "viewer" });
    configure(&app, &provider.issuer, role).await;
    let nobody = Guest::at(&app);
    let reply = nobody.go(START).await;
    let problem = reply.refused(409, "provider-misconfigured");
    assert!(problem["detail"].to_string().contains("email_domains"));

    let settings = json!({ "new_people_role": "viewer", "email_domains": ["example.test"] });
    configure(&app, &provider.issuer, settings).await;
    provider
        .sign_in(account("eve", "eve@elsewhere.test", true))
        .await;
    nobody
        .sign_in(START)
        .await
        .refused(403, "provider-email-domain");
    provider.sign_in(account("ada", ADA, true)).await;
    let guest = Guest::at(&app);
    assert_eq!(guest.sign_in(START).await.status, 303);
    let session = guest.session().await.ok();
    assert_eq!(session["role"], "viewer");
    assert_eq!(session["person"]["name"], "Ada At Theirs");
    assert_eq!(session["person"]["email"], ADA);

    let settings = json!({ "new_people_role": "admin", "email_domains": "example.test" });
    configure(&app, &provider.issuer, settings).await;
    provider.sign_in(account("bob", BOB, true)).await;
    nobody
        .sign_in(START)
        .await
        .refused(403, "new-people-role-guarded");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_see_on_the_page_why_they_were_not_let_in() {
    let app = TestApp::start_public(|_| ()).await;
    let mut provider = Provider::start(&app).await;
    configure(&app, &provider.issuer, json!({})).await;
    provider.sign_in(account("bob", BOB, true)).await;
    let guest = Guest::with_pages(&app);
    let reply = guest.sign_in(START).await;
    let place = "/?sign-in=person-not-invited&tenant=fire-and-rice";
    assert_eq!((reply.status, reply.header("location")), (303, Some(place)));
    assert_eq!(guest.go(place).await.status, 200);
    // Whoever operates the installation is nobody's to let in.
    let accounts = Accounts::new(app.store.clone());
    let rights = identity::people::Rights {
        is_operator: true,
        ..identity::people::Rights::of(Role::Staff)
    };
    let entered = accounts
        .enter(
            &app.tenant.id,
            (BOB, "Bob", rights),
            (people::PASSWORD, None),
        )
        .await;
    entered.expect("somebody can be entered");
    let reply = guest.sign_in(START).await;
    let place = "/?sign-in=operator-by-password&tenant=fire-and-rice";
    assert_eq!(reply.header("location"), Some(place));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_configures_a_provider_to_sign_in_by_may_invite_people_too_and_can_try_it() {
    let app = TestApp::start_public(|_| ()).await;
    let mut provider = Provider::start(&app).await;
    provider.sign_in(Value::Null).await;
    let body = json!({ "provider": "openid", "settings": { "issuer": provider.issuer, "client_id": "x" } });
    let new = NewKey {
        kind: PrincipalKind::Service,
        label: "configures".to_owned(),
        role: Role::Owner,
        permissions: Some(vec![Permission::TenantsConfigure]),
        model: None,
        expires_at: None,
        address_ranges: Vec::new(),
        requests_per_minute: None,
        owner_id: None,
    };
    let made = keys::create(&app.store.pools.engine, &app.tenant.id, &new).await;
    let service = Client::new(&app.base_url, made.unwrap().1.expose());
    let reply = service.command("configure-provider", body).await;
    reply.refused(403, "permission-missing");
    let another = json!({ "provider": "openai", "secrets": { "api_key": "sk-test" } });
    service.accepted("configure-provider", another).await;

    configure(&app, &provider.issuer, json!({})).await;
    let tried = async || {
        let asked = json!({ "provider": "openid" });
        let answer = app.tenant.owner.accepted("test-provider", asked).await;
        let test_id = answer["result"]["test_id"].clone();
        wait::until("the test is over", async || {
            let tenant = app.tenant.owner.item("tenant").await;
            let test = tenant["providers"]["openid"]["last_test"].clone();
            (test["test_id"] == test_id && test["status"] != "pending").then_some(test)
        })
        .await
    };
    let test = tried().await;
    assert_eq!(test["status"], "passed", "{test}");
    configure(&app, &format!("{}/other", provider.issuer), json!({})).await;
    let test = tried().await;
    assert_eq!(test["status"], "failed", "{test}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_to_a_set_of_permissions_gives_no_more_than_the_set() {
    let app = TestApp::start_public(|_| ()).await;
    let mut provider = Provider::start(&app).await;
    configure(&app, &provider.issuer, json!({})).await;
    let (owner, _) = owner(&app).await;
    let set = json!({ "within": "staff", "permissions": ["bookings:read"] });
    let put = owner
        .request(reqwest::Method::PUT, "/auth/roles/night-desk")
        .json(&set);
    assert_eq!(owner.send(put).await.status, 200);
    invite(&owner, ADA, "staff").await;
    // The second letter takes back what the first has given.
    invite(&owner, ADA, "night-desk").await;
    provider.sign_in(account("ada", ADA, true)).await;
    let guest = Guest::at(&app);
    assert_eq!(guest.sign_in(START).await.status, 303);
    let session = guest.session().await.ok();
    assert_eq!(
        session["permissions"],
        json!(["bookings:read"]),
        "{session}"
    );
    assert_eq!(session["role"], "night-desk");
}
