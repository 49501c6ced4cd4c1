//! A second process on the same database, as far as the database can tell: pools, caches and an API of its own.

use event_store::pg::{PoolSizes, Pools};
use event_store::store::Store;
use event_store::vault::Vault;
use outbox::delivery::Endpoints;
use server::app::{Plan, Running};
use server::config::Role;

use crate::app::{ROOT_KEY, TestApp};
use crate::client::Client;

/// How many connections it takes.
const POOLS: PoolSizes = PoolSizes {
    request: 4,
    query: 2,
    engine: 4,
};

/// The other process: the API alone, unless it is told to work.
pub struct Neighbour {
    pub store: Store,
    base_url: String,
    running: Running,
}

impl Neighbour {
    pub async fn start(app: &TestApp) -> Self {
        Self::start_at(app, &app.database.url, POOLS).await
    }

    /// As `start`, with everything that works beside the API.
    pub async fn start_working(app: &TestApp) -> Self {
        Self::start_as(app, (&app.database.url, POOLS), Role::All).await
    }

    /// As `start`, by another way to the same database.
    pub async fn start_at(app: &TestApp, database_url: &str, pools: PoolSizes) -> Self {
        Self::start_as(app, (database_url, pools), Role::Api).await
    }

    async fn start_as(app: &TestApp, (database_url, pools): (&str, PoolSizes), role: Role) -> Self {
        let store = Store::new(
            Pools::new(database_url, pools).unwrap(),
            Vault::new(&ROOT_KEY),
        );
        let plan = Plan {
            store: store.clone(),
            role,
            listen: "127.0.0.1:0".parse().unwrap(),
            shards: Vec::new(),
            endpoints: Endpoints {
                stripe_url: format!("{}/stripe", app.providers.url),
                addresses: Default::default(),
                public_url: "http://127.0.0.1:9".to_owned(),
            },
            relay: outbox::work::Settings::default(),
            webhook_reach: domain::webhook_endpoints::reach::Reach::LoopbackToo,
            token_issuer: None,
            client_limits: Default::default(),
            notary: Some(server::witnesses::Witnesses::default()),
            metrics: None,
            patient: None,
        };
        let running = server::app::start(plan).expect("a second process starts");
        let base_url = format!("http://{}", running.address.expect("the API listens"));
        Self {
            store,
            base_url,
            running,
        }
    }

    /// The same key's holder, speaking to this process.
    pub fn client_for(&self, client: &Client) -> Client {
        Client::new(&self.base_url, &client.key)
    }

    pub async fn stop(self) {
        self.running.stop().await;
    }
}
