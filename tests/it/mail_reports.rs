//! Mails that came back or were called spam: what a provider says of one counts for the customer from then on.

use serde_json::{Value, json};
use tests::app::TestApp;
use tests::given::{self, SLOT, day, text};
use tests::wait;

const SECRET: &str = "whsec_c2VjcmV0IG9mIGEgdGVzdCBvZiByZXBvcnRz";

async fn resend(app: &TestApp) {
    let secrets = json!({ "api_key": "re_reports", "webhook_secret": SECRET });
    let body = json!({ "provider": "resend", "secrets": secrets });
    app.tenant.owner.accepted("configure-provider", body).await;
    let url = format!("{}/webhooks/{}/resend", app.base_url, app.tenant.slug);
    let order = json!({ "provider": "resend", "account": "re_reports", "url": url, "secret": SECRET, "number": "+12015550100" });
    app.providers.post("/sandbox/webhooks", &order).await;
}

async fn customer_once(
    app: &TestApp,
    id: &str,
    what: &str,
    is_so: impl Fn(&Value) -> bool,
) -> Value {
    wait::until(what, async || {
        let mut customers = app.tenant.owner.items("customers").await.into_iter();
        customers.find(|one| one["customer_id"] == *id && is_so(one))
    })
    .await
}

fn granted(customer: &Value, purpose: &str) -> Option<bool> {
    let mut consents = customer["consents"].as_array()?.iter();
    let of_it = |one: &&Value| one["channel"] == "email" && one["purpose"] == purpose;
    consents.find(of_it)?["granted"].as_bool()
}

/// A customer at this address who has consented to e-mail of both kinds, and a thread with them.
async fn acquaintance(app: &TestApp, email: &str) -> (String, Value) {
    let owner = &app.tenant.owner;
    let lead = json!({ "source": "web", "first_name": "Ada", "email": email });
    let id = given::id_of(&owner.accepted("create-lead", lead).await);
    for purpose in ["transactional", "marketing"] {
        let consent = json!({ "customer_id": id, "channel": "email", "purpose": purpose, "standing": "granted",
            "source": "web", "wording": "Yes" });
        owner.accepted("update-consent", consent).await;
    }
    let start = json!({ "customer_id": id, "channel": "email" });
    let started = owner.accepted("start-thread", start).await["result"].clone();
    (id, started["thread_id"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_comes_back_for_good_suspends_the_address_until_it_is_corrected() {
    let app = TestApp::start().await;
    resend(&app).await;
    let owner = &app.tenant.owner;
    let (ada, thread_id) = acquaintance(&app, "bounced@resend.dev").await;
    let send = given::answer(&thread_id, "See you on Friday");
    owner.accepted("send-message", send.clone()).await;
    let customer = customer_once(&app, &ada, "the address is suspended", |one| {
        one["unreachable"] != json!([])
    })
    .await;
    let unreachable = &customer["unreachable"][0];
    assert_eq!(
        (&unreachable["channel"], &unreachable["code"]),
        (&json!("email"), &json!("Permanent/General"))
    );
    assert_eq!(granted(&customer, "transactional"), Some(true));
    owner
        .command("send-message", send.clone())
        .await
        .refused(409, "address-unreachable");
    let correction = json!({ "customer_id": ada, "email": given::email("Ada") });
    owner.accepted("update-customer", correction).await;
    let customer = customer_once(&app, &ada, "the address is good", |one| {
        one["unreachable"] == json!([])
    })
    .await;
    assert_eq!(granted(&customer, "marketing"), Some(true));
    owner.accepted("send-message", send).await;
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complaint_withdraws_what_the_mail_was_for_and_marketing_always() {
    let app = TestApp::start().await;
    resend(&app).await;
    let owner = &app.tenant.owner;
    let (ada, thread_id) = acquaintance(&app, "complained@resend.dev").await;
    let send = given::answer(&thread_id, "See you on Friday");
    owner.accepted("send-message", send).await;
    let customer = customer_once(&app, &ada, "consent is withdrawn", |one| {
        granted(one, "marketing") == Some(false) && granted(one, "transactional") == Some(false)
    })
    .await;
    assert_eq!(customer["unreachable"], json!([]));
    let story = owner.item(&format!("customer-360?id={ada}")).await;
    let proofs = story["consents"].as_array().unwrap();
    assert!(
        proofs.iter().all(|one| one["source"] == "provider"),
        "{proofs:?}"
    );
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_about_a_booking_that_comes_back_suspends_the_address_of_whom_it_went_to() {
    let app = TestApp::start().await;
    resend(&app).await;
    given::chef(&app.tenant.owner, "Kenji").await;
    let mut order = given::order("Ada", &day(0), SLOT);
    order["customer"]["email"] = "bounced@resend.dev".into();
    let booking = given::booking(&app.tenant.agent, order).await;
    let id = text(&booking, "customer_id");
    customer_once(&app, id, "the address is suspended", |one| {
        one["unreachable"][0]["channel"] == "email"
    })
    .await;
}
