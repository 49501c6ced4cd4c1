//! One record as the log told it at an earlier position or time.

use serde_json::json;
use tests::app::TestApp;
use tests::given::{self, SLOT, day, text};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::export::{Desk, some_history};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_booking_is_shown_as_it_was_at_a_position_or_time() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    let booking = given::booking(owner, given::order_without_deposit("Ada", &day(0), SLOT)).await;
    let (booking_id, customer_id) = (text(&booking, "booking_id"), text(&booking, "customer_id"));
    let query = format!("booking?id={booking_id}");
    let before = owner.query(&query).await.ok();
    let position = owner.position().expect("a command answers its position");
    let recorded: OffsetDateTime = app
        .admin()
        .await
        .query_one("select max(recorded_at) from events", &[])
        .await
        .unwrap()
        .get(0);
    let correct = json!({ "customer_id": customer_id, "first_name": "Adele" });
    owner.accepted("update-customer", correct).await;
    let cancel = json!({ "booking_id": booking_id, "reason": "rain" });
    owner.accepted("cancel-booking", cancel).await;
    let now = owner.item(&query).await;
    assert_eq!(
        (text(&now, "status"), text(&now, "customer_name")),
        ("cancelled", "Adele Tester")
    );

    let then = owner.query(&format!("{query}&as_of={position}")).await.ok();
    assert_eq!(
        then["item"], before["item"],
        "also the name is the one of then"
    );
    assert_eq!(then["as_of"], position);
    let time = recorded.format(&Rfc3339).unwrap().replace('+', "%2B");
    let then = owner.item(&format!("{query}&as_of={time}")).await;
    assert_eq!(then, before["item"]);
    let viewer = app
        .client(
            identity::principals::PrincipalKind::Person,
            identity::roles::Role::Viewer,
        )
        .await;
    let seen = viewer.item(&format!("{query}&as_of={position}")).await;
    assert!(
        seen["address"].is_null() && text(&seen, "customer_name") == "Ada Tester",
        "{seen}"
    );
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_looked_back_at_is_refused_clearly() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let now = owner.item("tenant").await;
    let created = "select position from events where event_type = 'TenantCreated'";
    let position = app.count(created).await;
    let then = owner.item(&format!("tenant?as_of={position}")).await;
    assert_eq!(then["sequence"], 1);
    assert!(
        then["price_book"].is_null() && now["price_book"].is_object(),
        "{then}"
    );
    given::chef(owner, "Kenji").await;
    let booking = given::booking(owner, given::order_without_deposit("Ada", &day(0), SLOT)).await;
    let query = format!("booking?id={}", text(&booking, "booking_id"));
    owner.query(&query).await.ok();

    let code =
        |problem: serde_json::Value| problem["errors"][0]["code"].as_str().unwrap().to_owned();
    let early = owner.query(&format!("{query}&as_of={position}")).await;
    early.refused(404, "booking-not-found");
    let ahead = owner.query(&format!("{query}&as_of=999999999")).await;
    assert_eq!(
        code(ahead.refused(400, "parameters-invalid")),
        "as-of-ahead"
    );
    let wrong = owner.query(&format!("{query}&as_of=yesterday")).await;
    assert_eq!(
        code(wrong.refused(400, "parameters-invalid")),
        "as-of-invalid"
    );
    let list = owner
        .query("bookings?as_of=1")
        .await
        .refused(400, "parameters-invalid");
    assert!(
        list["errors"][0]["message"]
            .as_str()
            .unwrap()
            .contains("present"),
        "{list}"
    );
    let neighbour = app.another_tenant("next-door").await;
    let newest = app.count("select max(position) from checkpoints").await;
    let strange = neighbour
        .owner
        .query(&format!("{query}&as_of={newest}"))
        .await;
    strange.refused(404, "booking-not-found");
    let schema = owner.get("/schemas/queries/booking").await.ok();
    assert!(
        schema["properties"]["as_of"]["description"].is_string(),
        "{schema}"
    );
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_is_shown_with_everything_as_it_was() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    let booking = given::booking(owner, given::order_without_deposit("Ada", &day(0), SLOT)).await;
    let (booking_id, customer_id) = (text(&booking, "booking_id"), text(&booking, "customer_id"));
    let other = given::customer(owner, "Adele").await;
    let note = json!({ "customer_id": other, "text": "Rings twice" });
    owner.accepted("add-note", note).await;
    let merge = json!({ "survivor_id": customer_id, "merged_id": other });
    owner.accepted("merge-customers", merge).await;
    let paid = json!({ "booking_id": booking_id, "amount_minor": 20_000, "method": "cash" });
    owner.accepted("mark-paid", paid).await;
    app.settle().await;
    let query = format!("customer-360?id={customer_id}");
    let before = owner.query(&query).await.ok();
    assert_eq!(before["item"]["merged"], json!([other]));
    assert_eq!(before["item"]["notes"][0]["text"], "Rings twice");
    assert_eq!(before["item"]["payments"].as_array().unwrap().len(), 1);
    let position = text(&before, "as_of").to_owned();

    let unmerge = json!({ "survivor_id": customer_id, "merged_id": other });
    owner.accepted("unmerge-customers", unmerge).await;
    let correct = json!({ "customer_id": customer_id, "first_name": "Grace" });
    owner.accepted("update-customer", correct).await;
    let tag = json!({ "customer_id": customer_id, "tag": "late" });
    owner.accepted("tag-customer", tag).await;
    let cancel = json!({ "booking_id": booking_id, "reason": "rain" });
    owner.accepted("cancel-booking", cancel).await;
    app.settle().await;
    let now = owner.item(&query).await;
    assert_eq!(
        (&now["merged"], &now["tags"]),
        (&json!([]), &json!(["late"]))
    );

    let then = owner.query(&format!("{query}&as_of={position}")).await.ok();
    for part in before["item"].as_object().unwrap().keys() {
        assert_eq!(then["item"][part], before["item"][part], "{part}");
    }
    assert_eq!(then["as_of"], position.as_str());
    let early = owner
        .query(&format!("customer-360?id={other}&as_of=1"))
        .await;
    early.refused(404, "customer-not-found");
    let viewer = app
        .client(
            identity::principals::PrincipalKind::Person,
            identity::roles::Role::Viewer,
        )
        .await;
    let seen = viewer.item(&format!("{query}&as_of={position}")).await;
    assert!(
        seen["notes"][0]["text"].is_null() && seen["profile"]["email"].is_null(),
        "{seen}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_is_shown_as_it_was_and_what_it_had_come_to() {
    let app = TestApp::start().await;
    let customer_id = some_history(&app).await;
    let desk = Desk::new();
    let now = desk
        .done(&app.database, &["events", "show", &customer_id])
        .await;
    let first = now[0]["position"].as_i64().unwrap().to_string();
    let show = ["events", "show", &customer_id, "--as-of", &first];
    let then = desk.done(&app.database, &show).await;
    assert_eq!(then["events"].as_array().unwrap().len(), 1);
    assert_eq!(then["as_of"], first);
    assert_eq!(then["state"]["standing"], "living", "{then}");
    assert_eq!(then["state"]["notes"], 0, "{then}");
    let before = [
        "events",
        "show",
        &customer_id,
        "--as-of",
        "2020-01-01T00:00:00Z",
    ];
    assert_eq!(
        desk.refused(&app.database, &before).await,
        "aggregate-not-found"
    );
}
