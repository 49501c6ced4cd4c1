//! Mails: taken in, shown, counted, and failing as a script says.

use integrations::inbound_mail::parse;
use integrations::outcome::FailureKind;
use serde_json::json;

use crate::given::{bench, hook, mail, smtp};

#[tokio::test]
async fn a_mail_is_found_in_the_mailbox_and_counted() {
    let bench = bench().await;
    let smtp = smtp(&bench);
    for booking in ["b1", "b2"] {
        assert_eq!(smtp.send(&mail(booking)).await.unwrap().code, 250);
    }
    assert_eq!(bench.counts("b1").await, [0, 0, 0, 1]);
    let mails = bench.get("/sandbox/mails?to=b2@").await;
    let found = &mails["mails"][0];
    assert_eq!(mails["mails"].as_array().unwrap().len(), 1);
    assert_eq!(found["subject"], "Your booking — link");
    assert_eq!(found["message_id"], "<b2@rapport.example>");
    assert_eq!(
        found["text"].as_str().unwrap().trim(),
        "Pay here.\r\n.\r\nThanks"
    );
    let page = bench
        .http
        .get(bench.url("/mailbox/2"))
        .send()
        .await
        .unwrap();
    let page = page.text().await.unwrap();
    assert!(
        page.contains("sandbox=\"\"") && !page.contains("<script>"),
        "{page}"
    );
    for path in [
        "/",
        "/mailbox?to=b1",
        "/healthz",
        "/sandbox/clock",
        "/sandbox/faults",
    ] {
        let status = bench
            .http
            .get(bench.url(path))
            .send()
            .await
            .unwrap()
            .status();
        assert_eq!(status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_mail_fails_as_the_server_says() {
    let bench = bench().await;
    let smtp = smtp(&bench);
    let cases = [
        (
            json!({"reply": "451 4.7.1 Later"}),
            FailureKind::Transient,
            0,
        ),
        (
            json!({"reply": "550 5.1.1 Unknown"}),
            FailureKind::Refused,
            0,
        ),
        (json!({}), FailureKind::NotSent, 0),
        (
            json!({"at": "content", "reply": "554 5.6.0 No"}),
            FailureKind::Refused,
            0,
        ),
        (json!({"at": "content"}), FailureKind::Unknown, 0),
        (
            json!({"at": "content", "after_effect": true}),
            FailureKind::Unknown,
            1,
        ),
    ];
    for (order, kind, mails) in cases {
        bench.fault(json!({ "smtp": order })).await;
        let failure = smtp.send(&mail("b1")).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{order}: {failure}");
        assert!(!failure.detail.contains('@'), "{failure}");
        assert_eq!(bench.counts("b1").await[3], mails, "{order}");
    }
    smtp.send(&mail("b1")).await.unwrap();
}

#[tokio::test]
async fn a_mail_is_answered_as_the_customer_would() {
    let bench = bench().await;
    let hook = hook().await;
    smtp(&bench).send(&mail("b1")).await.unwrap();
    let answer = async || {
        let form = [("body", "Yes, at 6 – thanks")];
        let request = bench.http.post(bench.url("/mailbox/1/reply")).form(&form);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(answer().await, 400);
    let order = json!({"provider": "email", "account": "Hello@rapport.example", "url": hook.url, "secret": "word"});
    bench.post("/sandbox/webhooks", &order).await;
    assert_eq!(answer().await, 303);
    let posted = &hook.wait_for(1).await[0];
    assert_eq!(posted.header("authorization"), "Bearer word");
    let answered = parse(&posted.body).unwrap();
    assert_eq!(answered.from, "b1@example.test");
    assert_eq!(answered.to, ["hello@rapport.example"]);
    assert_eq!(answered.text, "Yes, at 6 – thanks");
    assert_eq!(answered.subject, "Re: Your booking — link");
    assert_eq!(answered.in_reply_to.as_deref(), Some("b1@rapport.example"));
}
