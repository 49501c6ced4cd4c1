//! The whole program for one test: API, projectors and relay on a database of its own, the sandbox for every provider,
//! and a tenant with keys. It refuses to be dropped while messages are undelivered that the test did not speak of.

use std::sync::atomic::{AtomicBool, Ordering};

use commands::context::{Context, Mode};
use commands::dispatch::{Dispatcher, Request, Run};
use event_store::pg::{PoolSizes, Pools};
use event_store::store::Store;
use event_store::vault::Vault;
use identity::principals::{Principal, PrincipalKind};
use identity::roles::Role;
use integrations::addresses::Addresses;
use outbox::delivery::Endpoints;
use serde_json::Value;
use server::app::{Plan, Running};
use server::cli::doctor::Patient;
use server::config::DatabaseSettings;
use server::sharding::Split;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::client::Client;
use crate::cluster::{self, Database};
use crate::providers::Providers;
use crate::tenants::{Door, Tenant, client};
use crate::{given, wait};

/// The root key of every test's database.
pub const ROOT_KEY: [u8; 32] = [7; 32];
/// Few connections: several tests run side by side.
const POOLS: PoolSizes = PoolSizes {
    request: 8,
    query: 4,
    engine: 14,
};

const COUNT_UNDELIVERED: &str = "
    select (select count(*) from outbox_work where attempt > 0 or run_at <= clock_timestamp()) as due,
        (select count(*) from outbox_dead where discarded_at is null) as dead,
        (select count(*) from webhook_inbox where handled_at is null) as unhandled,
        (select string_agg(detail, '; ') from outbox_dead where discarded_at is null) as why";

/// A running program.
pub struct TestApp {
    pub base_url: String,
    pub database: Database,
    pub store: Store,
    pub dispatcher: Dispatcher,
    pub providers: Providers,
    pub tenant: Tenant,
    running: Option<Running>,
    undelivered_is_claimed: AtomicBool,
}

/// What stands between now and quiet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Undelivered {
    pub due: i64,
    pub dead: i64,
    pub unhandled_webhooks: i64,
    pub why: Option<String>,
}

impl TestApp {
    /// Starts the program, with one tenant set up as the demo's.
    pub async fn start() -> Self {
        let database = cluster::shared().await.clone_template().await;
        let url = database.url.clone();
        Self::start_on(database, (&url, POOLS), &[], |_| ()).await
    }

    /// As `start`, with these projections split into so many shards.
    pub async fn start_split(splits: &[(&str, u16)]) -> Self {
        let database = cluster::shared().await.clone_template().await;
        let url = database.url.clone();
        Self::start_on(database, (&url, POOLS), splits, |_| ()).await
    }

    /// As `start`, with pools as production has them.
    pub async fn start_wide() -> Self {
        let database = cluster::shared().await.clone_template().await;
        let url = database.url.clone();
        Self::start_on(database, (&url, PoolSizes::default()), &[], |_| ()).await
    }

    /// As `start`, known by the address that it listens on, and otherwise as `adjust` has it.
    pub async fn start_public(adjust: impl FnOnce(&mut Plan)) -> Self {
        let database = cluster::shared().await.clone_template().await;
        let url = database.url.clone();
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let listen = free.local_addr().expect("its address");
        drop(free);
        let adjust = |plan: &mut Plan| {
            plan.listen = listen;
            plan.endpoints.public_url = format!("http://{listen}");
            adjust(plan);
        };
        Self::start_on(database, (&url, POOLS), &[], adjust).await
    }

    async fn start_on(
        database: Database,
        (url, pools): (&str, PoolSizes),
        splits: &[(&str, u16)],
        adjust: impl FnOnce(&mut Plan),
    ) -> Self {
        let store = Store::new(Pools::new(url, pools).unwrap(), Vault::new(&ROOT_KEY));
        let providers = Providers::start().await;
        let mut plan = Plan {
            store: store.clone(),
            role: server::config::Role::All,
            listen: "127.0.0.1:0".parse().unwrap(),
            shards: splits.iter().map(split).collect(),
            endpoints: Endpoints {
                stripe_url: format!("{}/stripe", providers.url),
                addresses: Addresses::stand_in(&providers.url),
                public_url: "http://127.0.0.1:9".to_owned(),
            },
            relay: outbox::work::Settings::default(),
            webhook_reach: domain::webhook_endpoints::reach::Reach::LoopbackToo,
            token_issuer: None,
            client_limits: Default::default(),
            notary: Some(server::witnesses::Witnesses::default()),
            metrics: None,
            patient: Some(patient(url)),
        };
        adjust(&mut plan);
        let running = server::app::start(plan).expect("the program starts");
        let base_url = format!("http://{}", running.address.expect("the API listens"));
        let dispatcher = running.dispatcher.clone();
        let door = Door {
            base_url: &base_url,
            store: &store,
            dispatcher: &dispatcher,
            providers: &providers,
        };
        let tenant = door.open_tenant("fire-and-rice", "Fire & Rice").await;
        Self {
            tenant,
            base_url,
            database,
            store,
            dispatcher,
            providers,
            running: Some(running),
            undelivered_is_claimed: AtomicBool::new(false),
        }
    }

    /// Another business in the same installation, set up alike.
    pub async fn another_tenant(&self, slug: &str) -> Tenant {
        let (base_url, store, dispatcher) = (&self.base_url, &self.store, &self.dispatcher);
        Door {
            base_url,
            store,
            dispatcher,
            providers: &self.providers,
        }
        .open_tenant(slug, slug)
        .await
    }

    /// A key of the tenant's with this role.
    pub async fn client(&self, kind: PrincipalKind, role: Role) -> Client {
        client(&self.store, &self.base_url, &self.tenant.id, (kind, role)).await
    }

    /// Sends a command of our own, past HTTP, as the system.
    pub async fn command_as_system(&self, name: &str, body: Value) -> event_store::Result<Value> {
        let principal = Principal::system(self.tenant.id.clone());
        let answer = self
            .dispatcher
            .dispatch(&request(principal, name, body))
            .await?;
        Ok(serde_json::from_str(&answer.body)?)
    }

    /// As `command_as_system`, at another time than now.
    pub async fn command_at(
        &self,
        at: OffsetDateTime,
        name: &str,
        body: Value,
    ) -> event_store::Result<Value> {
        let mut request = request(Principal::system(self.tenant.id.clone()), name, body);
        request.ctx.now = at;
        let answer = self.dispatcher.dispatch(&request).await?;
        Ok(serde_json::from_str(&answer.body)?)
    }

    /// The booking once `is_so`.
    pub async fn booking_once(
        &self,
        booking_id: &str,
        what: &str,
        is_so: impl Fn(&Value) -> bool,
    ) -> Value {
        let query = format!("booking?id={booking_id}");
        wait::until(what, async || {
            let reply = self.tenant.owner.query(&query).await;
            // Made by somebody else a moment ago, it may not be readable yet.
            (reply.status == 200)
                .then(|| reply.json()["item"].clone())
                .filter(&is_so)
        })
        .await
    }

    /// The booking's payment page, once there is one.
    pub async fn checkout_url(&self, booking_id: &str) -> String {
        let has_link = |booking: &Value| booking["stripe_checkout_url"].is_string();
        let booking = self
            .booking_once(booking_id, "the payment link is there", has_link)
            .await;
        given::text(&booking, "stripe_checkout_url").to_owned()
    }

    /// Waits until nothing is under way any more: no message due, no webhook unhandled or waiting to be sent, and
    /// everything that was written can be read.
    pub async fn settle(&self) {
        wait::until("nothing is under way", async || {
            let quiet = self.is_quiet().await && self.is_quiet().await;
            quiet.then_some(())
        })
        .await;
        self.catch_up().await;
    }

    /// Waits until every projection has seen everything.
    pub async fn catch_up(&self) {
        let newest = self
            .count("select coalesce(max(position), 0) from events")
            .await;
        let all = projectors::all(&self.store);
        let names: Vec<&str> = all
            .iter()
            .map(|projection| projection.subscriber.name())
            .collect();
        let caught_up = self.store.wait_for(&names, newest, wait::PATIENCE).await;
        assert!(caught_up.unwrap(), "projections are behind");
    }

    /// Says that this test knows of messages that cannot be delivered.
    pub fn claim_undelivered(&self) {
        self.undelivered_is_claimed.store(true, Ordering::Relaxed);
    }

    /// A connection that sees everything.
    pub async fn admin(&self) -> tokio_postgres::Client {
        cluster::shared().await.admin(&self.database.name).await
    }

    /// The number that a query of the test's own counts, seen by the superuser.
    pub async fn count(&self, sql: &str) -> i64 {
        self.admin().await.query_one(sql, &[]).await.unwrap().get(0)
    }

    async fn is_quiet(&self) -> bool {
        let sending = self.providers.webhooks_waiting().await;
        let undelivered = undelivered(&self.admin().await).await;
        sending == 0 && undelivered.due == 0 && undelivered.unhandled_webhooks == 0
    }

    async fn end(&mut self, failed: bool) {
        let server = cluster::shared().await;
        let admin = server.admin(&self.database.name).await;
        let claimed = failed || self.undelivered_is_claimed.load(Ordering::Relaxed);
        if !claimed {
            let drained = async || {
                let quiet = undelivered(&admin).await.due == 0;
                quiet.then_some(())
            };
            wait::for_answer(wait::PATIENCE, drained).await;
        }
        let left = undelivered(&admin).await;
        self.providers.hang_up();
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
        drop(admin);
        server.drop_database(&self.database.name).await;
        let quiet = left.due == 0 && left.dead == 0;
        assert!(
            claimed || quiet,
            "the test left messages behind: {left:?}; see TestApp::claim_undelivered"
        );
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let failed = std::thread::panicking();
        let ending = std::thread::scope(|scope| {
            let end = || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                runtime.block_on(self.end(failed));
            };
            scope.spawn(end).join()
        });
        if let (Err(panic), false) = (ending, failed) {
            std::panic::resume_unwind(panic);
        }
    }
}

fn split((projection, shards): &(&str, u16)) -> Split {
    Split {
        projection: (*projection).to_owned(),
        shards: *shards,
    }
}

/// What the doctor looks at: no data directory is there, so it finds no root key.
fn patient(url: &str) -> Patient {
    let settings = DatabaseSettings {
        data_dir: std::env::temp_dir(),
        database_url: Some(url.to_owned()),
        root_key_file: None,
    };
    Patient::new(&settings, url, None)
}

/// What is undelivered in the database that `admin` sees.
pub async fn undelivered(admin: &tokio_postgres::Client) -> Undelivered {
    let row = admin.query_one(COUNT_UNDELIVERED, &[]).await.unwrap();
    Undelivered {
        due: row.get("due"),
        dead: row.get("dead"),
        unhandled_webhooks: row.get("unhandled"),
        why: row.get("why"),
    }
}

/// A command of our own making.
pub fn request(principal: Principal, name: &str, body: Value) -> Request {
    let command_id = Uuid::now_v7().to_string();
    Request {
        ctx: Context {
            principal,
            now: OffsetDateTime::now_utc(),
            mode: Mode::Live,
            correlation_id: command_id.clone(),
            causation_id: command_id.clone(),
            command_id,
            if_match: None,
            source_address: None,
        },
        name: name.to_owned(),
        body,
        key: Some(Uuid::new_v4().to_string()),
        run: Run::Real,
    }
}
