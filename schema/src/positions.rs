//! Where a log stands, and whether it may go on: no position may be drawn twice, and none at or behind where a reader is.
//! A dump keeps the sequence apart from the rows, so this is looked at whenever a program starts on a database.

use tokio_postgres::{Client, Error, GenericClient};

const FIND: &str = "
    select (select count(*) from events) as events, (select coalesce(max(position), 0) from events) as newest";
const FIND_LIMITS: &str = "
    select (select coalesce(max(position), 0) from events) as newest,
        (select coalesce(max(position), 0) from checkpoints) as furthest_read,
        (select case when is_called then last_value else 0 end from event_positions) as last_drawn";
const RAISE: &str = "select setval('event_positions', $1)";
const COUNT_TABLES: &str = "
    select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and c.relkind in ('r', 'p', 'v', 'm', 'S')
      and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')";
const LIST_HIDDEN: &str = "
    select n.nspname || '.' || c.relname as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('public', 'twin') and c.relkind in ('r', 'p') and c.relrowsecurity
      and not exists (select from pg_roles where rolname = current_user and (rolsuper or rolbypassrls))
      and not exists (
        select from pg_policy p
        where p.polrelid = c.oid and p.polpermissive and pg_get_expr(p.polqual, p.polrelid) = 'true'
          and exists (select from unnest(p.polroles) as r (role) where r.role = 0 or pg_has_role(r.role, 'usage')))
    order by 1";
const EXPORT_SNAPSHOT: &str = "select pg_export_snapshot()";

/// How much there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub events: i64,
    /// The newest position, 0 for none.
    pub newest: i64,
}

/// Counts the log as the caller's snapshot shows it.
pub async fn find(client: &impl GenericClient) -> Result<Standing, Error> {
    let row = client.query_one(FIND, &[]).await?;
    Ok(Standing {
        events: row.try_get("events")?,
        newest: row.try_get("newest")?,
    })
}

/// Moves the sequence behind every position that is there or has been read; answers from where to where, if it had to.
pub async fn recheck(client: &Client) -> Result<Option<(i64, i64)>, Error> {
    let row = client.query_one(FIND_LIMITS, &[]).await?;
    let (newest, read): (i64, i64) = (row.try_get("newest")?, row.try_get("furthest_read")?);
    let (drawn, needed): (i64, i64) = (row.try_get("last_drawn")?, newest.max(read));
    if drawn >= needed {
        return Ok(None);
    }
    client.query_one(RAISE, &[&needed]).await?;
    Ok(Some((drawn, needed)))
}

/// Whether nothing has been made in the database yet.
pub async fn is_empty(client: &Client) -> Result<bool, Error> {
    let tables: i64 = client.query_one(COUNT_TABLES, &[]).await?.try_get(0)?;
    Ok(tables == 0)
}

/// Tables of which this login may not see all rows, so that a dump of its making would not be whole.
pub async fn list_hidden(client: &impl GenericClient) -> Result<Vec<String>, Error> {
    let rows = client.query(LIST_HIDDEN, &[]).await?;
    rows.iter().map(|row| row.try_get("name")).collect()
}

/// A name for the caller's snapshot, for as long as its transaction lasts.
pub async fn export_snapshot(client: &impl GenericClient) -> Result<String, Error> {
    client.query_one(EXPORT_SNAPSHOT, &[]).await?.try_get(0)
}
