//! Brings the postmaster back when it dies under a server that still needs it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::cluster::Cluster;
use super::error::EmbeddedError;
use super::locks::Lock;
use super::postmaster::{self, PortTaken};
use super::{START_LOCK_LIMIT, places, postmaster_file};

const LOOK_INTERVAL: Duration = Duration::from_millis(50);
/// A postmaster that lived this long died of something new.
const STEADY: Duration = Duration::from_secs(60);
const MAX_RESTARTS: u32 = 10;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(10);

/// Ends with `Ok` when `stopping` is cancelled, and with the last error after ten restarts that did not last.
pub(super) async fn watch(
    cluster: Arc<Cluster>,
    stopping: CancellationToken,
) -> Result<(), EmbeddedError> {
    let mut restarts = 0;
    let mut alive_since = Instant::now();
    let mut last_error = None;
    loop {
        tokio::select! {
            () = stopping.cancelled() => return Ok(()),
            () = until_dead(&cluster) => {}
        }
        if alive_since.elapsed() >= STEADY {
            restarts = 0;
            last_error = None;
        }
        if restarts >= MAX_RESTARTS {
            return Err(last_error.unwrap_or_else(|| EmbeddedError::Program {
                action: "stay up".to_owned(),
                output: format!(
                    "it died {MAX_RESTARTS} times in a row; its log is in {}",
                    cluster.log_directory().display()
                ),
            }));
        }
        tracing::error!(restarts, "PostgreSQL has died and is started again");
        tokio::select! {
            () = stopping.cancelled() => return Ok(()),
            () = sleep(pause_after(restarts)) => {}
        }
        restarts += 1;
        match restart(&cluster, &stopping).await {
            Ok(()) => alive_since = Instant::now(),
            Err(error) => {
                tracing::error!(%error, "PostgreSQL could not be started again");
                last_error = Some(error);
            }
        }
    }
}

/// Not to be dropped half-way, which is why only it looks at `stopping` from here on.
async fn restart(cluster: &Cluster, stopping: &CancellationToken) -> Result<(), EmbeddedError> {
    let start_lock = cluster.data_dir.join(places::START_LOCK);
    let _starting = Lock::exclusive(&start_lock, START_LOCK_LIMIT).await?;
    if stopping.is_cancelled() {
        return Ok(());
    }
    postmaster::ensure(cluster, PortTaken::SocketOnly)
        .await
        .map(|_| ())
}

async fn until_dead(cluster: &Cluster) {
    while postmaster_file::living(cluster).is_some() {
        sleep(LOOK_INTERVAL).await;
    }
}

fn pause_after(restarts: u32) -> Duration {
    match restarts.checked_sub(1) {
        None => Duration::ZERO,
        Some(doublings) => MAX_PAUSE.min(FIRST_PAUSE * 2_u32.saturating_pow(doublings)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, FIRST_PAUSE, MAX_PAUSE, MAX_RESTARTS, pause_after};

    #[test]
    fn the_first_restart_is_at_once_and_later_ones_wait_longer_up_to_a_limit() {
        assert_eq!(pause_after(0), Duration::ZERO);
        assert_eq!(pause_after(1), FIRST_PAUSE);
        assert_eq!(pause_after(2), FIRST_PAUSE * 2);
        assert_eq!(pause_after(MAX_RESTARTS), MAX_PAUSE);
    }
}
