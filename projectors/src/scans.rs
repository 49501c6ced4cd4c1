//! Folding the streams of a range from one scan of the log. Streams that are written to side by side lie among each other,
//! so whoever reads them one after the other fetches a page of the log for nearly every event; a scan reads each page once
//! and gathers the streams in memory, as the bytes that came, up to a limit.

use std::collections::HashMap;
use std::ops::Range;
use std::pin::pin;

use bytes::Bytes;
use deadpool_postgres::{Pool, Transaction};
use domain::ids::TenantId;
use event_store::Result;
use event_store::error::Error;
use event_store::recorded::Payload;
use futures_util::StreamExt;
use time::OffsetDateTime;
use tokio_postgres::types::{FromSql, Type};

use crate::occurrences::Occurrence;
use crate::ranges::{self, PAGE_EVENTS, Sink};

/// What the streams of one range may take of this process's memory; beyond it they are read one after the other.
const MAX_BYTES: usize = 320 << 20;
/// Events of one range, so that most stay below `MAX_BYTES`.
const RANGE_EVENTS: u64 = 600_000;
/// For how many pages that a scan reads one may be fetched by itself, at the same cost.
const SCANNED_PER_FETCHED: u64 = 12;

/// A statement that copies takes no parameters.
const SET_RANGE: &str = "
    select set_config('rebuild.kind', $1, true), set_config('rebuild.after_tenant', $2, true),
        set_config('rebuild.after_id', $3, true), set_config('rebuild.last_tenant', $4, true),
        set_config('rebuild.last_id', $5, true), set_config('rebuild.until', $6, true)";
/// By its name a switch knows that it need not wait for the transaction.
const SCAN: &str = "
    set local enable_indexscan = off; set local enable_indexonlyscan = off; set local enable_bitmapscan = off;
    set local max_parallel_workers_per_gather = 0; set local jit = off;
    set local statement_timeout = 0; set local application_name = 'rapport rebuild'";
/// Tenant and id first: together they are what names a stream. The settings are read once, not for each row.
const COPY_RANGE: &str = "
    copy (select tenant_id, aggregate_id, sequence, position, event_type, event_version, payload, occurred_at
        from events
        where aggregate_type = (select current_setting('rebuild.kind'))
          and (tenant_id, aggregate_id) >
            ((select current_setting('rebuild.after_tenant')), (select current_setting('rebuild.after_id')))
          and (tenant_id, aggregate_id) <=
            ((select current_setting('rebuild.last_tenant')), (select current_setting('rebuild.last_id')))
          and position <= (select current_setting('rebuild.until')::bigint))
    to stdout (format binary)";
const COLUMNS: i16 = 8;
/// What a binary copy begins with, up to the length of the header's extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0";
/// What it ends with in place of a number of columns.
const TRAILER: i16 = -1;

/// Events of each stream, named by tenant and id as the copy has them.
type Gathered = HashMap<Bytes, Vec<Event>>;

/// Whether scanning a log of `total` events for each range pays, when so many of them are wanted.
pub(crate) fn pays(wanted: u64, total: u64) -> bool {
    ranges(wanted) * total <= wanted * SCANNED_PER_FETCHED
}

/// How many ranges so many events are scanned in.
pub(crate) fn ranges(wanted: u64) -> u64 {
    wanted.div_ceil(RANGE_EVENTS).max(1)
}

/// Folds the range; false when it does not fit into memory, and nothing is written then.
pub(crate) async fn fold(pool: &Pool, range: &ranges::Range, sink: &mut Sink) -> Result<bool> {
    let Some(streams) = gather(pool, range).await? else {
        return Ok(false);
    };
    // In the order of the key, so that its index need not be sorted.
    let mut streams: Vec<(Bytes, Vec<Event>)> = streams.into_iter().collect();
    streams.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    let mut writer = pool.get().await?;
    let mut page = Vec::with_capacity(PAGE_EVENTS);
    for (stream, mut events) in streams {
        events.sort_unstable_by_key(|event| event.sequence);
        for event in events {
            page.push(event.open(range.kind, &stream)?);
        }
        if page.len() >= PAGE_EVENTS {
            sink.write(&mut writer, &page).await?;
            page.clear();
        }
    }
    sink.write(&mut writer, &page).await?;
    Ok(true)
}

async fn gather(pool: &Pool, range: &ranges::Range) -> Result<Option<Gathered>> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    tx.batch_execute(SCAN).await?;
    let mut copied = pin!(copy(&tx, range).await?);
    let (mut streams, mut held, mut is_first) = (Gathered::new(), 0, true);
    while let Some(message) = copied.next().await {
        let mut row = message?;
        if std::mem::take(&mut is_first) {
            row = row.slice(header_length(&row)?..);
        }
        held += row.len();
        if held > MAX_BYTES {
            return Ok(None);
        }
        let Some((name, event)) = Event::read(&row)? else {
            continue;
        };
        match streams.get_mut(&row[name.clone()]) {
            Some(events) => events.push(event),
            None => {
                streams.insert(row.slice(name), vec![event]);
            }
        }
    }
    Ok(Some(streams))
}

async fn copy(
    tx: &Transaction<'_>,
    range: &ranges::Range,
) -> Result<tokio_postgres::CopyOutStream> {
    let until = range.until.to_string();
    let ((after_tenant, after_id), (last_tenant, last_id)) = (&range.after, &range.last);
    tx.execute(
        SET_RANGE,
        &[
            &range.kind,
            after_tenant,
            after_id,
            last_tenant,
            last_id,
            &until,
        ],
    )
    .await?;
    Ok(tx.copy_out(COPY_RANGE).await?)
}

/// One event as it came.
struct Event {
    sequence: i64,
    /// The columns after the sequence.
    rest: Bytes,
}

impl Event {
    /// Where the stream's name lies, and the event; nothing for the end of the copy.
    fn read(row: &Bytes) -> Result<Option<(Range<usize>, Self)>> {
        let mut columns = Columns(row);
        match columns.count()? {
            COLUMNS => {}
            TRAILER => return Ok(None),
            _ => return Err(unreadable("another number of columns")),
        }
        let begin = row.len() - columns.0.len();
        columns.next()?;
        columns.next()?;
        let name = begin..row.len() - columns.0.len();
        let sequence = columns.integer()?;
        let rest = row.slice(row.len() - columns.0.len()..);
        Ok(Some((name, Self { sequence, rest })))
    }

    fn open(&self, kind: &'static str, stream: &Bytes) -> Result<Occurrence> {
        let (mut name, mut rest) = (Columns(stream), Columns(&self.rest));
        Ok(Occurrence {
            tenant_id: TenantId::new(name.text()?),
            aggregate_type: kind,
            aggregate_id: name.text()?,
            sequence: self.sequence,
            position: rest.integer()?,
            event_type: rest.text()?,
            event_version: rest.text()?,
            payload: Payload(rest.text()?),
            occurred_at: rest.instant()?,
        })
    }
}

/// What is left of a row, column by column. None of the log's columns can be null.
struct Columns<'a>(&'a [u8]);

impl<'a> Columns<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, left) = self
            .0
            .split_at_checked(length)
            .ok_or_else(|| unreadable("it ends early"))?;
        self.0 = left;
        Ok(taken)
    }

    fn count(&mut self) -> Result<i16> {
        let bytes = self.take(size_of::<i16>())?;
        Ok(i16::from_be_bytes(bytes.try_into().map_err(unreadable)?))
    }

    fn next(&mut self) -> Result<&'a [u8]> {
        let bytes = self.take(size_of::<i32>())?;
        let length = i32::from_be_bytes(bytes.try_into().map_err(unreadable)?);
        self.take(usize::try_from(length).map_err(unreadable)?)
    }

    fn text(&mut self) -> Result<String> {
        let text = std::str::from_utf8(self.next()?).map_err(unreadable)?;
        Ok(text.to_owned())
    }

    fn integer(&mut self) -> Result<i64> {
        let bytes = self.next()?.try_into().map_err(unreadable)?;
        Ok(i64::from_be_bytes(bytes))
    }

    fn instant(&mut self) -> Result<OffsetDateTime> {
        OffsetDateTime::from_sql(&Type::TIMESTAMPTZ, self.next()?).map_err(Error::Internal)
    }
}

fn header_length(first: &Bytes) -> Result<usize> {
    let mut columns = Columns(first);
    if columns.take(HEADER.len())? != HEADER {
        return Err(unreadable("another header"));
    }
    columns.next()?;
    Ok(first.len() - columns.0.len())
}

fn unreadable(why: impl std::fmt::Display) -> Error {
    Error::internal(format!("the log's copy cannot be read: {why}"))
}
