//! Texts over Twilio's API: sent, found again after a lost answer, refused, and told of.

use integrations::outcome::FailureKind;
use integrations::secret::Secret;
use integrations::texts::{NewText, TextNews, TextState};
use integrations::twilio::signatures::{Algorithm, Content, HEADER, Signed, verify};
use integrations::twilio::webhooks::parse;
use integrations::twilio::{Account, Sender, Twilio};
use serde_json::json;
use time::OffsetDateTime;

use crate::given::{Bench, bench, hook, new_session};

const SID: &str = "AC00000000000000000000000000000001";
const TOKEN: &str = "token_of_a_test";
const NUMBER: &str = "+15550000001";
const ADA: &str = "+15551230001";

fn twilio(bench: &Bench, sender: Sender) -> Twilio {
    let account = Account {
        account_sid: SID.into(),
        user: SID.into(),
        password: Secret::new(TOKEN),
    };
    Twilio::new(bench.http.clone(), bench.url("/twilio"), account, sender)
}

fn from_number(bench: &Bench) -> Twilio {
    twilio(bench, Sender::Number(NUMBER.into()))
}

fn text(message_id: &str, body: &str) -> NewText {
    NewText {
        message_id: message_id.into(),
        to: ADA.into(),
        body: body.into(),
        status_callback: Some("http://127.0.0.1:9/hook".into()),
        ..NewText::default()
    }
}

#[tokio::test]
async fn a_text_is_sent_and_counted_for_its_message() {
    let bench = bench().await;
    for sender in [
        Sender::Number(NUMBER.into()),
        Sender::MessagingService("MG1".into()),
    ] {
        let twilio = twilio(&bench, sender);
        let sent = twilio.send_text(&text("m1", "Hi 🔥 & more")).await.unwrap();
        assert!(sent.provider_message_id.starts_with("SM"), "{sent:?}");
    }
    let effects = bench.get("/sandbox/effects?message=m1").await;
    assert_eq!(effects, json!({"effects": {"m1": {"text": 2}}}));
    let texts = bench.get("/sandbox/texts?number=%2B15551230001").await;
    assert_eq!(texts["texts"][0]["body"], "Hi 🔥 & more");
    assert_eq!(texts["texts"][0]["state"], "delivered");
}

#[tokio::test]
async fn a_text_whose_answer_was_lost_is_found_and_not_sent_again() {
    let bench = bench().await;
    let twilio = from_number(&bench);
    let before = twilio.send_text(&text("m0", "See you at 6")).await.unwrap();
    let since = OffsetDateTime::now_utc();
    let new = text("m1", "See you at 6");
    let others = [before.provider_message_id];
    assert_eq!(twilio.find_sent(&new, since, &others).await.unwrap(), None);
    for order in [
        json!({"status": "reset", "after_effect": true}),
        json!({"status": "truncate"}),
        json!({"status": 503, "after_effect": true}),
    ] {
        bench.fault(json!({"twilio": order})).await;
        let failure = twilio.send_text(&new).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unknown, "{order} {failure}");
    }
    let found = twilio.find_sent(&new, since, &others).await.unwrap();
    assert!(found.is_some());
    let other = text("m2", "See you at 7");
    assert_eq!(twilio.find_sent(&other, since, &[]).await.unwrap(), None);
}

#[tokio::test]
async fn a_look_up_reads_further_pages() {
    let bench = bench().await;
    let twilio = from_number(&bench);
    let since = OffsetDateTime::now_utc();
    let first = twilio.send_text(&text("m0", "first")).await.unwrap();
    for number in 0..105 {
        twilio
            .send_text(&text("m", &format!("{number}")))
            .await
            .unwrap();
    }
    let found = twilio
        .find_sent(&text("m0", "first"), since, &[])
        .await
        .unwrap();
    assert_eq!(found, Some(first));
}

#[tokio::test]
async fn calls_fail_as_twilio_fails_them() {
    let bench = bench().await;
    let twilio = from_number(&bench);
    for (to, kind, code) in [
        ("+15005550001", FailureKind::Refused, "21211"),
        ("+15005550004", FailureKind::Refused, "21610"),
        ("nobody", FailureKind::Refused, "21211"),
    ] {
        let new = NewText {
            to: to.into(),
            ..text("m1", "Hi")
        };
        let failure = twilio.send_text(&new).await.unwrap_err();
        assert_eq!(failure.kind, kind);
        assert!(failure.detail.contains(code), "{failure}");
    }
    bench
        .fault(json!({"twilio": {"status": 429, "retry_after_seconds": 3, "times": 2}}))
        .await;
    for _ in 0..2 {
        let failure = twilio.send_text(&text("m1", "Hi")).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::NotSent);
        assert_eq!(failure.retry_after.map(|wait| wait.as_secs()), Some(3));
    }
    let stranger = Twilio::new(
        bench.http.clone(),
        bench.url("/twilio"),
        Account {
            account_sid: SID.into(),
            user: "AC2".into(),
            password: Secret::new(TOKEN),
        },
        Sender::Number(NUMBER.into()),
    );
    let failure = stranger.send_text(&text("m1", "Hi")).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Auth);
    assert_eq!(bench.get("/sandbox/ledger").await["texts"], 0);
}

#[tokio::test]
async fn a_rate_limit_refuses_without_effect_and_says_how_long() {
    let bench = bench().await;
    let twilio = from_number(&bench);
    let limit = json!({"provider": "twilio", "requests": 2, "window_ms": 60_000});
    bench.post("/sandbox/limits", &limit).await;
    for _ in 0..2 {
        twilio.send_text(&text("m1", "Hi")).await.unwrap();
    }
    let failure = twilio.send_text(&text("m2", "Hi")).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NotSent);
    assert!(
        failure
            .retry_after
            .is_some_and(|wait| (1..=60).contains(&wait.as_secs()))
    );
    let limits = bench.get("/sandbox/limits").await;
    assert_eq!(
        (
            &limits["limits"][0]["granted"],
            &limits["limits"][0]["refused"]
        ),
        (&json!(2), &json!(1))
    );
    assert_eq!(bench.get("/sandbox/ledger").await["texts"], 2);
}

#[tokio::test]
async fn slow_answers_come_and_torn_ones_are_unknown() {
    let bench = bench().await;
    let twilio = from_number(&bench);
    bench
        .fault(json!({"twilio": {"status": "drip", "hang_ms": 1}}))
        .await;
    twilio.send_text(&text("m1", "Hi")).await.unwrap();
    bench
        .fault(json!({"twilio": {"status": "hang", "hang_ms": 20}}))
        .await;
    twilio.send_text(&text("m2", "Hi")).await.unwrap();
    bench.fault(json!({"twilio": {"status": "reset"}})).await;
    let failure = twilio.send_text(&text("m3", "Hi")).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unknown);
    let effects = bench.get("/sandbox/effects").await;
    assert_eq!(
        effects,
        json!({"effects": {"m1": {"text": 1}, "m2": {"text": 1}}})
    );
}

#[tokio::test]
async fn the_pages_show_phones_and_open_sessions_in_short() {
    let bench = bench().await;
    let long = "Friday at seven. ".repeat(10);
    let sent = from_number(&bench).send_text(&text("m1", &long)).await;
    assert!(sent.is_ok(), "{sent:?}");
    let session = bench
        .stripe
        .create_checkout_session(&new_session("b1"), "b1")
        .await
        .unwrap();
    for (path, shown) in [("/phones", &long[..60]), ("/", &session.id[..24])] {
        let answer = bench.http.get(bench.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let page = answer.text().await.unwrap();
        assert!(page.contains(&format!("{shown}…")), "{page}");
    }
}

#[tokio::test]
async fn what_people_write_and_how_far_texts_come_is_posted_well_signed() {
    let bench = bench().await;
    let hook = hook().await;
    let order = json!({"provider": "twilio", "account": SID, "url": hook.url, "secret": TOKEN,
        "merchant": "Hibachi & Sons", "number": NUMBER});
    bench.post("/sandbox/webhooks", &order).await;
    let page = |number: &str| {
        bench
            .http
            .get(bench.url(&format!("/phones/{number}")))
            .send()
    };
    let shown = page("%2B15551230001").await.unwrap().text().await.unwrap();
    assert!(shown.contains("Hibachi &amp; Sons"), "{shown}");
    let written = bench
        .http
        .post(bench.url("/phones/%2B15551230001/texts"))
        .form(&[("to", NUMBER), ("body", "Is Friday free? <b>")])
        .send()
        .await
        .unwrap();
    assert_eq!(written.status(), 303);
    let new = NewText {
        to: "+15005550003".into(),
        status_callback: Some(hook.url.clone()),
        ..text("m1", "Yes")
    };
    from_number(&bench).send_text(&new).await.unwrap();
    let mut news = Vec::new();
    for posted in hook.wait_for(3).await {
        let signed = Signed {
            url: &format!("{}{}", hook.origin, posted.path_and_query),
            body: &posted.body,
            content: Content::Form,
        };
        let signature = posted.header(HEADER);
        assert_eq!(verify(signed, signature, Algorithm::Sha1, &[TOKEN]), Ok(()));
        let query = posted
            .path_and_query
            .split_once('?')
            .map_or("", |(_, query)| query);
        news.push(parse(&posted.body, query).unwrap().news.unwrap());
    }
    let received = news.iter().find_map(|news| match news {
        TextNews::Received(text) => Some((text.from.as_str(), text.body.as_str())),
        TextNews::State(_) => None,
    });
    assert_eq!(received, Some((ADA, "Is Friday free? <b>")));
    let mut states: Vec<_> = news
        .iter()
        .filter_map(|news| match news {
            TextNews::State(state) => Some((
                state.state,
                state.context["message"].as_str(),
                state.error_code.as_deref(),
            )),
            TextNews::Received(_) => None,
        })
        .collect();
    states.sort();
    assert_eq!(
        states,
        [
            (TextState::Sent, "m1", None),
            (TextState::Failed, "m1", Some("30003"))
        ]
    );
    let shown = page("%2B15551230001").await.unwrap().text().await.unwrap();
    assert!(shown.contains("Is Friday free? &lt;b&gt;"), "{shown}");
}
