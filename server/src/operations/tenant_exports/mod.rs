//! A business is taken away by its owner: the files that `rapport tenants export` writes, as one archive, sent while it is
//! written. A file is whole on the disk before it is sent, so that a slow reader holds no connection to the database, and is
//! removed afterwards.

pub mod archive;
mod scratch;

use std::fs::{self, File};
use std::io::BufWriter;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::PoolError;
use domain::ids::TenantId;
use domain::refusal::{Kind, Refusal};
use event_store::error::Error;
use event_store::store::Store;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use self::archive::{Archive, Piece};
use self::scratch::Scratch;
use super::By;
use super::audit::exports as audit_exports;
use super::events::exports::keys;
use super::events::exports::manifest::MANIFEST;
use super::events::exports::{self, Step, Wish};
use crate::database::Reason;

/// At once in one process: each reads the whole log of a tenant.
const MAX_EXPORTS: usize = 1;
/// When to come back while another is written.
const RETRY_SECONDS: u64 = 60;
/// Pieces that wait for the reader.
const PIECES_AHEAD: usize = 4;
/// The longest export: whoever reads slowly keeps others waiting.
const LONGEST: Duration = Duration::from_secs(6 * 3_600);
const EVENTS: &str = "events";
const AUDIT_LOG: &str = "audit.ndjson";

/// Writes archives, one at a time.
#[derive(Clone)]
pub struct TenantExports {
    runtime: Handle,
    places: Arc<Semaphore>,
    stop: CancellationToken,
}

/// Whose business is taken away, by whom, and how long the reader may take for one piece.
pub struct Order {
    pub tenant_id: TenantId,
    pub slug: String,
    pub principal: String,
    pub patience: Duration,
}

impl TenantExports {
    /// Within the runtime that they are to run on.
    pub fn new(stop: CancellationToken) -> Self {
        Self {
            runtime: Handle::current(),
            places: Arc::new(Semaphore::new(MAX_EXPORTS)),
            stop,
        }
    }

    /// A place for one; refused with 429 `export-running` where there is none.
    pub fn take_place(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        self.places.clone().try_acquire_owned().map_err(|_| {
            let detail =
                "another business is being taken away from this server; try again in a minute";
            let mut refusal = Refusal::new(Kind::TooMany, "export-running", detail);
            refusal.retry_after_seconds = Some(RETRY_SECONDS);
            refusal
        })
    }

    /// Begins one, on a thread of its own; answers once everything is settled that may still be refused.
    pub async fn start(
        &self,
        store: Store,
        order: Order,
        place: OwnedSemaphorePermit,
    ) -> Result<Receiver<Piece>, Error> {
        let (out, pieces) = mpsc::channel(PIECES_AHEAD);
        let (begun, wait) = tokio::sync::oneshot::channel();
        let (runtime, stop) = (self.runtime.clone(), self.stop.clone());
        self.runtime.spawn_blocking(move || {
            runtime.block_on(async move {
                let writing = stop.run_until_cancelled(write(&store, &order, (out, begun)));
                let outcome = match tokio::time::timeout(LONGEST, writing).await {
                    Ok(Some(outcome)) => outcome,
                    Ok(None) => Err("the process was stopped".into()),
                    Err(_) => Err("it took too long".into()),
                };
                if let Err(reason) = outcome {
                    let tenant_id = order.tenant_id.as_str();
                    tracing::warn!(%reason, tenant_id, "a business was not taken away whole");
                }
                drop(place);
            });
        });
        match wait.await {
            Ok(Ok(())) => Ok(pieces),
            Ok(Err(reason)) => Err(understood(reason)),
            Err(_) => Err(Error::busy("export-interrupted", "the process was stopped")),
        }
    }
}

type Begun = tokio::sync::oneshot::Sender<Result<(), Reason>>;

async fn write(
    store: &Store,
    order: &Order,
    (out, begun): (Sender<Piece>, Begun),
) -> Result<(), Reason> {
    let by = By::without_reason(&order.principal);
    let wish = Wish::whole(&order.tenant_id, by);
    let beginning = async {
        let scratch = Scratch::make()?;
        let directory = scratch.path().join(EVENTS);
        fs::create_dir(&directory)?;
        let manifest = exports::begin(store, &wish, &directory).await?;
        Ok((scratch, directory, manifest))
    };
    let (scratch, directory, manifest) = match beginning.await {
        Ok(parts) => parts,
        // Whoever asked is told, and nobody else need be.
        Err(reason) => {
            let _ = begun.send(Err(reason));
            return Ok(());
        }
    };
    if begun.send(Ok(())).is_err() {
        return Ok(());
    }
    let archive = Archive {
        store,
        tenant_id: &order.tenant_id,
        out,
        patience: order.patience,
        folder: &order.slug,
    };
    let add = async |file: &str| {
        let path = directory.join(file);
        archive.add(&format!("{EVENTS}/{file}"), &path).await?;
        Ok::<_, Reason>(fs::remove_file(path)?)
    };
    add(keys::FILE).await?;
    let told = async |step: Step<'_>| match step {
        Step::Written(file) => add(file).await,
        Step::Passed(_) => Ok(()),
    };
    exports::go_on(store, &wish, (&directory, manifest), told).await?;
    add(MANIFEST).await?;
    let (log, path) = (order.tenant_id.as_str(), scratch.path().join(AUDIT_LOG));
    audit_exports::note(store, log, &order.principal).await?;
    let mut file = BufWriter::new(File::create(&path)?);
    audit_exports::write(store, log, &mut file, |_| ()).await?;
    drop(file);
    archive.add(AUDIT_LOG, &path).await?;
    archive.finish().await
}

/// The reason as an error that a caller can be told.
fn understood(reason: Reason) -> Error {
    let reason = match reason.downcast::<Error>() {
        Ok(error) => return *error,
        Err(reason) => reason,
    };
    let reason = match reason.downcast::<Refusal>() {
        Ok(refusal) => return (*refusal).into(),
        Err(reason) => reason,
    };
    let reason = match reason.downcast::<PoolError>() {
        Ok(error) => return (*error).into(),
        Err(reason) => reason,
    };
    match reason.downcast::<tokio_postgres::Error>() {
        Ok(error) => (*error).into(),
        Err(reason) => Error::Internal(reason),
    }
}
