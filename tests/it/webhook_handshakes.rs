//! An endpoint that wants to be asked is asked by our name before anything is sent to it, as CloudEvents has it.

use serde_json::json;
use tests::app::TestApp;
use tests::receivers::{ACCEPTED, Answer, Got, Receiver};
use tests::{given, wait};

/// Our own name, in tests.
const ORIGIN: &str = "127.0.0.1";
const HURRY: &str =
    "update outbox_work set run_at = clock_timestamp() where run_at > clock_timestamp()";
const FREE: &str = "update destinations set not_before = '-infinity'";

fn is_question(got: &Got) -> bool {
    got.header("webhook-request-origin") == ORIGIN && got.header("webhook-id").is_empty()
}

async fn subscribe(app: &TestApp, receiver: &Receiver) -> String {
    let body =
        json!({ "url": receiver.url, "event_types": ["ChefAdded"], "handshake": "required" });
    let owner = &app.tenant.owner;
    given::id_of(&owner.accepted("create-webhook-endpoint", body).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_wants_to_be_asked_is_asked_once_and_its_rate_is_kept() {
    let app = TestApp::start().await;
    let receiver = Receiver::open().await;
    receiver.answer(|got| match is_question(got) {
        true => Answer {
            headers: &[
                "webhook-allowed-origin: 127.0.0.1",
                "webhook-allowed-rate: 6000",
            ],
            ..Answer::of(200)
        },
        false => ACCEPTED,
    });
    subscribe(&app, &receiver).await;
    given::chef(&app.tenant.owner, "Kenji").await;
    let got = receiver.got_at_least(2).await;
    given::chef(&app.tenant.owner, "Aiko").await;
    let all = receiver.got_at_least(3).await;
    assert!(is_question(&got[0]) && got[0].body.is_empty(), "{got:?}");
    assert_eq!(all.iter().filter(|got| is_question(got)).count(), 1);
    let paced = "select count(*) from destinations where target like 'webhook:%' and rate_per_second = 100
        and limits_until between clock_timestamp() + interval '1 hour' and clock_timestamp() + interval '2 hours'";
    assert_eq!(app.count(paced).await, 1);
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_to_an_endpoint_that_does_not_allow_us() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let receiver = Receiver::open().await;
    receiver.answer(|_| Answer {
        headers: &["webhook-allowed-origin: somebody.example"],
        ..Answer::of(200)
    });
    let endpoint_id = subscribe(&app, &receiver).await;
    given::chef(owner, "Kenji").await;
    let log = wait::until("the refusal is written down", async || {
        let items = owner.items("webhook-deliveries").await;
        items.into_iter().next()
    })
    .await;
    assert!(
        log["error"]
            .as_str()
            .unwrap()
            .contains("webhook-allowed-origin: 127.0.0.1"),
        "{log}"
    );
    assert!(receiver.got().iter().all(is_question));
    // It is no failure of the endpoint's: it is asked again, and then it hears of what it missed.
    assert_eq!(app.count("select count(*) from webhook_failures").await, 0);
    receiver.answer(|got| match is_question(got) {
        true => Answer {
            headers: &["webhook-allowed-origin: *"],
            ..Answer::of(204)
        },
        false => ACCEPTED,
    });
    let admin = app.admin().await;
    wait::until("it has come", async || {
        admin.execute(FREE, &[]).await.unwrap();
        admin.execute(HURRY, &[]).await.unwrap();
        let got = receiver.got();
        got.iter().any(|got| !is_question(got)).then_some(())
    })
    .await;
    let shown = owner.items("webhook-endpoints").await;
    assert_eq!(shown[0]["handshake"], "required");
    let change = json!({ "endpoint_id": endpoint_id, "handshake": "none" });
    owner.accepted("update-webhook-endpoint", change).await;
    let asked = receiver.got().iter().filter(|got| is_question(got)).count();
    given::chef(owner, "Aiko").await;
    let sent = |got: &[Got]| got.iter().filter(|got| !is_question(got)).count();
    wait::until("it hears of the next", async || {
        (sent(&receiver.got()) == 2).then_some(())
    })
    .await;
    assert_eq!(
        receiver.got().iter().filter(|got| is_question(got)).count(),
        asked
    );
    app.settle().await;
}
