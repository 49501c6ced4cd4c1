//! Operations over HTTP: within the tenant's own or the installation's rights, each act an event, nothing changed by a dry
//! run, and what takes its time begun and watched.

use identity::principals::PrincipalKind;
use identity::roles::Role;
use reqwest::Method;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::client::{Client, Reply};
use tests::given::{self, SLOT, day, text};
use tests::wait;

/// Poison in a customer's stream.
const INSERT_EVENT: &str = "
    insert into events (tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        occurred_at, command_id, correlation_id, causation_id, actor)
    select $1, 'customer', $2, max(sequence) + 1, 'CustomerTagged', '1', '{\"Unheard\": 1}', '{}', clock_timestamp(), '', '',
        '', 'test'
    from events where tenant_id = $1 and aggregate_type = 'customer' and aggregate_id = $2";
const COUNT_ACTS: &str = "select count(*) from events where aggregate_type = 'operation'";
/// The twins cannot be emptied while somebody looks at them.
const HOLD_TWINS: &str = "begin; lock table twin.chefs, twin.tenant_profiles in access share mode";

async fn operator(app: &TestApp) -> Client {
    app.client(PrincipalKind::Person, Role::Operator).await
}

async fn post(client: &Client, path: &str, body: Value) -> Reply {
    client
        .send(client.request(Method::POST, path).json(&body))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_steers_projections_and_every_act_is_an_event() {
    let app = TestApp::start().await;
    let operator = operator(&app).await;
    app.catch_up().await;
    let pause = "/operations/projections/chefs/pause";
    let reason = json!({ "reason": "an index is built" });
    let tried = post(&operator, &format!("{pause}?dry_run=true"), reason.clone()).await;
    assert_eq!(
        tried.ok(),
        json!({ "dry_run": true, "result": { "projection": "chefs", "changed": true } })
    );
    let shown = operator.get("/operations/projections/chefs").await.ok();
    assert!(shown["item"]["paused_at"].is_null(), "{shown}");
    assert_eq!(app.count(COUNT_ACTS).await, 0, "nothing was done");

    post(&operator, pause, json!({}))
        .await
        .refused(422, "validation-failed");
    assert_eq!(
        post(&operator, pause, reason.clone()).await.ok()["result"]["changed"],
        true
    );
    assert_eq!(
        post(&operator, pause, reason).await.ok()["result"]["changed"],
        false
    );
    let shown = operator.get("/operations/projections/chefs").await.ok();
    assert_eq!(
        (&shown["item"]["health"], &shown["item"]["pause_reason"]),
        (&json!("paused"), &json!("an index is built"))
    );
    let resume = "/operations/projections/chefs/resume";
    assert_eq!(
        post(&operator, resume, json!({})).await.ok()["result"]["changed"],
        true
    );
    let rewind = "/operations/projections/figures/rewind";
    post(&operator, rewind, json!({ "to": 0 }))
        .await
        .refused(409, "projection-counts");
    let policy = "/operations/projections/chefs/policy";
    post(&operator, policy, json!({ "policy": "hope" }))
        .await
        .refused(422, "validation-failed");

    let acts = operator.get("/operations/acts").await.ok();
    let told: Vec<(&str, &str)> = acts["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|act| (text(act, "action"), text(act, "subject")))
        .collect();
    assert_eq!(
        told,
        [
            ("resume-projection", "chefs"),
            ("pause-projection", "chefs")
        ],
        "what changed nothing is no act"
    );
    let act = &acts["items"][1];
    assert_eq!(act["reason"], "an index is built");
    assert!(text(act, "principal").starts_with("person:"), "{act}");
    let event = operator
        .get(&format!("/operations/events/{}", act["position"]))
        .await
        .ok();
    assert_eq!(
        event["item"]["payload"]["OperationPerformed"]["subject"],
        "chefs"
    );
    assert_eq!(event["item"]["tenant_id"], "$installation");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_is_begun_and_watched_and_few_run_at_once() {
    let app = TestApp::start().await;
    let operator = operator(&app).await;
    given::chef(&app.tenant.owner, "Kenji").await;
    app.catch_up().await;
    let rollback = "/operations/projections/chefs/rollback";
    post(&operator, rollback, json!({}))
        .await
        .refused(409, "nothing-to-roll-back-to");
    let admin = app.admin().await;
    admin.batch_execute(HOLD_TWINS).await.unwrap();
    let mut watched = Vec::new();
    for name in ["chefs", "tenants"] {
        let path = format!("/operations/projections/{name}/rebuild");
        let begun = post(&operator, &path, json!({ "reason": "a new column" })).await;
        assert_eq!(begun.status, 202, "{}", begun.text);
        let watch = text(&begun.json(), "watch").to_owned();
        assert_eq!(begun.header("location"), Some(watch.as_str()));
        assert_eq!(
            operator.get(&watch).await.ok()["item"]["standing"],
            "running"
        );
        watched.push(watch);
    }
    let third = post(
        &operator,
        "/operations/projections/bookings/compare",
        json!({}),
    )
    .await;
    third.refused(429, "operations-exhausted");
    let wait_seconds: u64 = third.header("retry-after").unwrap().parse().unwrap();
    assert!((1..60).contains(&wait_seconds));
    admin.batch_execute("rollback").await.unwrap();
    for watch in &watched {
        let ended = wait::until("the rebuild has ended", async || {
            let act = operator.get(watch).await.ok()["item"].clone();
            (act["standing"] != "running").then_some(act)
        })
        .await;
        assert_eq!(ended["standing"], "done", "{ended}");
        let compared = ended["result"]["compared"].as_array().unwrap();
        assert!(
            compared.iter().all(|table| table["equal"] == true),
            "{ended}"
        );
        assert!(ended["ended_at"].is_string());
    }
    // The place is free again.
    let back = post(&operator, rollback, json!({})).await;
    assert_eq!(back.status, 202, "{}", back.text);
    let watch = text(&back.json(), "watch").to_owned();
    wait::until("the old tables are back", async || {
        (operator.get(&watch).await.ok()["item"]["standing"] == "done").then_some(())
    })
    .await;
    assert_eq!(app.tenant.owner.items("chefs").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_all_tenants_share_is_for_operators_alone() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    for shared in [
        "projections",
        "projections/chefs",
        "store/holes",
        "store/vacuum-report",
        "doctor",
    ] {
        let reply = owner.get(&format!("/operations/{shared}")).await;
        let refused = reply.refused(403, "permission-missing");
        assert!(text(&refused, "detail").contains("installation:read"));
    }
    let steer = post(
        owner,
        "/operations/projections/chefs/pause",
        json!({ "reason": "mine" }),
    )
    .await;
    steer.refused(403, "permission-missing");
    app.tenant
        .agent
        .get("/operations/events")
        .await
        .refused(403, "permission-missing");
    app.another_tenant("next-door").await;
    let operator = operator(&app).await;
    let everything = operator.get("/operations/events/stats").await.ok();
    let tenants = everything["item"]["tenants"].as_object().unwrap();
    assert_eq!(
        tenants.keys().collect::<Vec<_>>(),
        ["fire-and-rice", "next-door"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_sees_its_own_messages_and_events_and_no_others() {
    let app = TestApp::start().await;
    let neighbour = app.another_tenant("next-door").await;
    let (owner, stranger) = (&app.tenant.owner, &neighbour.owner);
    given::chef(owner, "Kenji").await;
    let booking = given::booking(owner, given::order("Ada", &day(0), SLOT)).await;
    app.settle().await;
    let messages = owner.get("/operations/outbox").await.ok();
    let message_id = text(&messages["items"][0], "message_id").to_owned();
    let path = format!("/operations/outbox/{message_id}");
    assert_eq!(
        owner.get(&path).await.ok()["item"]["message_id"],
        message_id.as_str()
    );
    assert!(
        !owner.get(&format!("{path}/attempts")).await.ok()["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    stranger.get(&path).await.refused(404, "message-not-found");
    post(stranger, &format!("{path}/retry"), json!({}))
        .await
        .refused(404, "message-not-found");
    assert!(
        stranger.get("/operations/outbox").await.ok()["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let booking_id = text(&booking, "booking_id");
    let stream = format!("/operations/streams/{booking_id}");
    let seen = owner.get(&stream).await.ok();
    assert_eq!(seen["items"][0]["event_type"], "BookingCreated");
    assert_eq!(seen["state"]["status"], "deposit_pending");
    stranger
        .get(&stream)
        .await
        .refused(404, "aggregate-not-found");
    stranger
        .get("/operations/events?tenant=fire-and-rice")
        .await
        .refused(403, "permission-missing");
    let own = stranger.get("/operations/events?limit=200").await.ok();
    for event in own["items"].as_array().unwrap() {
        assert_eq!(event["tenant_id"], neighbour.id.as_str());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_found_page_by_page_by_what_they_are_and_as_of_then() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let mut names = Vec::new();
    for number in 0..5 {
        names.push(given::customer(owner, &format!("Guest{number}")).await);
    }
    let position = owner.position().unwrap();
    given::customer(owner, "Late").await;
    let query = format!("/operations/events?event_type=LeadCreated&limit=2&as_of={position}");
    let (mut found, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let next = cursor
            .map(|cursor| format!("&cursor={cursor}"))
            .unwrap_or_default();
        let page = owner.get(&format!("{query}{next}")).await.ok();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        found.extend(
            items
                .iter()
                .map(|item| text(item, "aggregate_id").to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    names.reverse();
    assert_eq!(found, names);
    let one = owner
        .get(&format!("/operations/events/{position}"))
        .await
        .ok();
    let correlation = text(&one["item"], "correlation_id");
    let joined = owner
        .get(&format!("/operations/events?correlation_id={correlation}"))
        .await
        .ok();
    assert_eq!(joined["items"][0]["aggregate_id"], names[0].as_str());
    for wrong in ["limit=0", "limit=201", "colour=red", "limit=many"] {
        let reply = owner.get(&format!("/operations/events?{wrong}")).await;
        reply.refused(400, "parameters-invalid");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parked_keys_and_dead_messages_are_given_up_only_with_a_reason() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let neighbour = app.another_tenant("next-door").await;
    let id = given::customer(owner, "Ada").await;
    let admin = app.admin().await;
    admin
        .execute(INSERT_EVENT, &[&app.tenant.id.as_str(), &id])
        .await
        .unwrap();
    app.catch_up().await;
    let parked = owner
        .get("/operations/parked?projection=customers")
        .await
        .ok();
    assert_eq!(parked["items"][0]["key"], format!("customer/{id}"));
    let strange = neighbour.owner.get("/operations/parked").await.ok();
    assert_eq!(strange["items"], json!([]));
    let drop = "/operations/parked/drop";
    let order = json!({ "projection": "customers", "reason": "never meant" });
    post(owner, drop, json!({ "projection": "customers" }))
        .await
        .refused(422, "validation-failed");
    let nobodys = post(&neighbour.owner, drop, order.clone()).await.ok();
    assert_eq!(
        nobodys["result"],
        json!([]),
        "another's keys are not touched"
    );
    let again = post(
        owner,
        "/operations/parked/retry",
        json!({ "projection": "customers" }),
    )
    .await;
    assert_eq!(again.ok()["result"][0]["still_parked"], 1);
    let dry = post(owner, &format!("{drop}?dry_run=true"), order.clone())
        .await
        .ok();
    assert_eq!(dry["result"][0]["key"], format!("customer/{id}"));
    let dropped = post(owner, drop, order).await.ok();
    assert_eq!(
        (
            &dropped["result"][0]["events_dropped"],
            &dropped["result"][0]["still_parked"]
        ),
        (&json!(1), &json!(0))
    );
    let acts = owner.get("/operations/acts").await.ok();
    let newest = &acts["items"][0];
    assert_eq!(
        (text(newest, "action"), text(newest, "standing")),
        ("drop-parked-events", "done")
    );
    assert_eq!(newest["result"]["events_dropped"], 1);
    assert_eq!(
        neighbour.owner.get("/operations/acts").await.ok()["items"],
        json!([])
    );
    let unknown = post(
        owner,
        "/operations/outbox/nobody/discard",
        json!({ "reason": "x" }),
    )
    .await;
    unknown.refused(404, "message-not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_described_operation_is_there_and_asks_for_its_right() {
    let app = TestApp::start().await;
    let agent = &app.tenant.agent;
    let document = agent.get("/openapi.json").await.ok();
    let mut asked = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        if !path.starts_with("/operations/") {
            continue;
        }
        let place = path
            .replace("{position}", "1")
            .replace("{id}", "one")
            .replace("{name}", "chefs");
        for (method, operation) in methods.as_object().unwrap() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let reply = agent.send(agent.request(method, &place)).await;
            let refused = reply.refused(403, "permission-missing");
            let needed = text(operation, "x-permission");
            assert!(
                text(&refused, "detail").contains(needed),
                "{path}: {refused}"
            );
            asked += 1;
        }
    }
    assert!(asked > 37, "only {asked} operations are described");
    let operator = operator(&app).await;
    let findings = operator.get("/operations/doctor").await.ok();
    let checks = findings["items"].as_array().unwrap();
    assert!(
        checks
            .iter()
            .any(|one| one["check"] == "movement of projections"),
        "{findings}"
    );
    assert!(operator.get("/operations/store/holes").await.ok()["item"]["open"].is_array());
    let report = operator.get("/operations/store/vacuum-report").await.ok();
    assert!(!report["item"]["tables"].as_array().unwrap().is_empty());
    assert_eq!(
        operator.get("/operations/webhooks").await.ok()["items"],
        json!([])
    );
    assert_eq!(
        operator.get("/operations/store/snapshots").await.ok()["items"],
        json!([])
    );
}
