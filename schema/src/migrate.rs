//! Applies the migrations. refinery takes no lock of its own, so an advisory lock of the session is held around it.

use tokio_postgres::Client;

use crate::{positions, roles};

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// The advisory lock that migrating processes queue on; any fixed number of our own will do.
const MIGRATION_LOCK: i64 = 0x5241_5050_4f52_5431;

const TAKE_LOCK: &str = "select pg_advisory_lock($1)";
const RELEASE_LOCK: &str = "select pg_advisory_unlock($1)";
const FIND_NEWEST: &str = "select max(version) from refinery_schema_history";
const FIND_HISTORY: &str = "select to_regclass('refinery_schema_history') is not null";

/// Why a database could not be brought to this binary's shape.
#[derive(Debug)]
pub enum MigrateError {
    /// The roles are missing and this login may not make them; holds the SQL to run as someone who may.
    RolesMissing(String),
    /// The database is newer than this binary: an older binary must not write to it.
    Newer {
        database: i32,
        binary: i32,
    },
    Database(tokio_postgres::Error),
    Migration(Box<refinery::Error>),
}

impl std::fmt::Display for MigrateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::RolesMissing(sql) => write!(
                f,
                "this login may not create roles; run as an administrator:\n{sql}"
            ),
            Self::Newer { database, binary } => {
                write!(
                    f,
                    "the database is at schema {database}, this binary knows up to {binary}: start the newer binary"
                )
            }
            Self::Database(error) => write!(f, "database: {error}"),
            Self::Migration(error) => write!(f, "migration: {error}"),
        }
    }
}

impl std::error::Error for MigrateError {}

impl From<tokio_postgres::Error> for MigrateError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
}

/// Brings the database to this binary's schema; answers the names of the migrations that were applied now.
pub async fn migrate(client: &mut Client) -> Result<Vec<String>, MigrateError> {
    client.execute(TAKE_LOCK, &[&MIGRATION_LOCK]).await?;
    let outcome = match migrate_locked(client).await {
        // A restored database may have been given its rows without its sequence's place.
        Ok(applied) => positions::recheck(client)
            .await
            .map(|_| applied)
            .map_err(MigrateError::from),
        failed => failed,
    };
    client.execute(RELEASE_LOCK, &[&MIGRATION_LOCK]).await?;
    outcome
}

/// The newest schema version this binary knows.
pub fn newest_version() -> i32 {
    embedded::migrations::runner()
        .get_migrations()
        .iter()
        .map(|migration| migration.version())
        .max()
        .unwrap_or(0)
}

/// The schema version the database is at; 0 when it has never been migrated.
pub async fn database_version(client: &Client) -> Result<i32, tokio_postgres::Error> {
    if !client.query_one(FIND_HISTORY, &[]).await?.get::<_, bool>(0) {
        return Ok(0);
    }
    Ok(client
        .query_one(FIND_NEWEST, &[])
        .await?
        .get::<_, Option<i32>>(0)
        .unwrap_or(0))
}

async fn migrate_locked(client: &mut Client) -> Result<Vec<String>, MigrateError> {
    roles::ensure(client).await?;
    let (database, binary) = (database_version(client).await?, newest_version());
    if database > binary {
        return Err(MigrateError::Newer { database, binary });
    }
    if database == binary {
        return Ok(Vec::new());
    }
    let report = embedded::migrations::runner()
        .set_abort_divergent(true)
        .run_async(client)
        .await
        .map_err(|error| MigrateError::Migration(Box::new(error)))?;
    Ok(report
        .applied_migrations()
        .iter()
        .map(ToString::to_string)
        .collect())
}
