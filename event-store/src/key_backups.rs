//! Copies of all wrapped keys, apart from copies of the data: whoever keeps data for years and keys for weeks has really
//! erased a person once the last copy of the key is gone. The lists of erasures and of deleted tenants
//! travel along, so that data which is older than these can be brought up to them.

use std::io::{BufRead, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use deadpool_postgres::GenericClient;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tokio_postgres::types::ToSql;

use crate::store::Store;
use crate::{Result, error::Error};

pub const FORMAT: &str = "rapport-keys";
pub const FORMAT_VERSION: u32 = 1;
/// Data keys that are read or written at once.
const PAGE_KEYS: i64 = 5_000;
/// The longest line of a copy.
const MAX_LINE_BYTES: usize = 1024 * 1024;

const LIST_SUBJECT_KEYS: &str = "
    select tenant_id, subject_id, wrapped_key, created_at, restricted_at, destroyed_at from subject_keys
    where (tenant_id, subject_id) > ($1, $2) order by tenant_id, subject_id limit $3";
const LIST_WRAPS: &str = "
    select tenant_id, wrap_id, wrapped_key from tenant_wrap_keys order by tenant_id, wrap_id";
const LIST_ERASURES: &str = "
    select r.tenant_id, r.customer_id from erasures r
    where exists (
        select from events e where e.tenant_id = r.tenant_id and e.aggregate_type = 'customer'
            and e.aggregate_id = r.customer_id and e.event_type = 'SubjectErased')
    order by r.tenant_id, r.customer_id";

/// A tombstone is stronger than a key, and a key than none.
const INSERT_SUBJECT_KEYS: &str = "
    insert into subject_keys (tenant_id, subject_id, wrapped_key, created_at, restricted_at, destroyed_at)
    select * from unnest($1::text[], $2::text[], $3::bytea[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[])
    on conflict (tenant_id, subject_id) do update set wrapped_key = null, restricted_at = null,
        destroyed_at = excluded.destroyed_at
        where excluded.destroyed_at is not null and subject_keys.destroyed_at is null";
const INSERT_WRAP: &str = "
    insert into tenant_wrap_keys (tenant_id, wrap_id, wrapped_key) values ($1, $2, $3) on conflict do nothing";

const LIST_DELETIONS: &str =
    "select d.tenant_id, d.slug, d.begun_at from tenant_deletions d order by d.tenant_id";

const MARK_RESTORED: &str = "update installation set restored_at = clock_timestamp()";
const MARK_REAPPLIED: &str = "update installation set restored_at = null";
const FIND_RESTORED: &str = "select restored_at from installation";

/// One line of a copy. The first is the header, the last the end, so that a whole copy is known from a part of one.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Line {
    Header {
        format: String,
        version: u32,
        #[serde(with = "time::serde::rfc3339")]
        made_at: OffsetDateTime,
        /// Of the root key that opens them, in hexadecimal digits.
        root_key_fingerprint: String,
    },
    WrapKey {
        tenant_id: String,
        wrap_id: i32,
        wrapped_key: String,
    },
    SubjectKey {
        tenant_id: String,
        subject_id: String,
        wrapped_key: Option<String>,
        #[serde(with = "time::serde::rfc3339")]
        created_at: OffsetDateTime,
        #[serde(with = "time::serde::rfc3339::option")]
        restricted_at: Option<OffsetDateTime>,
        #[serde(with = "time::serde::rfc3339::option")]
        destroyed_at: Option<OffsetDateTime>,
    },
    Erasure(Erasure),
    /// Before any key: none of the tenant's is taken from the copy.
    Deletion(TenantDeletion),
    End {
        keys: u64,
        erasures: u64,
        /// Older copies do not speak of it.
        #[serde(default, skip_serializing_if = "is_none")]
        deletions: u64,
    },
}

/// Somebody who was erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    pub tenant_id: String,
    pub customer_id: String,
}

/// A tenant whose deletion has begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantDeletion {
    pub tenant_id: String,
    pub slug: String,
    #[serde(with = "time::serde::rfc3339")]
    pub begun_at: OffsetDateTime,
}

/// What older data is to be brought up to.
#[derive(Clone, Debug, Default)]
pub struct Listed {
    pub erasures: Vec<Erasure>,
    pub deletions: Vec<TenantDeletion>,
}

/// What a copy holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub keys: u64,
    pub erasures: u64,
    pub deletions: u64,
}

/// Writes a copy.
pub async fn write(
    store: &Store,
    out: &mut (impl Write + Send),
    fingerprint: &str,
) -> Result<Counts> {
    let mut counts = Counts::default();
    line(
        out,
        &Line::Header {
            format: FORMAT.to_owned(),
            version: FORMAT_VERSION,
            made_at: OffsetDateTime::now_utc(),
            root_key_fingerprint: fingerprint.to_owned(),
        },
    )?;
    let client = store.pools.engine.get().await?;
    counts.deletions = write_deletions(&client, out).await?;
    for row in client.query(LIST_WRAPS, &[]).await? {
        let wrap = Line::WrapKey {
            tenant_id: row.get("tenant_id"),
            wrap_id: row.get("wrap_id"),
            wrapped_key: BASE64.encode(row.get::<_, &[u8]>("wrapped_key")),
        };
        line(out, &wrap)?;
    }
    let mut after = (String::new(), String::new());
    loop {
        let page = client
            .query(LIST_SUBJECT_KEYS, &[&after.0, &after.1, &PAGE_KEYS])
            .await?;
        let Some(last) = page.last() else { break };
        after = (last.get("tenant_id"), last.get("subject_id"));
        for row in &page {
            counts.keys += 1;
            let wrapped: Option<&[u8]> = row.get("wrapped_key");
            let key = Line::SubjectKey {
                tenant_id: row.get("tenant_id"),
                subject_id: row.get("subject_id"),
                wrapped_key: wrapped.map(|wrapped| BASE64.encode(wrapped)),
                created_at: row.get("created_at"),
                restricted_at: row.get("restricted_at"),
                destroyed_at: row.get("destroyed_at"),
            };
            line(out, &key)?;
        }
    }
    for row in client.query(LIST_ERASURES, &[]).await? {
        counts.erasures += 1;
        let erasure = Erasure {
            tenant_id: row.get("tenant_id"),
            customer_id: row.get("customer_id"),
        };
        line(out, &Line::Erasure(erasure))?;
    }
    let Counts {
        keys,
        erasures,
        deletions,
    } = counts;
    let end = Line::End {
        keys,
        erasures,
        deletions,
    };
    line(out, &end)?;
    Ok(counts)
}

/// Answers how many there are.
async fn write_deletions(
    client: &impl GenericClient,
    out: &mut (impl Write + Send),
) -> Result<u64> {
    let rows = client.query(LIST_DELETIONS, &[]).await?;
    for row in &rows {
        let deletion = TenantDeletion {
            tenant_id: row.try_get("tenant_id")?,
            slug: row.try_get("slug")?,
            begun_at: row.try_get("begun_at")?,
        };
        line(out, &Line::Deletion(deletion))?;
    }
    Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

/// A copy as it is read: its lists are kept, its keys are handed on page by page.
pub struct Reading<R> {
    lines: R,
    pub fingerprint: String,
    listed: Listed,
    counts: Counts,
}

type Key = (String, String, Option<Vec<u8>>, [Option<OffsetDateTime>; 3]);

impl<R: BufRead> Reading<R> {
    /// Refused with 422 `key-backup-invalid` when it is none of ours.
    pub fn open(mut lines: R) -> Result<Self> {
        let Some(Line::Header {
            format,
            version,
            root_key_fingerprint,
            ..
        }) = next(&mut lines)?
        else {
            return Err(invalid("it does not begin as one"));
        };
        if format != FORMAT || version != FORMAT_VERSION {
            return Err(invalid("it was made by another version of this program"));
        }
        Ok(Self {
            lines,
            fingerprint: root_key_fingerprint,
            listed: Listed::default(),
            counts: Counts::default(),
        })
    }

    /// Reads it to its end and, where a store is given, writes its keys there.
    pub async fn run(mut self, into: Option<&Store>) -> Result<Listed> {
        let mut page: Vec<Key> = Vec::new();
        loop {
            match next(&mut self.lines)?.ok_or_else(|| invalid("its end is missing"))? {
                Line::Header { .. } => return Err(invalid("it begins twice")),
                Line::WrapKey {
                    tenant_id,
                    wrap_id,
                    wrapped_key,
                } => {
                    if let Some(store) = into.filter(|_| !self.is_gone(&tenant_id)) {
                        let wrapped = decode(&wrapped_key)?;
                        let client = store.pools.engine.get().await?;
                        client
                            .execute(INSERT_WRAP, &[&tenant_id, &wrap_id, &wrapped])
                            .await?;
                    }
                }
                Line::SubjectKey {
                    tenant_id,
                    subject_id,
                    wrapped_key,
                    created_at,
                    restricted_at,
                    destroyed_at,
                } => {
                    self.counts.keys += 1;
                    if self.is_gone(&tenant_id) {
                        continue;
                    }
                    let wrapped = wrapped_key.as_deref().map(decode).transpose()?;
                    let times = [Some(created_at), restricted_at, destroyed_at];
                    page.push((tenant_id, subject_id, wrapped, times));
                    if i64::try_from(page.len()).unwrap_or(i64::MAX) >= PAGE_KEYS {
                        insert(into, &std::mem::take(&mut page)).await?;
                    }
                }
                Line::Erasure(erasure) => {
                    self.counts.erasures += 1;
                    self.listed.erasures.push(erasure);
                }
                Line::Deletion(deletion) => {
                    self.counts.deletions += 1;
                    self.listed.deletions.push(deletion);
                }
                Line::End {
                    keys,
                    erasures,
                    deletions,
                } => {
                    let told = Counts {
                        keys,
                        erasures,
                        deletions,
                    };
                    if told != self.counts {
                        return Err(invalid("lines are missing"));
                    }
                    insert(into, &page).await?;
                    return Ok(self.listed);
                }
            }
        }
    }

    fn is_gone(&self, tenant_id: &str) -> bool {
        let mut deletions = self.listed.deletions.iter();
        deletions.any(|deletion| deletion.tenant_id == tenant_id)
    }
}

impl Store {
    /// Says that the database is a restored one, which may know people who have been erased since.
    pub async fn mark_restored(&self) -> Result<()> {
        let client = self.pools.engine.get().await?;
        client.execute(MARK_RESTORED, &[]).await?;
        Ok(())
    }

    /// Says that everybody who was erased since is erased here as well.
    pub async fn mark_reapplied(&self) -> Result<()> {
        let client = self.pools.engine.get().await?;
        client.execute(MARK_REAPPLIED, &[]).await?;
        Ok(())
    }

    /// Since when the database waits for that; `None` when it does not.
    pub async fn restored_at(&self) -> Result<Option<OffsetDateTime>> {
        let client = self.pools.engine.get().await?;
        let row = client.query_opt(FIND_RESTORED, &[]).await?;
        Ok(row.and_then(|row| row.get(0)))
    }
}

async fn insert(into: Option<&Store>, page: &[Key]) -> Result<()> {
    let (Some(store), false) = (into, page.is_empty()) else {
        return Ok(());
    };
    let tenants: Vec<&str> = page.iter().map(|key| &*key.0).collect();
    let subjects: Vec<&str> = page.iter().map(|key| &*key.1).collect();
    let wrapped: Vec<Option<&[u8]>> = page.iter().map(|key| key.2.as_deref()).collect();
    let times = |place: usize| -> Vec<Option<OffsetDateTime>> {
        page.iter().map(|key| key.3[place]).collect()
    };
    let (created, restricted, destroyed) = (times(0), times(1), times(2));
    let columns: [&(dyn ToSql + Sync); 6] = [
        &tenants,
        &subjects,
        &wrapped,
        &created,
        &restricted,
        &destroyed,
    ];
    let client = store.pools.engine.get().await?;
    let statement = client.prepare_cached(INSERT_SUBJECT_KEYS).await?;
    client.execute(&statement, &columns).await?;
    Ok(())
}

fn line(out: &mut impl Write, line: &Line) -> Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    out.write_all(&text)
        .map_err(|error| Error::Internal(Box::new(error)))
}

fn next(lines: &mut impl BufRead) -> Result<Option<Line>> {
    let mut text = Vec::new();
    let read = std::io::Read::take(
        &mut *lines,
        u64::try_from(MAX_LINE_BYTES).unwrap_or(u64::MAX),
    )
    .read_until(b'\n', &mut text)
    .map_err(|error| Error::Internal(Box::new(error)))?;
    if read == 0 {
        return Ok(None);
    }
    let line = serde_json::from_slice(&text);
    line.map(Some).map_err(|_| invalid("a line is damaged"))
}

fn decode(text: &str) -> Result<Vec<u8>> {
    BASE64.decode(text).map_err(|_| invalid("a key is damaged"))
}

fn invalid(what: &str) -> Error {
    let detail = format!("the copy of the keys cannot be used: {what}");
    domain::refusal::Refusal::invalid("key-backup-invalid", detail).into()
}
