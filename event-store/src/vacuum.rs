//! Dead rows: where they lie, whether they are being cleared, and who keeps them from being cleared.

use deadpool_postgres::Pool;
use serde::Serialize;
use time::OffsetDateTime;

use crate::Result;

/// As autovacuum reckons: so many dead rows and a table is due.
const LIST_TABLES: &str = "
    select s.schemaname || '.' || s.relname as name, s.n_live_tup as live_rows, s.n_dead_tup as dead_rows,
        pg_total_relation_size(s.relid) as bytes, greatest(s.last_vacuum, s.last_autovacuum) as vacuumed_at,
        greatest(s.last_analyze, s.last_autoanalyze) as analyzed_at, age(c.relfrozenxid)::bigint as frozen_age,
        s.n_dead_tup > coalesce(t.threshold, current_setting('autovacuum_vacuum_threshold')::float8)
            + coalesce(t.scale, current_setting('autovacuum_vacuum_scale_factor')::float8) * greatest(c.reltuples, 0) as is_due
    from pg_stat_user_tables s
    join pg_class c on c.oid = s.relid
    cross join lateral (
        select max(option_value) filter (where option_name = 'autovacuum_vacuum_threshold')::float8 as threshold,
            max(option_value) filter (where option_name = 'autovacuum_vacuum_scale_factor')::float8 as scale
        from pg_options_to_table(c.reloptions)) as t
    where s.schemaname in ('public', 'twin', 'rebuild')
    order by s.n_dead_tup desc, name";
const BECOME_LOGIN: &str = "set local role none";
/// Snapshots, prepared transactions and replication slots: no row that died since the oldest of them can be cleared.
const LIST_HOLDERS: &str = "
    select kind, name, pid, seconds, age from (
        select 'session' as kind, coalesce(nullif(application_name, ''), usename, 'unknown')::text as name, pid,
            extract(epoch from clock_timestamp() - xact_start)::float8 as seconds, age(backend_xmin)::bigint as age
        from pg_stat_activity where backend_xmin is not null and pid <> pg_backend_pid()
        union all
        select 'prepared transaction', gid, null, extract(epoch from clock_timestamp() - prepared)::float8,
            age(transaction)::bigint
        from pg_prepared_xacts
        union all
        select 'replication slot', slot_name::text, active_pid, null, greatest(age(xmin), age(catalog_xmin))::bigint
        from pg_replication_slots where xmin is not null or catalog_xmin is not null) as holders
    order by age desc nulls last limit 10";

/// One table's standing.
#[derive(Clone, Debug, Serialize)]
pub struct Table {
    pub name: String,
    pub live_rows: i64,
    pub dead_rows: i64,
    /// With indexes and whatever was moved out of line.
    pub bytes: i64,
    #[serde(with = "time::serde::rfc3339::option")]
    pub vacuumed_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub analyzed_at: Option<OffsetDateTime>,
    /// Transactions since its oldest row was frozen; PostgreSQL stops writing near two thousand million.
    pub frozen_age: i64,
    /// Autovacuum should be at it.
    pub is_due: bool,
}

/// Who keeps dead rows.
#[derive(Clone, Debug, Serialize)]
pub struct Holder {
    /// `session`, `prepared transaction` or `replication slot`.
    pub kind: String,
    pub name: String,
    pub pid: Option<i32>,
    pub seconds: Option<f64>,
    /// In transactions.
    pub age: Option<i64>,
}

/// All tables, those with most dead rows first, and the ten oldest holders.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub tables: Vec<Table>,
    pub holders: Vec<Holder>,
}

/// Looks at the statistics that PostgreSQL keeps by itself; no table is read.
pub async fn report(pool: &Pool) -> Result<Report> {
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    tx.batch_execute(BECOME_LOGIN).await?;
    let (tables, holders) =
        futures_util::future::try_join(tx.query(LIST_TABLES, &[]), tx.query(LIST_HOLDERS, &[]))
            .await?;
    tx.rollback().await?;
    Ok(Report {
        tables: tables
            .iter()
            .map(|row| Table {
                name: row.get("name"),
                live_rows: row.get("live_rows"),
                dead_rows: row.get("dead_rows"),
                bytes: row.get("bytes"),
                vacuumed_at: row.get("vacuumed_at"),
                analyzed_at: row.get("analyzed_at"),
                frozen_age: row.get("frozen_age"),
                is_due: row.get("is_due"),
            })
            .collect(),
        holders: holders
            .iter()
            .map(|row| Holder {
                kind: row.get("kind"),
                name: row.get("name"),
                pid: row.get("pid"),
                seconds: row.get("seconds"),
                age: row.get("age"),
            })
            .collect(),
    })
}
