//! A tenant that is suspended: nobody is let in, nothing is sent, what comes in is kept, and others notice nothing. And a tenant
//! that is taken away whole.

use domain::operations::INSTALLATION;
use identity::principals::PrincipalKind;
use identity::roles::Role;
use reqwest::Method;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::client::{Client, Reply};
use tests::given;
use tests::neighbour::Neighbour;
use tests::people;
use tests::programs_asking::{allow, application, asking, granted, redeem, register, sent, token};
use tests::receivers::Receiver;
use tests::tenants;
use tests::wait;
use tests::webhooks::{self, event};

use crate::export::Desk;

const KEPT: &str = "select count(*) from webhook_inbox where handled_at is null";
const WAITING: &str =
    "select count(*) from outbox_work w join tenants t on t.tenant_id = w.tenant_id
    where t.slug = 'fire-and-rice' and w.target like 'webhook:%' and w.lease_no = 0";

async fn steer(by: &Client, act: &str, slug: &str, body: Value) -> Reply {
    let path = format!("/operations/tenants/{act}?tenant={slug}");
    by.send(by.request(Method::POST, &path).json(&body)).await
}

/// Somebody who may operate the installation, of another business.
async fn operator(app: &TestApp) -> Client {
    let other = app.another_tenant("operators").await;
    let holder = (PrincipalKind::Person, Role::Operator);
    tenants::client(&app.store, &app.base_url, &other.id, holder).await
}

/// Neither by somebody without the right, nor without a reason or a name, nor by a dry run.
async fn nothing_is_suspended_by_mistake(
    (owner, operator): (&Client, &Client),
    slug: &str,
    why: &Value,
) {
    steer(owner, "suspend", slug, why.clone())
        .await
        .refused(403, "permission-missing");
    steer(operator, "suspend", slug, json!({}))
        .await
        .refused(422, "validation-failed");
    let unnamed = operator
        .request(Method::POST, "/operations/tenants/suspend")
        .json(why);
    operator.send(unnamed).await.refused(400, "tenant-missing");
    let dry = operator.request(
        Method::POST,
        &format!("/operations/tenants/suspend?tenant={slug}&dry_run=true"),
    );
    assert_eq!(
        operator.send(dry.json(why)).await.ok()["result"]["changed"],
        true
    );
    assert_eq!(
        owner.query("bookings").await.status,
        200,
        "it was only said"
    );
}

async fn nobody_is_let_in(app: &TestApp) {
    let owner = &app.tenant.owner;
    for path in ["/queries/bookings", "/operations/outbox", "/stream"] {
        owner.get(path).await.refused(403, "tenant-suspended");
    }
    let lead = json!({ "source": "web", "first_name": "Ada", "email": given::email("Ada") });
    owner
        .command("create-lead", lead)
        .await
        .refused(403, "tenant-suspended");
    app.tenant
        .agent
        .query("bookings")
        .await
        .refused(403, "tenant-suspended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_tenant_lets_nobody_in_sends_nothing_and_keeps_what_comes() {
    let app = TestApp::start().await;
    let (owner, slug) = (&app.tenant.owner, app.tenant.slug.as_str());
    let operator = operator(&app).await;
    let other = app.another_tenant("bakery").await;
    let (ours, theirs) = (Receiver::open().await, Receiver::open().await);
    ours.subscribe(owner, &["ChefAdded"]).await;
    theirs.subscribe(&other.owner, &["ChefAdded"]).await;
    app.settle().await;
    let neighbour = Neighbour::start(&app).await;
    let elsewhere = neighbour.client_for(owner);
    let why = json!({ "reason": "the contract has ended" });
    nothing_is_suspended_by_mistake((owner, &operator), slug, &why).await;
    let done = steer(&operator, "suspend", slug, why.clone()).await.ok();
    assert_eq!(done["result"]["standing"], "suspended");
    nobody_is_let_in(&app).await;
    wait::until("another process knows it too", async || {
        let reply = elsewhere.query("bookings").await;
        (reply.status == 403).then_some(())
    })
    .await;

    // What comes about all the same, by timers and the like, is told nobody; what comes in is taken, and lies there.
    let chef = json!({ "name": "Kenji", "zones": [given::ZONE], "hours": given::whole_week() });
    app.command_as_system("add-chef", chef).await.unwrap();
    webhooks::deliver(&app, &event("evt_kept", "customer.created", &json!({})))
        .await
        .ok();
    wait::until("the webhook lies ready to go out", async || {
        (app.count(WAITING).await == 1).then_some(())
    })
    .await;
    // Whatever is to be sent for others goes out meanwhile.
    given::chef(&other.owner, "Mia").await;
    theirs.got_at_least(1).await;
    assert_eq!(ours.got().len(), 0);
    assert_eq!((app.count(KEPT).await, app.count(WAITING).await), (1, 1));
    let listed = operator.get("/operations/tenants").await.ok();
    let standing = |slug: &str| {
        let items = listed["items"].as_array().unwrap().iter();
        let mut ours = items.filter(|item| item["slug"] == slug);
        ours.next().unwrap()["standing"].clone()
    };
    assert_eq!(
        (standing(slug), standing("bakery")),
        (json!("suspended"), json!("active"))
    );

    let done = steer(&operator, "resume", slug, why.clone()).await.ok();
    assert_eq!(done["result"]["changed"], true);
    let again = steer(&operator, "resume", slug, why).await.ok();
    assert_eq!(again["result"]["changed"], false);
    assert_eq!(owner.query("bookings").await.status, 200);
    ours.got_at_least(1).await;
    wait::until("what was kept is dealt with", async || {
        (app.count(KEPT).await == 0).then_some(())
    })
    .await;
    let acts = "select count(*) from events where aggregate_type = 'operation'
        and payload->'OperationPerformed'->>'action' in ('suspend-tenant', 'resume-tenant')";
    assert_eq!(app.count(acts).await, 2);
    neighbour.stop().await;
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_at_the_command_line_suspends_resumes_and_takes_a_tenant_away_whole() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    given::customer(owner, "Wilhelmina").await;
    crate::audit_proofs::signed(&app).await;
    let desk = Desk::new();
    let named = ["--tenant", "fire-and-rice"];
    let why = ["--reason", "the contract has ended"];
    let suspend = [&["tenants", "suspend"][..], &named, &why].concat();
    let done = desk.done(&app.database, &suspend).await;
    assert_eq!(
        (&done["changed"], &done["standing"]),
        (&json!(true), &json!("suspended"))
    );
    wait::until("the server knows it", async || {
        let reply = owner.query("customers").await;
        (reply.status == 403).then_some(())
    })
    .await;
    let listed = desk.done(&app.database, &["tenants", "list"]).await;
    assert_eq!(listed["tenants"][0]["standing"], "suspended");

    // A tenant that is suspended can still be taken away.
    let export = [&["tenants", "export", "out"][..], &named].concat();
    let ran = desk.rapport(&app.database, &export).await;
    assert!(ran.status.success(), "{ran:?}");
    let manifest = std::fs::read_to_string(desk.path("out/events/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(manifest["complete"], true);
    assert!(
        manifest["events"].as_u64().unwrap() > 3 && manifest["keys"].is_object(),
        "{manifest}"
    );
    let log = desk.path("out/audit.ndjson");
    let verified = std::process::Command::new(tests::served::verifier())
        .arg(&log)
        .output()
        .unwrap();
    assert_eq!(verified.status.code(), Some(0), "{verified:?}");
    let text = std::fs::read_to_string(log).unwrap();
    // Longer than anything that sealed bytes look like by chance.
    assert!(
        !text.to_lowercase().contains("wilhelmina"),
        "what is personal stays sealed"
    );

    let resume = [&["tenants", "resume"][..], &named, &why].concat();
    assert_eq!(desk.done(&app.database, &resume).await["changed"], true);
    wait::until("the server lets them in again", async || {
        (owner.query("customers").await.status == 200).then_some(())
    })
    .await;
    let acts = format!(
        "select count(*) from events where tenant_id <> '{INSTALLATION}' and event_type in ('TenantSuspended', 'TenantResumed')"
    );
    assert_eq!(app.count(&acts).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_is_issued_for_a_suspended_tenant() {
    const ADA: &str = "ada@example.test";
    let app = TestApp::start_public(|_| ()).await;
    let mut device = people::enrolled(&app, &app.tenant, ADA, Role::Owner).await;
    let browser = people::signed_in(&app, ADA, Some(&mut device)).await;
    let public = register(&browser, application()).await;
    let asked = asking(
        public["client_id"].as_str().unwrap(),
        "crm.read",
        &app.base_url,
    );
    let tokens = granted(&app, &browser, &asked).await;
    let code = sent(&allow(&browser, &asked).await, "code");
    let service =
        json!({ "name": "Nightly", "kind": "service", "role": "viewer", "proof": "secret" });
    let service = register(&browser, service).await;
    let refresh = [
        ("grant_type", "refresh_token"),
        ("client_id", public["client_id"].as_str().unwrap()),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
    ];
    let itself = [
        ("grant_type", "client_credentials"),
        ("client_id", service["client_id"].as_str().unwrap()),
        ("client_secret", service["client_secret"].as_str().unwrap()),
    ];
    let (operator, slug) = (operator(&app).await, app.tenant.slug.as_str());
    let why = json!({ "reason": "the contract has ended" });
    steer(&operator, "suspend", slug, why.clone()).await.ok();
    let by_code = redeem(&app, public["client_id"].as_str().unwrap(), &code).await;
    for refused in [
        by_code,
        token(&app, &refresh).await,
        token(&app, &itself).await,
    ] {
        assert_eq!(refused.status, 400, "{}", refused.text);
        assert_eq!(refused.json()["error"], "invalid_grant");
        let said = refused.json()["error_description"].to_string();
        assert!(said.contains("suspended"), "{said}");
    }
    // Nothing was used up but the code.
    steer(&operator, "resume", slug, why).await.ok();
    token(&app, &refresh).await.ok();
    token(&app, &itself).await.ok();
}
