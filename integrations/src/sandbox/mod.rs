//! Our stand-in for every provider, a process of its own: their APIs, a checkout page on which one can press Pay, phones
//! on which one plays the customer, a mail server with a mailbox, and a ledger of effects on disk that tests ask. Nothing
//! real happens.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::sandbox::store::Shared;

mod arrivals;
mod checkout;
mod connections;
mod control;
mod endpoints;
mod entries;
mod faults;
mod ledger;
mod limits;
mod lines;
mod llm;
mod mailbox;
mod pages;
mod parcels;
mod phones;
mod providers;
mod replies;
mod resend;
mod ringcentral;
mod smtp;
mod state;
mod store;
mod stripe;
mod trials;
mod twilio;
mod webhooks;
mod whatsapp;

/// Threads that serve HTTP; the work is waiting for the disk.
const HTTP_WORKERS: usize = 2;
/// HTTP connections per worker.
const HTTP_CONNECTIONS_LIMIT: usize = 1_024;
/// Largest body of a request.
const BODY_LIMIT_BYTES: usize = 1024 * 1024;
/// How long a stop waits for answers under way.
const STOP_TIMEOUT_SECONDS: u64 = 2;

/// Where the sandbox listens and writes. Port 0 takes a free one.
#[derive(Clone, Debug)]
pub struct SandboxConfig {
    pub listen: SocketAddr,
    pub smtp_listen: SocketAddr,
    /// The ledger's file; made when it is missing.
    pub ledger: PathBuf,
}

/// The stand-in; see [`Sandbox::start`].
#[derive(Debug)]
pub struct Sandbox;

/// A sandbox that is up. Dropping it stops it, without waiting.
pub struct Running {
    /// Where HTTP is served.
    pub http: SocketAddr,
    /// Where SMTP is served.
    pub smtp: SocketAddr,
    server: ServerHandle,
    stop: watch::Sender<()>,
    serving: JoinHandle<io::Result<()>>,
    tasks: [JoinHandle<()>; 2],
}

impl Sandbox {
    /// Reads the ledger, binds both addresses and serves from tasks of the current Tokio runtime.
    ///
    /// # Errors
    /// When an address is taken, or the ledger is damaged or written by another sandbox.
    pub async fn start(config: SandboxConfig) -> io::Result<Running> {
        let ledger = config.ledger.clone();
        let shared = tokio::task::spawn_blocking(move || Shared::open(&ledger))
            .await
            .map_err(io::Error::other)??;
        let client = crate::http::client().map_err(io::Error::other)?;
        let smtp_listener = TcpListener::bind(config.smtp_listen).await?;
        let smtp = smtp_listener.local_addr()?;
        let data = web::Data::from(Arc::clone(&shared));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .app_data(web::PayloadConfig::new(BODY_LIMIT_BYTES))
                .app_data(web::JsonConfig::default().limit(BODY_LIMIT_BYTES))
                .route("/", web::get().to(pages::index))
                .configure(arrivals::routes)
                .configure(control::routes)
                .configure(checkout::routes)
                .configure(mailbox::routes)
                .configure(endpoints::routes)
                .configure(limits::routes)
                .configure(phones::routes)
                .configure(replies::routes)
                .configure(stripe::routes)
                .configure(twilio::routes)
                .configure(ringcentral::routes)
                .configure(whatsapp::routes)
                .configure(resend::routes)
                .configure(llm::routes)
        })
        .workers(HTTP_WORKERS)
        .max_connections(HTTP_CONNECTIONS_LIMIT)
        .shutdown_timeout(STOP_TIMEOUT_SECONDS)
        .on_connect(connections::remember)
        .disable_signals()
        .bind(config.listen)?;
        let http = server
            .addrs()
            .first()
            .copied()
            .ok_or_else(|| io::Error::other("no address was bound"))?;
        let server = server.run();
        let handle = server.handle();
        let (stop, stopped) = watch::channel(());
        let tasks = [
            tokio::spawn(smtp::serve(
                Arc::clone(&shared),
                smtp_listener,
                stopped.clone(),
            )),
            tokio::spawn(webhooks::deliver(shared, client, stopped)),
        ];
        Ok(Running {
            http,
            smtp,
            server: handle,
            stop,
            serving: tokio::spawn(server),
            tasks,
        })
    }
}

impl Running {
    /// Stops serving and waits until the ledger is closed.
    ///
    /// # Errors
    /// When the HTTP server had failed.
    pub async fn stop(mut self) -> io::Result<()> {
        self.server.stop(true).await;
        // Nobody listening means that the tasks have ended by themselves.
        let _ = self.stop.send(());
        for task in &mut self.tasks {
            task.await.map_err(io::Error::other)?;
        }
        (&mut self.serving).await.map_err(io::Error::other)?
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        // The future only reports that the stop is done; the order goes out when it is made.
        drop(self.server.stop(false));
    }
}

/// Runs a sandbox until `shutdown` is ready.
///
/// # Errors
/// As [`Sandbox::start`] and [`Running::stop`].
pub async fn run(config: SandboxConfig, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    let running = Sandbox::start(config).await?;
    tracing::info!(http = %running.http, smtp = %running.smtp, "the sandbox is up");
    shutdown.await;
    running.stop().await
}
