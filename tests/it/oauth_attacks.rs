//! Thieves, forgers and impostors: codes and refresh tokens that are shown twice, tokens that nobody signed, and clients
//! that are others'.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::oauth::jwt;
use identity::oauth::signing::{Keyring, SigningKey};
use identity::roles::Role;
use reqwest::Method;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::client::Client;
use tests::given::text;
use tests::people::{self, Browser};
use tests::programs_asking::{
    CALLBACK, VERIFIER, allow, application, asking, assembled, bearer, granted, opened, redeem,
    register, sent, token,
};
use time::OffsetDateTime;

const ADA: &str = "ada@example.test";

async fn owner(app: &TestApp) -> Browser {
    let mut device = people::enrolled(app, &app.tenant, ADA, Role::Owner).await;
    people::signed_in(app, ADA, Some(&mut device)).await
}

async fn refresh(app: &TestApp, client_id: &str, tokens: &Value) -> tests::client::Reply {
    let refresh = text(tokens, "refresh_token");
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", client_id),
        ("refresh_token", refresh),
    ];
    token(app, &fields).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_twice_ends_everything_that_came_of_it() {
    let app = TestApp::start_public(|_| ()).await;
    let ada = owner(&app).await;
    let client = register(&ada, application()).await;
    let id = text(&client, "client_id");
    let asked = asking(id, "crm.read", &app.base_url);

    let code = sent(&allow(&ada, &asked).await, "code");
    let tokens = redeem(&app, id, &code).await.ok();
    let again = redeem(&app, id, &code).await;
    assert_eq!(
        (again.status, &again.json()["error"]),
        (400, &json!("invalid_grant"))
    );
    bearer(&app, &tokens)
        .query("bookings")
        .await
        .refused(401, "token-revoked");
    assert_eq!(refresh(&app, id, &tokens).await.status, 400);

    let first = granted(&app, &ada, &asked).await;
    let second = refresh(&app, id, &first).await.ok();
    let stolen = refresh(&app, id, &first).await;
    assert_eq!(
        (stolen.status, &stolen.json()["error"]),
        (400, &json!("invalid_grant"))
    );
    assert_eq!(
        refresh(&app, id, &second).await.status,
        400,
        "the rightful holder asks anew too"
    );
    bearer(&app, &second)
        .query("bookings")
        .await
        .refused(401, "token-revoked");

    let racing = granted(&app, &ada, &asked).await;
    let (one, two) = tokio::join!(refresh(&app, id, &racing), refresh(&app, id, &racing));
    let good = [one.status, two.status]
        .iter()
        .filter(|status| **status == 200)
        .count();
    assert!(good <= 1, "{} {}", one.text, two.text);
    let acts = app
        .tenant
        .owner
        .get("/operations/acts")
        .await
        .ok()
        .to_string();
    assert!(
        acts.contains("the code was shown twice")
            && acts.contains("a refresh token was shown twice")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_good_for_its_client_its_verifier_and_its_place_only() {
    let app = TestApp::start_public(|_| ()).await;
    let ada = owner(&app).await;
    let client = register(&ada, application()).await;
    let other = register(&ada, application()).await;
    let (id, other_id) = (text(&client, "client_id"), text(&other, "client_id"));
    let asked = asking(id, "crm.read", &app.base_url);
    let wrong_verifier = "a".repeat(43);
    for (client_id, verifier, redirect_uri, resource, error) in [
        (
            id,
            wrong_verifier.as_str(),
            CALLBACK,
            app.base_url.as_str(),
            "invalid_grant",
        ),
        (
            id,
            "short",
            CALLBACK,
            app.base_url.as_str(),
            "invalid_grant",
        ),
        (
            id,
            VERIFIER,
            "http://127.0.0.1:2/callback",
            app.base_url.as_str(),
            "invalid_grant",
        ),
        (
            other_id,
            VERIFIER,
            CALLBACK,
            app.base_url.as_str(),
            "invalid_grant",
        ),
        (
            id,
            VERIFIER,
            CALLBACK,
            "https://evil.example",
            "invalid_target",
        ),
    ] {
        let code = sent(&allow(&ada, &asked).await, "code");
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", client_id),
            ("code", code.as_str()),
            ("code_verifier", verifier),
            ("redirect_uri", redirect_uri),
            ("resource", resource),
        ];
        let reply = token(&app, &fields).await;
        assert_eq!(
            (reply.status, &reply.json()["error"]),
            (400, &json!(error)),
            "{reply:?}"
        );
        assert_eq!(
            redeem(&app, id, &code).await.status,
            400,
            "it is used up: {error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_unproven_too_old_or_anothers_is_good_for_nothing() {
    let app = TestApp::start_public(|_| ()).await;
    let ada = owner(&app).await;
    let client = register(&ada, application()).await;
    let other = register(&ada, application()).await;
    let (id, other_id) = (text(&client, "client_id"), text(&other, "client_id"));
    let asked = asking(id, "crm.read", &app.base_url);
    let code = sent(&allow(&ada, &asked).await, "code");
    let unproven = [
        ("grant_type", "authorization_code"),
        ("client_id", id),
        ("code", code.as_str()),
    ];
    assert_eq!(
        token(&app, &unproven).await.json()["error"],
        "invalid_request"
    );
    app.admin()
        .await
        .execute(
            "update oauth_codes set expires_at = clock_timestamp() where used_at is null",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(
        redeem(&app, id, &code).await.json()["error"],
        "invalid_grant"
    );

    let tokens = granted(&app, &ada, &asked).await;
    assert_eq!(
        refresh(&app, other_id, &tokens).await.json()["error"],
        "invalid_grant"
    );
    let more = [
        ("grant_type", "refresh_token"),
        ("client_id", id),
        ("refresh_token", text(&tokens, "refresh_token")),
        ("scope", "crm.read crm.write"),
    ];
    assert_eq!(token(&app, &more).await.json()["error"], "invalid_scope");
    assert_eq!(
        refresh(&app, id, &tokens).await.status,
        200,
        "others' tries have not ended it"
    );
    let thief = Client::new(&app.base_url, "");
    let form = [
        ("client_id", other_id),
        ("token", text(&tokens, "access_token")),
    ];
    let request = thief
        .anonymous(Method::POST, "/auth/oauth/revoke")
        .form(&form);
    assert_eq!(
        thief.send(request).await.status,
        200,
        "an unknown token is as good as ended"
    );
    assert_eq!(bearer(&app, &tokens).query("bookings").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_believed_only_with_its_secret_and_does_only_what_it_is_for() {
    let app = TestApp::start_public(|_| ()).await;
    let ada = owner(&app).await;
    let service =
        json!({ "name": "Nightly", "kind": "service", "role": "viewer", "proof": "secret" });
    let service = register(&ada, service).await;
    let public = register(&ada, application()).await;
    let (id, secret) = (text(&service, "client_id"), text(&service, "client_secret"));
    let ask = async |fields: &[(&str, &str)]| {
        let mut all = vec![("grant_type", "client_credentials")];
        all.extend_from_slice(fields);
        let reply = token(&app, &all).await;
        (reply.status, reply.json()["error"].clone())
    };
    for fields in [
        vec![("client_id", id)],
        vec![("client_id", id), ("client_secret", "wrong")],
        vec![("client_id", "nobody"), ("client_secret", secret)],
        vec![
            ("client_id", text(&public, "client_id")),
            ("client_secret", secret),
        ],
    ] {
        assert_eq!(
            ask(&fields).await,
            (401, json!("invalid_client")),
            "{fields:?}"
        );
    }
    let proven = [("client_id", id), ("client_secret", secret)];
    assert_eq!(ask(&proven).await, (200, Value::Null));
    let with = |field| [proven.as_slice(), &[field]].concat();
    assert_eq!(
        ask(&with(("scope", "crm.write"))).await,
        (400, json!("invalid_scope"))
    );
    assert_eq!(
        ask(&with(("resource", "https://evil.example"))).await,
        (400, json!("invalid_target"))
    );
    assert_eq!(
        ask(&with(("client_id", id))).await,
        (400, json!("invalid_request")),
        "twice"
    );
    assert_eq!(
        ask(&[("client_id", text(&public, "client_id"))]).await,
        (400, json!("unauthorized_client"))
    );
    let password = [
        ("grant_type", "password"),
        ("client_id", id),
        ("client_secret", secret),
    ];
    assert_eq!(
        token(&app, &password).await.json()["error"],
        "unsupported_grant_type"
    );
    let shown = format!("select count(*) from oauth_clients c where c::text like '%{secret}%'");
    assert_eq!(app.count(&shown).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_registers_a_client_that_could_do_more_than_they_can() {
    let app = TestApp::start_public(|_| ()).await;
    let manager = app
        .client(identity::principals::PrincipalKind::Service, Role::Admin)
        .await;
    let wide = json!({ "name": "W", "kind": "service", "role": "owner", "proof": "secret" });
    let request = manager.request(Method::POST, "/auth/clients").json(&wide);
    let refused = manager.send(request).await;
    assert_eq!(refused.status, 403, "{}", refused.text);
}

/// Tokens that nobody may use, each with what is wrong with it, and one that is merely signed anew.
fn hostile(
    good: &str,
    key: &SigningKey,
    (base_url, other_tenant): (&str, &str),
) -> (Vec<(&'static str, String)>, String) {
    let (header, claims) = opened(good);
    let signature = good.rsplit('.').next().unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let signed = |name: &str, value: Value| {
        let mut altered = claims.clone();
        match value.is_null() {
            true => drop(altered.as_object_mut().unwrap().remove(name)),
            false => altered[name] = value,
        }
        jwt::sign(&key.pair, &key.key_id, &altered).unwrap()
    };
    let headed = |name: &str, value: Value| {
        let mut altered = header.clone();
        altered[name] = value;
        assembled(&altered, &claims, &signature)
    };
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let mut wide = claims.clone();
    wide["scope"] = json!("crm.read admin");
    let all = vec![
        (
            "none",
            assembled(&json!({ "alg": "none", "typ": "at+jwt" }), &claims, b""),
        ),
        ("HS256 by the public key", headed("alg", json!("HS256"))),
        ("another algorithm", headed("alg", json!("ES256"))),
        ("another type", headed("typ", json!("JWT"))),
        ("an unknown key", headed("kid", json!("unknown"))),
        ("a critical extension", headed("crit", json!(["exp"]))),
        ("altered claims", assembled(&header, &wide, &signature)),
        (
            "no signature",
            good.rsplit_once('.').unwrap().0.to_owned() + ".",
        ),
        (
            "another audience",
            signed("aud", json!(format!("{base_url}/mcp"))),
        ),
        (
            "another issuer",
            signed("iss", json!("https://evil.example")),
        ),
        ("over", signed("exp", json!(now - 60))),
        ("an end as text", signed("exp", json!("4102444800"))),
        ("no end", signed("exp", Value::Null)),
        ("not yet", signed("nbf", json!(now + 600))),
        ("another tenant", signed("tenant", json!(other_tenant))),
        (
            "no such grant",
            signed("grant", json!("0199c0de-0000-7000-8000-000000000000")),
        ),
        ("no grant", signed("grant", Value::Null)),
    ];
    (all, signed("x", json!(1)))
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_were_not_issued_for_this_are_all_turned_away() {
    let app = TestApp::start_public(|_| ()).await;
    let ada = owner(&app).await;
    let client = register(&ada, application()).await;
    let id = text(&client, "client_id");
    let tokens = granted(&app, &ada, &asking(id, "crm.read", &app.base_url)).await;
    let good = text(&tokens, "access_token");
    let keyring = Keyring::new(app.store.clone());
    let key = keyring.signing().await.unwrap();
    let other = app.another_tenant("sea-and-smoke").await;
    let (hostile, anew) = hostile(good, &key, (&app.base_url, other.id.as_str()));
    assert_eq!(
        Client::new(&app.base_url, good)
            .query("bookings")
            .await
            .status,
        200
    );
    assert_eq!(
        Client::new(&app.base_url, &anew)
            .query("bookings")
            .await
            .status,
        200
    );
    for (what, token) in hostile {
        let reply = Client::new(&app.base_url, &token).query("bookings").await;
        assert_eq!(reply.status, 401, "{what}: {}", reply.text);
        let challenge = reply.header("www-authenticate").unwrap_or_default();
        assert!(
            challenge.contains("error=\"invalid_token\""),
            "{what}: {challenge}"
        );
    }
    let agent = Client::new(&app.base_url, good);
    let elsewhere = agent.request(Method::POST, "/mcp").json(&json!({}));
    agent.send(elsewhere).await.refused(401, "token-invalid");
    let in_address = format!("/queries/bookings?access_token={good}");
    assert_eq!(Browser::at(&app).get(&in_address).await.status, 401);
}
