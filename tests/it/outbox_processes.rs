//! Deliveries by the program itself, as an operator runs it: killed, or stopped past its lease and let go on. The other side
//! counts.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::Value;
use tests::client::Client;
use tests::cluster::{self, Database};
use tests::operator::{Operator, Serving};
use tests::receivers::{Answer, Receiver};
use tests::{given, scale, tenants, wait};

/// What is under way when the program is killed.
const UNDER_WAY: usize = 5;
/// The lease that is used: the default at full size, the shortest there is otherwise.
const LEASE_SECONDS: (usize, usize) = (6, 60);
/// How long after its lease's end a message may lie before it is sent again.
const SLACK: Duration = Duration::from_secs(10);
const COUNT_WEBHOOKS: &str = "select count(*) from outbox_work where target like 'webhook:%'";

/// Programs that share a database, and a tenant on it.
struct Place {
    database: Database,
    admin: tokio_postgres::Client,
    desk: Operator,
    key: String,
    lease: Duration,
}

impl Place {
    async fn make() -> Self {
        let shared = cluster::shared().await;
        let database = shared.clone_template().await;
        let lease = scale::size(LEASE_SECONDS.0, LEASE_SECONDS.1);
        Self {
            admin: shared.admin(&database.name).await,
            key: tenants::alone_on(&database.url).await,
            desk: Operator::on(&database.url, Some(&tenants::root_key())),
            lease: Duration::from_secs(u64::try_from(lease).unwrap()),
            database,
        }
    }

    async fn serve(&self) -> Serving {
        let lease = self.lease.as_secs().to_string();
        let flags = ["--webhooks-to-loopback", "--relay-lease-seconds", &lease];
        self.desk.serve_as(&flags).await
    }

    fn owner(&self, serving: &Serving) -> Client {
        Client::new(&serving.base_url, &self.key)
    }

    async fn count(&self, sql: &str) -> i64 {
        self.admin.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// The one webhook that waits, with all that is known of it.
    async fn waiting(&self) -> String {
        let sql = "select w::text from outbox_work w where target like 'webhook:%'";
        self.admin.query_one(sql, &[]).await.unwrap().get(0)
    }

    async fn leave(self) {
        drop((self.admin, self.desk));
        let shared = cluster::shared().await;
        shared.drop_database(&self.database.name).await;
    }
}

fn ids(receiver: &Receiver) -> Vec<String> {
    let got = receiver.got().into_iter();
    got.map(|one| one.header("webhook-id").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_under_way_when_the_program_was_killed_is_sent_again_once_its_lease_ends() {
    let place = Place::make().await;
    let receiver = Receiver::open().await;
    let killed = place.serve().await;
    let owner = place.owner(&killed);
    receiver.subscribe(&owner, &["ChefAdded"]).await;
    receiver.hold();
    for number in 0..UNDER_WAY {
        given::chef(&owner, &format!("Chef {number}")).await;
    }
    receiver.got_at_least(UNDER_WAY).await;
    let other = place.serve().await;
    killed.kill().await;
    let gone_at = Instant::now();
    receiver.release();
    let patience = place.lease + SLACK;
    let came = wait::for_answer(patience, async || {
        (receiver.got().len() >= 2 * UNDER_WAY).then_some(())
    });
    assert!(
        came.await.is_some(),
        "{:?} after the kill {:?} have come",
        gone_at.elapsed(),
        ids(&receiver)
    );
    wait::until("nothing waits", async || {
        (place.count(COUNT_WEBHOOKS).await == 0).then_some(())
    })
    .await;
    let mut ids = ids(&receiver);
    let again = ids.split_off(UNDER_WAY);
    ids.sort();
    let mut sorted = again.clone();
    sorted.sort();
    assert_eq!(ids, sorted, "each came once more, under its own id");
    let finished = "
        select count(*) from outbox_attempts where outcome = 'delivered' and lease_no = 2 and message_id in (
            select message_id from outbox_messages where target like 'webhook:%')";
    assert_eq!(
        place.count(finished).await,
        i64::try_from(UNDER_WAY).unwrap()
    );
    drop(other);
    place.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_was_stopped_past_its_lease_changes_nothing_when_it_goes_on() {
    let place = Place::make().await;
    let receiver = Receiver::open().await;
    let stopped = place.serve().await;
    let owner = place.owner(&stopped);
    receiver.subscribe(&owner, &["ChefAdded"]).await;
    // The other is there already, and cannot take it.
    let other = place.serve().await;
    other.signal(Signal::SIGSTOP);
    receiver.hold();
    given::chef(&owner, "Kenji").await;
    receiver.got_at_least(1).await;
    stopped.signal(Signal::SIGSTOP);
    other.signal(Signal::SIGCONT);
    // The stopped one is told that all went well; whoever comes next is told to come back later.
    receiver.answer(|_| Answer {
        headers: &["retry-after: 3600"],
        ..Answer::of(503)
    });
    receiver.release();
    let put_off = "
        select count(*) from outbox_work
        where target like 'webhook:%' and lease_no = 2 and run_at > clock_timestamp() + interval '30 minutes'";
    let other_had_it = wait::for_answer(place.lease + SLACK, async || {
        (place.count(put_off).await == 1).then_some(())
    });
    assert!(
        other_had_it.await.is_some(),
        "the other did not take it over"
    );
    let before = place.waiting().await;
    stopped.signal(Signal::SIGCONT);
    let evidence = "select count(*) from outbox_attempts where outcome = 'stale' and lease_no = 1";
    let is_kept = wait::for_answer(wait::PATIENCE, async || {
        (place.count(evidence).await == 1).then_some(())
    });
    assert!(
        is_kept.await.is_some(),
        "the stale result is not kept as evidence: {}",
        stopped.said()
    );
    assert_eq!(place.waiting().await, before);
    assert_eq!(ids(&receiver).len(), 2);
    // It lives on and does its part: what is written to it now can be read from it.
    given::chef(&owner, "Mei").await;
    wait::until("both chefs are there", async || {
        let chefs = owner.query("chefs").await;
        (chefs.status == 200 && chefs.json()["items"].as_array()?.len() == 2).then_some(())
    })
    .await;
    let standing: Value = owner.items("webhook-endpoints").await.remove(0);
    assert_eq!(standing["standing"], "enabled");
    drop((stopped, other));
    place.leave().await;
}
