//! Whether a process lives, as the others see it: it holds an advisory lock on a connection of its own, and PostgreSQL lets
//! go of that when the connection ends, however the process dies. Leases that name it then end at once. Where the network
//! keeps a dead connection open, the lease's own time decides as before; fencing tokens make either safe.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_postgres::{Config, NoTls};
use uuid::Uuid;

use crate::{Result, error::Error};

/// What the names of processes begin with that hold such a lock; an owner of another name is judged by time alone.
const PREFIX: &str = "process:";
/// How long to stay away from a database that does not answer.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(200);
/// How long a start waits for the lock; without it the process works, and may lose leases to others.
const START_PATIENCE: Duration = Duration::from_secs(5);

/// A lock of this name that an ended connection still holds is waited for.
const HOLD: &str = "select pg_advisory_lock(hashtextextended($1, 0))";

/// This process.
#[derive(Clone, Debug)]
pub struct Presence {
    owner: String,
    held: watch::Sender<bool>,
}

impl Default for Presence {
    fn default() -> Self {
        Self {
            owner: format!("{PREFIX}{}", Uuid::now_v7()),
            held: watch::Sender::new(false),
        }
    }
}

impl Presence {
    /// As leases name it.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Holds the lock for as long as it is polled, anew whenever the connection is lost.
    pub async fn run(&self, config: Arc<Config>) {
        loop {
            if let Err(error) = self.hold(&config).await {
                tracing::warn!(%error, "others cannot see that this process lives");
            }
            self.held.send_replace(false);
            tokio::time::sleep(PAUSE_AFTER_ERROR).await;
        }
    }

    /// Waits until the lock is held, for a while.
    pub async fn arrived(&self) {
        let mut held = self.held.subscribe();
        let _ = tokio::time::timeout(START_PATIENCE, held.wait_for(|held| *held)).await;
    }

    /// Ends when the connection does.
    async fn hold(&self, config: &Config) -> Result<()> {
        let (client, connection) = config.connect(NoTls).await?;
        let mut connection = std::pin::pin!(connection);
        let holding = async {
            client.query_one(HOLD, &[&self.owner]).await?;
            self.held.send_replace(true);
            Ok::<(), Error>(())
        };
        tokio::select! {
            ended = &mut connection => return Ok(ended?),
            held = holding => held?,
        }
        Ok(connection.await?)
    }
}
