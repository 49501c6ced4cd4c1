//! Wake-ups outside the commit: a signal inside the process, with the positions that were written, and one coalesced
//! notify to the other processes from a connection of its own. Polling is the truth; this only makes it prompt. A notify
//! inside the append would take a lock across the whole cluster and undo group commit.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::Notify;
use tokio_postgres::{AsyncMessage, NoTls};

use crate::Result;

/// Commits within this time of each other share one notify.
const COALESCE: Duration = Duration::from_millis(10);
/// How long to wait before a lost listener connects again.
const RECONNECT_AFTER: Duration = Duration::from_secs(1);

/// How many positions are kept for the reader of the log's end; what is beyond it reads from the log.
const MAX_KEPT: usize = 10_000;

const LISTEN: &str = "listen rapport_log";
const NOTIFY: &str = "notify rapport_log";
const OWN_BACKEND: &str = "select pg_backend_pid()";

/// The two signals: somebody committed here, and somebody committed anywhere.
#[derive(Clone, Default)]
pub struct Wake {
    committed_here: Arc<Notify>,
    committed: Arc<Notify>,
    news: Arc<Mutex<News>>,
}

/// What has been committed since it was last asked for.
#[derive(Debug, Default)]
pub struct News {
    /// Positions that this process has written: they stand.
    pub positions: Vec<i64>,
    /// Something else was written, here or elsewhere; the log tells what.
    pub unknown: bool,
}

impl Wake {
    /// Says that this process has committed the events at these positions.
    pub fn committed_here(&self, positions: impl IntoIterator<Item = i64>) {
        self.keep(|news| {
            news.positions.extend(positions);
            if news.positions.len() > MAX_KEPT {
                *news = News {
                    positions: Vec::new(),
                    unknown: true,
                };
            }
        });
        self.committed_here.notify_one();
    }

    /// Says that this process has committed something.
    pub fn committed_unknown(&self) {
        self.keep(|news| news.unknown = true);
        self.committed_here.notify_one();
    }

    /// What has been committed since the last time; for one reader.
    pub fn take_news(&self) -> News {
        std::mem::take(&mut self.news.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn keep(&self, change: impl FnOnce(&mut News)) {
        change(&mut self.news.lock().unwrap_or_else(PoisonError::into_inner));
        self.committed.notify_one();
    }

    /// Waits until somebody, here or elsewhere, has committed something.
    pub async fn committed(&self) {
        self.committed.notified().await;
    }

    /// Carries signals between processes for as long as it is polled; a lost connection only costs promptness.
    pub async fn run(&self, config: Arc<tokio_postgres::Config>) {
        loop {
            if let Err(error) = self.carry(&config).await {
                tracing::debug!(%error, "the wake-up connection was lost");
            }
            tokio::time::sleep(RECONNECT_AFTER).await;
        }
    }

    async fn carry(&self, config: &tokio_postgres::Config) -> Result<()> {
        let (client, mut connection) = config.connect(NoTls).await?;
        let (heard, own) = (self.clone(), OnceLock::new());
        let mut messages =
            futures_util::stream::poll_fn(move |context| connection.poll_message(context));
        let listen = async {
            while let Some(message) = messages.next().await {
                // What this process has written it knows already.
                if let AsyncMessage::Notification(notification) = message?
                    && own.get() != Some(&notification.process_id())
                {
                    heard.keep(|news| news.unknown = true);
                }
            }
            Result::Ok(())
        };
        let announce = async {
            let _ = own.set(client.query_one(OWN_BACKEND, &[]).await?.get(0));
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
