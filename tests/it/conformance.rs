//! The conformance suite, put to our store and to postgres-es: every chapter by its name, and the published table.

use std::collections::BTreeSet;

use commands::dispatch::{Dispatcher, Request};
use event_store::error::Error;
use futures_util::future::join_all;
use identity::principals::Principal;
use serde_json::{Value, json};
use tests::app::{TestApp, request};
use tests::conformance::chapters::{ALL, Chapter, Verdict};
use tests::conformance::naive::Naive;
use tests::conformance::ours::Ours;
use tests::conformance::postgres_es::PostgresEs;
use tests::conformance::seeds::Seed;
use tests::conformance::{StoreUnderTest, faults, table};
use tests::neighbour::Neighbour;
use tests::{given, scale, wait};

/// Commands for one customer at once.
const COMMANDS: usize = 100;

/// Puts a chapter to every store. Ours must pass it; the others pass what the table says.
async fn put(chapter: Chapter) {
    let seed = Seed::choose(chapter.title());
    let ours = chapter.run::<Ours>(&seed).await;
    let peer = chapter.run::<PostgresEs>(&seed).await;
    // It differs from ours in how the log is read, which this chapter is about.
    let naive = match chapter {
        Chapter::Gaps => Some(chapter.run::<Naive>(&seed).await),
        _ => None,
    };
    assert!(
        matches!(ours, Verdict::Passes(_)),
        "{}: {ours:?}",
        chapter.title()
    );
    let columns = [
        (Ours::NAME, Some(ours)),
        (PostgresEs::NAME, Some(peer)),
        (Naive::NAME, naive),
    ];
    table::publish(chapter, &columns);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_the_log_loses_nothing_and_a_naive_one_does() {
    put(Chapter::Gaps).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_keep_their_order() {
    put(Chapter::Order).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_counts_once() {
    put(Chapter::Keys).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_writers_on_one_stream_nobody_is_lost() {
    put(Chapter::Conflicts).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_streams_are_written_or_none() {
    put(Chapter::ManyStreams).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_equals_the_fold_of_all_events() {
    put(Chapter::Reloads).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_has_one_owner() {
    put(Chapter::Claims).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_kill_of_postgresql() {
    put(Chapter::Crashes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_restored_elsewhere_is_read_on_from_old_checkpoints() {
    put(Chapter::Restores).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_transaction_in_another_database_does_not_hold_readers_back() {
    put(Chapter::FarTransactions).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_follow_without_wake_ups() {
    put(Chapter::Wakes).await;
}

/// The projections of one process hear of the other's events by wake-ups, or else by polling.
#[tokio::test(flavor = "multi_thread")]
async fn projections_follow_when_their_wake_ups_are_cut_off() {
    let app = TestApp::start().await;
    let neighbour = Neighbour::start(&app).await;
    let owner = neighbour.client_for(&app.tenant.owner);
    let admin = app.admin().await;
    let mut cut = 0;
    for number in 0..scale::size(5, 50) {
        cut += faults::kill_listeners(&admin).await;
        given::customer(&owner, &format!("Ada{number}")).await;
        app.catch_up().await;
    }
    assert!(cut > 0, "there was no listener to be cut off");
    neighbour.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_that_jump_back_turn_nothing_round() {
    put(Chapter::Clocks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_order_of_events_under_kills_contradicts_what_clients_were_told() {
    put(Chapter::Histories).await;
}

#[test]
fn every_chapter_stands_in_the_published_table_once() {
    let titles: BTreeSet<&str> = ALL.iter().map(|chapter| chapter.title()).collect();
    assert_eq!(titles.len(), ALL.len());
    let text = std::fs::read_to_string(tests::sources::root().join("tests/CONFORMANCE.md"));
    let text = text.unwrap();
    for title in titles {
        let rows = text
            .lines()
            .filter(|line| line.starts_with(&format!("| {title} |")));
        assert_eq!(rows.count(), 1, "{title}");
    }
}

/// What a dispatcher answers is decided on what it keeps of a stream; the other process writes to the same stream, so
/// that what is kept grows old.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_decided_on_a_kept_state_equals_the_fold_from_zero() {
    let seed = Seed::choose("kept states");
    let (mut dice, rounds) = (seed.dice(), scale::size(120, 4_000));
    let app = TestApp::start().await;
    let neighbour = Neighbour::start(&app).await;
    let customer = given::customer(&app.tenant.owner, "Ada").await;
    let elsewhere = Dispatcher::new(neighbour.store.clone());
    let mut tags = BTreeSet::new();
    for _ in 0..rounds {
        let tag = format!("tag{}", dice.roll(8));
        let (name, changes) = match dice.one_in(2) {
            true => ("tag-customer", tags.insert(tag.clone())),
            false => ("untag-customer", tags.remove(&tag)),
        };
        let dispatcher = match dice.one_in(2) {
            true => &app.dispatcher,
            false => &elsewhere,
        };
        let principal = Principal::system(app.tenant.id.clone());
        let body = json!({ "customer_id": customer, "tag": tag });
        let answer = dispatcher.dispatch(&request(principal, name, body)).await;
        let answer: Value = serde_json::from_str(&answer.unwrap().body).unwrap();
        let told: BTreeSet<String> =
            serde_json::from_value(answer["result"]["tags"].clone()).unwrap();
        assert_eq!(told, tags, "{seed:?}");
        let events = answer["events"].as_array().unwrap().len();
        assert_eq!(events, usize::from(changes), "{seed:?}: {answer}");
    }
    assert_eq!(fold(&app, &customer).await, tags, "{seed:?}");
    neighbour.stop().await;
}

/// The customer's tags by all events from the first.
async fn fold(app: &TestApp, customer: &str) -> BTreeSet<String> {
    let stream = ("customer", customer);
    let events = app.store.read_stream(&app.tenant.id, stream, 0).await;
    let mut state = domain::customers::Customer::default();
    for event in events.unwrap() {
        cqrs_es::Aggregate::apply(&mut state, event.decode().unwrap());
    }
    state.tags.into_iter().collect()
}

/// Two processes and fifty senders of each: whoever comes too late decides anew, whoever is told to come back does so
/// under the same key, and in the end every command stands once.
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_commands_for_one_customer_at_once_all_get_through() {
    let rounds = scale::size(1, 20);
    let app = TestApp::start_wide().await;
    let neighbour = Neighbour::start(&app).await;
    let elsewhere = Dispatcher::new(neighbour.store.clone());
    for round in 0..rounds {
        let customer = given::customer(&app.tenant.owner, &format!("Ada{round}")).await;
        let sent = (0..COMMANDS).map(|number| {
            let body = json!({ "customer_id": customer, "text": format!("note {number}") });
            let command = request(Principal::system(app.tenant.id.clone()), "add-note", body);
            let dispatcher = match number % 2 {
                0 => &app.dispatcher,
                _ => &elsewhere,
            };
            get_through(dispatcher, command)
        });
        join_all(sent).await;
    }
    let count = app
        .count("select count(*) from events where event_type = 'NoteAdded'")
        .await;
    assert_eq!(usize::try_from(count), Ok(COMMANDS * rounds));
    neighbour.stop().await;
}

async fn get_through(dispatcher: &Dispatcher, command: Request) {
    wait::until("the command is through", async || {
        match dispatcher.dispatch(&command).await {
            Err(Error::Busy { .. }) => None,
            answer => Some(answer.unwrap()),
        }
    })
    .await;
}
