//! How long webhooks have been waiting to be handled.

use deadpool_postgres::Pool;

use crate::Result;

const FIND: &str = "
    select coalesce((select extract(epoch from clock_timestamp() - min(received_at)) from webhook_inbox
            where handled_at is null), 0)::float8 as oldest_webhook_seconds";

/// How long the oldest has waited.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ages {
    pub oldest_webhook_seconds: f64,
}

pub async fn find(pool: &Pool) -> Result<Ages> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(FIND).await?;
    let row = client.query_one(&statement, &[]).await?;
    Ok(Ages {
        oldest_webhook_seconds: row.get("oldest_webhook_seconds"),
    })
}
