//! WhatsApp: texts within the window, templates outside it, and news that carry what was sent along.

use std::collections::BTreeMap;

use integrations::outcome::FailureKind;
use integrations::secret::Secret;
use integrations::texts::{NewText, TextNews};
use integrations::whatsapp::signatures::{HEADER, verify};
use integrations::whatsapp::webhooks::parse;
use integrations::whatsapp::{Template, WhatsApp};
use serde_json::json;

use crate::given::{bench, hook};

const ACCOUNT: &str = "100200300";
const NUMBER: &str = "+15550000002";
const ADA: &str = "+15551230001";
const SECRET: &str = "secret_of_an_app";

#[tokio::test]
async fn a_text_waits_for_the_persons_and_a_template_does_not() {
    let bench = bench().await;
    let hook = hook().await;
    let order = json!({"provider": "whatsapp", "account": ACCOUNT, "url": hook.url, "secret": SECRET, "number": NUMBER});
    bench.post("/sandbox/webhooks", &order).await;
    let whatsapp = WhatsApp::new(
        bench.http.clone(),
        bench.url("/whatsapp"),
        ACCOUNT,
        Secret::new("token"),
    );
    let new = NewText {
        message_id: "m1".into(),
        to: ADA.into(),
        body: "See you at 6".into(),
        context: BTreeMap::from([("thread_id".into(), "t1".into())]),
        ..NewText::default()
    };
    let failure = whatsapp.send_text(&new).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused);
    assert!(failure.detail.contains("131047"), "{failure}");
    let template = Template {
        name: "reminder".into(),
        language: "en_US".into(),
        parameters: vec!["6 pm".into()],
    };
    whatsapp.send_template(&new, &template).await.unwrap();
    let written = json!({"from": ADA, "to": NUMBER, "body": "When?"});
    bench.post("/sandbox/texts", &written).await;
    whatsapp.send_text(&new).await.unwrap();
    bench
        .fault(json!({"whatsapp": {"status": "reset", "after_effect": true}}))
        .await;
    assert_eq!(
        whatsapp.send_text(&new).await.unwrap_err().kind,
        FailureKind::Unknown
    );
    assert_eq!(
        bench.get("/sandbox/effects").await["effects"]["m1"],
        json!({"text": 3})
    );
    bench
        .post("/sandbox/clock", &json!({"advance_seconds": 86_401}))
        .await;
    assert_eq!(
        whatsapp.send_text(&new).await.unwrap_err().kind,
        FailureKind::Refused
    );
    let mut received = Vec::new();
    let mut contexts = Vec::new();
    for posted in hook.wait_for(7).await {
        assert_eq!(
            verify(&posted.body, posted.header(HEADER), &[SECRET]),
            Ok(())
        );
        for news in parse(&posted.body).unwrap() {
            match news {
                TextNews::Received(text) => received.push((text.from, text.to, text.body)),
                TextNews::State(state) => contexts.push(state.context),
            }
        }
    }
    assert_eq!(received, [(ADA.into(), NUMBER.into(), "When?".into())]);
    assert_eq!(contexts.len(), 6);
    assert!(
        contexts
            .iter()
            .all(|context| context["message"] == "m1" && context["thread_id"] == "t1")
    );
}
