//! Outgoing webhooks when things go wrong: failures are tried again under one id, endpoints that are gone or fail for days
//! are disabled, and what was missed is sent again, once, whoever is killed meanwhile.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine;
use commands::context::Mode;
use identity::principals::Principal;
use outbox::webhooks::replays;
use serde_json::{Value, json};
use tests::app::{ROOT_KEY, TestApp, request};
use tests::operator::Operator;
use tests::receivers::{ACCEPTED, Answer, Got, Receiver};
use tests::{given, oracles, scale, sources, wait};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio_util::sync::CancellationToken;

/// Brings every waiting attempt forward.
const HURRY: &str =
    "update outbox_work set run_at = clock_timestamp() where run_at > clock_timestamp()";
const FREE: &str = "update destinations set not_before = '-infinity', breaker_until = '-infinity'";
const COUNT_MESSAGES: &str = "select count(*) from outbox_messages where target like 'webhook:%'";
/// How often workers of a replay are killed.
const KILLS: usize = 12;
/// How many messages a replay asks for in a second.
const REPLAYED_PER_SECOND: u64 = 20;

async fn endpoint_once(app: &TestApp, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    wait::until(what, async || {
        let endpoints = app.tenant.owner.items("webhook-endpoints").await;
        endpoints.into_iter().next().filter(&is_so)
    })
    .await
}

async fn deliveries_once(app: &TestApp, count: usize) -> Vec<Value> {
    wait::until("the attempts are written down", async || {
        let items = app.tenant.owner.items("webhook-deliveries").await;
        (items.len() >= count).then_some(items)
    })
    .await
}

fn ids(got: &[Got]) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    for one in got {
        *counted
            .entry(one.header("webhook-id").to_owned())
            .or_default() += 1;
    }
    counted
}

fn text(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_webhook_is_tried_again_under_the_same_id_and_signed_anew() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let receiver = Receiver::open().await;
    let endpoint_id = receiver.subscribe(owner, &["ChefAdded"]).await;
    let failures = AtomicUsize::new(0);
    receiver.answer(move |_| match failures.fetch_add(1, Ordering::Relaxed) {
        0 => Answer::of(500),
        1 => Answer {
            headers: &["location: /elsewhere"],
            ..Answer::of(302)
        },
        _ => ACCEPTED,
    });
    given::chef(owner, "Kenji").await;
    for attempts in 1..=2 {
        deliveries_once(&app, attempts).await;
        let admin = app.admin().await;
        wait::until("the attempt is given back", async || {
            (admin.execute(HURRY, &[]).await.unwrap() > 0).then_some(())
        })
        .await;
    }
    let log = deliveries_once(&app, 3).await;
    let got = receiver.got();
    assert_eq!(ids(&got).len(), 1, "{got:?}");
    assert!(
        got.iter()
            .all(|one| one.path == "/hooks" && one.body == got[0].body)
    );
    let told: Vec<_> = log
        .iter()
        .map(|one| (&one["attempt"], &one["status"], &one["outcome"]))
        .collect();
    assert_eq!(
        told,
        [
            (&json!(3), &json!(204), &json!("accepted")),
            (&json!(2), &json!(302), &json!("failed")),
            (&json!(1), &json!(500), &json!("failed")),
        ]
    );
    let secret = owner
        .item(&format!("webhook-secret?id={endpoint_id}"))
        .await;
    let secret = given::text(&secret, "secret");
    let cases: Vec<Value> = got.iter().map(|one| one.signed(secret)).collect();
    let said = oracles::webhook_receivers(&cases).await;
    assert_eq!(said, ["ok ok"; 3]);
    endpoint_once(&app, "its failures are forgotten", |one| {
        one["failures"] == 0
    })
    .await;
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_gone_is_disabled_at_once() {
    let app = TestApp::start().await;
    app.claim_undelivered();
    let owner = &app.tenant.owner;
    let receiver = Receiver::open().await;
    receiver.subscribe(owner, &["ChefAdded"]).await;
    receiver.answer(|_| Answer::of(410));
    given::chef(owner, "Kenji").await;
    let endpoint = endpoint_once(&app, "it is disabled", |one| one["standing"] == "disabled").await;
    assert_eq!(endpoint["disabled_reason"], "gone");
    given::chef(owner, "Mei").await;
    app.settle().await;
    assert_eq!(receiver.got().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_endpoint_will_never_take_is_a_dead_letter_at_once_and_the_next_is_sent() {
    let app = TestApp::start().await;
    app.claim_undelivered();
    let owner = &app.tenant.owner;
    let receiver = Receiver::open().await;
    receiver.subscribe(owner, &["ChefAdded"]).await;
    receiver.answer(|_| Answer::of(422));
    given::chef(owner, "Kenji").await;
    let dead = "select count(*) from outbox_dead where target like 'webhook:%' and failure_kind = 'refused'";
    wait::until("it is a dead letter", async || {
        (app.count(dead).await == 1).then_some(())
    })
    .await;
    receiver.answer(|_| ACCEPTED);
    given::chef(owner, "Mei").await;
    let log = deliveries_once(&app, 2).await;
    let told: Vec<_> = log
        .iter()
        .map(|one| (&one["attempt"], &one["status"], &one["outcome"]))
        .collect();
    assert_eq!(
        told,
        [
            (&json!(1), &json!(204), &json!("accepted")),
            (&json!(1), &json!(422), &json!("failed")),
        ]
    );
    endpoint_once(&app, "it is still enabled", |one| {
        one["standing"] == "enabled"
    })
    .await;
    assert_eq!(receiver.got().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_fails_for_five_days_is_disabled_and_one_that_recovers_is_not() {
    let app = TestApp::start().await;
    app.claim_undelivered();
    let owner = &app.tenant.owner;
    let receiver = Receiver::open().await;
    receiver.subscribe(owner, &["ChefAdded"]).await;
    receiver.answer(|_| Answer::of(500));
    given::chef(owner, "Kenji").await;
    let failing = endpoint_once(&app, "it fails", |one| one["failures"] == 1).await;
    assert!(failing["failing_since"].is_string(), "{failing}");
    let admin = app.admin().await;
    let backdate =
        "update webhook_failures set since = since - interval '6 days', attempts = attempts + 10";
    let hurried = async || {
        wait::until("an attempt is brought forward", async || {
            admin.execute(FREE, &[]).await.unwrap();
            (admin.execute(HURRY, &[]).await.unwrap() > 0).then_some(())
        })
        .await;
    };
    admin.execute(backdate, &[]).await.unwrap();
    receiver.answer(|_| ACCEPTED);
    hurried().await;
    endpoint_once(&app, "it recovers", |one| one["failures"] == 0).await;
    receiver.answer(|_| Answer::of(500));
    given::chef(owner, "Mei").await;
    endpoint_once(&app, "it fails again", |one| one["failures"] == 1).await;
    admin.execute(backdate, &[]).await.unwrap();
    hurried().await;
    let endpoint = endpoint_once(&app, "it is disabled", |one| one["standing"] == "disabled").await;
    assert_eq!(endpoint["disabled_reason"], "failing");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_asked_too_often_is_left_alone_for_as_long_as_it_says() {
    let app = TestApp::start().await;
    app.claim_undelivered();
    let owner = &app.tenant.owner;
    let receiver = Receiver::open().await;
    receiver.subscribe(owner, &["ChefAdded"]).await;
    receiver.answer(|_| Answer {
        headers: &["retry-after: 3600"],
        ..Answer::of(429)
    });
    given::chef(owner, "Kenji").await;
    let held = "select count(*) from destinations where target like 'webhook:%' and not_before > now() + interval '50 minutes'";
    wait::until("the endpoint is left alone", async || {
        (app.count(held).await == 1).then_some(())
    })
    .await;
    given::chef(owner, "Mei").await;
    app.catch_up().await;
    wait::until("the second is queued", async || {
        (app.count(COUNT_MESSAGES).await == 2).then_some(())
    })
    .await;
    assert_eq!(receiver.got().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_that_is_cancelled_queues_nothing_more() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let receiver = Receiver::open().await;
    for name in ["Kenji", "Mei", "Yuki"] {
        given::chef(owner, name).await;
    }
    let endpoint_id = receiver.subscribe(owner, &["ChefAdded"]).await;
    let past = OffsetDateTime::now_utc() - time::Duration::hours(1);
    let order = json!({ "endpoint_id": endpoint_id, "from": text(past), "messages_per_second": 1 });
    let ordered = owner.accepted("replay-webhooks", order).await;
    let replay_id = given::text(&ordered["result"], "replay_id").to_owned();
    let cancel = json!({ "endpoint_id": endpoint_id, "replay_id": replay_id });
    owner
        .accepted("cancel-webhook-replay", cancel.clone())
        .await;
    owner
        .command("cancel-webhook-replay", cancel)
        .await
        .refused(404, "webhook-replay-not-found");
    let ended = wait::until("it is over", async || {
        let replays = owner.items("webhook-replays").await;
        replays
            .into_iter()
            .find(|one| one["replay_id"] == *replay_id && !one["finished_at"].is_null())
    })
    .await;
    assert_eq!(ended["ended_by"], "cancelled", "{ended}");
    assert!(ended["queued"].as_i64().unwrap() < 3, "{ended}");
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_imported_history_nor_a_log_that_is_read_again_is_told() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let receiver = Receiver::open().await;
    receiver.subscribe(owner, &["*"]).await;
    let mut imported = request(
        Principal::system(app.tenant.id.clone()),
        "add-chef",
        json!({ "name": "Kenji", "zones": [given::ZONE], "hours": given::whole_week() }),
    );
    imported.ctx.mode = Mode::Import;
    app.dispatcher.dispatch(&imported).await.unwrap();
    given::chef(owner, "Mei").await;
    let got = receiver.got_at_least(1).await;
    let before = app.count(COUNT_MESSAGES).await;
    let admin = app.admin().await;
    let rewind = "update checkpoints set position = 0, lease_until = '-infinity', fencing_token = fencing_token + 1
        where subscriber = 'webhooks'";
    admin.execute(rewind, &[]).await.unwrap();
    let newest = app.count("select max(position) from events").await;
    let caught_up = app
        .store
        .wait_for(&["webhooks"], newest, wait::PATIENCE)
        .await;
    assert!(caught_up.unwrap());
    app.settle().await;
    assert_eq!((before, app.count(COUNT_MESSAGES).await), (1, 1));
    assert_eq!(receiver.got().len(), got.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_sends_everything_once_more_whoever_is_killed_meanwhile() {
    let customers = scale::size(40, 2_000);
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let receiver = Receiver::open().await;
    let endpoint_id = receiver.subscribe(owner, &["LeadCreated"]).await;
    let started = OffsetDateTime::now_utc();
    for number in 0..customers {
        given::customer(owner, &format!("Guest{number}")).await;
    }
    let first = ids(&receiver.got_at_least(customers).await);
    let from = text(started - Duration::from_secs(3_600));
    let before = text(started - Duration::from_secs(60));
    let preview = async |query: &str| owner.item(query).await["events"].clone();
    let all = format!("webhook-replay-preview?id={endpoint_id}&from={from}");
    let none = format!("{all}&until={before}");
    assert_eq!(
        (preview(&all).await, preview(&none).await),
        (json!(customers), json!(0))
    );
    let order = json!({ "endpoint_id": endpoint_id, "from": from, "messages_per_second": REPLAYED_PER_SECOND });
    owner.accepted("replay-webhooks", order).await;
    // Workers that are dropped in the middle of a step, beside the program's own.
    for kill in 0..KILLS {
        let pool = app.store.pools.engine.clone();
        let worker = tokio::spawn(replays::run(pool, CancellationToken::new()));
        let _ = tokio::time::timeout(
            Duration::from_millis(3 * kill as u64),
            std::future::pending::<()>(),
        )
        .await;
        worker.abort();
    }
    let at_its_rate = Duration::from_secs(customers as u64 / REPLAYED_PER_SECOND);
    let replay = wait::for_answer(wait::PATIENCE + at_its_rate, async || {
        let replays = owner.items("webhook-replays").await;
        replays
            .into_iter()
            .next()
            .filter(|one| !one["finished_at"].is_null())
    });
    let replay = replay.await.expect("the replay is done in time");
    assert_eq!(
        (&replay["queued"], &replay["ended_by"]),
        (&json!(customers), &json!(null))
    );
    app.settle().await;
    let twice: BTreeMap<String, usize> = first.into_keys().map(|id| (id, 2)).collect();
    assert_eq!(ids(&receiver.got()), twice);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sees_tests_and_replays_from_the_command_line() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let receiver = Receiver::open().await;
    let endpoint_id = receiver.subscribe(owner, &["ChefAdded"]).await;
    given::chef(owner, "Kenji").await;
    receiver.got_at_least(1).await;
    let operator = Operator::on(&app.database.url, Some(&root_key()));
    let listed = operator.json(&["webhooks", "list"]).await;
    assert_eq!(listed["endpoints"][0]["endpoint_id"], json!(endpoint_id));
    operator.json(&["webhooks", "ping", &endpoint_id]).await;
    receiver.got_at_least(2).await;
    let hour_ago = text(OffsetDateTime::now_utc() - Duration::from_secs(3_600));
    let replay = ["webhooks", "replay", &endpoint_id, "--from", &hour_ago];
    let dry = operator.json(&[&replay[..], &["--dry-run"]].concat()).await;
    assert_eq!(dry["preview"]["events"], 1);
    operator.json(&replay).await;
    receiver.got_at_least(3).await;
    deliveries_once(&app, 3).await;
    let shown = operator.json(&["webhooks", "show", &endpoint_id]).await;
    assert_eq!(shown["deliveries"].as_array().map(Vec::len), Some(3));
    for (act, standing) in [("disable", "disabled"), ("enable", "enabled")] {
        operator.json(&["webhooks", act, &endpoint_id]).await;
        endpoint_once(&app, standing, |one| one["standing"] == standing).await;
    }
    app.settle().await;
}

fn root_key() -> String {
    base64::engine::general_purpose::STANDARD.encode(ROOT_KEY)
}

/// The fenced parts of the documentation in this language.
fn snippets(language: &str) -> Vec<String> {
    let text = std::fs::read_to_string(sources::root().join("docs/webhooks.md")).unwrap();
    let fence = format!("```{language}\n");
    let parts = text.split(&fence).skip(1);
    parts
        .map(|part| part.split("```").next().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documentation_verifies_what_is_sent() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let receiver = Receiver::open().await;
    let endpoint_id = receiver.subscribe(owner, &["ChefAdded"]).await;
    given::chef(owner, "Kenji").await;
    let got = receiver.got_at_least(1).await.remove(0);
    let secret = owner
        .item(&format!("webhook-secret?id={endpoint_id}"))
        .await;
    let genuine = got.signed(given::text(&secret, "secret"));
    let mut forged = genuine.clone();
    forged["payload"] = json!(got.body.replace("ChefAdded", "ChefAddad"));
    let mut old = genuine.clone();
    old["timestamp"] = json!("1614265330");
    let cases = json!([genuine, forged, old]).to_string();
    for snippet in snippets("python") {
        let said = oracles::ask("webhook_snippet.py", &[&snippet], cases.clone()).await;
        assert_eq!(said.trim(), "ok err err", "{snippet}");
    }
    let mut ran = snippets("python").len();
    if let Some(node) = node() {
        for snippet in snippets("js") {
            let said = run_node(&node, &snippet, &cases).await;
            assert_eq!(said.trim(), "ok err err", "{snippet}");
            ran += 1;
        }
    }
    assert!(ran >= 2, "the documentation has lost its snippets");
}

/// Node.js, where the machine has it.
fn node() -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut programs = std::env::split_paths(&path).map(|folder| folder.join("node"));
    programs.find(|program| program.is_file())
}

async fn run_node(node: &Path, snippet: &str, cases: &str) -> String {
    let script = format!(
        "{snippet}\nconst told = [];\nfor (const one of JSON.parse(process.argv[1])) {{\n\
         const headers = {{ 'webhook-id': one.id, 'webhook-timestamp': one.timestamp, 'webhook-signature': one.signature }};\n\
         try {{ verify(one.secret, headers, one.payload); told.push('ok'); }} catch {{ told.push('err'); }}\n}}\n\
         console.log(told.join(' '));"
    );
    let output = tokio::process::Command::new(node)
        .args(["--input-type=module", "-e", &script, cases])
        .output()
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}
