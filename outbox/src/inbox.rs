//! The inbox of webhooks: stored once, sealed, acknowledged; then a worker turns each into a command of ours whose key is
//! the webhook's id. Any order and any repetition leads to the same end.

mod stripe;

use std::sync::Arc;
use std::time::Duration;

use commands::context::{Context, Mode};
use commands::dispatch::{Dispatcher, Request, Run};
use deadpool_postgres::Pool;
use domain::ids::TenantId;
use domain::refusal::Kind;
use event_store::error::Error;
use event_store::pg::begin_write;
use event_store::store::Store;
use identity::principals::Principal;
use sha2::{Digest, Sha256};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::Result;

/// Webhooks handled in one go.
const BATCH: i64 = 32;
/// How long a worker may take for one.
const LEASE_SECONDS: f64 = 60.0;
/// The longest wait before the inbox is looked at again.
const POLL_IDLE: Duration = Duration::from_millis(500);
/// Attempts before a webhook is set aside for an operator, with waits from a second to about an hour.
const MAX_ATTEMPTS: i32 = 12;

const STORE: &str = "
    insert into webhook_inbox (tenant_id, provider, event_key, webhook_id, body, body_hash)
    values ($1, $2, $3, $4, $5, $6)
    on conflict (tenant_id, provider, event_key) do nothing";
const FLAG_CONFLICT: &str = "
    update webhook_inbox set conflicting_bodies = conflicting_bodies + 1
    where tenant_id = $1 and provider = $2 and event_key = $3 and body_hash <> $4";
const CLAIM: &str = "
    with due as (
        select tenant_id, provider, event_key from webhook_inbox
        where handled_at is null and run_at <= clock_timestamp() and lease_until < clock_timestamp()
        order by run_at limit $1 for update skip locked)
    update webhook_inbox i
    set lease_until = clock_timestamp() + $2::float8 * interval '1 second', lease_no = i.lease_no + 1, attempt = i.attempt + 1
    from due where i.tenant_id = due.tenant_id and i.provider = due.provider and i.event_key = due.event_key
    returning i.tenant_id, i.provider, i.event_key, i.webhook_id, i.body, i.lease_no, i.attempt";
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
    pub body: Vec<u8>,
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
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 6] = [
        &tenant_id,
        &incoming.provider,
        &incoming.event_key,
        &webhook_id,
        &sealed,
        &hash,
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
}

struct Pending {
    tenant_id: TenantId,
    provider: String,
    event_key: String,
    webhook_id: String,
    body: Vec<u8>,
    lease_no: i64,
    attempt: i32,
}

impl Worker {
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
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
        for webhook in pending {
            self.handle(pool, &webhook).await?;
        }
        Ok(found)
    }

    async fn handle(&self, pool: &Pool, webhook: &Pending) -> Result<()> {
        let error = match self.turn(webhook).await {
            Ok(outcome) => return finish(pool, webhook, outcome, None).await,
            Err(error) => error,
        };
        let (outcome, may_change) = match &error {
            // What it speaks of may be on its way still: webhooks come in any order.
            Error::Refused(refusal) if refusal.kind == Kind::NotFound => ("refused", true),
            // Any other refusal is an answer: the same command would be refused again.
            Error::Refused(_) => ("refused", false),
            _ => ("failed", true),
        };
        tracing::warn!(webhook = webhook.webhook_id, attempt = webhook.attempt, %error, "a webhook was not handled");
        if may_change && webhook.attempt < MAX_ATTEMPTS {
            return retry(pool, webhook, &error.to_string()).await;
        }
        finish(pool, webhook, outcome, Some(&error.to_string())).await
    }

    /// Answers what became of it: `handled`, or `ignored` where it changes nothing for us.
    async fn turn(&self, webhook: &Pending) -> Result<&'static str> {
        let keys = self.dispatcher.store.keys(&webhook.tenant_id).await?;
        let body = keys
            .open_ingest("webhook", &webhook.body)
            .ok_or_else(|| Error::internal("a stored webhook does not open"))?;
        let command = match webhook.provider.as_str() {
            "stripe" => stripe::command_of(&body)?,
            _ => None,
        };
        let Some((name, body)) = command else {
            return Ok("ignored");
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
            name: name.to_owned(),
            body,
            key: Some(format!("{}:{}", webhook.provider, webhook.webhook_id)),
            run: Run::Real,
        };
        self.dispatcher.dispatch(&request).await?;
        Ok("handled")
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
