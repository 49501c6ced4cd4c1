//! Subcommands work on the PostgreSQL that a running server uses, or on the private one started for as long as they
//! take; however they end, by error or by signal, they let go of it here.

use event_store::store::Store;
use tokio::signal::unix::{SignalKind, signal};

use super::Outcome;
use crate::config::DatabaseSettings;
use crate::database;
use crate::embedded::{Embedded, Purpose};

/// A signal came before the work was done.
#[derive(Debug)]
pub struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

/// Hands `work` a store: migrated, and with its root key checked.
pub async fn attached(
    settings: &DatabaseSettings,
    work: impl AsyncFnOnce(&Store) -> Outcome,
) -> Outcome {
    located(settings, async |url, _| {
        database::migrate(url).await?;
        let store = database::connect(settings, url).await?;
        work(&store).await
    })
    .await
}

/// Hands `work` the database's URL as it is, and the private PostgreSQL if it is that.
pub async fn located(
    settings: &DatabaseSettings,
    work: impl AsyncFnOnce(&str, Option<&Embedded>) -> Outcome,
) -> Outcome {
    let (url, embedded) = database::locate(settings, Purpose::Attach).await?;
    let outcome = tokio::select! {
        outcome = work(&url, embedded.as_ref()) => outcome,
        outcome = interrupted() => outcome,
    };
    match embedded {
        Some(embedded) => outcome.and(embedded.stop().await.map_err(Into::into)),
        None => outcome,
    }
}

/// Ends when the operator or the system wants us to.
pub async fn interrupted() -> Outcome {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Err(Interrupted.into())
}
