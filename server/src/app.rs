//! The running program: what every request can reach, and the tasks beside the API.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::{App as ActixApp, HttpServer, web};
use commands::dispatch::Dispatcher;
use domain::webhook_endpoints::reach::Reach;
use event_store::log::Subscriber;
use event_store::notary::{checkpoints, subscriber::Notary};
use event_store::presence::Presence;
use event_store::readings;
use event_store::store::Store;
use identity::accounts::Accounts;
use identity::colleagues::Colleagues;
use identity::key_cache::KeyCache;
use identity::oauth::grants;
#[cfg(feature = "oidc")]
use integrations::openid::OpenId;
use metrics_exporter_prometheus::PrometheusHandle;
use outbox::deletions;
use outbox::delivery::{Delivery, Endpoints};
use outbox::inbox::Worker;
use outbox::inbox::subscriptions::Subscriptions;
use outbox::journeys::subscriber::Journeys;
use outbox::relay::Relay;
use outbox::retention;
use outbox::webhooks::{replays, subscriber::Webhooks};
use outbox::work;
use projectors::audit::Audit;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::access::Recorder;
use crate::cli::doctor::Patient;
use crate::config::Role;
use crate::connections::{ClientLimits, Connections};
use crate::database::Reason;
use crate::http::auth::limits::Tries;
use crate::http::chat::limits::Limits;
use crate::http::oauth::{self, OAuth};
use crate::http::rates::Rates;
use crate::http::{self, request_log, stream};
use crate::issuers::{OutsideIssuer, Trust};
use crate::operations::long::LongActs;
use crate::operations::tenant_exports::TenantExports;
use crate::sharding::{self, Split};
use crate::witnesses::Witnesses;

/// How long a graceful stop waits for requests and tasks.
const STOP_PATIENCE_SECONDS: u64 = 30;
/// How often used keys are noted, and old answers are forgotten.
const HOUSEKEEPING: Duration = Duration::from_secs(60);
/// How long an answer is kept for replay; the contract promises 30 days.
const ANSWERS_KEPT_DAYS: i32 = 35;
/// How many old answers one round of housekeeping forgets.
const FORGET_LIMIT: i64 = 5_000;

const FORGET_ANSWERS: &str = "
    delete from commands where ctid = any (array(
        select ctid from commands where recorded_at < now() - $1::int * interval '1 day' limit $2))";

/// What every request can reach.
pub struct App {
    pub store: Store,
    pub dispatcher: Dispatcher,
    pub keys: KeyCache,
    /// People's sessions and what they sign in with.
    pub accounts: Accounts,
    /// Talks to the providers that people sign in by.
    #[cfg(feature = "oidc")]
    pub openid: OpenId,
    /// How often somebody has tried to come in.
    pub tries: Tries,
    /// What principals have asked in the last minute.
    pub rates: Rates,
    pub streams: Arc<Semaphore>,
    /// What visitors of the chat have used up.
    pub chat: Limits,
    /// Ends open streams, which would otherwise outlast any graceful stop.
    pub closing: CancellationToken,
    /// How much, and for how long, one client may take.
    pub limits: ClientLimits,
    /// Tokens of programs, and who issues them.
    pub oauth: OAuth,
    pub inbox_wake: Arc<Notify>,
    /// How providers reach us, without a trailing slash.
    pub public_url: String,
    pub metrics: Option<PrometheusHandle>,
    /// Who was refused, and what was read that is audited.
    pub access: Recorder,
    /// What the doctor looks at.
    pub patient: Option<Patient>,
    pub long_acts: LongActs,
    /// Businesses on their way out.
    pub tenant_exports: TenantExports,
}

/// What to run.
pub struct Plan {
    pub store: Store,
    pub role: Role,
    pub listen: SocketAddr,
    /// Which projections are split; the others are whole.
    pub shards: Vec<Split>,
    pub endpoints: Endpoints,
    /// How messages are leased and sent.
    pub relay: work::Settings,
    /// Which addresses webhooks may be sent to.
    pub webhook_reach: Reach,
    /// Who issues access tokens instead of us.
    pub token_issuer: Option<Trust>,
    pub client_limits: ClientLimits,
    /// Seals the log, and whom it tells; `None` leaves that to other processes.
    pub notary: Option<Witnesses>,
    pub metrics: Option<PrometheusHandle>,
    /// Without it there is nobody for the doctor to look at over HTTP.
    pub patient: Option<Patient>,
}

/// The program while it runs.
pub struct Running {
    /// Where the API listens, for a port that the system chose.
    pub address: Option<SocketAddr>,
    pub dispatcher: Dispatcher,
    long_acts: LongActs,
    closing: CancellationToken,
    stop: CancellationToken,
    tasks: JoinSet<()>,
    http: Option<actix_web::dev::ServerHandle>,
}

/// Starts everything that the role asks for.
pub fn start(plan: Plan) -> Result<Running, Reason> {
    let dispatcher = Dispatcher::new(plan.store.clone()).reaching(plan.webhook_reach);
    let (closing, stop) = (CancellationToken::new(), CancellationToken::new());
    let mut tasks = JoinSet::new();
    let inbox_wake = Arc::new(Notify::new());
    let long_acts = LongActs::new(stop.clone());
    start_log(&plan.store, &stop, &mut tasks);
    if plan.role != Role::Api {
        start_workers(&plan, &dispatcher, &inbox_wake, &stop, &mut tasks)?;
    }
    let oauth = open_oauth(&plan)?;
    let app = web::Data::new(App {
        store: plan.store.clone(),
        dispatcher: dispatcher.clone(),
        keys: KeyCache::default(),
        accounts: Accounts::new(plan.store.clone()),
        #[cfg(feature = "oidc")]
        openid: OpenId::new(outbox::delivery::may_reach(plan.webhook_reach))?,
        tries: Tries::default(),
        rates: Rates::default(),
        streams: Arc::new(Semaphore::new(stream::MAX_STREAMS)),
        chat: Limits::default(),
        closing: closing.clone(),
        limits: plan.client_limits,
        oauth,
        inbox_wake,
        public_url: plan.endpoints.public_url.clone(),
        metrics: plan.metrics,
        access: Recorder::default(),
        patient: plan.patient,
        long_acts: long_acts.clone(),
        tenant_exports: TenantExports::new(closing.clone()),
    });
    tasks.spawn(keep_house(app.clone(), stop.clone()));
    tasks.spawn(Recorder::run(app.clone(), stop.clone()));
    let (mut address, mut handle) = (None, None);
    if plan.role != Role::Worker {
        let listener = TcpListener::bind(plan.listen)
            .map_err(|error| format!("cannot listen on {}: {error}", plan.listen))?;
        address = Some(listener.local_addr()?);
        let (limits, connections) = (plan.client_limits, Connections::new(plan.client_limits));
        tasks.spawn(connections.clone().run(stop.clone()));
        let server = HttpServer::new(move || {
            ActixApp::new()
                .app_data(app.clone())
                .wrap(from_fn(request_log::log_request))
                .configure(http::routes)
        })
        .on_connect(move |stream, extensions| connections.accept(stream, extensions))
        .client_request_timeout(limits.head)
        .keep_alive(limits.keep_alive)
        .shutdown_timeout(STOP_PATIENCE_SECONDS)
        .disable_signals()
        .listen(listener)?
        .run();
        handle = Some(server.handle());
        tasks.spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "the HTTP server ended");
            }
        });
    }
    Ok(Running {
        address,
        dispatcher,
        long_acts,
        closing,
        stop,
        tasks,
        http: handle,
    })
}

impl Running {
    /// Stops gracefully: no new requests, deliveries under way are finished, leases are given back.
    pub async fn stop(mut self) {
        self.closing.cancel();
        if let Some(http) = &self.http {
            http.stop(true).await;
        }
        self.stop.cancel();
        let patience = Duration::from_secs(STOP_PATIENCE_SECONDS);
        self.long_acts.ended(patience).await;
        let _ = tokio::time::timeout(patience, async {
            while self.tasks.join_next().await.is_some() {}
        })
        .await;
    }
}

/// What issues tokens, or trusts somebody else's.
fn open_oauth(plan: &Plan) -> Result<OAuth, Reason> {
    let outside = match &plan.token_issuer {
        Some(trust) => {
            let documents = oauth::documents_of(plan.webhook_reach)?;
            Some(OutsideIssuer::new(trust.clone(), documents))
        }
        None => None,
    };
    let public_url = &plan.endpoints.public_url;
    OAuth::new(plan.store.clone(), public_url, plan.webhook_reach, outside)
}

fn start_log(store: &Store, stop: &CancellationToken, tasks: &mut JoinSet<()>) {
    let (wake, config, tail) = (
        store.wake.clone(),
        store.pools.config.clone(),
        store.tail.clone(),
    );
    let stopped = stop.clone();
    tasks.spawn(async move {
        stopped
            .run_until_cancelled(wake.run(config))
            .await
            .unwrap_or_default()
    });
    let stopped = stop.clone();
    tasks.spawn(async move {
        stopped
            .run_until_cancelled(tail.run())
            .await
            .unwrap_or_default()
    });
    let (directory, vault) = (store.directory.clone(), store.vault.clone());
    let stopped = stop.clone();
    tasks.spawn(async move {
        stopped
            .run_until_cancelled(directory.follow_suspended(&vault))
            .await
            .unwrap_or_default()
    });
}

fn start_presence(
    store: &Store,
    presence: &Presence,
    stop: &CancellationToken,
    tasks: &mut JoinSet<()>,
) {
    let (presence, config, stop) = (presence.clone(), store.pools.config.clone(), stop.clone());
    tasks.spawn(async move {
        stop.run_until_cancelled(presence.run(config))
            .await
            .unwrap_or_default()
    });
}

fn start_workers(
    plan: &Plan,
    dispatcher: &Dispatcher,
    inbox_wake: &Arc<Notify>,
    stop: &CancellationToken,
    tasks: &mut JoinSet<()>,
) -> Result<(), Reason> {
    let presence = Presence::default();
    let owner = presence.owner().to_owned();
    start_presence(&plan.store, &presence, stop, tasks);
    let subscribers = sharding::subscribers(&plan.store, &plan.shards)?.into_iter();
    let notary = plan.notary.as_ref();
    let notary = notary.map(|_| Arc::new(Notary::default()) as Arc<dyn Subscriber>);
    let others: [Arc<dyn Subscriber>; 3] =
        [Arc::new(Webhooks), Arc::new(Journeys), Arc::new(Audit)];
    for subscriber in subscribers.chain(others).chain(notary) {
        let runner = plan.store.runner(subscriber, &owner);
        let (presence, stopped) = (presence.clone(), stop.clone());
        tasks.spawn(async move {
            // A lease that is taken before others can see its owner would be taken away at once.
            presence.arrived().await;
            runner.run(stopped).await;
        });
    }
    if let Some(witnesses) = &plan.notary {
        tasks.spawn(checkpoints::run(plan.store.clone(), stop.clone()));
        let http = integrations::http::client()?;
        tasks.spawn(
            witnesses
                .clone()
                .run(plan.store.clone(), http, stop.clone()),
        );
    }
    let subscriptions = Subscriptions {
        dispatcher: dispatcher.clone(),
        http: integrations::http::client()?,
        addresses: plan.endpoints.addresses.clone(),
        public_url: plan.endpoints.public_url.clone(),
    };
    tasks.spawn(subscriptions.run(stop.clone()));
    let delivery = Arc::new(Delivery::new(dispatcher.clone(), plan.endpoints.clone())?);
    tasks.spawn(Relay::new(plan.store.clone(), delivery, plan.relay).run(stop.clone()));
    tasks.spawn(retention::sweep(dispatcher.clone(), stop.clone()));
    tasks.spawn(deletions::run(dispatcher.clone(), stop.clone()));
    tasks.spawn(replays::run(plan.store.pools.engine.clone(), stop.clone()));
    tasks.spawn(
        Worker {
            dispatcher: dispatcher.clone(),
            wake: inbox_wake.clone(),
            http: integrations::http::client()?,
            addresses: plan.endpoints.addresses.clone(),
            colleagues: Colleagues::default(),
        }
        .run(stop.clone()),
    );
    Ok(())
}

async fn keep_grants(app: &App) -> event_store::Result<()> {
    grants::forget_old(&app.store.pools.engine.get().await?).await?;
    app.oauth.issuer.keyring.keep_house().await
}

async fn keep_house(app: web::Data<App>, stop: CancellationToken) {
    while stop
        .run_until_cancelled(tokio::time::sleep(HOUSEKEEPING))
        .await
        .is_some()
    {
        if let Err(error) = app.keys.write_last_used(&app.store.pools.engine).await {
            tracing::warn!(%error, "the use of keys could not be noted");
        }
        if let Err(error) = app
            .accounts
            .sessions
            .keep_house(&app.store.pools.engine)
            .await
        {
            tracing::warn!(%error, "the use of sessions could not be noted");
        }
        if let Err(error) = keep_grants(&app).await {
            tracing::warn!(%error, "grants and signing keys could not be looked after");
        }
        // Wrapping keys that an operator has made since; new data keys are wrapped under the newest.
        for keys in app.store.vault.known() {
            if let Err(error) = app.store.learn_wraps(&keys).await {
                tracing::warn!(%error, "wrapping keys could not be looked up");
            }
        }
        let forgotten = async {
            let client = app.store.pools.engine.get().await?;
            Ok::<_, event_store::error::Error>(
                client
                    .execute(FORGET_ANSWERS, &[&ANSWERS_KEPT_DAYS, &FORGET_LIMIT])
                    .await?,
            )
        };
        let engine = &app.store.pools.engine;
        if let Err(error) = readings::forget_old(engine, FORGET_LIMIT).await {
            tracing::warn!(%error, "what agents have read and used could not be forgotten");
        }
        if let Err(error) = forgotten.await {
            tracing::warn!(%error, "old answers could not be forgotten");
        }
    }
}
