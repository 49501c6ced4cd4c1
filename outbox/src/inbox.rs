//! The inbox of webhooks: stored once, sealed, acknowledged; then a worker turns each into commands of ours whose keys are
//! the webhook's id. Any order and any repetition leads to the same end.

pub mod app;
mod copies;
pub mod doors;
mod files;
mod mails;
pub mod retention;
mod stripe;
pub mod subscriptions;
pub mod texts;

use std::sync::Arc;
use std::time::{Duration, Instant};

use commands::context::{Context, Mode};
use commands::dispatch::{Dispatcher, Request, Run};
use deadpool_postgres::Pool;
use domain::ids::TenantId;
use domain::refusal::Kind;
use event_store::error::Error;
use event_store::pg::begin_write;
use event_store::store::Store;
use futures_util::{StreamExt, TryStreamExt, stream};
use identity::colleagues::Colleagues;
use identity::principals::Principal;
use integrations::addresses::Addresses;
use integrations::http::HttpClient;
use integrations::resend::Resend;
use integrations::secret::Secret;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::copies::Copies;
use self::doors::Door;
use self::mails::{Read, Told};
use crate::Result;

/// Webhooks handled in one go.
const BATCH: i64 = 32;
/// How long a worker may take for one.
const LEASE_SECONDS: f64 = 60.0;
/// The longest wait before the inbox is looked at again.
const POLL_IDLE: Duration = Duration::from_millis(500);
/// Attempts before a webhook is set aside for an operator, with waits from a second to about an hour.
const MAX_ATTEMPTS: i32 = 12;
/// Attempts for news of a message that we may never have sent ourselves; the last comes after about a minute.
const MAX_ATTEMPTS_ABOUT_A_MESSAGE: i32 = 7;
/// Webhooks handled at once.
const CONCURRENCY: usize = 8;

/// What Resend's key is called in its configuration.
const RESEND_KEY: &str = "api_key";

const STORE: &str = "
    insert into webhook_inbox (tenant_id, provider, event_key, webhook_id, body, body_hash, query)
    values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (tenant_id, provider, event_key) do nothing";
const FLAG_CONFLICT: &str = "
    update webhook_inbox set conflicting_bodies = conflicting_bodies + 1
    where tenant_id = $1 and provider = $2 and event_key = $3 and body_hash <> $4";
/// What came for a suspended tenant stays until it is resumed.
const CLAIM: &str = "
    with due as (
        select w.tenant_id, w.provider, w.event_key from webhook_inbox w
        where w.handled_at is null and w.run_at <= clock_timestamp() and w.lease_until < clock_timestamp()
          and not exists (
            select from claims c
            where c.tenant_id = w.tenant_id and c.scope = 'tenant-suspended' and c.value = 'tenant-suspended')
        order by w.run_at limit $1 for update of w skip locked)
    update webhook_inbox i
    set lease_until = clock_timestamp() + $2::float8 * interval '1 second', lease_no = i.lease_no + 1, attempt = i.attempt + 1
    from due where i.tenant_id = due.tenant_id and i.provider = due.provider and i.event_key = due.event_key
    returning i.tenant_id, i.provider, i.event_key, i.webhook_id, i.body, i.query, i.lease_no, i.attempt";
const FINISH: &str = "
    update webhook_inbox set handled_at = clock_timestamp(), outcome = $5, detail = $6
    where tenant_id = $1 and provider = $2 and event_key = $3 and lease_no = $4";
const RETRY: &str = "
    update webhook_inbox set run_at = clock_timestamp() + $5::float8 * interval '1 second', lease_until = '-infinity', detail = $6
    where tenant_id = $1 and provider = $2 and event_key = $3 and lease_no = $4";

/// A verified webhook, as it came.
#[derive(Debug)]
pub struct Incoming {
    pub tenant_id: TenantId,
    pub provider: String,
    /// The provider's own id of the event.
    pub event_key: String,
    /// Of the URL that it came to; what we gave along when we handed the URL out.
    pub query: String,
    pub body: Vec<u8>,
}

/// A command that a webhook becomes.
#[derive(Clone, Debug, PartialEq)]
struct Asked {
    name: &'static str,
    body: Value,
    /// How often it is tried while what it speaks of is not known.
    patience: i32,
    /// The mail of ours that it is about: which message that was is looked up before it is sent.
    about_mail: Option<String>,
    /// What is to be kept beside the thread that it leads to.
    files: Vec<File>,
}

/// A file of a message's.
#[derive(Clone, PartialEq)]
struct File {
    file_id: String,
    content_type: String,
    content: Vec<u8>,
}

impl std::fmt::Debug for File {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.file_id)
    }
}

impl Asked {
    fn new(name: &'static str, body: Value) -> Self {
        Self {
            name,
            body,
            patience: MAX_ATTEMPTS,
            about_mail: None,
            files: Vec::new(),
        }
    }

    /// Providers tell of all that went through them, also of what is no message of a conversation.
    fn about_a_message(name: &'static str, body: Value) -> Self {
        Self {
            patience: MAX_ATTEMPTS_ABOUT_A_MESSAGE,
            ..Self::new(name, body)
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    New,
    /// Known already; nothing was stored.
    Again,
}

/// Stores a webhook once. The same key with another body keeps the first and flags it.
pub async fn receive(store: &Store, incoming: &Incoming) -> Result<Received> {
    let keys = store.keys(&incoming.tenant_id).await?;
    let sealed = keys.seal_ingest("webhook", &incoming.body)?;
    let hash = Sha256::digest(&incoming.body).to_vec();
    let webhook_id = Uuid::now_v7().to_string();
    let tenant_id = incoming.tenant_id.as_str();
    let mut client = store.pools.request.get().await?;
    let tx = begin_write(&mut client, tenant_id).await?;
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 7] = [
        &tenant_id,
        &incoming.provider,
        &incoming.event_key,
        &webhook_id,
        &sealed,
        &hash,
        &incoming.query,
    ];
    let stored = tx
        .execute(&tx.prepare_cached(STORE).await?, &parameters)
        .await?;
    tx.commit().await?;
    if stored == 1 {
        return Ok(Received::New);
    }
    let engine = store.pools.engine.get().await?;
    let flagged = engine
        .execute(
            FLAG_CONFLICT,
            &[&tenant_id, &incoming.provider, &incoming.event_key, &hash],
        )
        .await?;
    if flagged == 1 {
        metrics::counter!("rapport_webhook_conflicting_bodies_total").increment(1);
        tracing::warn!(
            provider = incoming.provider,
            event_key = incoming.event_key,
            "a webhook came again with another body"
        );
    }
    Ok(Received::Again)
}

/// Turns stored webhooks into commands.
pub struct Worker {
    pub dispatcher: Dispatcher,
    pub wake: Arc<Notify>,
    /// To fetch mails by.
    pub http: HttpClient,
    pub addresses: Addresses,
    /// Who copies letters to us.
    pub colleagues: Colleagues,
}

struct Pending {
    tenant_id: TenantId,
    provider: String,
    event_key: String,
    webhook_id: String,
    body: Vec<u8>,
    query: String,
    lease_no: i64,
    attempt: i32,
}

/// What became of a webhook that was turned into commands, or not.
enum Turned {
    Handled,
    /// It changes nothing for us.
    Ignored,
    /// One of its commands was not done; with how often it is to be tried.
    Failed(Error, i32),
}

impl Worker {
    pub async fn run(self, stop: CancellationToken) {
        let mut swept = Instant::now();
        while !stop.is_cancelled() {
            if swept.elapsed() >= retention::INTERVAL {
                swept = Instant::now();
                if let Err(error) = retention::sweep(&self.dispatcher.store.pools.engine).await {
                    tracing::warn!(%error, "old webhooks could not be forgotten");
                }
            }
            match self.step().await {
                Ok(0) => {}
                Ok(_) => continue,
                Err(error) => tracing::warn!(%error, "the inbox cannot be read"),
            }
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep(POLL_IDLE) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    async fn step(&self) -> Result<usize> {
        let pool = &self.dispatcher.store.pools.engine;
        let pending = claim(pool).await?;
        let found = pending.len();
        let handling = pending
            .into_iter()
            .map(|webhook| async move { self.handle(pool, &webhook).await });
        stream::iter(handling)
            .buffer_unordered(CONCURRENCY)
            .try_collect::<()>()
            .await?;
        Ok(found)
    }

    async fn handle(&self, pool: &Pool, webhook: &Pending) -> Result<()> {
        let (error, patience) = match self.turn(webhook).await {
            Ok(Turned::Handled) => return finish(pool, webhook, "handled", None).await,
            Ok(Turned::Ignored) => return finish(pool, webhook, "ignored", None).await,
            Ok(Turned::Failed(error, patience)) => (error, patience),
            Err(error) => (error, MAX_ATTEMPTS),
        };
        let (outcome, may_change) = match &error {
            // What it speaks of may be on its way still: webhooks come in any order.
            Error::Refused(refusal) if refusal.kind == Kind::NotFound => ("refused", true),
            // Any other refusal is an answer: the same command would be refused again.
            Error::Refused(_) => ("refused", false),
            _ => ("failed", true),
        };
        if may_change && webhook.attempt < patience {
            tracing::debug!(webhook = webhook.webhook_id, attempt = webhook.attempt, %error, "a webhook waits");
            return retry(pool, webhook, &error.to_string()).await;
        }
        tracing::warn!(webhook = webhook.webhook_id, attempt = webhook.attempt, %error, "a webhook was not handled");
        finish(pool, webhook, outcome, Some(&error.to_string())).await
    }

    /// Turns one webhook into its commands, each under a key of its own, so that a repetition does again only what was
    /// not done.
    async fn turn(&self, webhook: &Pending) -> Result<Turned> {
        let keys = self.dispatcher.store.keys(&webhook.tenant_id).await?;
        let body = keys
            .open_ingest("webhook", &webhook.body)
            .ok_or_else(|| Error::internal("a stored webhook does not open"))?;
        let asked = match Door::find(&webhook.provider) {
            Some(Door::Stripe) => stripe::command_of(&body)?
                .map(|(name, body)| Asked::new(name, body))
                .into_iter()
                .collect(),
            Some(Door::Twilio) => texts::of_twilio(&body, &webhook.query)?,
            Some(Door::RingCentral) => texts::of_ringcentral(&body)?,
            Some(Door::WhatsApp) => texts::of_whatsapp(&body)?,
            Some(Door::Resend) => match mails::of_resend(&body)? {
                Told::News(asked) => asked,
                Told::Arrival(id) => {
                    let mail = self.fetch_mail(&webhook.tenant_id, &id).await?;
                    self.read_mail(webhook, &mail).await?
                }
            },
            Some(Door::Email) => self.read_mail(webhook, &body).await?,
            Some(Door::App) => app::of_app(&body, &webhook.event_key)?,
            None => Vec::new(),
        };
        if asked.is_empty() {
            return Ok(Turned::Ignored);
        }
        // All are tried: one that is refused must not keep the others from being done.
        let mut failed = None;
        for (number, asked) in asked.into_iter().enumerate() {
            let patience = asked.patience;
            if let Err(error) = self.dispatch(webhook, number, asked).await {
                failed = Some((error, patience));
            }
        }
        Ok(match failed {
            None => Turned::Handled,
            Some((error, patience)) => Turned::Failed(error, patience),
        })
    }

    async fn read_mail(&self, webhook: &Pending, mail: &[u8]) -> Result<Vec<Asked>> {
        let tenant = self.dispatcher.find_tenant(&webhook.tenant_id).await?;
        let copies = Copies {
            store: &self.dispatcher.store,
            colleagues: &self.colleagues,
            tenant_id: &webhook.tenant_id,
            tenant: &tenant,
            provider: &webhook.provider,
        };
        let mail = match mails::read(mail)? {
            Read::Report(asked) => return Ok(asked),
            Read::Letter(mail) => mail,
        };
        Ok(match copies.writer_of(&mail).await? {
            Some(person_id) => copies.file(*mail, &person_id, &webhook.webhook_id),
            None => mails::received("email", *mail, &webhook.webhook_id)
                .into_iter()
                .collect(),
        })
    }

    /// A mail that has come in at Resend, as it came over the wire.
    async fn fetch_mail(&self, tenant_id: &TenantId, id: &str) -> Result<Vec<u8>> {
        let tenant = self.dispatcher.find_tenant(tenant_id).await?;
        let keys = self.dispatcher.store.keys(tenant_id).await?;
        let name = Door::Resend.name();
        let provider = tenant.providers.get(name);
        let sealed = provider.and_then(|provider| provider.secrets.get(RESEND_KEY));
        let purpose = commands::tenants::secret_purpose(name, RESEND_KEY);
        let key = sealed.and_then(|sealed| keys.open_secret(&purpose, sealed));
        let key = key.ok_or_else(|| {
            Error::internal("a mail came in at resend, whose api_key is not configured")
        })?;
        let address = self.addresses.of(name).unwrap_or_default();
        let resend = Resend::new(self.http.clone(), address, Secret::new(key.as_str()));
        let fetched = resend.fetch_received(id).await;
        fetched.map_err(|failure| Error::internal(failure.to_string()))
    }

    async fn dispatch(&self, webhook: &Pending, number: usize, mut asked: Asked) -> Result<()> {
        let pool = &self.dispatcher.store.pools.engine;
        mails::name(pool, &webhook.tenant_id, &mut asked).await?;
        let key = match number {
            0 => format!("{}:{}", webhook.provider, webhook.webhook_id),
            _ => format!("{}:{}:{number}", webhook.provider, webhook.webhook_id),
        };
        let request = Request {
            ctx: Context {
                principal: Principal::service(webhook.tenant_id.clone(), "webhooks"),
                now: Context::clock(),
                mode: Mode::Live,
                command_id: Uuid::now_v7().to_string(),
                correlation_id: webhook.webhook_id.clone(),
                causation_id: webhook.webhook_id.clone(),
                if_match: None,
                source_address: None,
            },
            name: asked.name.to_owned(),
            body: asked.body,
            key: Some(key),
            run: Run::Real,
        };
        let answer = self.dispatcher.dispatch(&request).await?;
        // Whoever is lost before this point comes again, and is answered the same.
        files::keep(
            &self.dispatcher.store,
            &webhook.tenant_id,
            (&answer.body, &asked.files),
        )
        .await
    }
}

async fn claim(pool: &Pool) -> Result<Vec<Pending>> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(CLAIM).await?;
    let rows = client.query(&statement, &[&BATCH, &LEASE_SECONDS]).await?;
    Ok(rows
        .iter()
        .map(|row| Pending {
            tenant_id: TenantId::new(row.get::<_, String>("tenant_id")),
            provider: row.get("provider"),
            event_key: row.get("event_key"),
            webhook_id: row.get("webhook_id"),
            body: row.get("body"),
            query: row.get("query"),
            lease_no: row.get("lease_no"),
            attempt: row.get("attempt"),
        })
        .collect())
}

async fn retry(pool: &Pool, webhook: &Pending, detail: &str) -> Result<()> {
    let wait_seconds = 2_f64.powi(webhook.attempt.min(MAX_ATTEMPTS)) / 2.0;
    let client = pool.get().await?;
    let statement = client.prepare_cached(RETRY).await?;
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 6] = [
        &webhook.tenant_id.as_str(),
        &webhook.provider,
        &webhook.event_key,
        &webhook.lease_no,
        &wait_seconds,
        &detail,
    ];
    client.execute(&statement, &parameters).await?;
    Ok(())
}

async fn finish(pool: &Pool, webhook: &Pending, outcome: &str, detail: Option<&str>) -> Result<()> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(FINISH).await?;
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 6] = [
        &webhook.tenant_id.as_str(),
        &webhook.provider,
        &webhook.event_key,
        &webhook.lease_no,
        &outcome,
        &detail,
    ];
    client.execute(&statement, &parameters).await?;
    metrics::counter!("rapport_webhooks_total", "provider" => webhook.provider.clone(), "outcome" => outcome.to_owned()).increment(1);
    Ok(())
}
