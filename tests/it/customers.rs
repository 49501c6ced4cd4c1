//! Customers: found or created, corrected, merged and unmerged; consent, notes and tags.

use identity::principals::PrincipalKind;
use identity::roles::Role;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::client::Client;
use tests::given;

async fn lead(client: &Client, fields: Value) -> Value {
    let mut body = json!({ "source": "web", "first_name": "Ada" });
    body.as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    client.accepted("create-lead", body).await["result"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_of_an_e_mail_address_is_found_however_it_is_written() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let first = lead(owner, json!({ "email": "ada@example.test" })).await;
    let again = lead(owner, json!({ "email": "  ADA@Example.Test " })).await;
    assert_eq!(first["customer_id"], again["customer_id"]);
    assert_eq!(
        (&first["customer_created"], &again["customer_created"]),
        (&json!(true), &json!(false))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_finds_the_only_customer_without_an_e_mail_address() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let caller = lead(owner, json!({ "phone": "(213) 555-0142" })).await;
    let known = lead(
        owner,
        json!({ "phone": "+1 213 555 0142", "email": "ada@example.test" }),
    )
    .await;
    assert_eq!(caller["customer_id"], known["customer_id"]);
    let sharer = lead(
        owner,
        json!({ "phone": "+12135550142", "email": "bob@example.test" }),
    )
    .await;
    assert_ne!(sharer["customer_id"], known["customer_id"]);
    assert_eq!(sharer["possible_duplicate"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_can_be_reached_without_an_address() {
    let app = TestApp::start().await;
    let reply = app
        .tenant
        .owner
        .command(
            "create-lead",
            json!({ "source": "web", "first_name": "Ada" }),
        )
        .await;
    reply.refused(422, "validation-failed");
    assert_eq!(reply.pointers(), ["/email"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_changes_what_is_given_and_removes_what_is_null() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let id = given::customer(owner, "Ada").await;
    let body = json!({ "customer_id": id, "first_name": "Augusta", "last_name": null, "phone": "(213) 555-0142" });
    owner.accepted("update-customer", body).await;
    let profile = owner.item(&format!("customer-360?id={id}")).await["profile"].clone();
    assert_eq!(profile["name"], "Augusta");
    assert_eq!(profile["phone"], "+12135550142");
    assert_eq!(profile["email"], "ada@example.test");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_e_mail_address_belongs_to_one_customer() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let ada = given::customer(owner, "Ada").await;
    let bob = given::customer(owner, "Bob").await;
    let body = json!({ "customer_id": bob, "email": given::email("Ada") });
    let refusal = owner
        .command("update-customer", body)
        .await
        .refused(409, "customer-email-taken");
    assert_eq!(refusal["alternatives"], json!([{ "customer_id": ada }]));
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_is_given_and_taken_per_channel_and_purpose() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let id = given::customer(owner, "Ada").await;
    for standing in ["granted", "withdrawn"] {
        let body = json!({
            "customer_id": id, "channel": "email", "purpose": "marketing", "standing": standing, "source": "web",
            "wording": "Letters, now and then.",
        });
        let answer = owner.accepted("update-consent", body).await;
        assert_eq!(answer["events"].as_array().unwrap().len(), 1, "{answer}");
    }
    let consents = owner.item(&format!("customer-360?id={id}")).await["consents"].clone();
    assert_eq!(consents.as_array().unwrap().len(), 1, "{consents}");
    assert_eq!(consents[0]["granted"], false);
    assert_eq!(consents[0]["wording"], "Letters, now and then.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_given_twice_is_given_once() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let id = given::customer(owner, "Ada").await;
    let tag = json!({ "customer_id": id, "tag": "vip" });
    owner.accepted("tag-customer", tag.clone()).await;
    let again = owner.accepted("tag-customer", tag.clone()).await;
    assert_eq!(again["events"], json!([]));
    assert_eq!(owner.items("customers?tag=vip").await.len(), 1);
    owner.accepted("untag-customer", tag).await;
    assert_eq!(owner.items("customers?tag=vip").await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_is_read_by_those_who_may_read_personal_data() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let id = given::customer(owner, "Ada").await;
    owner
        .accepted(
            "add-note",
            json!({ "customer_id": id, "text": "Allergic to shellfish" }),
        )
        .await;
    let shown = owner.query(&format!("customer-360?id={id}")).await;
    assert!(
        shown.text.contains("Allergic to shellfish"),
        "{}",
        shown.text
    );
    let viewer = app.client(PrincipalKind::Person, Role::Viewer).await;
    let shown = viewer.query(&format!("customer-360?id={id}")).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    assert!(
        !shown.text.contains("shellfish") && !shown.text.contains(&given::email("Ada")),
        "{}",
        shown.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn merged_customers_are_one_until_they_are_unmerged() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    given::chef(owner, "Kenji").await;
    let survivor = given::customer(owner, "Ada").await;
    let booking = given::booking(
        owner,
        given::order_without_deposit("Bob", &given::day(0), given::SLOT),
    )
    .await;
    let merged = given::text(&booking, "customer_id");
    let pair = json!({ "survivor_id": survivor, "merged_id": merged });
    owner.accepted("merge-customers", pair.clone()).await;
    let whole = owner.item(&format!("customer-360?id={survivor}")).await;
    assert_eq!(whole["bookings"].as_array().unwrap().len(), 1, "{whole}");
    assert_eq!(owner.items("customers").await.len(), 1);
    // A merge frees the e-mail address, so the next lead of that address is somebody new.
    owner.command("merge-customers", pair.clone()).await.ok();
    owner.accepted("unmerge-customers", pair).await;
    assert_eq!(owner.items("customers").await.len(), 2);
    let back = owner.item(&format!("customer-360?id={merged}")).await;
    assert_eq!(back["profile"]["email"], given::email("Bob"));
    assert_eq!(back["bookings"].as_array().unwrap().len(), 1);
    app.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_are_found_by_beginnings_of_their_names_and_by_whole_addresses() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    given::customer(owner, "Ada").await;
    given::customer(owner, "Adelheid").await;
    given::customer(owner, "Bob").await;
    assert_eq!(owner.items("customers?search=AD").await.len(), 2);
    assert_eq!(owner.items("customers?search=tes%20ade").await.len(), 1);
    assert_eq!(owner.items("customers?search=da").await.len(), 0);
    assert_eq!(
        owner
            .items("customers?email=BOB%40example.test")
            .await
            .len(),
        1
    );
    assert_eq!(
        owner.items("customers?email=b%40example.test").await.len(),
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_survivor_lacks_comes_over_and_goes_back() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let ada = json!({ "source": "web", "first_name": "Ada", "phone": "+12135550111" });
    let ada = given::id_of(&owner.accepted("create-lead", ada).await);
    let twin = json!({
        "source": "web", "first_name": "Adah", "last_name": "Lovelace", "email": "ada@example.test",
        "phone": "+12135550112",
    });
    let twin = given::id_of(&owner.accepted("create-lead", twin).await);
    for (channel, standing) in [
        ("email", "granted"),
        ("sms", "granted"),
        ("whatsapp", "withdrawn"),
    ] {
        let consent = json!({
            "customer_id": twin, "channel": channel, "purpose": "marketing", "standing": standing, "source": "web",
            "wording": "News, now and then.",
        });
        owner.accepted("update-consent", consent).await;
    }
    let profile = async || {
        app.catch_up().await;
        let whole = owner.item(&format!("customer-360?id={ada}")).await;
        whole["profile"].clone()
    };
    let before = profile().await;
    let pair = json!({ "survivor_id": ada, "merged_id": twin });
    owner.accepted("merge-customers", pair.clone()).await;
    let merged = profile().await;
    assert_eq!(
        (&merged["name"], &merged["email"], &merged["phone"]),
        (
            &json!("Ada Lovelace"),
            &json!("ada@example.test"),
            &before["phone"]
        )
    );
    let mut told: Vec<(String, bool)> = Vec::new();
    for consent in merged["consents"].as_array().unwrap() {
        told.push((
            given::text(consent, "channel").to_owned(),
            consent["granted"] == true,
        ));
    }
    told.sort();
    assert_eq!(
        told,
        [("email".to_owned(), true), ("whatsapp".to_owned(), false)],
        "a grant for another number does not come over"
    );
    let known = owner.items("customers?email=ada%40example.test").await;
    assert_eq!(known[0]["customer_id"], json!(ada));

    let unmerged = owner.accepted("unmerge-customers", pair).await;
    assert_eq!(unmerged["result"]["email_restored"], true);
    let mut after = profile().await;
    for changed in ["updated_at", "sequence"] {
        after[changed] = before[changed].clone();
    }
    assert_eq!(after, before);
}
