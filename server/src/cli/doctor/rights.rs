//! Schema, roles and row-level security: what keeps tenants apart and the log as it was written.

use schema::migrate::{database_version, newest_version};
use schema::roles::{self, ENGINE, REQUEST};
use tokio_postgres::Client;

use super::findings::Finding;
use crate::cli::Reason;

const FIND_ROLES: &str = "
    select rolname::text as name, rolsuper, rolbypassrls, rolcanlogin,
        pg_has_role(current_user, oid, 'member') as is_ours,
        exists (select from pg_class c where c.relowner = pg_roles.oid) as owns_tables
    from pg_roles where rolname = any ($1::text[]) order by rolname";

const FIND_LOGIN: &str = "select rolname::text as name, rolsuper or rolbypassrls as is_exempt from pg_roles where rolname = current_user";

const LIST_OPEN_TABLES: &str = "
    select n.nspname || '.' || c.relname as name
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
    where n.nspname in ('public', 'twin') and c.relkind in ('r', 'p') and not (c.relrowsecurity and c.relforcerowsecurity)
    order by 1";

const COUNT_TENANT_TABLES: &str = "
    select count(*)
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
    where n.nspname in ('public', 'twin') and c.relkind in ('r', 'p')";

const FIND_RIGHTS_ON_EVENTS: &str = "
    select has_table_privilege('rapport_request', 'events', 'update, delete, truncate')
            or has_table_privilege('rapport_engine', 'events', 'update, delete, truncate') as may_change,
        (select count(*) from pg_trigger
         where tgrelid = 'events'::regclass and not tgisinternal and tgenabled in ('O', 'A')) as guards";

/// Triggers that refuse changes of events: one for rows, one for truncation.
const GUARDS: i64 = 2;

/// The schema's version, and whether its tables can be looked at.
pub async fn examine_schema(client: &Client) -> Result<(Finding, bool), Reason> {
    const CHECK: &str = "schema";
    let (database, binary) = (database_version(client).await?, newest_version());
    let detail = format!("the database is at {database}, this binary knows up to {binary}");
    let finding = match database {
        0 => Finding::fail(
            CHECK,
            "the database has never been migrated",
            "run `rapport migrate`",
        ),
        _ if database < binary => Finding::warn(
            CHECK,
            detail,
            "run `rapport migrate`, or let `rapport serve` do it",
        ),
        _ if database > binary => Finding::fail(
            CHECK,
            detail,
            "run the newer binary: an older one must not write to this database",
        ),
        _ => Finding::ok(CHECK, format!("version {database}, the newest")),
    };
    Ok((finding, database == binary))
}

/// The roles and the login.
pub async fn examine_roles(client: &Client) -> Result<Vec<Finding>, Reason> {
    let rows = client.query(FIND_ROLES, &[&roles::ALL.as_slice()]).await?;
    let mut findings = Vec::new();
    for role in roles::ALL {
        let row = rows.iter().find(|row| row.get::<_, &str>("name") == role);
        let check = match role {
            REQUEST => "role rapport_request",
            ENGINE => "role rapport_engine",
            _ => "role rapport_eraser",
        };
        findings.push(match row {
            None => Finding::fail(
                check,
                "it does not exist",
                "run `rapport migrate --print-roles`, and what it prints as an administrator",
            ),
            Some(row) => examine_role(check, role, row),
        });
    }
    let row = client.query_one(FIND_LOGIN, &[]).await?;
    let name: &str = row.get("name");
    findings.push(match row.get("is_exempt") {
        true => Finding::warn(
            "login role",
            format!("{name} is a superuser or bypasses row-level security"),
            "log in as a role that is neither; it needs only to own the database and be a member of the three roles",
        ),
        false => Finding::ok("login role", format!("{name} is bound by row-level security")),
    });
    Ok(findings)
}

fn examine_role(check: &'static str, role: &str, row: &tokio_postgres::Row) -> Finding {
    let wrong: Vec<(&str, String)> = [
        (
            "rolsuper",
            "it is a superuser",
            format!("alter role {role} nosuperuser"),
        ),
        (
            "rolbypassrls",
            "it bypasses row-level security",
            format!("alter role {role} nobypassrls"),
        ),
        (
            "owns_tables",
            "it owns tables",
            format!("reassign owned by {role} to the login role"),
        ),
    ]
    .into_iter()
    .filter(|(column, ..)| row.get(*column))
    .map(|(_, fault, remedy)| (fault, remedy))
    .collect();
    if !row.get::<_, bool>("is_ours") {
        return Finding::fail(
            check,
            "the login is no member of it",
            format!("grant {role} to the login role"),
        );
    }
    if !wrong.is_empty() {
        let (faults, remedies): (Vec<&str>, Vec<String>) = wrong.into_iter().unzip();
        return Finding::fail(check, faults.join(", "), remedies.join("; "));
    }
    if row.get("rolcanlogin") {
        return Finding::warn(
            check,
            "somebody can log in as it",
            format!("alter role {role} nologin"),
        );
    }
    Finding::ok(check, "a member, and bound by row-level security")
}

/// Row-level security on every table of tenants, and an append-only log.
pub async fn examine_tables(client: &Client) -> Result<Vec<Finding>, Reason> {
    let open: Vec<String> = client
        .query(LIST_OPEN_TABLES, &[])
        .await?
        .iter()
        .map(|row| row.get("name"))
        .collect();
    let all: i64 = client.query_one(COUNT_TENANT_TABLES, &[]).await?.get(0);
    let security = match open.as_slice() {
        [] => Finding::ok(
            "row-level security",
            format!("enabled and forced on all {all} tables that hold a tenant's rows"),
        ),
        open => Finding::fail(
            "row-level security",
            format!("not enabled and forced on {}", open.join(", ")),
            "alter table … enable row level security; alter table … force row level security",
        ),
    };
    let row = client.query_one(FIND_RIGHTS_ON_EVENTS, &[]).await?;
    let log = if row.get("may_change") {
        let remedy =
            "revoke update, delete, truncate on events from rapport_request, rapport_engine";
        Finding::fail(
            "append-only log",
            "a role of ours may change events",
            remedy,
        )
    } else if row.get::<_, i64>("guards") < GUARDS {
        Finding::fail(
            "append-only log",
            "a trigger that refuses changes is missing or disabled",
            "alter table events enable trigger user",
        )
    } else {
        Finding::ok(
            "append-only log",
            "no role of ours may change events, and triggers refuse it to all",
        )
    };
    Ok(vec![security, log])
}
