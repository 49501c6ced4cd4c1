//! Tenants: made by operators only, set up by their owners, their secrets never shown.

use domain::ids::TenantId;
use identity::principals::Principal;
use serde_json::json;
use tests::app::{TestApp, request};
use tests::given;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn only_an_operator_makes_a_tenant() {
    let app = TestApp::start().await;
    let body = json!({ "slug": "mine", "name": "Mine", "modules": ["catering"] });
    app.tenant
        .owner
        .command("create-tenant", body)
        .await
        .refused(403, "permission-missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slug_belongs_to_one_tenant() {
    let app = TestApp::start().await;
    let another = Principal::system(TenantId::from(Uuid::now_v7()));
    let body = json!({ "slug": app.tenant.slug, "name": "A twin", "modules": ["catering"] });
    let refused = app
        .dispatcher
        .dispatch(&request(another, "create-tenant", body))
        .await;
    assert!(refused.unwrap_err().to_string().contains("slug-taken"));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_settings_that_are_given_change() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    owner
        .accepted("update-settings", json!({ "hold_hours": 6 }))
        .await;
    let tenant = owner.item("tenant").await;
    assert_eq!(tenant["settings"]["hold_hours"], 6);
    assert_eq!(tenant["settings"]["time_zone"], "America/Los_Angeles");
    assert_eq!(tenant["price_book"]["adult_minor"], 5_500);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_cannot_work_are_refused_all_at_once() {
    let app = TestApp::start().await;
    let body = json!({
        "time_zone": "Mars/Olympus", "party_minutes": 5, "hold_hours": 25, "slots": ["12:00", "13:00"],
        "refund_policy": [{ "hours_before": 1, "percent": 50 }, { "hours_before": 1, "percent": 60 }],
    });
    let reply = app.tenant.owner.command("update-settings", body).await;
    assert_eq!(reply.status, 422, "{}", reply.text);
    assert!(
        reply.pointers().contains(&"/time_zone".to_owned()),
        "{}",
        reply.text
    );
    let body = json!({ "party_minutes": 5, "hold_hours": 25 });
    let reply = app.tenant.owner.command("update-settings", body).await;
    assert_eq!(
        reply.pointers(),
        ["/party_minutes", "/hold_hours"],
        "{}",
        reply.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_providers_secret_is_never_shown_again() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let secrets = json!({ "password": "an open secret" });
    let answer = owner
        .accepted(
            "configure-provider",
            json!({ "provider": "smtp", "secrets": secrets }),
        )
        .await;
    assert_eq!(answer["result"]["secrets"], json!(["password"]));
    let shown = owner.query("tenant").await;
    assert!(
        shown.text.contains("smtp") && !shown.text.contains("an open secret"),
        "{}",
        shown.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn prices_that_stand_do_not_change_with_the_price_book() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    let booking = given::booking(
        owner,
        given::order_without_deposit("Ada", &given::day(0), given::SLOT),
    )
    .await;
    assert_eq!(booking["total_due"], "$665.00");
    let mut dearer = given::price_book();
    dearer["adult_minor"] = 10_000.into();
    owner.accepted("set-price-book", dearer).await;
    let item = owner
        .item(&format!(
            "booking?id={}",
            given::text(&booking, "booking_id")
        ))
        .await;
    assert_eq!(item["total"]["amount_minor"], 66_500);
}
