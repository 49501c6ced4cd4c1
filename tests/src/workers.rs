//! Relays as processes have them: each on a thread and a runtime of its own, with connections of its own, so that it can
//! be killed between any two steps, or stand still as a whole.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use event_store::pg::{PoolSizes, Pools};
use event_store::store::Store;
use event_store::vault::Vault;
use outbox::relay::Relay;
use outbox::work::Settings;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::app::ROOT_KEY;
use crate::cluster::{self, Database};
use crate::sinks::Sink;
use crate::wait;

const POOLS: PoolSizes = PoolSizes {
    request: 1,
    query: 1,
    engine: 2,
};

/// As many as one statement may take: nothing here depends on how they come into the table.
const ENQUEUE: &str = "
    with given as (
        select * from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as g (tenant_id, message_id, target, order_key)
    ), made as (
        insert into outbox_messages (tenant_id, message_id, name, target, call, order_key, aggregate_type, aggregate_id,
            sequence, correlation_id, causation_id)
        select tenant_id, message_id, 'test', target, '{}', order_key, 'test', message_id, 1, '', '' from given
    )
    insert into outbox_work (tenant_id, message_id, target, order_key, run_at)
    select tenant_id, message_id, target, order_key, clock_timestamp() from given";

const COUNT_LEFT: &str = "select count(*) from outbox_work";

/// A message to be.
#[derive(Clone, Debug)]
pub struct Given {
    pub tenant_id: String,
    pub message_id: String,
    pub target: String,
    pub order_key: Option<String>,
}

impl Given {
    pub fn new(target: &str, message_id: impl Into<String>) -> Self {
        Self {
            tenant_id: "tenant".to_owned(),
            message_id: message_id.into(),
            target: target.to_owned(),
            order_key: None,
        }
    }

    pub fn of(mut self, tenant_id: impl Into<String>) -> Self {
        self.tenant_id = tenant_id.into();
        self
    }

    pub fn behind(mut self, order_key: impl Into<String>) -> Self {
        self.order_key = Some(order_key.into());
        self
    }
}

/// An outbox without the rest of the product.
pub struct Outbox {
    pub database: Database,
    pub admin: tokio_postgres::Client,
    pub store: Store,
}

impl Outbox {
    pub async fn open() -> Self {
        let cluster = cluster::shared().await;
        let database = cluster.clone_template().await;
        let admin = cluster.admin(&database.name).await;
        let store = store(&database.url);
        Self {
            database,
            admin,
            store,
        }
    }

    pub async fn enqueue(&self, messages: &[Given]) {
        let column =
            |pick: fn(&Given) -> &String| -> Vec<&String> { messages.iter().map(pick).collect() };
        let keys: Vec<Option<&String>> =
            messages.iter().map(|one| one.order_key.as_ref()).collect();
        let columns = [
            column(|one| &one.tenant_id),
            column(|one| &one.message_id),
            column(|one| &one.target),
        ];
        let [tenants, ids, targets] = &columns;
        self.admin
            .execute(ENQUEUE, &[tenants, ids, targets, &keys])
            .await
            .expect("messages can be enqueued");
    }

    /// A number that a query of the test's own counts.
    pub async fn count(&self, sql: &str) -> i64 {
        let row = self.admin.query_one(sql, &[]).await;
        row.expect("it can be counted").get(0)
    }

    /// Waits until no message is left to be sent.
    pub async fn drained(&self, patience: Duration) {
        let drained = wait::for_answer(patience, async || {
            (self.count(COUNT_LEFT).await == 0).then_some(())
        });
        if drained.await.is_none() {
            let left = self.count(COUNT_LEFT).await;
            panic!("{left} messages were left after {patience:?}");
        }
    }

    /// A relay that leases for `lease`.
    pub fn worker(&self, sink: &Arc<Sink>, lease: Duration) -> Worker {
        let settings = Settings {
            lease,
            max_in_flight: 64,
        };
        Worker::start(&self.database.url, sink, settings)
    }

    pub async fn close(self) {
        drop(self.admin);
        self.store.pools.close();
        cluster::shared()
            .await
            .drop_database(&self.database.name)
            .await;
    }
}

/// One relay; dropping it kills it.
pub struct Worker {
    stop: CancellationToken,
    kill: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    fn start(url: &str, sink: &Arc<Sink>, settings: Settings) -> Self {
        let (kill, killed) = oneshot::channel();
        let stop = CancellationToken::new();
        let (url, sink, stopping) = (url.to_owned(), sink.clone(), stop.clone());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime can be made");
            runtime.block_on(async move {
                let relay = Relay::new(store(&url), sink, settings);
                tokio::select! {
                    () = relay.run(stopping) => {}
                    _ = killed => {}
                }
            });
            // Whatever it was at is dropped here, in the middle.
            runtime.shutdown_background();
        });
        Self {
            stop,
            kill: Some(kill),
            thread: Some(thread),
        }
    }

    /// Ends it at once; what it was doing is left as it is.
    pub fn kill(mut self) {
        self.end_now();
    }

    /// Asks it to stop, and waits until it has.
    pub async fn stop(mut self) {
        self.stop.cancel();
        let thread = self.thread.take().expect("it runs");
        let joined = tokio::task::spawn_blocking(move || thread.join()).await;
        joined.expect("it can be waited for").expect("it ends well");
    }

    fn end_now(&mut self) {
        if let Some(kill) = self.kill.take() {
            let _ = kill.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.end_now();
    }
}

fn store(url: &str) -> Store {
    Store::new(
        Pools::new(url, POOLS).expect("the URL is valid"),
        Vault::new(&ROOT_KEY),
    )
}
