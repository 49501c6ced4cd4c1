//! The checker of histories against histories that are known to be bad, and the whole program's history under kills.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use server::embedded::{Embedded, Purpose};
use tests::conformance::checker::{Anomaly, check};
use tests::conformance::following::pause;
use tests::conformance::history::{Freshness, History, Name, Outcome, Recorder, Step, Transaction};
use tests::conformance::seeds::Seed;
use tests::conformance::served_history::{LIST_LIFE, LISTS, Reader, make_customer, read_all};
use tests::conformance::{simulated, table};
use tests::scale;
use tests::served::Served;
use tokio_postgres::NoTls;

const CLIENTS: usize = 16;
/// Between two connections cut.
const CUT_EVERY: Duration = Duration::from_millis(150);
/// Between two kills of the server, in transactions.
const KILL_EVERY: usize = 10_000;

const CUT_ONE: &str = "
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'rapport' and pid <> pg_backend_pid() order by random() limit 1";

fn name(list: &str) -> Name {
    Name::from(list)
}

fn append(list: &str, value: u64) -> Step {
    let list = name(list);
    Step::Append { list, value }
}

fn read(list: &str, values: &[u64]) -> Step {
    Step::Read {
        list: name(list),
        values: values.to_vec(),
    }
}

/// A transaction of a client of its own between two moments.
fn done(called: u64, answered: u64, steps: Vec<Step>) -> Transaction {
    Transaction {
        answered,
        steps,
        outcome: Outcome::Done,
        ..Transaction::called(usize::try_from(called).unwrap(), called)
    }
}

fn history(transactions: Vec<Transaction>, lists: &[(&str, &[u64])]) -> History {
    let lists = lists
        .iter()
        .map(|(list, values)| (name(list), values.to_vec()));
    History {
        transactions,
        lists: lists.collect(),
    }
}

/// Two appends to one list, one after the other, and a read of both.
fn sound() -> History {
    let transactions = vec![
        done(1, 2, vec![append("a", 1)]),
        done(3, 4, vec![append("a", 2)]),
        done(5, 6, vec![read("a", &[1, 2])]),
    ];
    history(transactions, &[("a", &[1, 2])])
}

#[test]
fn a_sound_history_is_found_sound() {
    assert_eq!(check(&sound()), []);
    assert_eq!(check(&History::default()), []);
}

#[test]
fn a_lost_append_is_found() {
    let mut bad = sound();
    bad.lists.insert(name("a"), vec![1]);
    bad.transactions.pop();
    let (list, value) = (name("a"), 2);
    assert_eq!(check(&bad), [Anomaly::Lost { list, value }]);
}

#[test]
fn an_append_that_was_read_and_then_lost_is_found() {
    let mut bad = sound();
    bad.lists.insert(name("a"), vec![1]);
    bad.transactions[1].outcome = Outcome::Unknown;
    let (list, value) = (name("a"), 2);
    assert_eq!(check(&bad), [Anomaly::Lost { list, value }]);
}

#[test]
fn a_duplicated_append_is_found() {
    let mut bad = sound();
    bad.lists.insert(name("a"), vec![1, 2, 1]);
    let (list, value) = (name("a"), 1);
    let found = check(&bad);
    assert!(
        found.contains(&Anomaly::Duplicated { list, value }),
        "{found:?}"
    );
}

#[test]
fn a_failed_append_that_stands_is_found() {
    let mut bad = sound();
    bad.transactions[1].outcome = Outcome::Failed;
    let (list, value) = (name("a"), 2);
    assert_eq!(check(&bad), [Anomaly::OutOfNowhere { list, value }]);
}

#[test]
fn an_append_that_nobody_made_is_found() {
    let mut bad = sound();
    bad.lists.insert(name("a"), vec![1, 2, 9]);
    let (list, value) = (name("a"), 9);
    assert_eq!(check(&bad), [Anomaly::OutOfNowhere { list, value }]);
}

#[test]
fn a_read_in_another_order_is_found() {
    let mut bad = sound();
    bad.transactions[2].steps = vec![read("a", &[2, 1])];
    let (list, client) = (name("a"), 5);
    let found = check(&bad);
    assert!(
        found.contains(&Anomaly::Reordered { list, client }),
        "{found:?}"
    );
}

#[test]
fn a_read_with_something_left_out_is_found() {
    let mut bad = sound();
    bad.transactions.insert(2, done(7, 8, vec![append("a", 3)]));
    bad.transactions.push(done(9, 10, vec![read("a", &[1, 3])]));
    bad.lists.insert(name("a"), vec![1, 2, 3]);
    let (list, client) = (name("a"), 9);
    assert_eq!(check(&bad), [Anomaly::Reordered { list, client }]);
}

#[test]
fn an_append_in_front_of_one_that_was_acknowledged_before_is_found() {
    let mut bad = sound();
    bad.transactions.pop();
    bad.lists.insert(name("a"), vec![2, 1]);
    let (list, value) = (name("a"), 1);
    assert_eq!(check(&bad), [Anomaly::TurnedRound { list, value }]);
}

#[test]
fn appends_at_the_same_time_may_stand_either_way() {
    let transactions = vec![
        done(1, 4, vec![append("a", 1)]),
        done(2, 3, vec![append("a", 2)]),
    ];
    assert_eq!(check(&history(transactions.clone(), &[("a", &[1, 2])])), []);
    assert_eq!(check(&history(transactions, &[("a", &[2, 1])])), []);
}

#[test]
fn half_a_transaction_is_found() {
    let mut torn = done(1, 2, vec![append("a", 1), append("b", 1)]);
    torn.outcome = Outcome::Unknown;
    let bad = history(vec![torn], &[("a", &[1]), ("b", &[])]);
    let values = vec![1, 1];
    assert_eq!(check(&bad), [Anomaly::Torn { values }]);
}

#[test]
fn an_unknown_outcome_may_stand_or_not() {
    let mut unknown = done(1, 2, vec![append("a", 1), append("b", 1)]);
    unknown.outcome = Outcome::Unknown;
    let both = history(vec![unknown.clone()], &[("a", &[1]), ("b", &[1])]);
    assert_eq!(check(&both), []);
    assert_eq!(check(&history(vec![unknown], &[])), []);
}

#[test]
fn a_read_behind_real_time_is_found() {
    let mut bad = sound();
    bad.transactions[2].steps = vec![read("a", &[1])];
    let (list, client, missing) = (name("a"), 5, 2);
    let stale = Anomaly::Stale {
        list,
        client,
        missing,
    };
    assert_eq!(check(&bad), [stale]);
}

#[test]
fn a_read_behind_another_read_is_found() {
    let mut unknown = done(1, 2, vec![append("a", 1)]);
    unknown.outcome = Outcome::Unknown;
    let transactions = vec![
        unknown,
        done(3, 4, vec![read("a", &[1])]),
        done(5, 6, vec![read("a", &[])]),
    ];
    let found = check(&history(transactions, &[("a", &[1])]));
    assert!(
        matches!(found.as_slice(), [Anomaly::Stale { client: 5, .. }]),
        "{found:?}"
    );
}

#[test]
fn a_read_owes_what_lies_before_the_position_that_it_names() {
    let mut transactions = sound().transactions;
    for (transaction, position) in transactions.iter_mut().zip([10, 20]) {
        transaction.position = Some(position);
    }
    transactions[2].steps = vec![read("a", &[1])];
    let with = |position| {
        let mut transactions = transactions.clone();
        transactions[2].freshness = Freshness::ReadAfter(position);
        check(&history(transactions, &[("a", &[1, 2])]))
    };
    assert_eq!(with(10), []);
    assert_eq!(with(19), []);
    assert!(matches!(
        with(20).as_slice(),
        [Anomaly::Stale { missing: 2, .. }]
    ));
}

#[test]
fn a_circle_of_reads_over_two_lists_is_found() {
    // Each of two readers sees one of two appends and not the other.
    let transactions = vec![
        done(1, 7, vec![append("a", 1)]),
        done(2, 8, vec![append("b", 2)]),
        done(3, 5, vec![read("a", &[1]), read("b", &[])]),
        done(4, 6, vec![read("a", &[]), read("b", &[2])]),
    ];
    let found = check(&history(transactions, &[("a", &[1]), ("b", &[2])]));
    assert!(
        matches!(found.as_slice(), [Anomaly::Cyclic { clients }] if clients.len() == 4),
        "{found:?}"
    );
}

#[test]
fn two_transactions_that_interleave_are_found() {
    let transactions = vec![
        done(1, 3, vec![append("a", 1), append("b", 1)]),
        done(2, 4, vec![append("a", 2), append("b", 2)]),
    ];
    let found = check(&history(transactions, &[("a", &[1, 2]), ("b", &[2, 1])]));
    assert!(
        matches!(found.as_slice(), [Anomaly::Cyclic { .. }]),
        "{found:?}"
    );
}

#[test]
fn a_decision_on_an_old_read_is_found() {
    // Both have read nothing and appended: one has not seen the other, though it stands behind it.
    let transactions = vec![
        done(1, 3, vec![read("a", &[]), append("a", 1)]),
        done(2, 4, vec![read("a", &[]), append("a", 2)]),
    ];
    let found = check(&history(transactions, &[("a", &[1, 2])]));
    assert!(
        matches!(found.as_slice(), [Anomaly::Cyclic { .. }]),
        "{found:?}"
    );
}

#[test]
fn nobody_is_accused_without_cause_and_every_spoilt_history_is_found() {
    let seed = Seed::choose("simulated histories");
    let mut dice = seed.dice();
    for _ in 0..scale::size(20, 400) {
        let history = simulated::sound(&mut dice, 600);
        assert_eq!(check(&history), [], "{seed:?}");
        let (list, length) = history
            .lists
            .iter()
            .map(|(list, values)| (list.clone(), values.len()))
            .max_by_key(|(_, length)| *length)
            .unwrap();
        let spoil = |how: &dyn Fn(&mut Vec<u64>)| {
            let mut spoilt = history.clone();
            how(spoilt.lists.get_mut(&list).unwrap());
            check(&spoilt)
        };
        // So early that others have read it.
        let place = dice.pick(length / 2);
        let lose = |values: &mut Vec<u64>| {
            values.remove(place);
        };
        assert_ne!(spoil(&lose), [], "{seed:?}");
        assert_ne!(
            spoil(&|values| values.insert(place, values[0])),
            [],
            "{seed:?}"
        );
        assert_ne!(spoil(&|values| values.push(u64::MAX)), [], "{seed:?}");
        assert_ne!(spoil(&|values| values.swap(0, length - 1)), [], "{seed:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_read_is_stale_and_no_append_lost_when_server_and_connections_are_killed() {
    let seed = Seed::choose("the whole program's history");
    let (mut dice, goal) = (seed.dice(), scale::size(800, 100_000));
    let mut served = Served::start().await;
    let owner = served.owner();
    let customers = stream::iter(0..goal / LIST_LIFE + LISTS + 1)
        .map(|_| make_customer(&owner))
        .buffer_unordered(CLIENTS);
    let customers: Arc<Vec<String>> = Arc::new(customers.collect().await);
    let (recorder, done) = (Recorder::default(), Arc::new(AtomicUsize::new(0)));
    let newest = Arc::new(AtomicI64::new(0));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let reader = Reader {
                number,
                client: served.owner(),
                customers: customers.clone(),
                recorder: recorder.clone(),
                done: done.clone(),
                goal,
                newest: newest.clone(),
                dice: dice.fork(),
            };
            tokio::spawn(reader.run())
        })
        .collect();
    let kills = trouble(&mut served, &done, goal).await;
    for client in join_all(clients).await {
        client.unwrap();
    }
    served.ready().await;
    let newest = newest.load(Ordering::SeqCst);
    let lists: BTreeMap<Name, Vec<u64>> = read_all(&owner, &customers, newest).await;
    let history = recorder.finish(lists);
    assert_eq!(check(&history), [], "{seed:?}");
    let is_read = |transaction: &&Transaction| transaction.freshness != Freshness::Strict;
    let reads = history.transactions.iter().filter(is_read).count();
    let refused = |transaction: &&Transaction| transaction.outcome != Outcome::Done;
    let refused = history.transactions.iter().filter(refused).count();
    let total = history.transactions.len();
    assert!(
        reads * 5 > total && refused * 5 < total,
        "{seed:?}: {reads}, {refused}"
    );
    table::note(
        "the whole program over HTTP",
        &format!(
            "{total} transactions of {CLIENTS} clients, {reads} of them reads past X-Read-After, {kills} kills of \
            the server, connections cut all the while: nothing lost, doubled, reordered or stale"
        ),
    );
}

/// Cuts connections all the time and kills the server now and then, until the clients are done; answers the kills.
async fn trouble(served: &mut Served, done: &AtomicUsize, goal: usize) -> usize {
    let embedded = Embedded::start_or_attach(&served.data_dir, Purpose::Attach)
        .await
        .expect("PostgreSQL is there");
    let mut kills = 0;
    while done.load(Ordering::Relaxed) < goal {
        if done.load(Ordering::Relaxed) > goal.min(KILL_EVERY) * 3 / 4 + kills * KILL_EVERY {
            served.kill();
            served.run();
            served.ready().await;
            kills += 1;
        }
        // Between the two, PostgreSQL may be on its way up.
        if let Ok((admin, connection)) = tokio_postgres::connect(&embedded.url(), NoTls).await {
            tokio::spawn(connection);
            let _ = admin.query(CUT_ONE, &[]).await;
        }
        pause(CUT_EVERY).await;
    }
    embedded.stop().await.expect("detaching works");
    assert!(kills > 0, "the server was never killed");
    kills
}
