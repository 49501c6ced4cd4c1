//! The owners of a business are written to when its end is scheduled and when that is taken back, whoever asks for it.

use domain::zones::{TimeZoneName, format_instant};
use identity::principals::PrincipalKind;
use identity::roles::Role;
use reqwest::Method;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::client::Client;
use tests::given::text;
use tests::{people, tenants, wait};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const ADA: &str = "ada@example.test";
const BOB: &str = "bob@example.test";
const EVE: &str = "eve@example.test";

/// The letters to somebody, the newest first, once there are so many.
async fn letters(app: &TestApp, to: &str, count: usize) -> Vec<Value> {
    wait::until("the letters have come", async || {
        let all = app.providers.get("/sandbox/mails?limit=1000").await;
        let is_theirs = |mail: &&Value| mail["to"].to_string().contains(to);
        let mails: Vec<Value> = all["mails"]
            .as_array()?
            .iter()
            .filter(is_theirs)
            .cloned()
            .collect();
        (mails.len() == count).then_some(mails)
    })
    .await
}

/// When it ends, as a letter says it.
fn when(due_at: &Value) -> String {
    let due_at = OffsetDateTime::parse(due_at.as_str().unwrap(), &Rfc3339).unwrap();
    let zone = TimeZoneName::parse("America/Los_Angeles").unwrap();
    format_instant(&zone, due_at)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_owner_has_a_letter_when_an_owner_asks_for_the_end_and_when_it_is_taken_back() {
    let app = TestApp::start().await;
    let (owner, slug) = (&app.tenant.owner, app.tenant.slug.as_str());
    for (email, role) in [(ADA, Role::Owner), (BOB, Role::Owner), (EVE, Role::Admin)] {
        people::enter(&app, &app.tenant, email, role, None).await;
    }
    let confirmed = json!({ "confirm": slug });
    let asked = owner
        .accepted("request-tenant-deletion", confirmed.clone())
        .await;
    let again = owner.accepted("request-tenant-deletion", confirmed).await;
    let due = &asked["result"]["deletion_due_at"];
    assert_eq!(&again["result"]["deletion_due_at"], due);
    for reader in [ADA, BOB] {
        let letter = letters(&app, reader, 1).await.remove(0);
        assert_eq!(
            text(&letter, "subject"),
            "Fire & Rice is going to be deleted"
        );
        let said = text(&letter, "text");
        for part in [
            &when(due),
            "An owner of Fire & Rice has asked",
            "/settings/danger",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
    owner.accepted("withdraw-tenant-deletion", json!({})).await;
    for reader in [ADA, BOB] {
        let letter = letters(&app, reader, 2).await.remove(0);
        assert_eq!(text(&letter, "subject"), "Fire & Rice stays");
    }
    app.settle().await;
    letters(&app, EVE, 0).await;
    letters(&app, ADA, 2).await;
}

async fn act(by: &Client, act: &str, body: Value) -> Value {
    let path = format!("/operations/tenants/{act}?tenant=doomed");
    by.send(by.request(Method::POST, &path).json(&body))
        .await
        .ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_order_reaches_the_owners_of_a_business_of_which_nothing_is_sent() {
    let app = TestApp::start().await;
    let doomed = app.another_tenant("doomed").await;
    people::enter(&app, &doomed, ADA, Role::Owner, None).await;
    let elsewhere = app.another_tenant("operators").await;
    let holder = (PrincipalKind::Person, Role::Operator);
    let operator = tenants::client(&app.store, &app.base_url, &elsewhere.id, holder).await;
    let why = json!({ "reason": "the contract has ended" });
    act(&operator, "suspend", why.clone()).await;
    let order = json!({ "reason": "the contract has ended", "confirm": "doomed" });
    let scheduled = act(&operator, "delete", order.clone()).await;
    let letter = letters(&app, ADA, 1).await.remove(0);
    let said = text(&letter, "text");
    let due = when(&scheduled["result"]["deletion_due_at"]);
    for part in [due.as_str(), "Whoever operates", "is suspended"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(
        !said.contains("/settings/danger"),
        "nobody can sign in there: {said}"
    );
    let again = act(&operator, "delete", order).await;
    assert_eq!(again["result"]["changed"], false);
    app.settle().await;
    letters(&app, ADA, 1).await;

    act(&operator, "withdraw-deletion", why).await;
    let letter = letters(&app, ADA, 2).await.remove(0);
    assert_eq!(text(&letter, "subject"), "doomed stays");
    let theirs = format!(
        "select count(*) from outbox_messages where tenant_id = '{}' and name = 'send-end-letter'",
        doomed.id
    );
    assert_eq!(app.count(&theirs).await, 0, "nothing is sent for it");
}
