//! What callers see when a part of the whole is gone: a database that is down is a 503 with a time to come back, and a
//! server that was killed leaves no lease that others would have to wait for.

use std::sync::Arc;

use event_store::log::{Runner, Subscriber};
use event_store::pg::{PoolSizes, Pools};
use event_store::recent::Recent;
use reqwest::Method;
use serde_json::json;
use tests::client::Client;
use tests::cluster;
use tests::conformance::private::PrivateServer;
use tests::given;
use tests::operator::Operator;
use tests::tenants;
use tests::wait;

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_down_callers_are_told_when_to_come_back() {
    let mut server = PrivateServer::start().await;
    let url = server.place().url;
    let key = tenants::alone_on(&url).await;
    let desk = Operator::on(&url, Some(&tenants::root_key()));
    let serving = desk.serve().await;
    let owner = Client::new(&serving.base_url, &key);
    let lead =
        |name: &str| json!({ "source": "web", "first_name": name, "email": given::email(name) });
    owner.accepted("create-lead", lead("Ada")).await;
    owner.query("customers").await.ok();

    server.kill();
    let name = "/commands/create-lead";
    let bob = owner
        .request(Method::POST, name)
        .header("idempotency-key", "bob");
    let sent = owner.send(bob.json(&lead("Bob"))).await;
    let asked = owner.get("/queries/customers").await;
    let ready = owner.get("/readyz").await;
    for reply in [&sent, &asked, &ready] {
        let problem = reply.json();
        assert_eq!(
            (reply.status, &problem["status"]),
            (503, &json!(503)),
            "{}",
            reply.text
        );
        let seconds: u64 = reply.header("retry-after").unwrap().parse().unwrap();
        assert!((1..60).contains(&seconds), "{seconds}");
    }
    assert_eq!(owner.get("/healthz").await.status, 200, "the process lives");

    server.run().await;
    let answered = wait::until("the command goes through under its key", async || {
        let again = owner
            .request(Method::POST, name)
            .header("idempotency-key", "bob");
        let reply = owner.send(again.json(&lead("Bob"))).await;
        (reply.status == 200).then_some(reply)
    });
    assert!(answered.await.json()["aggregate_id"].is_string());
    let found = wait::until("what was written can be read", async || {
        let reply = owner.query("customers").await;
        (reply.status == 200).then(|| reply.json()["items"].as_array().unwrap().len())
    });
    assert_eq!(found.await, 2, "nothing is lost and nothing is there twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_has_forgotten_is_not_told_what_it_knew() {
    let mut server = PrivateServer::start().await;
    let url = server.place().url;
    let key = tenants::alone_on(&url).await;
    let desk = Operator::on(&url, Some(&tenants::root_key()));
    let serving = desk.serve().await;
    let owner = Client::new(&serving.base_url, &key);
    let lead = json!({ "source": "web", "first_name": "Ada", "email": given::email("Ada") });
    let customer = owner.accepted("create-lead", lead).await["aggregate_id"].clone();
    let note = json!({ "customer_id": customer, "text": "Likes figs" });
    let noted = async || {
        wait::until("the note is taken", async || {
            let reply = owner.command("add-note", note.clone()).await;
            (reply.status == 200).then(|| reply.json()["events"][0]["sequence"].clone())
        })
        .await
    };
    let kept = noted().await.as_i64().unwrap();
    server.keep().await;
    server.run().await;
    for sequence in [kept + 1, kept + 2] {
        assert_eq!(noted().await, json!(sequence));
    }

    server.go_back().await;
    server.run().await;
    assert_eq!(
        noted().await,
        json!(kept + 1),
        "the stream goes on where the server left it, without a hole"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_the_next_server_has_the_leases_at_once() {
    let shared = cluster::shared().await;
    let database = shared.clone_template().await;
    let key = tenants::alone_on(&database.url).await;
    let desk = Operator::on(&database.url, Some(&tenants::root_key()));
    let first = desk.serve().await;
    let admin = shared.admin(&database.name).await;
    let held = "select count(*) from checkpoints where lease_until > clock_timestamp() + interval '5 seconds'";
    let newly_held = async || {
        let count: i64 = admin.query_one(held, &[]).await.unwrap().get(0);
        (count > 0).then_some(())
    };
    wait::until("its leases are good for a while yet", newly_held).await;
    // Dropping it is kill -9.
    drop(first);
    let next = desk.serve().await;
    let owner = Client::new(&next.base_url, &key);
    let lead = json!({ "source": "web", "first_name": "Ada", "email": given::email("Ada") });
    owner.accepted("create-lead", lead).await;
    // Asked once: it waits for its own write for two seconds, a lease would last ten.
    let seen = owner.query("customers").await.ok();
    assert_eq!(seen["items"].as_array().unwrap().len(), 1);
    drop(next);
    drop(admin);
    shared.drop_database(&database.name).await;
}

/// Counts nothing and wants nothing.
struct Idle;

#[async_trait::async_trait]
impl Subscriber for Idle {
    fn name(&self) -> &'static str {
        "idle"
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &[]
    }

    async fn apply(
        &self,
        _: &deadpool_postgres::Transaction<'_>,
        _: &[event_store::recorded::Recorded],
    ) -> event_store::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_living_owner_keeps_its_lease_and_a_nameless_one_until_its_time() {
    use event_store::checkpoints::acquire;
    use event_store::presence::Presence;
    let shared = cluster::shared().await;
    let database = shared.clone_template().await;
    let pools = Pools::new(&database.url, PoolSizes::default()).unwrap();
    let presence = Presence::default();
    let (living, config) = (presence.clone(), pools.config.clone());
    let life = tokio::spawn(async move { living.run(config).await });
    presence.arrived().await;
    assert!(
        acquire(&pools.engine, "idle", presence.owner())
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        acquire(&pools.engine, "idle", "process:other")
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        acquire(&pools.engine, "busy", "an older binary")
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        acquire(&pools.engine, "busy", "process:other")
            .await
            .unwrap()
            .is_none()
    );
    life.abort();
    let taken = wait::until("the lease of the dead is free", async || {
        acquire(&pools.engine, "idle", "process:other")
            .await
            .unwrap()
    });
    assert!(taken.await.fencing_token > 1);
    let runner = Runner {
        pool: pools.engine.clone(),
        recent: Arc::new(Recent::new(&pools)),
        subscriber: Arc::new(Idle),
        owner: "process:third".to_owned(),
        safe: tokio::sync::watch::Sender::new(0).subscribe(),
        moved: tokio::sync::watch::Sender::new(0),
    };
    let stop = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn(runner.run(stop.clone()));
    let admin = shared.admin(&database.name).await;
    let owner = "select count(*) from checkpoints where subscriber = 'idle' and lease_owner = 'process:third'";
    wait::until("whoever lives goes on", async || {
        let count: i64 = admin.query_one(owner, &[]).await.unwrap().get(0);
        (count == 1).then_some(())
    })
    .await;
    stop.cancel();
    running.await.unwrap();
    pools.close();
    drop(admin);
    shared.drop_database(&database.name).await;
}
