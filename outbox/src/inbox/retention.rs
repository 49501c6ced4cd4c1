//! How long handled webhooks are kept: long enough that the latest repetition is still known. Those that were never
//! handled stay until somebody has looked at them.

use std::time::Duration;

use deadpool_postgres::Pool;

use crate::Result;

/// Days that a handled webhook is kept. Providers repeat theirs for a week by themselves, and people for some weeks.
const KEPT_DAYS: i32 = 90;
/// Webhooks forgotten in one statement, and statements of one round.
const FORGET_LIMIT: i64 = 5_000;
const STATEMENTS_LIMIT: usize = 20;
/// How often a round is made.
pub(super) const INTERVAL: Duration = Duration::from_secs(10 * 60);

const FORGET: &str = "
    delete from webhook_inbox where ctid = any (array(
        select ctid from webhook_inbox
        where received_at < now() - $1::int * interval '1 day' and handled_at is not null limit $2))";

/// Forgets what is old enough, a bounded piece at a time; answers how many.
pub async fn sweep(pool: &Pool) -> Result<u64> {
    let mut forgotten = 0;
    for _ in 0..STATEMENTS_LIMIT {
        let piece = forget(pool).await?;
        forgotten += piece;
        if piece < FORGET_LIMIT.unsigned_abs() {
            break;
        }
    }
    Ok(forgotten)
}

async fn forget(pool: &Pool) -> Result<u64> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(FORGET).await?;
    Ok(client
        .execute(&statement, &[&KEPT_DAYS, &FORGET_LIMIT])
        .await?)
}
