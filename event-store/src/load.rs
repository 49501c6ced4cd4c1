//! The load: everything a decision needs, in one wait. Its statements are independent, each names the tenant by itself,
//! and they are sent together on one connection.

use deadpool_postgres::{Client, Pool};
use domain::ids::TenantId;

use crate::Result;
use crate::recorded::{Payload, Recorded};

/// What to load for one command.
#[derive(Clone, Debug, Default)]
pub struct Load {
    /// Look whether (principal, key) has been answered already.
    pub answered: Option<(String, String)>,
    /// Streams by (aggregate type, id, after which sequence).
    pub streams: Vec<(&'static str, String, i64)>,
    /// Claims by (scope, value).
    pub claims: Vec<(&'static str, String)>,
    /// Handles by (scope, value).
    pub handles: Vec<(&'static str, String)>,
    /// Subjects whose wrapped keys are wanted.
    pub subjects: Vec<String>,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    pub answered: Option<StoredAnswer>,
    /// In order of sequence within each stream.
    pub events: Vec<Recorded>,
    pub claims: Vec<HeldKey>,
    pub handles: Vec<HeldKey>,
    /// (subject, wrapped key); `None` when the key has been destroyed.
    pub subject_keys: Vec<(String, Option<Vec<u8>>)>,
}

/// The answer that an earlier command of this key got.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredAnswer {
    pub fingerprint: Vec<u8>,
    pub answer: String,
    pub position: i64,
}

/// A claim or handle and its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldKey {
    pub scope: String,
    pub value: String,
    pub aggregate_type: String,
    pub aggregate_id: String,
}

const FIND_ANSWER: &str = "
    select c.fingerprint, c.answer, c.position
    from (select set_config('rapport.tenant_id', $1, true) as id offset 0) as tenant
    cross join lateral (
        select fingerprint, answer, position from commands
        where tenant_id = tenant.id and principal = $2 and key = $3 offset 0) as c";

const LOAD_STREAMS: &str = "
    select e.*
    from (select set_config('rapport.tenant_id', $1, true) as id offset 0) as tenant
    cross join lateral (
        select unnest($2::text[]) as kind, unnest($3::text[]) as id, unnest($4::bigint[]) as after offset 0) as s
    cross join lateral (
        select position, tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
            occurred_at, recorded_at, command_id, correlation_id, causation_id, actor
        from events
        where tenant_id = tenant.id and aggregate_type = s.kind and aggregate_id = s.id and sequence > s.after
        order by sequence) as e";

const FIND_CLAIMS: &str = "
    select k.*
    from (select set_config('rapport.tenant_id', $1, true) as id offset 0) as tenant
    cross join lateral (select unnest($2::text[]) as scope, unnest($3::text[]) as value offset 0) as s
    cross join lateral (
        select scope, value, aggregate_type, aggregate_id from claims
        where tenant_id = tenant.id and scope = s.scope and value = s.value offset 0) as k";

const FIND_HANDLES: &str = "
    select k.*
    from (select set_config('rapport.tenant_id', $1, true) as id offset 0) as tenant
    cross join lateral (select unnest($2::text[]) as scope, unnest($3::text[]) as value offset 0) as s
    cross join lateral (
        select scope, value, aggregate_type, aggregate_id from handles
        where tenant_id = tenant.id and scope = s.scope and value = s.value
        order by aggregate_id limit 1000) as k";

const FIND_SUBJECT_KEYS: &str = "
    select k.*
    from (select set_config('rapport.tenant_id', $1, true) as id offset 0) as tenant
    cross join lateral (select unnest($2::text[]) as subject offset 0) as s
    cross join lateral (
        select subject_id, wrapped_key from subject_keys
        where tenant_id = tenant.id and subject_id = s.subject offset 0) as k";

/// Loads it all in one wait.
pub async fn load(pool: &Pool, tenant_id: &TenantId, wanted: &Load) -> Result<Loaded> {
    let client = pool.get().await?;
    let tenant = tenant_id.as_str();
    let (answered, events, claims, handles, subject_keys) = futures_util::future::try_join5(
        find_answer(&client, tenant, wanted.answered.as_ref()),
        load_streams(&client, tenant, &wanted.streams),
        find_keys(&client, tenant, FIND_CLAIMS, &wanted.claims),
        find_keys(&client, tenant, FIND_HANDLES, &wanted.handles),
        find_subject_keys(&client, tenant, &wanted.subjects),
    )
    .await?;
    Ok(Loaded {
        answered,
        events,
        claims,
        handles,
        subject_keys,
    })
}

async fn find_answer(
    client: &Client,
    tenant: &str,
    key: Option<&(String, String)>,
) -> Result<Option<StoredAnswer>> {
    let Some((principal, key)) = key else {
        return Ok(None);
    };
    let statement = client.prepare_cached(FIND_ANSWER).await?;
    let row = client
        .query_opt(&statement, &[&tenant, principal, key])
        .await?;
    Ok(row.map(|row| StoredAnswer {
        fingerprint: row.get("fingerprint"),
        answer: row.get::<_, Payload>("answer").0,
        position: row.get("position"),
    }))
}

async fn load_streams(
    client: &Client,
    tenant: &str,
    streams: &[(&str, String, i64)],
) -> Result<Vec<Recorded>> {
    if streams.is_empty() {
        return Ok(Vec::new());
    }
    let kinds: Vec<&str> = streams.iter().map(|(kind, _, _)| *kind).collect();
    let ids: Vec<&str> = streams.iter().map(|(_, id, _)| id.as_str()).collect();
    let after: Vec<i64> = streams.iter().map(|(_, _, after)| *after).collect();
    let statement = client.prepare_cached(LOAD_STREAMS).await?;
    let rows = client
        .query(&statement, &[&tenant, &kinds, &ids, &after])
        .await?;
    Ok(rows.iter().map(Recorded::from_row).collect())
}

async fn find_keys(
    client: &Client,
    tenant: &str,
    sql: &str,
    keys: &[(&str, String)],
) -> Result<Vec<HeldKey>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let scopes: Vec<&str> = keys.iter().map(|(scope, _)| *scope).collect();
    let values: Vec<&str> = keys.iter().map(|(_, value)| value.as_str()).collect();
    let statement = client.prepare_cached(sql).await?;
    let rows = client
        .query(&statement, &[&tenant, &scopes, &values])
        .await?;
    Ok(rows
        .iter()
        .map(|row| HeldKey {
            scope: row.get("scope"),
            value: row.get("value"),
            aggregate_type: row.get("aggregate_type"),
            aggregate_id: row.get("aggregate_id"),
        })
        .collect())
}

async fn find_subject_keys(
    client: &Client,
    tenant: &str,
    subjects: &[String],
) -> Result<Vec<(String, Option<Vec<u8>>)>> {
    if subjects.is_empty() {
        return Ok(Vec::new());
    }
    let statement = client.prepare_cached(FIND_SUBJECT_KEYS).await?;
    let rows = client.query(&statement, &[&tenant, &subjects]).await?;
    Ok(rows
        .iter()
        .map(|row| (row.get("subject_id"), row.get("wrapped_key")))
        .collect())
}
