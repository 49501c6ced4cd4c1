//! Who else may be trusted: clients that describe themselves by a document, and an issuer elsewhere instead of our own.

use identity::oauth::jwt;
use identity::roles::Role;
use reqwest::Method;
use serde_json::{Value, json};
use server::issuers::{IssuerAddress, Trust};
use tests::app::TestApp;
use tests::client::Client;
use tests::documents::Documents;
use tests::people::{self, Browser};
use tests::programs_asking::{CALLBACK, ask, asking, bearer, granted};
use time::OffsetDateTime;

const ADA: &str = "ada@example.test";

async fn owner(app: &TestApp) -> Browser {
    let mut device = people::enrolled(app, &app.tenant, ADA, Role::Owner).await;
    people::signed_in(app, ADA, Some(&mut device)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_may_describe_itself_and_is_shown_by_its_host() {
    let app = TestApp::start_public(|_| ()).await;
    let ada = owner(&app).await;
    let documents = Documents::start().await;
    let id = documents.address("/client.json");
    let document = json!({ "client_id": id, "client_name": "Helper", "redirect_uris": ["http://127.0.0.1/callback"] });
    documents.put("/client.json", document.clone());
    let nobody = Browser::at(&app);
    let asked = asking(&id, "crm.read", &format!("{}/mcp", app.base_url));
    assert!(
        ask(&nobody, &asked)
            .await
            .text
            .contains("Sign in to Rapport")
    );
    assert_eq!(documents.asked(), 0, "strangers make us fetch nothing");
    let page = ask(&ada, &asked).await;
    let host = id
        .strip_prefix("http://")
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    assert!(
        page.text.contains("Helper asks") && page.text.contains(host),
        "{}",
        page.text
    );
    let tokens = granted(&app, &ada, &asked).await;
    assert_eq!(documents.asked(), 1, "it is remembered");
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {} });
    let agent = bearer(&app, &tokens);
    let request = agent
        .request(Method::POST, "/mcp")
        .header("accept", "application/json, text/event-stream");
    let listed = agent.send(request.json(&list)).await;
    assert_eq!(listed.status, 200, "{}", listed.text);
    agent.query("bookings").await.refused(401, "token-invalid");

    let liar = documents.address("/liar.json");
    documents.put("/liar.json", document);
    let long = documents.address("/long.json");
    documents.put(
        "/long.json",
        json!({ "client_id": long, "redirect_uris": [CALLBACK], "x": "x".repeat(6_000) }),
    );
    for wrong in [
        liar,
        long,
        documents.address("/nothing.json"),
        "https://192.168.0.1/client.json".to_owned(),
    ] {
        let page = ask(&ada, &asking(&wrong, "crm.read", &app.base_url)).await;
        assert_eq!(
            (page.status, page.header("location")),
            (400, None),
            "{wrong}: {}",
            page.text
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_elsewhere_takes_the_place_of_our_own() {
    let documents = Documents::start().await;
    let issuer = documents.address("");
    let trust = Trust {
        issuer: IssuerAddress(issuer.clone()),
        jwks_url: None,
        audiences: vec!["rapport".to_owned()],
    };
    let app = TestApp::start_public(|plan| plan.token_issuer = Some(trust)).await;
    people::enter(&app, &app.tenant, ADA, Role::Staff, None).await;
    // Theirs, as it happens: we ourselves issue nothing here.
    let keyring = identity::oauth::signing::Keyring::new(app.store.clone());
    let key = keyring.signing().await.unwrap();
    documents.put(
        "/.well-known/openid-configuration",
        json!({ "issuer": issuer, "jwks_uri": documents.address("/keys") }),
    );
    documents.put("/keys", keyring.jwks().await.unwrap());
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let claims = json!({
        "iss": issuer, "aud": "rapport", "sub": "ada", "iat": now, "exp": now + 60, "email": ADA, "email_verified": true,
        "tenant": "fire-and-rice", "scope": "openid crm.read",
    });
    let holder = |claims: &Value, kid: &str| {
        Client::new(&app.base_url, &jwt::sign(&key.pair, kid, claims).unwrap())
    };
    let one = key.key_id.as_str();
    assert_eq!(holder(&claims, one).query("bookings").await.status, 200);
    holder(&claims, one)
        .get("/auth/people")
        .await
        .refused(403, "permission-missing");
    holder(&claims, "two")
        .query("bookings")
        .await
        .refused(401, "token-invalid");
    for (name, value) in [
        ("iss", json!("https://evil.example")),
        ("aud", json!("another")),
        ("exp", json!(now - 60)),
        ("email_verified", json!(false)),
        ("email", json!("nobody@example.test")),
        ("tenant", json!("nowhere")),
    ] {
        let mut wrong = claims.clone();
        wrong[name] = value;
        let reply = holder(&wrong, one).query("bookings").await;
        assert_eq!(reply.status, 401, "{name}: {}", reply.text);
    }
    let nobody = Browser::at(&app);
    for path in [
        "/auth/oauth/authorize",
        "/auth/oauth/jwks",
        "/.well-known/oauth-authorization-server",
    ] {
        nobody.get(path).await.refused(404, "path-unknown");
    }
    let described = nobody
        .get("/.well-known/oauth-protected-resource")
        .await
        .ok();
    assert_eq!(described["authorization_servers"], json!([issuer]));
}
