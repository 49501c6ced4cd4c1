//! What an import needs beside the events: the tenant's and its subjects' wrapped keys, claims and handles. All of it is
//! read in the snapshot that settles which events belong to the export, so that they agree.

use std::path::Path;
use std::pin::pin;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use deadpool_postgres::Transaction;
use domain::ids::TenantId;
use event_store::store::Store;
use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};
use tokio_postgres::types::ToSql;
use tokio_postgres::{IsolationLevel, Row};

use super::manifest::{Piece, PieceWriter};
use super::pages::{Range, safe_end};
use crate::database::Reason;

/// Its name in the export's directory.
pub const FILE: &str = "keys.ndjson";

/// A large tenant's claims take longer than a statement of ours usually may.
const NO_TIME_LIMIT: &str = "set local statement_timeout = 0";
const FIND_TENANT: &str = "select slug, wrapped_key from tenants where tenant_id = $1";
const LIST_SUBJECT_KEYS: &str = "
    select subject_id, wrapped_key, created_at, restricted_at, destroyed_at from subject_keys where tenant_id = $1
    order by subject_id";
const LIST_WRAPS: &str =
    "select wrap_id, wrapped_key from tenant_wrap_keys where tenant_id = $1 order by wrap_id";
const LIST_CLAIMS: &str = "
    select scope, value, aggregate_type, aggregate_id from claims where tenant_id = $1 order by scope, value";
const LIST_HANDLES: &str = "
    select scope, value, aggregate_type, aggregate_id from handles where tenant_id = $1
    order by scope, value, aggregate_id";

/// One line of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum KeyLine {
    /// The first line.
    Tenant {
        slug: String,
        /// Base64, as all keys here; opens with the root key alone.
        wrapped_key: String,
    },
    /// What later data keys are wrapped under.
    WrapKey {
        wrap_id: i32,
        wrapped_key: String,
    },
    SubjectKey {
        subject_id: String,
        wrapped_key: Option<String>,
        #[serde(with = "time::serde::rfc3339")]
        created_at: time::OffsetDateTime,
        #[serde(default, with = "time::serde::rfc3339::option")]
        restricted_at: Option<time::OffsetDateTime>,
        #[serde(with = "time::serde::rfc3339::option")]
        destroyed_at: Option<time::OffsetDateTime>,
    },
    Claim(Held),
    Handle(Held),
}

/// A claim or handle.
#[derive(Debug, Serialize, Deserialize)]
pub struct Held {
    pub scope: String,
    pub value: String,
    pub aggregate_type: String,
    pub aggregate_id: String,
}

/// Writes the file; answers which events go with it.
pub async fn export(
    store: &Store,
    tenant_id: &TenantId,
    (after, directory): (i64, &Path),
) -> Result<(Range, Option<Piece>), Reason> {
    let safe = safe_end(store).await?;
    let mut client = store.pools.engine.get().await?;
    let snapshot = client
        .build_transaction()
        .read_only(true)
        .isolation_level(IsolationLevel::RepeatableRead)
        .start()
        .await?;
    snapshot.batch_execute(NO_TIME_LIMIT).await?;
    let range = Range::seen_by(&snapshot, (after, safe)).await?;
    let mut out = PieceWriter::create(directory, FILE.to_owned())?;
    let tenant = [tenant_id.as_str()];
    for statement in [
        FIND_TENANT,
        LIST_WRAPS,
        LIST_SUBJECT_KEYS,
        LIST_CLAIMS,
        LIST_HANDLES,
    ] {
        write_all(&snapshot, statement, &tenant, &mut out).await?;
    }
    snapshot.commit().await?;
    Ok((range, Some(out.finish()?)))
}

/// Row by row, however many there are.
async fn write_all(
    snapshot: &Transaction<'_>,
    statement: &str,
    tenant: &[&str],
    out: &mut PieceWriter,
) -> Result<(), Reason> {
    let parameters = tenant
        .iter()
        .map(|tenant_id| tenant_id as &(dyn ToSql + Sync));
    let mut rows = pin!(snapshot.query_raw(statement, parameters).await?);
    while let Some(row) = rows.try_next().await? {
        let line = match statement {
            FIND_TENANT => KeyLine::Tenant {
                slug: row.try_get("slug")?,
                wrapped_key: BASE64.encode(row.try_get::<_, &[u8]>("wrapped_key")?),
            },
            LIST_WRAPS => KeyLine::WrapKey {
                wrap_id: row.try_get("wrap_id")?,
                wrapped_key: BASE64.encode(row.try_get::<_, &[u8]>("wrapped_key")?),
            },
            LIST_SUBJECT_KEYS => KeyLine::SubjectKey {
                subject_id: row.try_get("subject_id")?,
                wrapped_key: row
                    .try_get::<_, Option<&[u8]>>("wrapped_key")?
                    .map(|key| BASE64.encode(key)),
                created_at: row.try_get("created_at")?,
                restricted_at: row.try_get("restricted_at")?,
                destroyed_at: row.try_get("destroyed_at")?,
            },
            LIST_CLAIMS => KeyLine::Claim(held(&row)?),
            _ => KeyLine::Handle(held(&row)?),
        };
        out.line(&line)?;
    }
    Ok(())
}

fn held(row: &Row) -> Result<Held, Reason> {
    Ok(Held {
        scope: row.try_get("scope")?,
        value: row.try_get("value")?,
        aggregate_type: row.try_get("aggregate_type")?,
        aggregate_id: row.try_get("aggregate_id")?,
    })
}
