//! Nothing goes to a person without a reason that is kept: consent, an answer, or a keyword. Asked when a message is queued,
//! and again when it is delivered.

use serde_json::{Value, json};
use tests::app::TestApp;
use tests::client::Client;
use tests::given::{self, text};
use tests::wait;
use time::OffsetDateTime;
use time::macros::datetime;

const NUMBER: &str = "+12135550142";
/// Nothing is sent to these destinations until their holds are taken away.
const HOLD: &str = "
    insert into destinations (tenant_id, target, not_before)
    select t.tenant_id, d.target, now() + interval '1 hour'
    from tenant_profiles t, unnest(array['email', 'sms', 'web_chat']) as d (target)
    on conflict (tenant_id, target) do update set not_before = excluded.not_before";
const RELEASE: &str = "update destinations set not_before = now()";
const HASTEN: &str =
    "update outbox_work set run_at = now() where target in ('email', 'sms', 'web_chat')";

async fn thread(client: &Client, thread_id: &Value) -> Value {
    client
        .item(&format!("thread?id={}", thread_id.as_str().unwrap()))
        .await
}

async fn message_once(client: &Client, sent: &Value, status: &str) -> Value {
    wait::until(&format!("the message is {status}"), async || {
        let thread = thread(client, &sent["thread_id"]).await;
        let mut messages = thread["messages"].as_array()?.iter();
        let message = messages.find(|message| message["message_id"] == sent["message_id"])?;
        (message["status"] == status).then(|| message.clone())
    })
    .await
}

async fn consent(
    client: &Client,
    customer_id: &str,
    (channel, purpose): (&str, &str),
    standing: &str,
) {
    let body = json!({
        "customer_id": customer_id, "channel": channel, "purpose": purpose, "standing": standing, "source": "web",
        "wording": format!("About {purpose} messages"),
    });
    client.accepted("update-consent", body).await;
}

/// A customer with an address on each channel, and the thread with them there.
async fn acquaintance(client: &Client, channel: &str) -> (String, Value) {
    let body = json!({
        "source": "web", "first_name": "Ada", "email": given::email("Ada"), "phone": NUMBER,
        "time_zone": "America/Los_Angeles",
    });
    let customer_id = given::id_of(&client.accepted("create-lead", body).await);
    let start = json!({ "customer_id": customer_id, "channel": channel });
    let started = client.accepted("start-thread", start).await["result"].clone();
    (customer_id, started["thread_id"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_written_to_without_consent_and_every_message_says_why_it_was_allowed() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let (ada, thread_id) = acquaintance(owner, "email").await;
    let send = given::answer(&thread_id, "Your chef is on the way.");
    owner
        .command("send-message", send.clone())
        .await
        .refused(409, "consent-missing");
    consent(owner, &ada, ("email", "transactional"), "granted").await;
    let sent = owner.accepted("send-message", send.clone()).await["result"].clone();
    let mut offer = send.clone();
    offer["purpose"] = "marketing".into();
    owner
        .command("send-message", offer)
        .await
        .refused(409, "consent-missing");
    let message = message_once(owner, &sent, "sent").await;
    let why = &message["why"];
    assert_eq!(
        (&why["basis"], &why["customer_id"]),
        (&json!("consent"), &json!(ada))
    );
    assert_eq!(
        (&why["wording"], &why["source"]),
        (&json!("About transactional messages"), &json!("web"))
    );
    consent(owner, &ada, ("email", "transactional"), "withdrawn").await;
    owner
        .command("send-message", send)
        .await
        .refused(409, "consent-withdrawn");
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_queued_before_a_withdrawal_is_never_delivered_after_it() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let (ada, thread_id) = acquaintance(owner, "email").await;
    consent(owner, &ada, ("email", "transactional"), "granted").await;
    let other = given::message(owner, "email", "bob@example.test", "Saturday?").await;
    let admin = app.admin().await;
    admin.execute(HOLD, &[]).await.unwrap();
    let mut queued = Vec::new();
    for thread_id in [&thread_id, &other["thread_id"]] {
        let send = given::answer(thread_id, "On our way");
        queued.push(owner.accepted("send-message", send).await["result"].clone());
    }
    consent(owner, &ada, ("email", "transactional"), "withdrawn").await;
    admin.execute(RELEASE, &[]).await.unwrap();
    let withheld = message_once(owner, &queued[0], "failed").await;
    let failure = json!({ "reason": "withheld", "code": "consent-withdrawn" });
    assert_eq!(withheld["failure"], failure);
    message_once(owner, &queued[1], "sent").await;
    app.settle().await;
    let mails = app.providers.get("/sandbox/mails").await["mails"].clone();
    assert_eq!(mails.as_array().unwrap().len(), 1, "{mails}");
    assert_eq!(mails[0]["to"][0], "bob@example.test");
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_is_obeyed_at_once_answered_once_and_undone_by_start() {
    let app = TestApp::start().await;
    // Nobody carries text messages here: those that may go stay queued.
    app.claim_undelivered();
    let owner = &app.tenant.owner;
    let (ada, thread_id) = acquaintance(owner, "sms").await;
    consent(owner, &ada, ("sms", "transactional"), "granted").await;
    consent(owner, &ada, ("sms", "marketing"), "granted").await;
    let admin = app.admin().await;
    admin.execute(HOLD, &[]).await.unwrap();
    let queued = owner
        .accepted("send-message", given::answer(&thread_id, "On our way"))
        .await["result"]
        .clone();
    let stopped = given::message(owner, "sms", NUMBER, "Stop!").await;
    assert_eq!(
        (&stopped["thread_id"], &stopped["keyword"]),
        (&thread_id, &json!("stop"))
    );
    given::message(owner, "sms", NUMBER, "STOP ALL").await;
    let whole = owner.item(&format!("customer-360?id={ada}")).await;
    for proof in whole["consents"].as_array().unwrap() {
        assert_eq!(
            (&proof["granted"], &proof["wording"]),
            (&json!(false), &json!("Stop!")),
            "{proof}"
        );
    }
    owner
        .command("send-message", given::answer(&thread_id, "Why?"))
        .await
        .refused(409, "opted-out");
    admin.execute(RELEASE, &[]).await.unwrap();
    let withheld = message_once(owner, &queued, "failed").await;
    assert_eq!(
        withheld["failure"],
        json!({ "reason": "withheld", "code": "opted-out" })
    );
    let shown = thread(owner, &thread_id).await;
    assert_eq!(
        (&shown["opted_out"], &shown["status"]),
        (&json!(true), &json!("pending"))
    );
    let owed: Vec<&Value> = shown["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|message| message["sender_type"] == "system")
        .collect();
    assert_eq!(owed.len(), 1, "two STOPs are answered once");
    assert_eq!(
        (&owed[0]["why"]["keyword"], &owed[0]["status"]),
        (&json!("stop"), &json!("queued"))
    );
    assert!(
        text(owed[0], "content").contains("unsubscribed"),
        "{}",
        owed[0]
    );
    given::message(owner, "sms", NUMBER, "start").await;
    owner
        .accepted("send-message", given::answer(&thread_id, "Welcome back"))
        .await;
    let whole = owner.item(&format!("customer-360?id={ada}")).await;
    let granted = whole["consents"].as_array().unwrap().iter();
    assert_eq!(granted.filter(|proof| proof["granted"] == true).count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn keywords_of_strangers_and_of_shared_numbers_are_obeyed_too() {
    let app = TestApp::start().await;
    app.claim_undelivered();
    let owner = &app.tenant.owner;
    let set = json!({ "messaging": { "help_text": "Fire & Rice: call 213 555 0100." } });
    owner.accepted("update-settings", set).await;
    let asked = given::message(owner, "sms", "+12135550177", "help").await;
    let shown = thread(owner, &asked["thread_id"]).await;
    let answer = &shown["messages"][1];
    assert_eq!(answer["content"], "Fire & Rice: call 213 555 0100.");
    assert_eq!(
        (&shown["unread_count"], &answer["why"]["basis"]),
        (&json!(0), &json!("keyword"))
    );
    // A stranger's STOP is on record with the lead that it makes.
    let stranger = given::message(owner, "sms", "+12135550188", "STOP").await;
    let whole = owner
        .item(&format!(
            "customer-360?id={}",
            text(&stranger, "customer_id")
        ))
        .await;
    assert_eq!(whole["consents"].as_array().unwrap().len(), 2, "{whole}");
    let mut sharers = Vec::new();
    for name in ["Bob", "Cora"] {
        let body = json!({ "source": "web", "first_name": name, "email": given::email(name), "phone": NUMBER });
        let id = given::id_of(&owner.accepted("create-lead", body).await);
        consent(owner, &id, ("sms", "transactional"), "granted").await;
        sharers.push(id);
    }
    let stopped = given::message(owner, "sms", NUMBER, "stop").await;
    assert_eq!(stopped["customer_id"], Value::Null);
    for id in sharers {
        let whole = owner.item(&format!("customer-360?id={id}")).await;
        let proofs = whole["consents"].as_array().unwrap();
        assert!(
            proofs.iter().all(|proof| proof["granted"] == false),
            "{proofs:?}"
        );
    }
    // In a chat or an e-mail the same word may be about a booking.
    let chat = given::message(owner, "web_chat", "visitor-7", "cancel").await;
    assert_eq!(chat["keyword"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_unsubscribes_from_marketing_and_from_nothing_else() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let (ada, thread_id) = acquaintance(owner, "email").await;
    consent(owner, &ada, ("email", "marketing"), "granted").await;
    consent(owner, &ada, ("email", "transactional"), "granted").await;
    let body = json!({
        "channel": "email", "from": given::email("Ada"), "content": "Sent from my phone", "subject": "unsubscribe",
    });
    let received = owner.accepted("receive-message", body).await;
    assert_eq!(received["result"]["thread_id"], thread_id);
    let mut offer = given::answer(&thread_id, "Ten percent off");
    offer["purpose"] = "marketing".into();
    let refused = owner.command("send-message", offer).await;
    refused.refused(409, "consent-withdrawn");
    owner
        .accepted("send-message", given::answer(&thread_id, "Done"))
        .await;
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn marketing_waits_for_the_morning_where_the_customer_is() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let (ada, thread_id) = acquaintance(owner, "email").await;
    consent(owner, &ada, ("email", "marketing"), "granted").await;
    consent(owner, &ada, ("email", "transactional"), "granted").await;
    let mut offer = given::answer(&thread_id, "Ten percent off");
    offer["purpose"] = "marketing".into();
    // 23:00 in Los Angeles, years ahead, so that nothing of it is due today.
    let night = datetime!(2036-07-02 06:00 UTC);
    let held = app
        .command_at(night, "send-message", offer.clone())
        .await
        .unwrap();
    assert_eq!(held["result"]["held_until"], "2036-07-02T15:00:00Z");
    let due = "select count(*) from outbox_work where run_at = '2036-07-02 15:00:00+00' and order_key like '%/held'";
    assert_eq!(app.count(due).await, 1);
    // What is not held goes out meanwhile.
    let sent = owner
        .accepted("send-message", given::answer(&thread_id, "About Saturday"))
        .await["result"]
        .clone();
    message_once(owner, &sent, "sent").await;
    app.settle().await;
    let mails = app.providers.get("/sandbox/mails").await["mails"].clone();
    assert_eq!(mails.as_array().unwrap().len(), 1, "{mails}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_comes_late_into_quiet_hours_is_held_again() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let (ada, thread_id) = acquaintance(owner, "email").await;
    consent(owner, &ada, ("email", "marketing"), "granted").await;
    let zone = |hour: u8| {
        // Where it is that hour now; the names of these zones count the other way round.
        let ahead = (24 + i16::from(hour) - i16::from(OffsetDateTime::now_utc().hour())) % 24;
        match ahead {
            0..=12 => format!("Etc/GMT-{ahead}"),
            _ => format!("Etc/GMT+{}", 24 - ahead),
        }
    };
    let move_to = async |hour: u8| {
        let body = json!({ "customer_id": ada, "time_zone": zone(hour) });
        owner.accepted("update-customer", body).await;
    };
    move_to(13).await;
    let admin = app.admin().await;
    admin.execute(HOLD, &[]).await.unwrap();
    let mut offer = given::answer(&thread_id, "Ten percent off");
    offer["purpose"] = "marketing".into();
    let sent = owner.accepted("send-message", offer).await["result"].clone();
    assert_eq!(sent["held_until"], Value::Null);
    move_to(2).await;
    admin.execute(RELEASE, &[]).await.unwrap();
    let shown = wait::until("it is held", async || {
        let thread = thread(owner, &thread_id).await;
        let message = thread["messages"][0].clone();
        message["held_until"].is_string().then_some(message)
    })
    .await;
    assert_eq!(shown["status"], "queued");
    move_to(13).await;
    admin.execute(HASTEN, &[]).await.unwrap();
    message_once(owner, &sent, "sent").await;
    app.settle().await;
    let mails = app.providers.get("/sandbox/mails").await["mails"].clone();
    assert_eq!(
        mails.as_array().unwrap().len(),
        1,
        "held, not lost and not doubled: {mails}"
    );
    assert!(
        mails[0]["headers"].to_string().contains("mailto:"),
        "{mails}"
    );
}
