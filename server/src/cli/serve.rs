//! `rapport serve`: everything, or one role of it, until a signal comes.

use std::time::{Duration, Instant};

use deadpool_postgres::PoolError;
use event_store::error::Error;
use event_store::versions;
use identity::accounts::Accounts;
use identity::links;
use outbox::delivery::Endpoints;
use time::OffsetDateTime;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Outcome;
use super::doctor::Patient;
use crate::app::{self, Plan, Running};
use crate::config::{DatabaseSettings, Role, ServeSettings};
use crate::database::{self, Database, Reason};
use crate::demo;
use crate::embedded::Purpose;
use crate::telemetry;
use crate::witnesses::Witnesses;

/// How often what a start prepares is begun while the database is busy, as at first it is: everybody wants connections.
const MAX_STARTS: u32 = 20;
const PAUSE_BUSY: Duration = Duration::from_secs(1);
const ROOT_KEY_MISSED: &str = "the root key was changed while this process could not look, and what is sealed from now on does \
    not open here: put the new key's file in its place (see --root-key-file) and start again";

pub async fn serve(database_settings: &DatabaseSettings, settings: &ServeSettings) -> Outcome {
    let started = Instant::now();
    let witnesses = Witnesses::new(
        settings.audit_witness.clone(),
        settings.audit_smtp.as_deref(),
    )?;
    let metrics = telemetry::metrics::install()?;
    let database = database::open(database_settings, Purpose::Serve).await?;
    let plan = Plan {
        store: database.store.clone(),
        role: settings.role,
        listen: settings.listen,
        shards: settings.shards.clone(),
        endpoints: Endpoints {
            stripe_url: settings.stripe_url(),
            addresses: settings.addresses(),
            public_url: settings.public_url(),
        },
        relay: settings.relay.settings(),
        webhook_reach: settings.webhook_reach(),
        token_issuer: settings.token_issuer(),
        client_limits: settings.client_limits(),
        notary: Some(witnesses),
        metrics: Some(metrics),
        patient: Some(Patient::new(
            database_settings,
            &database.url,
            database.embedded.as_ref(),
        )),
    };
    let mut signals = Signals::listen()?;
    let running = app::start(plan)?;
    let outcome = tokio::select! {
        outcome = run(&running, &database, database_settings, settings, started) => outcome,
        () = signals.received() => Ok(()),
        () = versions::follow(&database.store.pools.engine, database.store.tail.watch()) => Ok(()),
        () = database.store.follow_roots() => Err(ROOT_KEY_MISSED.into()),
    };
    tracing::info!("stopping");
    running.stop().await;
    if settings.demo {
        demo::stop(database_settings).await;
    }
    database.store.pools.close();
    if let Some(embedded) = database.embedded {
        embedded.stop().await?;
    }
    outcome
}

/// Prepares the demo if asked to, then watches over the private PostgreSQL; it ends only with an error.
async fn run(
    running: &Running,
    database: &Database,
    database_settings: &DatabaseSettings,
    settings: &ServeSettings,
    started: Instant,
) -> Outcome {
    for start in 1.. {
        let prepared = match (settings.demo, settings.role) {
            (true, _) => demo::prepare(&running.dispatcher, database_settings, settings).await,
            (false, Role::Worker) => Ok(()),
            (false, _) => offer_set_up(database, settings).await,
        };
        match prepared {
            Ok(()) => break,
            Err(reason) => {
                let error = understand(reason)?;
                if !matches!(error, Error::Busy { .. }) || start >= MAX_STARTS {
                    return Err(error.into());
                }
                tracing::warn!(%error, "not ready yet");
                tokio::time::sleep(PAUSE_BUSY).await;
            }
        }
    }
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(address = ?running.address, role = ?settings.role, elapsed_ms, "ready");
    match &database.embedded {
        Some(embedded) => Ok(embedded.watch().await?),
        None => std::future::pending().await,
    }
}

/// The reason as our own error, which tells whether it may go better in a moment; as it is when it is nothing like that.
fn understand(reason: Reason) -> Result<Error, Reason> {
    let reason = match reason.downcast::<PoolError>() {
        Ok(error) => return Ok((*error).into()),
        Err(reason) => reason,
    };
    let reason = match reason.downcast::<tokio_postgres::Error>() {
        Ok(error) => return Ok((*error).into()),
        Err(reason) => reason,
    };
    Ok(*reason.downcast::<Error>()?)
}

/// Where nobody lives yet, says once how the first person comes in.
async fn offer_set_up(database: &Database, settings: &ServeSettings) -> Outcome {
    let accounts = Accounts::new(database.store.clone());
    if accounts.is_fresh().await? {
        let now = OffsetDateTime::now_utc();
        let (token, _) = accounts.make_set_up_link("system", now).await?;
        let link = links::Purpose::SetUp.path(token.expose());
        tracing::info!(
            "nobody lives here yet: open {}{link} within fifteen minutes; `rapport set-up-link` makes another link",
            settings.public_url()
        );
    }
    Ok(())
}

/// What asks for a graceful stop.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
