//! Personal data is in plain text nowhere but in the read tables that say so: not in events, messages, stored answers,
//! webhooks, logs, or anything else that a dump shows.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use tests::app::TestApp;
use tests::cluster;
use tests::given::{self, SLOT, day, text};
use tests::{logs, wait, webhooks};

/// Names may stand in these tables, and nowhere else.
const TABLES_OF_NAMES: &[&str] = &["public.customers", "public.customer_terms", "public.chefs"];
const NAMES: &[&str] = &["Canaryfirst", "Canarylast", "Canarychef", "Canaryother"];
/// All other personal data stands in plain text nowhere.
const SECRETS: &[&str] = &[
    "canarymail",
    "2135550177",
    "canarystreet",
    "canarynotes",
    "canarynote",
    "canaryreason",
    "canarymemo",
    "canarymeta",
    "canarywebhook",
    "canarypassword",
    "canaryunlink",
    "canarycalendar",
    "canaryview",
    "canaryapproval",
    "canaryfile",
    "canaryvisitor",
];

const MAIL_SECRET: &str = "whsec_c2VjcmV0IG9mIGEgdGVzdCBvZiBjYW5hcmllcw==";
/// With a file that says `canaryfile`.
const MAIL: &str = "From: Canaryfirst <canarymail@example.test>\r\nTo: hello@fire.example\r\nSubject: A plan\r\n\
    Message-ID: <canary@example.test>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
    --b\r\nContent-Type: text/plain\r\n\r\nHere it is.\r\n\
    --b\r\nContent-Type: text/plain; name=\"plan.txt\"\r\nContent-Transfer-Encoding: base64\r\n\
    Content-Disposition: attachment; filename=\"plan.txt\"\r\n\r\nY2FuYXJ5ZmlsZQ==\r\n--b--\r\n";

/// Uses personal data wherever the product takes some.
async fn use_it_all(app: &TestApp) {
    let owner = &app.tenant.owner;
    let chef = json!({
        "name": "Canarychef", "zones": [given::ZONE], "hours": given::whole_week(), "calendar_id": "canarycalendar@example.test",
    });
    owner.accepted("add-chef", chef).await;
    let mut order = given::order("Canaryfirst", &day(0), SLOT);
    order["customer"]["last_name"] = "Canarylast".into();
    order["customer"]["email"] = "canarymail@example.test".into();
    order["customer"]["phone"] = "+12135550177".into();
    order["booking"]["address"] = "7 Canarystreet, Los Angeles, CA 90026".into();
    order["booking"]["notes"] = "canarynotes".into();
    order["metadata"] = json!({ "hint": "canarymeta" });
    let booking = given::booking(owner, order.clone()).await;
    let (id, customer) = (text(&booking, "booking_id"), text(&booking, "customer_id"));
    owner
        .command("create-booking", order)
        .await
        .refused(409, "slot-unavailable");
    let url = app.checkout_url(id).await;
    app.providers.press(&url, "pay").await;
    app.booking_once(id, "it is confirmed", |booking| {
        booking["status"] == "confirmed"
    })
    .await;
    owner
        .accepted(
            "add-note",
            json!({ "customer_id": customer, "text": "canarynote" }),
        )
        .await;
    let correction =
        json!({ "customer_id": customer, "address": "8 Canarystreet, Los Angeles, CA 90026" });
    owner.accepted("update-customer", correction).await;
    let consent = json!({
        "customer_id": customer, "channel": "email", "purpose": "marketing", "standing": "granted", "source": "web",
        "wording": "Letters, now and then.",
    });
    owner.accepted("update-consent", consent).await;
    let payment = json!({ "amount_minor": 5_000, "memo": "canarymemo", "booking_id": id });
    let payment = owner.accepted("record-payment", payment).await;
    speak_of_them(app, id).await;
    let unlink = json!({ "payment_id": payment["result"]["payment_id"], "reason": "canaryunlink" });
    owner.accepted("unlink-payment", unlink).await;
    owner
        .accepted(
            "cancel-booking",
            json!({ "booking_id": id, "reason": "canaryreason" }),
        )
        .await;
    let secrets = json!({ "provider": "smtp", "settings": smtp(app), "secrets": { "password": "canarypassword" } });
    owner.accepted("configure-provider", secrets).await;
    let twin = json!({ "source": "web", "first_name": "Canaryother", "phone": "+12135550177", "email": "canarymail2@example.test" });
    let twin = owner.accepted("create-lead", twin).await;
    let pair = json!({ "survivor_id": customer, "merged_id": twin["result"]["customer_id"] });
    owner.accepted("merge-customers", pair.clone()).await;
    owner.accepted("unmerge-customers", pair).await;
    let hook = webhooks::event(
        "evt_canary",
        "customer.updated",
        &json!({ "object": "customer", "name": "canarywebhook" }),
    );
    assert_eq!(webhooks::deliver(app, &hook).await.status, 200);
}

/// What speaks of people beside their own records: saved views, what agents ask for, files, visitors of the chat.
async fn speak_of_them(app: &TestApp, booking_id: &str) {
    let owner = &app.tenant.owner;
    let view = json!({ "query": "customers", "name": "Some", "filters": { "email": "canaryview@example.test" } });
    owner.accepted("save-view", view).await;
    let cancel = json!({ "booking_id": booking_id, "reason": "canaryapproval" });
    let asked = app.tenant.agent.command("cancel-booking", cancel).await;
    asked.refused(403, "approval-required");
    let visitor = json!({
        "channel": "web_chat", "from": "visitor-7", "content": "canaryvisitor", "email": "canarymail@example.test",
    });
    owner.accepted("receive-message", visitor).await;
    let secrets = json!({ "provider": "email", "secrets": { "webhook_secret": MAIL_SECRET } });
    owner.accepted("configure-provider", secrets).await;
    let path = format!("/webhooks/{}/email", app.tenant.slug);
    let mail = owner.anonymous(reqwest::Method::POST, &path);
    let reply = owner.send(mail.bearer_auth(MAIL_SECRET).body(MAIL)).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    wait::until("the file is kept", async || {
        (app.count("select count(*) from message_files").await == 1).then_some(())
    })
    .await;
}

/// Asks for it and gets it wrong, so that refusals and logs have their chance to tell.
async fn ask_for_it(app: &TestApp) {
    let owner = &app.tenant.owner;
    for query in [
        "customers?email=canarymail%40example.test",
        "customers?phone=%2B12135550177",
        "customers?search=canaryfirst",
        "customers?sort=canarymail",
        "bookings?zone=canarystreet",
        "payments-feed",
        "dashboard",
    ] {
        owner.query(query).await;
    }
    let wrong = json!({ "source": "web", "first_name": "Canaryfirst", "email": "canarymail@@example.test", "phone": "canarymail" });
    let reply = owner.command("create-lead", wrong).await;
    assert!(!reply.text.contains("canarymail"), "{}", reply.text);
}

fn smtp(app: &TestApp) -> serde_json::Value {
    json!({ "host": "127.0.0.1", "port": app.providers.smtp_port, "tls": "none" })
}

/// A text as it is, as hex and as base64 at each of its three alignments, which is how a careless column would hold it.
pub fn disguises(secret: &str) -> Vec<String> {
    let hex = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let aligned = (0..3).map(|shift| {
        let encoded = BASE64_STANDARD.encode(format!("{}{secret}", "\0".repeat(shift)));
        // The first and the last group also hold what stands around the text.
        encoded[4..encoded.len() - 4].to_lowercase()
    });
    [secret.to_lowercase(), hex]
        .into_iter()
        .chain(aligned)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_data_is_found_in_no_place_but_those_that_are_named() {
    logs::keep();
    let app = TestApp::start().await;
    use_it_all(&app).await;
    ask_for_it(&app).await;
    app.settle().await;
    let names_are_read = async || {
        (app.tenant
            .owner
            .items("customers?search=canary")
            .await
            .len()
            == 2)
            .then_some(())
    };
    wait::until("the names can be read", names_are_read).await;
    let dump = cluster::shared().await.dump(&app.database.name).await;
    let statements: Vec<&str> = dump.split("\nINSERT INTO ").collect();
    let mut found = Vec::new();
    for statement in &statements[1..] {
        let table = statement.split_whitespace().next().unwrap_or_default();
        let lower = statement.to_lowercase();
        let holds = |secret: &&&str| {
            disguises(secret)
                .iter()
                .any(|disguise| lower.contains(disguise))
        };
        let may_name = TABLES_OF_NAMES.contains(&table);
        let names = NAMES.iter().filter(|_| !may_name).filter(holds);
        found.extend(
            SECRETS
                .iter()
                .filter(holds)
                .chain(names)
                .map(|secret| format!("{secret} in {table}")),
        );
    }
    let logged = logs::read();
    assert!(logged.contains("/commands/{name}"), "nothing was logged");
    for line in logged.lines() {
        let lower = line.to_lowercase();
        let mut told = SECRETS
            .iter()
            .chain(NAMES)
            .filter(|secret| lower.contains(&secret.to_lowercase()));
        found.extend(
            told.next()
                .map(|secret| format!("{secret} in the log: {}", line.get(..300).unwrap_or(line))),
        );
    }
    assert!(found.is_empty(), "{found:#?}");
    // The search itself is not blind: names are where they may be.
    for table in TABLES_OF_NAMES {
        let named = statements.iter().any(|statement| {
            statement.starts_with(table) && statement.to_lowercase().contains("canary")
        });
        assert!(named, "{table} holds no name");
    }
}
