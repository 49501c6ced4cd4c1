//! E-mail over Resend's API: one mail per key, a mailbox, and well-signed news of what became of it.

use std::time::{SystemTime, UNIX_EPOCH};

use integrations::mail_news::{MailNews, MailStanding};
use integrations::outcome::FailureKind;
use integrations::resend::{Resend, webhooks};
use integrations::secret::Secret;
use integrations::smtp::mails::Mail;
use integrations::standard_webhooks::{Headers, SVIX, TOLERANCE, verify};
use serde_json::json;

use crate::given::{Bench, bench, hook, mail};

const KEY: &str = "re_test_integration";
const SECRET: &str = "whsec_c2VjcmV0IG9mIGEgdGVzdCBvZiBtYWls";

fn resend(bench: &Bench) -> Resend {
    Resend::new(bench.http.clone(), bench.url("/resend"), Secret::new(KEY))
}

#[tokio::test]
async fn the_same_key_sends_one_mail_and_another_mail_is_refused() {
    let bench = bench().await;
    let resend = resend(&bench);
    let first = resend.send_email(&mail("b1"), "b1").await.unwrap();
    let again = resend.send_email(&mail("b1"), "b1").await.unwrap();
    assert_eq!(first, again);
    let failure = resend.send_email(&mail("b2"), "b1").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused);
    assert!(
        failure.detail.contains("invalid_idempotent_request"),
        "{failure}"
    );
    assert_eq!(bench.counts("b1").await, [0, 0, 0, 1]);
    assert_eq!(
        bench.get("/sandbox/effects").await["effects"],
        json!({"b1": {"mail": 1}})
    );
    let mails = bench.get("/sandbox/mails").await;
    assert_eq!(mails["mails"][0]["message_id"], "<b1@rapport.example>");
    assert_eq!(mails["mails"][0]["booking"], "b1");
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_day_of_the_sandboxs_clock() {
    let bench = bench().await;
    let resend = resend(&bench);
    let first = resend.send_email(&mail("b1"), "b1").await.unwrap();
    bench
        .post("/sandbox/clock", &json!({"advance_seconds": 86_340}))
        .await;
    assert_eq!(resend.send_email(&mail("b1"), "b1").await.unwrap(), first);
    bench
        .post("/sandbox/clock", &json!({"advance_seconds": 60}))
        .await;
    assert_ne!(resend.send_email(&mail("b1"), "b1").await.unwrap(), first);
    assert_eq!(
        bench.get("/sandbox/effects").await["effects"]["b1"],
        json!({"mail": 2})
    );
}

#[tokio::test]
async fn a_key_under_way_is_transient_and_a_lost_answer_is_found_again() {
    let bench = bench().await;
    let resend = resend(&bench);
    bench
        .fault(json!({"resend": {"status": "hang", "hang_ms": 1500}}))
        .await;
    let new = mail("b1");
    let (one, two) = tokio::join!(resend.send_email(&new, "b1"), resend.send_email(&new, "b1"));
    let failures: Vec<_> = [one, two].into_iter().filter_map(Result::err).collect();
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0].kind, FailureKind::Transient);
    bench
        .fault(json!({"resend": {"status": "reset", "after_effect": true}}))
        .await;
    let failure = resend.send_email(&mail("b2"), "b2").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unknown);
    resend.send_email(&mail("b2"), "b2").await.unwrap();
    assert_eq!(bench.counts("b2").await, [0, 0, 0, 1]);
}

#[tokio::test]
async fn news_of_mails_are_well_signed_and_read() {
    let bench = bench().await;
    let hook = hook().await;
    let order = json!({"provider": "resend", "account": KEY, "url": hook.url, "secret": SECRET});
    bench.post("/sandbox/webhooks", &order).await;
    for (number, to) in [
        "ada@example.test",
        "bounced@resend.dev",
        "complained@resend.dev",
    ]
    .iter()
    .enumerate()
    {
        let id = format!("b{number}");
        let new = Mail {
            to: (*to).into(),
            ..mail(&id)
        };
        resend(&bench).send_email(&new, &id).await.unwrap();
    }
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
        .cast_signed();
    let mut news = Vec::new();
    for posted in hook.wait_for(7).await {
        let headers = Headers {
            id: posted.header(SVIX.id),
            timestamp: posted.header(SVIX.timestamp),
            signature: posted.header(SVIX.signature),
        };
        assert_eq!(
            verify(&posted.body, headers, &[SECRET], now, TOLERANCE),
            Ok(())
        );
        match webhooks::parse(&posted.body).unwrap().unwrap() {
            MailNews::State(state) => {
                news.push((state.message_id.unwrap(), state.standing.as_str()))
            }
            MailNews::Arrived(id) => panic!("{id}"),
        }
    }
    news.sort();
    let of =
        |id: &str, standing: MailStanding| (format!("{id}@rapport.example"), standing.as_str());
    assert_eq!(
        news,
        [
            of("b0", MailStanding::Delivered),
            of("b0", MailStanding::Sent),
            of("b1", MailStanding::Bounced),
            of("b1", MailStanding::Sent),
            of("b2", MailStanding::Complained),
            of("b2", MailStanding::Delivered),
            of("b2", MailStanding::Sent),
        ]
    );
}
