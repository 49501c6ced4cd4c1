//! What all systems run on: one private PostgreSQL in a directory that is gone afterwards, as `rapport serve` would
//! start it, reached over TCP by everybody, with a schema for each system in one database.

use std::path::{Path, PathBuf};

use event_store::pg::{PoolSizes, Pools};
use event_store::store::Store;
use event_store::vault::Vault;
use server::embedded::{Embedded, Purpose};
use sqlx::postgres::PgConnectOptions;
use tokio_postgres::{Client, Config, NoTls};
use uuid::Uuid;

use crate::limits::{self, Limits};
use crate::{Result, cpu, peer, streams};

/// The settings that decide what a commit costs, and what fits into memory.
const SETTINGS: [&str; 8] = [
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_sync_method",
    "commit_delay",
    "shared_buffers",
    "max_wal_size",
];
/// Who may make databases here, and the file with its password, see `server::embedded`.
const ADMIN: &str = "rapport_admin";
const ADMIN_PASSWORD: &str = "postgres.admin.password";
/// Any key will do for data that nobody keeps.
pub const ROOT_KEY: [u8; 32] = [7; 32];

const SHOW: &str = "select current_setting($1)";
const WAL_BYTES: &str = "select (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::float8";
const BACKEND: &str = "select pg_backend_pid()";
/// Segments of PostgreSQL's log, 16 MiB each, that a server of these settings writes again once it has been busy. One that
/// has to be made first holds every commit up for some 15 ms.
const SEGMENTS: usize = 256;
const FILL_SEGMENT: &str = "select pg_logical_emit_message(false, 'bench', ''), pg_switch_wal()";
const CHECKPOINT: &str = "checkpoint";
const VACUUM_ON: &str = "alter system reset autovacuum";
const VACUUM_OFF: &str = "alter system set autovacuum = off";
const RELOAD: &str = "select pg_reload_conf()";
/// One by one: a vacuum cannot share a transaction.
const VACUUM: [&str; 3] = [
    "vacuum (analyze) limits.events",
    "vacuum (analyze) peer.events",
    "vacuum (analyze) public.events",
];

/// What a notary that has just sealed a whole log would have PostgreSQL clear up during the measurement.
const VACUUM_SEALED: [&str; 3] = [
    "vacuum (analyze) public.audit_leaves",
    "vacuum (analyze) public.commands",
    "vacuum (analyze) public.events",
];

/// PostgreSQL, migrated, with every system's tables made and filled (ours: only made).
pub struct Ground {
    pub store: Store,
    pub limits: Limits,
    pub peer: PgConnectOptions,
    /// Name and value of what decides durability and memory, as the server says.
    pub settings: Vec<(&'static str, String)>,
    config: Config,
    embedded: Embedded,
    directory: PathBuf,
}

/// A database of one's own on the same server.
pub struct Place {
    pub database: &'static str,
    pub drop: &'static str,
    pub create: &'static str,
}

impl Place {
    /// Made anew, empty; answers where it is.
    pub async fn make(&self, ground: &Ground) -> Result<String> {
        let admin = ground.connect_admin().await?;
        admin.batch_execute(self.drop).await?;
        admin.batch_execute(self.create).await?;
        Ok(ground.url_of(self.database))
    }
}

impl Ground {
    pub async fn prepare(streams: u64) -> Result<Self> {
        let directory = std::env::temp_dir().join(format!("rapport-bench-{}", Uuid::now_v7()));
        let embedded = Embedded::start_or_attach(&directory, Purpose::Serve).await?;
        let config = over_tcp(&embedded.url())?;
        let url = url_of(&config);
        server::database::migrate(&url).await?;
        let client = connect(&config).await?;
        cpu::count_postmaster_of(client.query_one(BACKEND, &[]).await?.get(0));
        let mut settings = Vec::with_capacity(SETTINGS.len());
        for name in SETTINGS {
            settings.push((name, client.query_one(SHOW, &[&name]).await?.get(0)));
        }
        client.batch_execute(limits::CREATE_TABLES).await?;
        client.batch_execute(peer::CREATE_TABLES).await?;
        let count = i64::try_from(streams)?;
        client
            .execute(limits::FILL, &[&count, &streams::NOTE])
            .await?;
        client
            .execute(peer::FILL, &[&count, &streams::NOTE])
            .await?;
        let ground = Self {
            store: Store::new(
                Pools::new(&url, PoolSizes::default())?,
                Vault::new(&ROOT_KEY),
            ),
            limits: Limits::new(&config, &directory.join("pgbench"), streams)?,
            peer: peer::options(&config),
            settings,
            config,
            embedded,
            directory,
        };
        ground.make_segments().await?;
        Ok(ground)
    }

    /// As many segments of the log as are written again and again from now on.
    async fn make_segments(&self) -> Result<()> {
        let admin = self.connect_admin().await?;
        for _ in 0..SEGMENTS {
            admin.batch_execute(FILL_SEGMENT).await?;
        }
        Ok(admin.batch_execute(CHECKPOINT).await?)
    }

    /// Once the logs are filled. Never for tables that are still empty: a plan made for an empty table is kept.
    pub async fn vacuum_logs(&self) -> Result<()> {
        self.vacuum(&VACUUM).await
    }

    /// Once the log is sealed.
    pub async fn vacuum_sealed(&self) -> Result<()> {
        self.vacuum(&VACUUM_SEALED).await
    }

    /// Has the disk hold all that was written so far: the kernel would write it back half a minute later, into the
    /// measurement of somebody else.
    pub async fn settle(&self) -> Result<()> {
        let synced = tokio::process::Command::new("sync")
            .arg("-f")
            .arg(&self.directory)
            .status()
            .await?;
        match synced.success() {
            true => Ok(()),
            false => Err("sync does not end well".into()),
        }
    }

    /// Keeps PostgreSQL from vacuuming by itself: where two halves of a round are compared, it would fall on one of them by
    /// chance.
    pub async fn pause_vacuum(&self) -> Result<()> {
        self.configure(VACUUM_OFF).await
    }

    /// Lets it vacuum again.
    pub async fn resume_vacuum(&self) -> Result<()> {
        self.configure(VACUUM_ON).await
    }

    async fn configure(&self, setting: &str) -> Result<()> {
        let admin = self.connect_admin().await?;
        admin.batch_execute(setting).await?;
        Ok(admin.batch_execute(RELOAD).await?)
    }

    async fn vacuum(&self, statements: &[&str]) -> Result<()> {
        let client = self.connect(&self.url()).await?;
        for statement in statements {
            client.batch_execute(statement).await?;
        }
        Ok(())
    }

    /// Where another database of this server is.
    pub fn url_of(&self, database: &str) -> String {
        let mut config = self.config.clone();
        config.dbname(database);
        url_of(&config)
    }

    /// A connection of whoever may make databases.
    pub async fn connect_admin(&self) -> Result<Client> {
        let password = std::fs::read_to_string(self.directory.join(ADMIN_PASSWORD))?;
        let mut config = self.config.clone();
        config.user(ADMIN).password(password.trim());
        connect(&config).await
    }

    /// Where ours is.
    pub fn url(&self) -> String {
        url_of(&self.config)
    }

    /// A connection of the owner of all tables of this database.
    pub async fn connect(&self, url: &str) -> Result<Client> {
        connect(&url.parse()?).await
    }

    /// How much PostgreSQL has written to its log so far.
    pub async fn wal_bytes(&self) -> Result<f64> {
        let client = self.store.pools.engine.get().await?;
        Ok(client.query_one(WAL_BYTES, &[]).await?.get(0))
    }

    /// Stops PostgreSQL and removes what it has written.
    pub async fn clear_away(self) -> Result<()> {
        let cluster = cluster_directory(&self.embedded, &self.directory);
        self.store.pools.close();
        self.embedded.stop().await?;
        std::fs::remove_dir_all(&self.directory)?;
        if cluster.exists() {
            std::fs::remove_dir_all(cluster)?;
        }
        Ok(())
    }
}

/// The cluster may lie elsewhere, when the server's account cannot get into the directory.
fn cluster_directory(embedded: &Embedded, directory: &Path) -> PathBuf {
    embedded
        .log_directory()
        .parent()
        .unwrap_or(directory)
        .to_owned()
}

/// Everybody comes by TCP, as from another machine; a socket would flatter whoever makes more round trips.
fn over_tcp(url: &str) -> Result<Config> {
    let given: Config = url.parse()?;
    let mut config = Config::new();
    config
        .host("127.0.0.1")
        .port(
            given
                .get_ports()
                .first()
                .copied()
                .ok_or("the server's port is missing")?,
        )
        .user(given.get_user().unwrap_or_default())
        .password(given.get_password().unwrap_or_default())
        .dbname(given.get_dbname().unwrap_or_default());
    Ok(config)
}

fn url_of(config: &Config) -> String {
    format!(
        "postgresql://{}:{}@127.0.0.1:{}/{}",
        config.get_user().unwrap_or_default(),
        String::from_utf8_lossy(config.get_password().unwrap_or_default()),
        config.get_ports().first().copied().unwrap_or_default(),
        config.get_dbname().unwrap_or_default()
    )
}

async fn connect(config: &Config) -> Result<Client> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}
