//! Folding whole streams, range by range: gathered from a scan of the log where that costs less, or else read in the order
//! of its primary key, so that a stream comes at once, is folded in memory and forgotten.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use deadpool_postgres::{Object, Pool, Transaction};
use event_store::Result;
use event_store::error::Error;
use event_store::parking::{MAX_PARKED_KEYS, Parking, Policy};
use event_store::recorded::Recorded;

use crate::occurrences::Occurrence;
use crate::{Projection, Streams, count, scans};

/// Ranges that are folded at the same time; each uses two connections.
pub(crate) const WORKERS: usize = 2;
/// About how many events are folded and written together; a stream is held as a whole, however long it is.
pub(crate) const PAGE_EVENTS: usize = 10_000;
const PAGE_LIMIT: i64 = 10_000;
/// Percent of the log's pages by which ranges of like size are found.
const SAMPLE_PERCENT: f32 = 1.0;

/// Nothing is sorted, and a page costs what it holds. By its name a switch knows that it need not wait for the transaction.
const READ_IN_ORDER: &str = "
    set local enable_seqscan = off; set local enable_bitmapscan = off; set local enable_sort = off;
    set local statement_timeout = 0; set local application_name = 'rapport rebuild'";
/// A twin counts for nothing before its last page is followed by a commit that waits for the disk.
const NEED_NOT_LAST: &str = "set local synchronous_commit = off";
const READ_STREAMS: &str = "
    select position, tenant_id, aggregate_id, sequence, event_type, event_version, payload, occurred_at
    from events
    where aggregate_type = $1 and (tenant_id, aggregate_type, aggregate_id, sequence) > ($2, $1, $3, $4)
      and (tenant_id, aggregate_type, aggregate_id) <= ($5, $1, $6) and position <= $7
    order by tenant_id, aggregate_type, aggregate_id, sequence limit $8";
const READ_REST: &str = "
    select position, tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        occurred_at, recorded_at, command_id, correlation_id, causation_id, actor
    from events
    where tenant_id = $1 and aggregate_type = $2 and aggregate_id = $3 and sequence >= $4 and position <= $5
    order by sequence";
const FIND_LAST_STREAM: &str = "
    select tenant_id, aggregate_id from events where aggregate_type = $1
    order by tenant_id desc, aggregate_id desc limit 1";
const SAMPLE_STREAMS: &str = "
    select tenant_id, aggregate_id from events tablesample system ($2)
    where aggregate_type = $1 order by tenant_id, aggregate_id";

/// A stream's tenant and id.
type StreamKey = (String, String);

/// Streams of one kind: those after the first key, up to the second.
pub(crate) struct Range {
    pub kind: &'static str,
    pub after: StreamKey,
    pub last: StreamKey,
    /// The position up to which their events are wanted.
    pub until: i64,
    way: Way,
}

/// How a range is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Scanned,
    InOrder,
}

/// Where the streams of a range go.
pub(crate) struct Sink {
    pub projection: Projection,
    pub streams: Arc<dyn Streams>,
    pub parking: Parking,
    /// The position up to which streams are folded.
    pub until: i64,
    /// Told how many events are done.
    pub done: Arc<AtomicU64>,
}

/// Ranges with about as many events each.
pub(crate) async fn find(pool: &Pool, projection: &Projection, until: i64) -> Result<Vec<Range>> {
    let client = pool.get().await?;
    let mut ranges = Vec::new();
    for kind in projection.subscriber.aggregate_types() {
        let Some(row) = client.query_opt(FIND_LAST_STREAM, &[kind]).await? else {
            continue;
        };
        let sample = client
            .query(SAMPLE_STREAMS, &[kind, &SAMPLE_PERCENT])
            .await?;
        let wanted = count::events(&client, &[kind], until).await?;
        let way = match scans::pays(wanted, until.unsigned_abs()) {
            true => Way::Scanned,
            false => Way::InOrder,
        };
        let parts = match way {
            Way::Scanned => usize::try_from(scans::ranges(wanted)).unwrap_or(WORKERS),
            Way::InOrder => WORKERS,
        };
        let parts = parts.next_multiple_of(WORKERS);
        let borders = (1..parts).filter_map(|part| sample.get(sample.len() * part / parts));
        let mut after = StreamKey::default();
        for border in borders.chain([&row]) {
            let last: StreamKey = (border.get(0), border.get(1));
            if last != after {
                ranges.push(Range {
                    kind,
                    after,
                    last: last.clone(),
                    until,
                    way,
                });
                after = last;
            }
        }
    }
    Ok(ranges)
}

/// Folds one range.
pub(crate) async fn fold(pool: Pool, range: Range, mut sink: Sink) -> Result<()> {
    if range.way == Way::Scanned && scans::fold(&pool, &range, &mut sink).await? {
        return Ok(());
    }
    fold_in_order(pool, range, sink).await
}

/// The next page is read while this one is folded and written.
async fn fold_in_order(pool: Pool, range: Range, mut sink: Sink) -> Result<()> {
    let mut reader = pool.get().await?;
    let mut writer = pool.get().await?;
    let reading = reader.transaction().await?;
    reading.batch_execute(READ_IN_ORDER).await?;
    let mut page = range.read(&reading, None).await?;
    let mut held: Vec<Occurrence> = Vec::new();
    loop {
        let is_last = i64::try_from(page.len()).unwrap_or(PAGE_LIMIT) < PAGE_LIMIT;
        held.append(&mut page);
        if is_last {
            return sink.write(&mut writer, &held).await;
        }
        let rest = held.split_off(whole_streams(&held));
        let (written, next) = tokio::join!(
            sink.write(&mut writer, &held),
            range.read(&reading, rest.last())
        );
        written?;
        (held, page) = (rest, next?);
    }
}

impl Range {
    /// The page after this event; the first for none.
    async fn read(
        &self,
        reading: &Transaction<'_>,
        newest: Option<&Occurrence>,
    ) -> Result<Vec<Occurrence>> {
        let (tenant_id, id, sequence) = match newest {
            Some(newest) => (
                newest.tenant_id.as_str(),
                newest.aggregate_id.as_str(),
                newest.sequence,
            ),
            None => (self.after.0.as_str(), self.after.1.as_str(), i64::MAX),
        };
        let statement = reading.prepare_cached(READ_STREAMS).await?;
        let rows = reading
            .query(
                &statement,
                &[
                    &self.kind,
                    &tenant_id,
                    &id,
                    &sequence,
                    &self.last.0,
                    &self.last.1,
                    &self.until,
                    &PAGE_LIMIT,
                ],
            )
            .await?;
        Ok(rows
            .iter()
            .map(|row| Occurrence::from_row(self.kind, row))
            .collect())
    }
}

impl Sink {
    /// One page, one transaction. What cannot be applied is parked with the rest of its stream.
    pub async fn write(&mut self, writer: &mut Object, events: &[Occurrence]) -> Result<()> {
        let tx = writer.transaction().await?;
        tx.batch_execute(NEED_NOT_LAST).await?;
        for poison in self.streams.copy(&tx, events).await? {
            if self.parking.policy != Policy::Park || self.parking.len() >= MAX_PARKED_KEYS {
                return Err(Error::internal(poison.failure));
            }
            if let Some(event) = events.get(poison.index) {
                self.park(&tx, event, &poison.failure).await?;
            }
        }
        tx.commit().await?;
        let count = u64::try_from(events.len()).unwrap_or_default();
        self.done.fetch_add(count, Ordering::Relaxed);
        Ok(())
    }

    /// The event, and what its stream brings after it.
    async fn park(
        &mut self,
        tx: &Transaction<'_>,
        event: &Occurrence,
        failure: &str,
    ) -> Result<()> {
        let (tenant_id, kind) = (event.tenant_id.as_str(), event.aggregate_type);
        let rest = tx
            .query(
                READ_REST,
                &[
                    &tenant_id,
                    &kind,
                    &event.aggregate_id,
                    &event.sequence,
                    &self.until,
                ],
            )
            .await?;
        let rest: Vec<Recorded> = rest.iter().map(Recorded::from_row).collect();
        let Some((event, later)) = rest.split_first() else {
            return Ok(());
        };
        let subscriber = self.projection.subscriber.as_ref();
        self.parking
            .give_way(tx, subscriber, event, failure)
            .await?;
        self.parking.queue(tx, subscriber, later).await
    }
}

/// How many of the events are of streams that end among them: all but those of the last stream, which may go on.
fn whole_streams(events: &[Occurrence]) -> usize {
    let Some(last) = events.last() else {
        return 0;
    };
    let of_last = events
        .iter()
        .rev()
        .take_while(|event| event.is_of_stream(last));
    events.len() - of_last.count()
}
