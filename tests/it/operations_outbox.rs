//! The outbox and its destinations over HTTP: within the tenant's own, counted by a dry run, held and freed under the
//! relay's eyes, and every act on record.

use identity::principals::PrincipalKind;
use identity::roles::Role;
use reqwest::Method;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::client::{Client, Reply};
use tests::given::{self, SLOT, day, text};
use tests::wait;

const COUNT_ACTS: &str = "select count(*) from events where aggregate_type = 'operation'";
const COUNT_DEAD: &str = "select count(*) from outbox_dead where discarded_at is null";
const COUNT_ATTEMPTS: &str = "
    select count(*) from outbox_attempts a
    join outbox_messages m on m.tenant_id = a.tenant_id and m.message_id = a.message_id
    where a.tenant_id = $1 and m.target = 'stripe'";
/// As if the answer to each had been lost.
const LOSE_ANSWERS: &str = "update outbox_dead set state = 'unknown', failure_kind = 'unknown'";
/// As if all of them were about one booking.
const ONE_KEY: &str = "
    update outbox_dead set order_key = 'one' where target = 'stripe';
    update outbox_work set order_key = 'one' where target = 'stripe'";
const REDRIVES: &str = "/operations/outbox/redrives";
const STRIPE: &str = "/operations/destinations/stripe";

async fn post(client: &Client, path: &str, body: Value) -> Reply {
    client
        .send(client.request(Method::POST, path).json(&body))
        .await
}

async fn book(client: &Client, name: &str, number: i64) {
    given::booking(client, given::order(name, &day(number), SLOT)).await;
}

/// Two letters to Stripe that were refused for good; Stripe takes the next ones.
async fn dead_letters(app: &TestApp) -> Vec<String> {
    app.claim_undelivered();
    given::chef(&app.tenant.owner, "Kenji").await;
    let refusal = json!({ "status": 400, "path": "checkout/sessions", "times": 2 });
    app.providers.fault(json!({ "stripe": refusal })).await;
    book(&app.tenant.owner, "Ada", 0).await;
    book(&app.tenant.owner, "Bea", 1).await;
    wait::until("both letters are dead", async || {
        (app.count(COUNT_DEAD).await == 2).then_some(())
    })
    .await;
    messages(&app.tenant.owner, "dead").await
}

async fn messages(client: &Client, state: &str) -> Vec<String> {
    let path = format!("/operations/outbox?state={state}");
    let listed = client.get(&path).await.ok();
    let items = listed["items"].as_array().unwrap().iter();
    items
        .map(|message| text(message, "message_id").to_owned())
        .collect()
}

async fn destination(client: &Client, target: &str) -> Option<Value> {
    let listed = client.get("/operations/destinations").await.ok();
    let mut items = listed["items"].as_array().unwrap().iter();
    items.find(|one| one["target"] == target).cloned()
}

async fn actions(client: &Client) -> Vec<String> {
    let listed = client.get("/operations/acts").await.ok();
    let items = listed["items"].as_array().unwrap().iter();
    items.map(|act| text(act, "action").to_owned()).collect()
}

async fn refuse_wrong_orders(owner: &Client, trial: &str) {
    for (wrong, code) in [
        (json!({ "target": "stripe" }), "validation-failed"),
        (
            json!({ "failure_kind": "bad", "reason": "x" }),
            "validation-failed",
        ),
        (
            json!({ "rate_per_second": 0, "reason": "x" }),
            "redrive-invalid",
        ),
        (
            json!({ "max_messages": -1, "reason": "x" }),
            "redrive-invalid",
        ),
    ] {
        post(owner, trial, wrong).await.refused(422, code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_counted_then_ordered_again_and_the_order_can_be_ended() {
    let app = TestApp::start().await;
    let neighbour = app.another_tenant("next-door").await;
    let (owner, stranger) = (&app.tenant.owner, &neighbour.owner);
    dead_letters(&app).await;
    let stats = owner.get("/operations/outbox/stats").await.ok();
    let failed = &stats["item"]["failed"][0];
    assert_eq!(
        (&failed["target"], &failed["state"], &failed["count"]),
        (&json!("stripe"), &json!("dead"), &json!(2))
    );
    let strange = stranger.get("/operations/outbox/stats").await.ok();
    assert_eq!(strange["item"]["failed"], json!([]));

    let trial = format!("{REDRIVES}?dry_run=true");
    let order = json!({ "target": "stripe", "rate_per_second": 0.001, "reason": "it is mended" });
    let counted = post(owner, &trial, order.clone()).await.ok();
    let own = app.tenant.id.as_str();
    assert_eq!(
        counted,
        json!({ "dry_run": true, "result": [{ "tenant_id": own, "redrive_id": null, "found": 2 }] })
    );
    let elsewhere = json!({ "target": "email", "reason": "it is mended" });
    let none = post(owner, REDRIVES, elsewhere).await.ok();
    assert_eq!(
        (
            &none["result"][0]["found"],
            &none["result"][0]["redrive_id"]
        ),
        (&json!(0), &Value::Null)
    );
    assert_eq!(app.count(COUNT_ACTS).await, 0, "nothing was done");
    refuse_wrong_orders(owner, &trial).await;

    let ordered = post(owner, REDRIVES, order).await.ok();
    let redrive_id = text(&ordered["result"][0], "redrive_id").to_owned();
    let first = wait::until("the first is sent again", async || {
        let listed = owner.get(REDRIVES).await.ok()["items"][0].clone();
        (listed["revived"] == 1).then_some(listed)
    })
    .await;
    assert_eq!(
        (&first["redrive_id"], &first["found"], &first["finished_at"]),
        (&json!(redrive_id), &json!(2), &Value::Null)
    );
    assert_eq!(stranger.get(REDRIVES).await.ok()["items"], json!([]));
    let cancel = format!("{REDRIVES}/{redrive_id}/cancel");
    let reason = json!({ "reason": "not now" });
    post(stranger, &cancel, reason.clone())
        .await
        .refused(404, "redrive-not-found");
    let tried = post(owner, &format!("{cancel}?dry_run=true"), reason.clone()).await;
    assert!(tried.ok()["result"]["finished_at"].is_null());
    let ended = post(owner, &cancel, reason.clone()).await.ok();
    assert!(text(&ended["result"], "cancelled_by").starts_with("person:"));
    post(owner, &cancel, reason)
        .await
        .refused(409, "redrive-not-running");
    assert_eq!(app.count(COUNT_DEAD).await, 1, "the other one stays dead");
    assert_eq!(actions(owner).await, ["cancel-redrive", "redrive-messages"]);
    assert!(actions(stranger).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_an_unknown_message_is_said_by_its_own_tenant_and_once() {
    let app = TestApp::start().await;
    let neighbour = app.another_tenant("next-door").await;
    let owner = &app.tenant.owner;
    let ids = dead_letters(&app).await;
    let path = |id: &str, act: &str| format!("/operations/outbox/{id}/{act}");
    let seen = json!({ "outcome": "delivered", "reason": "seen in their log" });
    post(owner, &path(&ids[0], "resolve"), seen.clone())
        .await
        .refused(409, "message-not-unknown");
    app.admin().await.batch_execute(LOSE_ANSWERS).await.unwrap();
    post(&app.tenant.agent, &path(&ids[0], "resolve"), seen.clone())
        .await
        .refused(403, "permission-missing");
    post(&neighbour.owner, &path(&ids[0], "resolve"), seen.clone())
        .await
        .refused(404, "message-not-found");
    let guess = json!({ "outcome": "hopeful", "reason": "who knows" });
    post(owner, &path(&ids[0], "resolve"), guess)
        .await
        .refused(422, "validation-failed");
    let trial = format!("{}?dry_run=true", path(&ids[0], "resolve"));
    let tried = post(owner, &trial, seen.clone()).await.ok();
    assert_eq!(tried["result"]["state"], "unknown");
    assert_eq!(messages(owner, "unknown").await.len(), 2, "only said");

    let told = post(owner, &path(&ids[0], "resolve"), seen.clone()).await;
    assert_eq!(told.ok()["result"]["action"], "resolve");
    post(owner, &path(&ids[0], "resolve"), seen)
        .await
        .refused(409, "message-not-unknown");
    let item = owner.get(&format!("/operations/outbox/{}", ids[0])).await;
    let attempts = item.ok()["item"]["attempts"].clone();
    let outcomes = attempts.as_array().unwrap().iter();
    assert!(
        outcomes
            .map(|one| &one["outcome"])
            .any(|one| one == "delivered"),
        "{attempts}"
    );
    post(owner, &path(&ids[1], "skip"), json!({}))
        .await
        .refused(422, "validation-failed");
    let reason = json!({ "reason": "told by phone" });
    post(owner, &path(&ids[1], "cancel"), reason.clone())
        .await
        .refused(409, "message-not-waiting");
    post(owner, &path(&ids[1], "skip"), reason).await.ok();
    assert_eq!(app.count(COUNT_DEAD).await, 0);
    assert_eq!(
        actions(owner).await,
        ["skip-message", "resolve-message-delivered"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_is_seen_by_the_claim_and_holds_one_tenant_only() {
    let app = TestApp::start().await;
    let neighbour = app.another_tenant("next-door").await;
    let (owner, next_door) = (&app.tenant.owner, &neighbour.owner);
    given::chef(owner, "Kenji").await;
    given::chef(next_door, "Mai").await;
    let pause = format!("{STRIPE}/pause");
    let while_moving = json!({ "seconds": 3_600, "reason": "they are moving" });
    post(owner, &pause, json!({ "reason": "no end" }))
        .await
        .refused(422, "validation-failed");
    for end in [
        json!({ "seconds": 0 }),
        json!({ "until": "2020-01-01T00:00:00Z" }),
    ] {
        post(owner, &pause, end)
            .await
            .refused(422, "validation-failed");
    }
    let trial = format!("{pause}?dry_run=true");
    let tried = post(owner, &trial, while_moving.clone()).await.ok();
    assert!(tried["result"]["paused_until"].is_string(), "{tried}");
    assert!(destination(owner, "stripe").await.is_none(), "only said");
    post(owner, &pause, while_moving).await.ok();
    book(owner, "Ada", 0).await;
    book(next_door, "Bea", 0).await;
    let own = app.tenant.id.as_str();
    let admin = app.admin().await;
    let attempts = async |tenant_id: &str| -> i64 {
        let row = admin.query_one(COUNT_ATTEMPTS, &[&tenant_id]).await;
        row.unwrap().get(0)
    };
    wait::until("the neighbour's is sent", async || {
        (attempts(neighbour.id.as_str()).await > 0).then_some(())
    })
    .await;
    assert_eq!(attempts(own).await, 0, "it was sent while it was paused");
    let held = destination(owner, "stripe").await.unwrap();
    assert_eq!(
        (&held["due"], &held["pause_reason"]),
        (&json!(1), &json!("they are moving"))
    );
    let free = destination(next_door, "stripe").await;
    assert!(
        free.is_none_or(|free| free["paused_until"].is_null()),
        "the neighbour's is another"
    );
    let resumed = post(owner, &format!("{STRIPE}/resume"), json!({})).await;
    assert!(resumed.ok()["result"]["paused_until"].is_null());
    wait::until("it goes on", async || {
        (attempts(own).await > 0).then_some(())
    })
    .await;
    app.settle().await;
    assert_eq!(
        actions(owner).await,
        ["resume-destination", "pause-destination"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn breakers_and_limits_are_set_for_one_tenant_that_is_named() {
    let app = TestApp::start().await;
    let neighbour = app.another_tenant("next-door").await;
    let operator = app.client(PrincipalKind::Person, Role::Operator).await;
    let breaker = format!("{STRIPE}/breaker");
    let open = json!({ "state": "open", "seconds": 60, "reason": "they fail" });
    post(&operator, &breaker, open.clone())
        .await
        .refused(400, "tenant-missing");
    let named = format!("{breaker}?tenant=next-door");
    post(&app.tenant.owner, &named, open.clone())
        .await
        .refused(403, "permission-missing");
    let opened = post(&operator, &named, open).await.ok();
    assert_eq!(
        (&opened["result"]["tenant_id"], &opened["result"]["breaker"]),
        (&json!(neighbour.id.as_str()), &json!("open"))
    );
    assert!(destination(&app.tenant.owner, "stripe").await.is_none());
    let owner = &neighbour.owner;
    post(owner, &breaker, json!({ "state": "ajar" }))
        .await
        .refused(422, "validation-failed");
    let closed = post(owner, &breaker, json!({ "state": "closed" })).await;
    assert_eq!(closed.ok()["result"]["breaker"], "closed");

    let limits = format!("{STRIPE}/limits");
    let set = post(
        owner,
        &limits,
        json!({ "rate_per_second": 0.5, "max_in_flight": 4 }),
    )
    .await;
    let set = set.ok()["result"].clone();
    assert_eq!(
        (
            &set["rate_per_second"],
            &set["burst"],
            &set["max_in_flight"]
        ),
        (&json!(0.5), &json!(1), &json!(4))
    );
    for wrong in [
        json!({ "rate_per_second": 1e-300, "burst": 2 }),
        json!({ "burst": 0 }),
    ] {
        post(owner, &limits, wrong)
            .await
            .refused(422, "destination-change-invalid");
    }
    post(
        owner,
        "/operations/destinations/no%20such/resume",
        json!({}),
    )
    .await
    .refused(422, "target-invalid");
    assert_eq!(
        actions(owner).await,
        ["limit-destination", "close-breaker", "open-breaker"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn destinations_and_redrives_are_told_page_by_page() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    for target in ["stripe", "email", "sms"] {
        let path = format!("/operations/destinations/{target}/limits");
        let limits = json!({ "rate_per_second": 5.0, "reason": "a test" });
        assert_eq!(post(owner, &path, limits).await.status, 200);
    }
    let dead = dead_letters(&app).await;
    assert_eq!(dead.len(), 2);
    for _ in 0..3 {
        let order = json!({ "target": "stripe", "rate_per_second": 0.001, "reason": "a test" });
        post(owner, REDRIVES, order).await.ok();
    }
    for (path, key) in [
        ("/operations/destinations", "target"),
        (REDRIVES, "redrive_id"),
    ] {
        let whole = owner.get(path).await.ok();
        assert_eq!(whole["next_cursor"], json!(null));
        let whole = whole["items"].as_array().unwrap();
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = owner.get(&format!("{path}?limit=1{cursor}")).await.ok();
            let items = page["items"].as_array().unwrap();
            seen.extend(items.iter().map(|one| one[key].clone()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let expected: Vec<Value> = whole.iter().map(|one| one[key].clone()).collect();
        assert!(expected.len() >= 2, "{path}: {expected:?}");
        assert_eq!(seen, expected, "{path}");
    }
    owner
        .get("/operations/destinations?cursor=x")
        .await
        .refused(400, "cursor-invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_was_given_an_end_is_taken_away_then() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let path = "/operations/destinations/sms/limits";
    let limits =
        json!({ "rate_per_second": 0.5, "max_in_flight": 2, "seconds": 3600, "reason": "a test" });
    let set = post(owner, path, limits).await.ok();
    assert!(set["result"]["limits_until"].is_string(), "{set}");
    let admin = app.admin().await;
    let over =
        "update destinations set limits_until = now() - interval '1 second' where target = 'sms'";
    admin.execute(over, &[]).await.unwrap();
    wait::until("the limit is over", async || {
        let sms = destination(owner, "sms").await?;
        (sms["rate_per_second"].is_null() && sms["max_in_flight"].is_null()).then_some(())
    })
    .await;
    let both = json!({ "rate_per_second": 0.5, "seconds": 5, "until": given::instant(time::OffsetDateTime::now_utc()) });
    let reply = post(owner, path, both).await;
    assert_eq!(
        (reply.status, reply.pointers()),
        (422, vec!["/seconds".to_owned()])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_hold_messages_back_are_told_with_what_waits_behind_them() {
    let app = TestApp::start().await;
    let neighbour = app.another_tenant("next-door").await;
    let owner = &app.tenant.owner;
    let dead = dead_letters(&app).await;
    let blocked = "/operations/outbox/blocked";
    assert_eq!(owner.get(blocked).await.ok()["items"], json!([]));
    let pause = json!({ "seconds": 600, "reason": "a look" });
    post(owner, &format!("{STRIPE}/pause"), pause).await.ok();
    book(owner, "Cleo", 2).await;
    let admin = app.admin().await;
    admin.batch_execute(ONE_KEY).await.unwrap();
    let listed = owner.get(blocked).await.ok();
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{listed}");
    let first = &items[0];
    assert!(dead.contains(&text(first, "message_id").to_owned()));
    assert_eq!(
        (&first["order_key"], &first["behind"], &first["state"]),
        (&json!("one"), &json!(1), &json!("dead"))
    );
    let stranger = neighbour.owner.get(blocked).await.ok();
    assert_eq!(stranger["items"], json!([]));
    let next = owner.get(&format!("{blocked}?limit=1")).await.ok();
    let cursor = text(&next, "next_cursor").replace('+', "%2B");
    let end = owner
        .get(&format!("{blocked}?limit=1&cursor={cursor}"))
        .await
        .ok();
    assert_eq!(
        (&end["items"], &end["next_cursor"]),
        (&json!([]), &json!(null))
    );
    owner
        .get(&format!("{blocked}?cursor=x"))
        .await
        .refused(400, "cursor-invalid");
    let skip = json!({ "reason": "not worth it" });
    let path = format!("/operations/outbox/{}/skip", text(first, "message_id"));
    post(owner, &path, skip).await.ok();
    let after = owner.get(blocked).await.ok();
    assert_ne!(after["items"][0]["message_id"], first["message_id"]);
}
