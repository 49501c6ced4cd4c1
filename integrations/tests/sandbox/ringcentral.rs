//! RingCentral: one sign-in for many messages, a look-up instead of a key, and webhooks that carry a word.

use integrations::outcome::FailureKind;
use integrations::ringcentral::webhooks::{VERIFICATION_HEADER, parse};
use integrations::ringcentral::{Credentials, RingCentral};
use integrations::secret::Secret;
use integrations::texts::{NewText, TextNews};
use serde_json::json;
use time::OffsetDateTime;

use crate::given::{Bench, bench, hook};

const NUMBER: &str = "+15550000003";
const ADA: &str = "+15551230001";

fn ringcentral(bench: &Bench) -> RingCentral {
    let credentials = Credentials {
        client_id: "app-1".into(),
        client_secret: Secret::new("s"),
        jwt: Secret::new("jwt"),
    };
    RingCentral::new(
        bench.http.clone(),
        bench.url("/ringcentral"),
        credentials,
        NUMBER,
    )
}

fn text(body: &str) -> NewText {
    NewText {
        to: ADA.into(),
        body: body.into(),
        ..NewText::default()
    }
}

#[tokio::test]
async fn one_sign_in_serves_many_messages_and_a_lost_answer_is_found() {
    let bench = bench().await;
    let client = ringcentral(&bench);
    let since = OffsetDateTime::now_utc();
    let first = client.send_text(&text("Hi")).await.unwrap();
    // Signing in again would meet this; the token is kept.
    bench
        .fault(json!({"ringcentral": {"status": 500, "path": "oauth"}}))
        .await;
    bench
        .fault(json!({"ringcentral": {"status": "reset", "after_effect": true, "path": "sms"}}))
        .await;
    let failure = client.send_text(&text("Hi")).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unknown);
    let others = [first.provider_message_id];
    assert!(
        client
            .find_sent(&text("Hi"), since, &others)
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        client
            .find_sent(&text("Ho"), since, &others)
            .await
            .unwrap()
            .is_none()
    );
    // A sign-in that fails sends nothing.
    let stranger = ringcentral(&bench);
    let failure = stranger.send_text(&text("Hi")).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NotSent);
    assert_eq!(bench.get("/sandbox/ledger").await["texts"], 2);
}

#[tokio::test]
async fn refusals_and_limits_are_told_apart() {
    let bench = bench().await;
    let client = ringcentral(&bench);
    let nobody = NewText {
        to: "nobody".into(),
        ..text("Hi")
    };
    assert_eq!(
        client.send_text(&nobody).await.unwrap_err().kind,
        FailureKind::Refused
    );
    bench
        .fault(json!({"ringcentral": {"status": 429, "retry_after_seconds": 60, "path": "sms"}}))
        .await;
    let failure = client.send_text(&text("Hi")).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.retry_after.map(|wait| wait.as_secs())),
        (FailureKind::NotSent, Some(60))
    );
}

#[tokio::test]
async fn what_people_write_comes_with_the_word() {
    let bench = bench().await;
    let hook = hook().await;
    let order = json!({"provider": "ringcentral", "account": "app-1", "url": hook.url, "secret": "word", "number": NUMBER});
    bench.post("/sandbox/webhooks", &order).await;
    bench
        .post(
            "/sandbox/texts",
            &json!({"from": ADA, "to": NUMBER, "body": "Hi"}),
        )
        .await;
    let posted = &hook.wait_for(1).await[0];
    assert_eq!(posted.header(VERIFICATION_HEADER), "word");
    let Some(TextNews::Received(text)) = parse(&posted.body).unwrap().news else {
        panic!("no text came");
    };
    assert_eq!(
        (text.from.as_str(), text.to.as_str(), text.body.as_str()),
        (ADA, NUMBER, "Hi")
    );
}
