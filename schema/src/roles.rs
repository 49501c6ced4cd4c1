//! The three database roles: made when the login may, else the SQL to make them is handed to the operator.

use tokio_postgres::{Client, error::SqlState};

use crate::migrate::MigrateError;

/// Sees one tenant, by row-level security.
pub const REQUEST: &str = "rapport_request";
/// Sees all tenants; its statements name the tenant.
pub const ENGINE: &str = "rapport_engine";
/// Sees nothing but tenants whose deletion has begun, and deletes what is theirs.
pub const ERASER: &str = "rapport_eraser";
/// All of them.
pub const ALL: [&str; 3] = [REQUEST, ENGINE, ERASER];

const FIND_ROLES: &str = "
    select count(*) from pg_roles
    where rolname in ('rapport_request', 'rapport_engine', 'rapport_eraser') and pg_has_role(current_user, oid, 'member')";

const CREATE_ROLES: &str = "
    do $$ begin
        if not exists (select from pg_roles where rolname = 'rapport_request') then create role rapport_request nologin; end if;
        if not exists (select from pg_roles where rolname = 'rapport_engine') then create role rapport_engine nologin; end if;
        if not exists (select from pg_roles where rolname = 'rapport_eraser') then create role rapport_eraser nologin; end if;
    end $$;
    grant rapport_request, rapport_engine, rapport_eraser to current_user;";

const FIND_USER: &str = "select current_user::text";

/// Makes the roles where they are missing.
pub async fn ensure(client: &Client) -> Result<(), MigrateError> {
    let present: i64 = client.query_one(FIND_ROLES, &[]).await?.get(0);
    if usize::try_from(present) == Ok(ALL.len()) {
        return Ok(());
    }
    match client.batch_execute(CREATE_ROLES).await {
        Ok(()) => Ok(()),
        Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
            let user: String = client.query_one(FIND_USER, &[]).await?.get(0);
            Err(MigrateError::RolesMissing(format!(
                "create role rapport_request nologin;\ncreate role rapport_engine nologin;\ncreate role rapport_eraser nologin;\ngrant rapport_request, rapport_engine, rapport_eraser to \"{user}\";"
            )))
        }
        Err(error) => Err(error.into()),
    }
}
