//! What subscribers are handed without a look at the log is, byte for byte, what lies there.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use event_store::log;
use event_store::recent::MAX_MISSING;
use event_store::recorded::Recorded;
use futures_util::future::join_all;
use serde_json::json;
use tests::app::TestApp;
use tests::client::Client;
use tests::operator::Operator;
use tests::{cluster, given, tenants, wait};

const KINDS: &[&str] = &["customer", "booking", "chef", "conversation", "payment"];
/// So many rounds have to be compared, of as many as it may take.
const ENOUGH: usize = 5;
const MOST_ROUNDS: i64 = 25;

/// The end of what may be read.
fn end(app: &TestApp) -> i64 {
    *app.store.tail.watch().borrow()
}

/// What was written meanwhile, from memory and from the log; nothing where memory does not reach.
async fn both(app: &TestApp, after: i64) -> Option<(Vec<Recorded>, Vec<Recorded>)> {
    let until = end(app);
    let stretch = app.store.recent.events(KINDS, (after, until))?;
    let client = app.store.pools.engine.get().await.unwrap();
    let read = log::read(&client, KINDS, (after, until), log::BATCH_LIMIT).await;
    let mut read = read.unwrap();
    read.retain(|event| !stretch.missing.contains(&event.position));
    Some((stretch.found, read))
}

/// Commands of every shape: one event, many, many streams, claims, personal data, messages, and many at once.
async fn write(app: &TestApp, round: i64) {
    let owner = &app.tenant.owner;
    let name = format!("Ada{round}");
    let customer_id = given::customer(owner, &name).await;
    let notes = (0..8).map(|note| {
        let content = format!("note {note} of {name}: \"quoted\", \u{00e9}, \\ and \u{1F980}");
        owner.accepted(
            "add-note",
            json!({ "customer_id": customer_id, "text": content }),
        )
    });
    join_all(notes).await;
    given::chef(owner, &name).await;
    given::booking(
        owner,
        given::order(&name, &given::day(round + 10), given::SLOT),
    )
    .await;
    given::message(owner, "sms", "+12135550199", "Is Sunday free?").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_remembered_is_what_was_written() {
    let app = TestApp::start().await;
    let (mut compared, mut kinds) = (0, BTreeSet::new());
    for round in 1..=MOST_ROUNDS {
        let after = end(&app);
        write(&app, round).await;
        // A machine that stood still meanwhile has forgotten, or somebody else has written.
        let Some((remembered, read)) = both(&app, after).await else {
            continue;
        };
        assert_eq!(remembered, read);
        kinds.extend(read.into_iter().map(|event| event.aggregate_type));
        compared += 1;
        if compared == ENOUGH {
            break;
        }
    }
    assert_eq!(compared, ENOUGH, "of {MOST_ROUNDS}");
    assert!(kinds.len() >= 4, "{kinds:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_this_process_has_not_written_is_left_to_the_log() {
    let app = TestApp::start().await;
    let recent = &app.store.recent;
    let (after, lost, until) = wait::until("something was remembered", async || {
        let after = end(&app);
        given::chef(&app.tenant.owner, "Kenji").await;
        let lost = app.count("select nextval('event_positions')").await;
        given::chef(&app.tenant.owner, "Aiko").await;
        app.catch_up().await;
        let until = end(&app);
        let stretch = recent.events(KINDS, (after, until))?;
        let is_found = |position| stretch.found.iter().any(|event| event.position == position);
        assert!(stretch.missing.contains(&lost), "{lost} of {stretch:?}");
        assert!(!is_found(lost), "{lost} of {stretch:?}");
        let (first, last) = (stretch.found.first()?, stretch.found.last()?);
        (first.position < lost && lost < last.position).then_some((after, lost, until))
    })
    .await;
    let far = i64::try_from(MAX_MISSING).unwrap() + 1;
    assert!(recent.events(KINDS, (after, until + far)).is_none());
    assert!(recent.events(KINDS, (until, until)).is_none());
    assert!(recent.events(KINDS, (until, lost)).is_none());
    wait::until("what is old is forgotten", async || {
        let stretch = recent.events(KINDS, (after, until));
        stretch.is_none().then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn subscribers_of_a_busy_server_are_handed_what_it_has_just_written() {
    let cluster = cluster::shared().await;
    let database = cluster.clone_template().await;
    let key = tenants::alone_on(&database.url).await;
    let operator = Operator::on(&database.url, Some(&tenants::root_key()));
    let serving = operator.serve().await;
    let owner = Client::new(&serving.base_url, &key);
    let numbers = AtomicUsize::new(0);
    wait::until("a batch comes from memory", async || {
        let number = numbers.fetch_add(1, Ordering::Relaxed);
        given::customer(&owner, &format!("Ada{number}")).await;
        let shown = serving.get("/metrics").await?;
        let from = |place: &str| {
            let line = format!("rapport_log_pages_total{{from=\"{place}\"}} ");
            shown
                .lines()
                .find_map(|shown| shown.strip_prefix(&line)?.parse::<u64>().ok())
        };
        let places = [from("memory")?, from("hashes")?, from("log")?];
        places.iter().all(|pages| *pages > 0).then_some(())
    })
    .await;
    wait::until(
        "what was sealed by hashes alone is what lies in the log",
        async || {
            let said = operator.run(&["audit", "verify"]).await;
            assert!(!said.stdout.contains("altered"), "{said:?}");
            (said.code == Some(0)).then_some(())
        },
    )
    .await;
    drop((serving, operator));
    cluster.drop_database(&database.name).await;
}
