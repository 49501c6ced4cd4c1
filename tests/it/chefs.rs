//! Chefs: added with zones and hours, changed, and off on days without bookings.

use serde_json::json;
use tests::app::TestApp;
use tests::given;

#[tokio::test(flavor = "multi_thread")]
async fn a_chef_is_free_in_the_zones_and_hours_given() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let weekday = given::date(0).weekday().to_string().to_lowercase();
    let body = json!({
        "name": "Kenji", "zones": [given::ZONE], "hours": { weekday: [{ "from": "14:00", "to": "18:00" }] },
    });
    let id = given::id_of(&owner.accepted("add-chef", body).await);
    let free = owner
        .items(&format!(
            "availability?date={}&zone={}",
            given::day(0),
            given::ZONE
        ))
        .await;
    assert_eq!(free.len(), 1, "{free:?}");
    assert_eq!(
        (&free[0]["slot"], &free[0]["chefs"][0]["chef_id"]),
        (&json!("15:00"), &json!(id))
    );
    let elsewhere = format!(
        "availability?date={}&zone={}",
        given::day(0),
        given::OTHER_ZONE
    );
    assert!(owner.items(&elsewhere).await.is_empty());
    assert!(
        owner
            .items(&format!("availability?date={}", given::day(1)))
            .await
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chef_of_an_unknown_zone_or_of_overlapping_hours_is_refused() {
    let app = TestApp::start().await;
    let overlap = json!([{ "from": "11:00", "to": "15:00" }, { "from": "14:00", "to": "18:00" }]);
    let body = json!({ "name": "Kenji", "zones": ["atlantis"], "hours": { "monday": overlap } });
    let reply = app.tenant.owner.command("add-chef", body).await;
    assert_eq!(reply.status, 422, "{}", reply.text);
    let pointers = reply.pointers();
    assert!(
        pointers.iter().any(|pointer| pointer.starts_with("/zones")),
        "{pointers:?}"
    );
    assert!(
        pointers.iter().any(|pointer| pointer.starts_with("/hours")),
        "{pointers:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn days_off_take_the_chef_away_until_they_are_given_back() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let id = given::chef(owner, "Kenji").await;
    let free = format!("availability?date={}", given::day(0));
    assert_eq!(owner.items(&free).await.len(), 3);
    let days_off = json!([{ "from": given::day(0), "to": given::day(2) }]);
    owner
        .accepted(
            "set-chef-time-off",
            json!({ "chef_id": id, "days_off": days_off }),
        )
        .await;
    assert_eq!(owner.items(&free).await.len(), 0);
    let order = given::order_without_deposit("Ada", &given::day(1), given::SLOT);
    owner
        .command("create-booking", order)
        .await
        .refused(409, "slot-unavailable");
    owner
        .accepted(
            "set-chef-time-off",
            json!({ "chef_id": id, "days_off": [] }),
        )
        .await;
    assert_eq!(owner.items(&free).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn time_off_over_a_booking_lists_the_conflicts_and_changes_nothing() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let id = given::chef(owner, "Kenji").await;
    let booking = given::booking(
        owner,
        given::order_without_deposit("Ada", &given::day(1), given::SLOT),
    )
    .await;
    let days_off = json!([{ "from": given::day(0), "to": given::day(2) }]);
    let reply = owner
        .command(
            "set-chef-time-off",
            json!({ "chef_id": id, "days_off": days_off }),
        )
        .await;
    assert_eq!(reply.status, 409, "{}", reply.text);
    let named = reply.json()["alternatives"].to_string();
    assert!(
        named.contains(given::text(&booking, "booking_id")),
        "{}",
        reply.text
    );
    assert_eq!(
        owner
            .items(&format!("availability?date={}", given::day(0)))
            .await
            .len(),
        3
    );
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inactive_chef_gets_no_new_bookings() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let id = given::chef(owner, "Kenji").await;
    owner
        .accepted("update-chef", json!({ "chef_id": id, "active": false }))
        .await;
    let order = given::order_without_deposit("Ada", &given::day(0), given::SLOT);
    owner
        .command("create-booking", order)
        .await
        .refused(409, "slot-unavailable");
    assert_eq!(owner.items("chefs?active=false").await.len(), 1);
}
