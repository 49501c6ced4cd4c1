//! Wake-ups outside the commit: a signal inside the process, and one coalesced notify to the other processes from a
//! connection of its own. Polling is the truth; this only makes it prompt. A notify inside the append would take a lock
//! across the whole cluster and undo group commit.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::Notify;
use tokio_postgres::{AsyncMessage, NoTls};

use crate::Result;

/// Commits within this time of each other share one notify.
const COALESCE: Duration = Duration::from_millis(10);
/// How long to wait before a lost listener connects again.
const RECONNECT_AFTER: Duration = Duration::from_secs(1);

const LISTEN: &str = "listen rapport_log";
const NOTIFY: &str = "notify rapport_log";

/// The two signals: somebody committed here, and somebody committed anywhere.
#[derive(Clone, Default)]
pub struct Wake {
    committed_here: Arc<Notify>,
    committed: Arc<Notify>,
}

impl Wake {
    /// Says that this process has committed something.
    pub fn committed_here(&self) {
        self.committed.notify_one();
        self.committed_here.notify_one();
    }

    /// Waits until somebody, here or elsewhere, has committed something.
    pub async fn committed(&self) {
        self.committed.notified().await;
    }

    /// Carries signals between processes for as long as it is polled; a lost connection only costs promptness.
    pub async fn run(&self, config: tokio_postgres::Config) {
        loop {
            if let Err(error) = self.carry(&config).await {
                tracing::debug!(%error, "the wake-up connection was lost");
            }
            tokio::time::sleep(RECONNECT_AFTER).await;
        }
    }

    async fn carry(&self, config: &tokio_postgres::Config) -> Result<()> {
        let (client, mut connection) = config.connect(NoTls).await?;
        let committed = self.committed.clone();
        let mut messages =
            futures_util::stream::poll_fn(move |context| connection.poll_message(context));
        let listen = async {
            while let Some(message) = messages.next().await {
                if let AsyncMessage::Notification(_) = message? {
                    committed.notify_one();
                }
            }
            Result::Ok(())
        };
        let announce = async {
            client.batch_execute(LISTEN).await?;
            loop {
                self.committed_here.notified().await;
                tokio::time::sleep(COALESCE).await;
                client.batch_execute(NOTIFY).await?;
            }
        };
        tokio::select! {
            outcome = listen => outcome,
            outcome = announce => outcome,
        }
    }
}
