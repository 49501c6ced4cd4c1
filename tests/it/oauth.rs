//! Programs that act for people, or for themselves: how clients of others find their way, what a token is good for, and how
//! it ends.

use identity::roles::Role;
use reqwest::Method;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::given::{self, text};
use tests::oracles;
use tests::people::{self, Browser, Device, PASSWORD};
use tests::programs_asking::{
    CALLBACK, allow, application, ask, asking, bearer, granted, opened, redeem, register, sent,
    token,
};

const ADA: &str = "ada@example.test";
const BOB: &str = "bob@example.test";

/// An owner who has signed in, and their device.
async fn owner(app: &TestApp) -> (Browser, Device) {
    let mut device = people::enrolled(app, &app.tenant, ADA, Role::Owner).await;
    let browser = people::signed_in(app, ADA, Some(&mut device)).await;
    (browser, device)
}

async fn drive(app: &TestApp, how: &str, who: Value, client: Value) -> Value {
    let asked = json!({ "base_url": app.base_url, "who": who, "client": client });
    let said = oracles::ask("oauth_client.py", &[how], asked.to_string()).await;
    serde_json::from_str(&said).expect("a line of JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_others_find_their_way_and_back() {
    let app = TestApp::start_public(|_| ()).await;
    let (browser, _) = owner(&app).await;
    people::enter(&app, &app.tenant, BOB, Role::Staff, None).await;
    let who = json!({ "email": BOB, "password": PASSWORD });

    let public = register(&browser, application()).await;
    let client =
        json!({ "client_id": public["client_id"], "redirect_uri": CALLBACK, "method": "none" });
    let said = drive(&app, "authlib", who.clone(), client.clone()).await;
    assert_eq!(said["scope"], "crm.read crm.write");
    assert_eq!((&said["read"], &said["again"]), (&json!(200), &json!(200)));
    assert_eq!(said["forbidden"][0], 403);
    let challenge = said["forbidden"][1].as_str().unwrap();
    assert!(
        challenge.contains("error=\"insufficient_scope\", scope=\"admin\""),
        "{challenge}"
    );
    assert_eq!(
        (&said["rotated"], &said["revoked"]),
        (&json!(true), &json!(200))
    );
    assert_eq!(said["ended"], json!([401, "token-revoked"]));

    let agent = drive(&app, "mcp", who, client).await;
    assert_eq!(agent["is_error"], false, "{agent}");
    assert!(agent["tools"].as_array().unwrap().len() > 5, "{agent}");

    for method in ["client_secret_basic", "client_secret_post"] {
        let service =
            json!({ "name": "Nightly", "kind": "service", "role": "viewer", "proof": "secret" });
        let service = register(&browser, service).await;
        let client = json!({
            "client_id": service["client_id"], "client_secret": service["client_secret"], "method": method,
        });
        let said = drive(&app, "service", json!({}), client).await;
        assert_eq!(
            said,
            json!({ "scope": "crm.read", "read": 200, "refresh": false }),
            "{method}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_refused_is_told_where_tokens_come_from() {
    let app = TestApp::start_public(|_| ()).await;
    let nobody = Browser::at(&app);
    for (path, metadata) in [
        ("/queries/bookings", "/.well-known/oauth-protected-resource"),
        ("/mcp", "/.well-known/oauth-protected-resource/mcp"),
    ] {
        let method = if path == "/mcp" {
            Method::POST
        } else {
            Method::GET
        };
        let refused = nobody
            .send(nobody.foreign(method, path).json(&json!({})))
            .await;
        assert_eq!(refused.status, 401);
        let expected = format!("Bearer resource_metadata=\"{}{metadata}\"", app.base_url);
        assert_eq!(refused.header("www-authenticate"), Some(expected.as_str()));
        let described = nobody.get(metadata).await.ok();
        let own = if path == "/mcp" {
            format!("{}/mcp", app.base_url)
        } else {
            app.base_url.clone()
        };
        assert_eq!(described["resource"], own);
        assert_eq!(described["authorization_servers"], json!([app.base_url]));
    }
    let server = nobody
        .get("/.well-known/oauth-authorization-server")
        .await
        .ok();
    assert_eq!(server["issuer"], app.base_url);
    assert_eq!(server["code_challenge_methods_supported"], json!(["S256"]));
    for flag in [
        "authorization_response_iss_parameter_supported",
        "client_id_metadata_document_supported",
    ] {
        assert_eq!(server[flag], true, "{flag}");
    }
    assert!(
        server["registration_endpoint"].is_null(),
        "nobody registers themselves"
    );
    let keys = nobody.get("/auth/oauth/jwks").await.ok();
    assert_eq!(keys["keys"][0]["alg"], "EdDSA");
    assert_eq!(keys["keys"][0].get("d"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_can_do_no_more_than_its_scopes_its_client_and_its_person() {
    let app = TestApp::start_public(|_| ()).await;
    let (ada, _) = owner(&app).await;
    let client = register(&ada, application()).await;
    let client_id = text(&client, "client_id");
    let bob_id = people::enter(&app, &app.tenant, BOB, Role::Staff, None).await;
    let bob = people::signed_in(&app, BOB, None).await;

    let asked = asking(client_id, "crm.read crm.write admin", &app.base_url);
    let page = ask(&bob, &asked).await;
    assert!(
        page.text.contains("Assistant asks to work for you"),
        "{}",
        page.text
    );
    assert!(page.text.contains("grant.crm.write") && !page.text.contains("grant.admin"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.contains("default-src 'none'")
            && policy.contains("form-action 'self' http://127.0.0.1:1")
    );
    assert!(!policy.contains("unsafe"), "{policy}");

    let tokens = granted(&app, &bob, &asked).await;
    assert_eq!(tokens["scope"], "crm.read crm.write");
    let (header, claims) = opened(text(&tokens, "access_token"));
    assert_eq!(
        (&header["alg"], &header["typ"]),
        (&json!("EdDSA"), &json!("at+jwt"))
    );
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        600
    );
    assert_eq!(
        (&claims["iss"], &claims["aud"]),
        (&json!(app.base_url), &json!(app.base_url))
    );
    assert_eq!(claims["sub"], format!("person:{bob_id}"));

    let agent = bearer(&app, &tokens);
    assert_eq!(agent.query("bookings").await.status, 200);
    let chef = json!({ "name": "Kenji", "zones": [given::ZONE], "hours": given::whole_week() });
    agent
        .command("add-chef", chef)
        .await
        .refused(403, "permission-missing");
    agent
        .get("/auth/people")
        .await
        .refused(403, "permission-missing");
    let other = app.another_tenant("sea-and-smoke").await;
    let there = given::customer(&other.owner, "Eve").await;
    agent
        .query(&format!("customer-360?id={there}"))
        .await
        .refused(404, "customer-not-found");
    let mine = given::customer(&agent, "Ada").await;
    let acted = format!(
        "select count(*) from events where aggregate_id = '{mine}' and actor = 'agent:{}'",
        text(&claims, "grant")
    );
    assert_eq!(
        app.count(&acted).await,
        1,
        "what it does stands under its own name"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_ends_with_its_person() {
    let app = TestApp::start_public(|_| ()).await;
    let (ada, _) = owner(&app).await;
    let client = register(&ada, application()).await;
    let client_id = text(&client, "client_id");
    let bob_id = people::enter(&app, &app.tenant, BOB, Role::Staff, None).await;
    let bob = people::signed_in(&app, BOB, None).await;
    let tokens = granted(&app, &bob, &asking(client_id, "crm.read", &app.base_url)).await;
    let agent = bearer(&app, &tokens);
    assert_eq!(agent.query("bookings").await.status, 200);
    let changed = ada
        .post(&format!("/auth/people/{bob_id}/deactivate"), json!({}))
        .await;
    assert_eq!(changed.status, 204, "{}", changed.text);
    tests::wait::until("the token is felt to be over", async || {
        (agent.query("bookings").await.status == 401).then_some(())
    })
    .await;
    let refresh = text(&tokens, "refresh_token");
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", client_id),
        ("refresh_token", refresh),
    ];
    assert_eq!(token(&app, &fields).await.json()["error"], "invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_granted_is_listed_and_ended_by_whoever_granted_it() {
    let app = TestApp::start_public(|_| ()).await;
    let (ada, _) = owner(&app).await;
    let client = register(&ada, application()).await;
    let client_id = text(&client, "client_id");
    let asked = asking(client_id, "crm.read", &app.base_url);
    let tokens = granted(&app, &ada, &asked).await;
    let agent = bearer(&app, &tokens);
    assert_eq!(agent.query("bookings").await.status, 200);
    let listed = ada.get("/auth/grants").await.ok();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(listed["items"][0]["client_name"], "Assistant");
    people::enter(&app, &app.tenant, BOB, Role::Staff, None).await;
    let bob = people::signed_in(&app, BOB, None).await;
    let path = format!("/auth/grants/{}", text(&listed["items"][0], "grant_id"));
    bob.delete(&path).await.refused(404, "grant-not-found");
    assert_eq!(ada.delete(&path).await.status, 204);
    agent.query("bookings").await.refused(401, "token-revoked");

    let tokens = granted(&app, &ada, &asked).await;
    let agent = bearer(&app, &tokens);
    assert_eq!(agent.query("bookings").await.status, 200);
    assert_eq!(
        ada.delete(&format!("/auth/clients/{client_id}"))
            .await
            .status,
        200
    );
    agent.query("bookings").await.refused(401, "token-revoked");
    let again = ask(&ada, &asked).await;
    assert_eq!((again.status, again.header("location")), (400, None));
    let acts = app.tenant.owner.get("/operations/acts").await.ok();
    let acts: Vec<&str> = acts["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|act| text(act, "action"))
        .collect();
    for action in [
        "register-client",
        "grant-access",
        "end-grant",
        "revoke-client",
    ] {
        assert!(acts.contains(&action), "{action}: {acts:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_change_without_turning_anybody_away_or_turn_all_away_at_once() {
    let app = TestApp::start_public(|_| ()).await;
    let (ada, _) = owner(&app).await;
    let client = register(&ada, application()).await;
    let asked = asking(text(&client, "client_id"), "crm.read", &app.base_url);
    let agent = bearer(&app, &granted(&app, &ada, &asked).await);
    let keyring = identity::oauth::signing::Keyring::new(app.store.clone());
    let kids = async || {
        let set = keyring.jwks().await.unwrap();
        set["keys"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| text(key, "kid").to_owned())
            .collect::<Vec<_>>()
    };
    let old = kids().await;
    keyring
        .rotate(identity::oauth::signing::Rotation::Planned)
        .await
        .unwrap();
    let both = kids().await;
    assert!(
        both.len() == 2 && both.contains(&old[0]),
        "shown before it signs: {both:?}"
    );
    assert_eq!(agent.query("bookings").await.status, 200);
    ada.post("/auth/oauth/keys", json!({ "when": "at-once" }))
        .await
        .refused(403, "permission-missing");
    let operator =
        tests::people::enrolled(&app, &app.tenant, "op@example.test", Role::Viewer).await;
    drop(operator);
    let rotated = app
        .client(identity::principals::PrincipalKind::Service, Role::Operator)
        .await;
    let request = rotated
        .request(Method::POST, "/auth/oauth/keys")
        .json(&json!({ "when": "at-once" }));
    assert_eq!(rotated.send(request).await.status, 201);
    agent.query("bookings").await.refused(401, "token-invalid");
    let renewed = bearer(&app, &granted(&app, &ada, &asked).await);
    assert_eq!(renewed.query("bookings").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_registered_can_be_asked_for_and_nothing_is_sent_elsewhere() {
    let app = TestApp::start_public(|_| ()).await;
    let (ada, _) = owner(&app).await;
    let client = register(&ada, application()).await;
    let good = asking(text(&client, "client_id"), "crm.read", &app.base_url);
    let with = |name: &str, value: &str| {
        let mut asked = good.clone();
        asked.retain(|(field, _)| field != name);
        if !value.is_empty() {
            asked.push((name.to_owned(), value.to_owned()));
        }
        asked
    };
    for (name, value) in [
        ("client_id", "0199c0de-0000-7000-8000-000000000000"),
        ("redirect_uri", "https://evil.example/callback"),
        ("redirect_uri", "http://127.0.0.1:1/callback/.."),
        ("redirect_uri", ""),
    ] {
        for reply in [
            ask(&ada, &with(name, value)).await,
            allow(&ada, &with(name, value)).await,
        ] {
            assert_eq!(
                (reply.status, reply.header("location")),
                (400, None),
                "{name} {value}"
            );
        }
    }
    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("scope", "everything", "invalid_scope"),
        ("resource", "https://evil.example", "invalid_target"),
    ] {
        for reply in [
            ask(&ada, &with(name, value)).await,
            allow(&ada, &with(name, value)).await,
        ] {
            assert_eq!(sent(&reply, "error"), error, "{name} {value}");
            assert_eq!(sent(&reply, "state"), "s t&ate");
            assert_eq!(sent(&reply, "iss"), app.base_url);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_may_say_no_and_nobody_says_yes_for_them() {
    let app = TestApp::start_public(|_| ()).await;
    let (ada, _) = owner(&app).await;
    let client = register(&ada, application()).await;
    let good = asking(text(&client, "client_id"), "crm.read", &app.base_url);
    let twice = format!("client_id={}&client_id=x", text(&client, "client_id"));
    let twice = ada.get(&format!("/auth/oauth/authorize?{twice}")).await;
    assert_eq!(twice.status, 400, "{}", twice.text);
    let mut denied = good.clone();
    denied.push(("decision".to_owned(), "deny".to_owned()));
    let request = ada
        .request(Method::POST, "/auth/oauth/consent")
        .form(&denied);
    assert_eq!(sent(&ada.send(request).await, "error"), "access_denied");
    let forged = ada
        .foreign(Method::POST, "/auth/oauth/consent")
        .header("sec-fetch-site", "cross-site");
    ada.send(forged.form(&good))
        .await
        .refused(403, "origin-foreign");
    let stranger = Browser::at(&app);
    let page = ask(&stranger, &good).await;
    assert!(page.text.contains("Sign in to Rapport"), "{}", page.text);
    let code = sent(&allow(&ada, &good).await, "code");
    assert_eq!(
        redeem(&app, text(&client, "client_id"), &code).await.status,
        200
    );
}
