//! The race and the storm: many at once, and exactly one of them gets through.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use identity::principals::Principal;
use serde_json::json;
use tests::app::{TestApp, request};
use tests::given::{self, SLOT, day, text};
use tests::scale;

/// Agents who book the same slot at once.
const RACERS: usize = 200;
/// Times the same request is sent at once.
const REPETITIONS: usize = 64;

#[tokio::test(flavor = "multi_thread")]
async fn of_two_hundred_bookings_for_one_slot_exactly_one_wins() {
    let app = TestApp::start_wide().await;
    given::chef(&app.tenant.owner, "Kenji").await;
    let agent = &app.tenant.agent;
    let race = (0..RACERS).map(|racer| {
        let order = given::order(&format!("Racer{racer}"), &day(0), SLOT);
        async move { agent.command("create-booking", order).await }
    });
    let (winners, losers): (Vec<_>, Vec<_>) = join_all(race)
        .await
        .into_iter()
        .partition(|reply| reply.status == 200);
    assert_eq!((winners.len(), losers.len()), (1, RACERS - 1));
    for loser in losers {
        let refusal = loser.refused(409, "slot-unavailable");
        let alternatives = refusal["alternatives"].as_array().unwrap();
        assert!(!alternatives.is_empty(), "{refusal}");
        let is_taken = |offer: &&serde_json::Value| {
            text(offer, "date") == day(0) && text(offer, "slot") == SLOT
        };
        assert!(
            !alternatives.iter().any(|offer| is_taken(&offer)),
            "{refusal}"
        );
    }
    app.settle().await;
    assert_eq!(
        app.count("select count(*) from events where event_type = 'BookingCreated'")
            .await,
        1
    );
    assert_eq!(
        app.count("select count(*) from claims where scope = 'chef-slot'")
            .await,
        1
    );
    // A loser leaves nothing behind, not even a customer.
    assert_eq!(
        app.count("select count(*) from events where event_type = 'LeadCreated'")
            .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_identical_requests_has_one_effect_and_equal_answers() {
    let app = TestApp::start_wide().await;
    given::chef(&app.tenant.owner, "Kenji").await;
    let (agent, order) = (&app.tenant.agent, given::order("Ada", &day(0), SLOT));
    let storm =
        (0..REPETITIONS).map(|_| agent.command_under("one-intent", "create-booking", &order));
    let replies = join_all(storm).await;
    let answers: BTreeSet<&str> = replies.iter().map(|reply| reply.text.as_str()).collect();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert!(
        replies.iter().all(|reply| reply.status == 200),
        "{answers:?}"
    );
    let fresh = replies
        .iter()
        .filter(|reply| reply.header("idempotency-replayed").is_none())
        .count();
    assert_eq!(fresh, 1);
    let id = text(&replies[0].ok()["result"], "booking_id").to_owned();
    app.checkout_url(&id).await;
    app.settle().await;
    assert_eq!(
        app.count("select count(*) from events where event_type = 'BookingCreated'")
            .await,
        1
    );
    assert_eq!(app.providers.count("sessions", &id).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn bookings_of_one_customer_at_once_make_one_customer() {
    let app = TestApp::start_wide().await;
    for name in ["Kenji", "Luz", "Mina"] {
        given::chef(&app.tenant.owner, name).await;
    }
    let agent = &app.tenant.agent;
    let race = (0..3).map(|_| {
        agent.command(
            "create-booking",
            given::order_without_deposit("Ada", &day(0), SLOT),
        )
    });
    for reply in join_all(race).await {
        reply.ok();
    }
    app.settle().await;
    assert_eq!(
        app.count("select count(*) from events where event_type = 'LeadCreated'")
            .await,
        1
    );
    assert_eq!(
        app.count("select count(distinct value) from claims where scope = 'chef-slot'")
            .await,
        3
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_starves_where_everybody_writes_to_one_stream() {
    const WRITERS: usize = 32;
    let each = scale::size(20, 30);
    let app = TestApp::start_wide().await;
    let customer = given::customer(&app.tenant.owner, "Ada").await;
    // No pause between the commands of one writer: newcomers must not overtake those who have already lost.
    let writers = (0..WRITERS).map(|writer| {
        let (app, customer) = (&app, &customer);
        async move {
            for number in 0..each {
                let body =
                    json!({ "customer_id": customer, "text": format!("{writer}: {number}") });
                let principal = Principal::system(app.tenant.id.clone());
                let command = request(principal, "add-note", body);
                app.dispatcher.dispatch(&command).await.unwrap();
            }
        }
    });
    join_all(writers).await;
    let noted = "select count(*) from events where event_type = 'NoteAdded'";
    assert_eq!(usize::try_from(app.count(noted).await), Ok(WRITERS * each));
}
