//! How long work has been waiting: messages for the outside world, and webhooks from it.

use deadpool_postgres::Pool;

use crate::Result;

/// Only what nobody is at counts as waiting.
const FIND: &str = "
    select (select count(*) from outbox_work where run_at <= clock_timestamp() and lease_until < clock_timestamp()) as due_messages,
        coalesce((select extract(epoch from clock_timestamp() - min(run_at)) from outbox_work
            where run_at <= clock_timestamp() and lease_until < clock_timestamp()), 0)::float8 as oldest_message_seconds,
        (select count(*) from outbox_dead where discarded_at is null) as dead_messages,
        coalesce((select extract(epoch from clock_timestamp() - min(received_at)) from webhook_inbox
            where handled_at is null), 0)::float8 as oldest_webhook_seconds";

/// What waits, and how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ages {
    pub due_messages: i64,
    /// Since the oldest due message could have been sent; 0 when none is due.
    pub oldest_message_seconds: f64,
    /// Those that were neither sent nor given up.
    pub dead_messages: i64,
    pub oldest_webhook_seconds: f64,
}

pub async fn find(pool: &Pool) -> Result<Ages> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(FIND).await?;
    let row = client.query_one(&statement, &[]).await?;
    Ok(Ages {
        due_messages: row.get("due_messages"),
        oldest_message_seconds: row.get("oldest_message_seconds"),
        dead_messages: row.get("dead_messages"),
        oldest_webhook_seconds: row.get("oldest_webhook_seconds"),
    })
}
