//! Taking away what is over: rows beside the log in one transaction with the act that tells of it, threads and leads by
//! commands of our own.

use commands::context::{Context, Mode};
use commands::dispatch::{Dispatcher, Request, Run};
use deadpool_postgres::Transaction;
use domain::ids::TenantId;
use domain::tenants::retention::RetentionClass;
use event_store::store::Store;
use identity::acts::{self, Act};
use identity::principals::Principal;
use serde_json::{Value, json};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::OWN_NAME;
use super::due::Due;
use crate::Result;
use crate::erasures;

const PURGE_FILES: &str = "
    delete from message_files f using unnest($2::text[]) as u (id)
    where f.tenant_id = $1 and f.conversation_id = split_part(u.id, '/', 1) and f.file_id = split_part(u.id, '/', 2)";
/// As an erasure does it: a tombstone stays.
const DESTROY_KEYS: &str = "
    update subject_keys set wrapped_key = null, restricted_at = null, destroyed_at = coalesce(destroyed_at, clock_timestamp())
    where tenant_id = $1 and subject_id = any ($2::text[]) and wrapped_key is not null";
const PURGE_BODIES: &str = "
    update webhook_inbox set body = '', body_hash = '', query = ''
    where tenant_id = $1 and received_at < $3 and handled_at is not null and length(body) > 0
        and webhook_id = any ($2::text[])";
const PURGE_READS: &str = "
    delete from audited_reads
    where tenant_id = $1 and read_id = any (array(select u.id::bigint from unnest($2::text[]) as u (id)))";

/// What goes together.
pub(super) struct Batch<'a> {
    pub due: &'a Due<'a>,
    pub days: u16,
    pub ids: &'a [String],
    pub principal: &'a str,
}

/// Who does it when nobody asks.
pub(super) fn own(tenant_id: &TenantId) -> Principal {
    Principal::service(tenant_id.clone(), OWN_NAME)
}

impl Batch<'_> {
    /// Takes all of it away; answers how much went.
    pub async fn purge(&self, dispatcher: &Dispatcher) -> Result<u64> {
        let store = &dispatcher.store;
        match self.due.class {
            RetentionClass::Messages => self.retire_threads(dispatcher).await,
            RetentionClass::Leads => self.retire_leads(dispatcher).await,
            RetentionClass::Approvals => {
                let gone = self.purge_rows(store).await?;
                let keys = store.keys(self.due.tenant_id).await?;
                for id in self.ids {
                    keys.forget_subject(id);
                }
                Ok(gone)
            }
            RetentionClass::Files
            | RetentionClass::WebhookBodies
            | RetentionClass::OutboxHistory
            | RetentionClass::AuditedReads => self.purge_rows(store).await,
        }
    }

    async fn purge_rows(&self, store: &Store) -> Result<u64> {
        let mut client = store.pools.engine.get().await?;
        let tx = client.transaction().await?;
        let tenant_id = self.due.tenant_id;
        let scope: [&(dyn ToSql + Sync); 2] = [&tenant_id.as_str(), &self.ids];
        let gone = match self.due.class {
            RetentionClass::Files => execute(&tx, PURGE_FILES, &scope).await?,
            RetentionClass::Approvals => execute(&tx, DESTROY_KEYS, &scope).await?,
            RetentionClass::AuditedReads => execute(&tx, PURGE_READS, &scope).await?,
            RetentionClass::WebhookBodies => {
                let scope: [&(dyn ToSql + Sync); 3] =
                    [&tenant_id.as_str(), &self.ids, &self.due.before];
                execute(&tx, PURGE_BODIES, &scope).await?
            }
            RetentionClass::OutboxHistory => {
                u64::from(erasures::purge_messages(&tx, tenant_id, self.ids).await?)
            }
            // Those go by commands.
            RetentionClass::Messages | RetentionClass::Leads => 0,
        };
        self.record(&tx, gone).await?;
        tx.commit().await?;
        Ok(gone)
    }

    async fn retire_threads(&self, dispatcher: &Dispatcher) -> Result<u64> {
        let mut erased = Vec::new();
        for id in self.ids {
            let body = json!({ "thread_id": id, "before": instant(self.due.before) });
            let answer = self.send(dispatcher, "retire-thread", body).await?;
            let result = answer["result"]["erased"].as_array().cloned();
            let ids = result.unwrap_or_default().into_iter();
            erased.extend(ids.filter_map(|id| id.as_str().map(str::to_owned)));
        }
        // A thread goes once; what lies beside it is taken away before anything else is tried.
        erasures::purge_threads(&dispatcher.store, self.due.tenant_id, &erased).await?;
        self.finish(&dispatcher.store, erased.len()).await
    }

    async fn retire_leads(&self, dispatcher: &Dispatcher) -> Result<u64> {
        let mut gone = 0;
        for id in self.ids {
            let answer = self
                .send(dispatcher, "retire-lead", json!({ "customer_id": id }))
                .await?;
            let is_changed = answer["events"]
                .as_array()
                .is_some_and(|events| !events.is_empty());
            gone += usize::from(is_changed);
        }
        self.finish(&dispatcher.store, gone).await
    }

    async fn finish(&self, store: &Store, gone: usize) -> Result<u64> {
        let gone = u64::try_from(gone).unwrap_or(u64::MAX);
        let mut client = store.pools.engine.get().await?;
        let tx = client.transaction().await?;
        self.record(&tx, gone).await?;
        tx.commit().await?;
        Ok(gone)
    }

    async fn record(&self, tx: &Transaction<'_>, gone: u64) -> Result<()> {
        if gone == 0 {
            return Ok(());
        }
        let details = json!({
            "days": self.days, "before": instant(self.due.before), "purged": gone,
        });
        let act = Act {
            tenant_id: self.due.tenant_id,
            principal: self.principal,
            action: "purge-by-retention",
            subject: self.due.class.as_str(),
            reason: None,
            details: &details,
        };
        acts::record(tx, act).await
    }

    async fn send(&self, dispatcher: &Dispatcher, name: &str, body: Value) -> Result<Value> {
        let command_id = Uuid::now_v7().to_string();
        let request = Request {
            ctx: Context {
                principal: own(self.due.tenant_id),
                now: Context::clock(),
                mode: Mode::Live,
                correlation_id: command_id.clone(),
                causation_id: command_id.clone(),
                command_id: command_id.clone(),
                if_match: None,
                source_address: None,
            },
            name: name.to_owned(),
            body,
            key: Some(format!("retention:{command_id}")),
            run: Run::Real,
        };
        let answer = dispatcher.dispatch(&request).await?;
        Ok(serde_json::from_str(&answer.body)?)
    }
}

async fn execute(
    tx: &Transaction<'_>,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<u64> {
    let statement = tx.prepare_cached(sql).await?;
    Ok(tx.execute(&statement, parameters).await?)
}

fn instant(at: time::OffsetDateTime) -> String {
    at.format(&time::format_description::well_known::Rfc3339)
        .unwrap_or_default()
}
