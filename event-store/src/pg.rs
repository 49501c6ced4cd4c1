//! The pools: one URL, three uses. Each connection logs in and then takes the role of its use, so that no statement can
//! reach further than its crate may.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use deadpool::managed::QueueMode;
use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime, Transaction,
};
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{IsolationLevel, NoTls};

use crate::era::{Era, Eras};
use crate::{Result, error::Error};

/// How long a request waits for a free connection before it is told to come back.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a new connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Key access only: a plan made while a table was empty would otherwise scan it sequentially for ever, and the order in
/// which the tenant's setting and the rows it guards are read rests on nested loops.
const BECOME_REQUEST: &str = "
    set role rapport_request; set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off;
    set plan_cache_mode = force_generic_plan; set jit = off; set statement_timeout = '10s'";
const BECOME_QUERY: &str = "
    set role rapport_request; set plan_cache_mode = force_custom_plan; set jit = off; set statement_timeout = '10s'";
const BECOME_ENGINE: &str = "set role rapport_engine; set jit = off; set statement_timeout = '60s'";

/// The relay's few statements, on tables that fill and empty by the minute: no plan may rest on how full they were.
const BECOME_RELAY: &str = "
    set role rapport_engine; set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off;
    set plan_cache_mode = force_generic_plan; set jit = off; set statement_timeout = '30s'";
/// One claim, a few write-backs and a heartbeat at a time.
const RELAY_CONNECTIONS: usize = 4;

const SET_TENANT: &str = "select set_config('rapport.tenant_id', $1, true)";

/// How many connections each use may hold.
#[derive(Clone, Copy, Debug)]
pub struct PoolSizes {
    pub request: usize,
    pub query: usize,
    pub engine: usize,
}

impl Default for PoolSizes {
    /// Two cores are kept busy by eight writers; more connections only queue inside PostgreSQL.
    fn default() -> Self {
        Self {
            request: 16,
            query: 16,
            engine: 24,
        }
    }
}

#[derive(Clone)]
pub struct Pools {
    /// Loads and appends, one tenant at a time.
    pub request: Pool,
    /// Queries, one tenant at a time.
    pub query: Pool,
    /// The log's loop, projectors, relay, look-up of keys and slugs.
    pub engine: Pool,
    /// What the relay leases and writes back: key access only.
    pub relay: Pool,
    /// Where to connect for what a pool cannot hold: the listener.
    pub config: Arc<tokio_postgres::Config>,
    eras: Eras,
}

impl Pools {
    pub fn new(database_url: &str, sizes: PoolSizes) -> Result<Self> {
        let mut config = tokio_postgres::Config::from_str(database_url)
            .map_err(|error| Error::internal(format!("the database URL is not valid: {error}")))?;
        config
            .connect_timeout(CONNECT_TIMEOUT)
            .application_name("rapport");
        let eras = Eras::default();
        let pool = |size, become_role| pool(&config, size, become_role, &eras);
        Ok(Self {
            request: pool(sizes.request, BECOME_REQUEST)?,
            query: pool(sizes.query, BECOME_QUERY)?,
            engine: pool(sizes.engine, BECOME_ENGINE)?,
            relay: pool(RELAY_CONNECTIONS, BECOME_RELAY)?,
            config: Arc::new(config.clone()),
            eras,
        })
    }

    /// Which life of the server the newest connection has found; `None` until there was one.
    pub fn era(&self) -> Option<Era> {
        self.eras.current()
    }

    pub(crate) fn eras(&self) -> Eras {
        self.eras.clone()
    }

    /// Closes all connections; whoever asks for one after that is refused.
    pub fn close(&self) {
        self.request.close();
        self.query.close();
        self.engine.close();
        self.relay.close();
    }
}

/// Opens a transaction of one tenant: read-only, one snapshot for all its statements.
pub async fn begin_read<'a>(client: &'a mut Object, tenant_id: &str) -> Result<Transaction<'a>> {
    let tx = client
        .build_transaction()
        .read_only(true)
        .isolation_level(IsolationLevel::RepeatableRead)
        .start()
        .await?;
    tx.execute(&tx.prepare_cached(SET_TENANT).await?, &[&tenant_id])
        .await?;
    Ok(tx)
}

/// Opens a transaction of one tenant that may write.
pub async fn begin_write<'a>(client: &'a mut Object, tenant_id: &str) -> Result<Transaction<'a>> {
    let tx = client.build_transaction().start().await?;
    tx.execute(&tx.prepare_cached(SET_TENANT).await?, &[&tenant_id])
        .await?;
    Ok(tx)
}

fn pool(
    config: &tokio_postgres::Config,
    size: usize,
    become_role: &'static str,
    eras: &Eras,
) -> Result<Pool> {
    let eras = eras.clone();
    let manager = Manager::from_config(
        config.clone(),
        NoTls,
        ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        },
    );
    let take_role = Hook::async_fn(move |client: &mut deadpool_postgres::ClientWrapper, _| {
        let eras = eras.clone();
        Box::pin(async move {
            eras.look(client).await.map_err(HookError::Backend)?;
            client
                .batch_execute(become_role)
                .await
                .map_err(HookError::Backend)
        })
    });
    Pool::builder(manager)
        .max_size(size)
        .wait_timeout(Some(ACQUIRE_TIMEOUT))
        .create_timeout(Some(CONNECT_TIMEOUT))
        .runtime(Runtime::Tokio1)
        .post_create(take_role)
        // The connection used last has its plans and catalogue at hand.
        .queue_mode(QueueMode::Lifo)
        .build()
        .map_err(|error| Error::internal(format!("connection pool: {error}")))
}

/// JSON that is text already: sent byte for byte as it is.
#[derive(Clone, Copy, Debug)]
pub struct JsonText<'a>(pub &'a str);

impl ToSql for JsonText<'_> {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::JSON
    }

    to_sql_checked!();
}
