//! How many events of some types the log holds, exactly or about.

use deadpool_postgres::Object;
use event_store::Result;
use tokio_postgres::types::ToSql;

/// Up to so many positions the log's events are counted, beyond it their number is estimated from a sample.
const COUNT_LIMIT: i64 = 100_000;
/// Percent of the log's pages that are sampled.
const SAMPLE_PERCENT: f32 = 1.0;
const SAMPLED_OF: u64 = 100;

const COUNT: &str =
    "select count(*) from events where position <= $1 and aggregate_type = any ($2)";
const SAMPLE_COUNT: &str = "
    select count(*) from events tablesample system ($3) where position <= $1 and aggregate_type = any ($2)";

/// Events of these types up to a position.
pub(crate) async fn events(client: &Object, types: &[&str], until: i64) -> Result<u64> {
    let (row, times) = if until <= COUNT_LIMIT {
        (client.query_one(COUNT, &[&until, &types]).await?, 1)
    } else {
        let parameters: [&(dyn ToSql + Sync); 3] = [&until, &types, &SAMPLE_PERCENT];
        (
            client.query_one(SAMPLE_COUNT, &parameters).await?,
            SAMPLED_OF,
        )
    };
    Ok(row.get::<_, i64>(0).unsigned_abs() * times)
}
