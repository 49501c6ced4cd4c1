//! Connections to the private server: the knock that tells whether it answers, and the login role and database that
//! are made when the knock finds them missing.

use std::path::Path;
use std::time::Duration;

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};

use super::cluster::{ADMIN, Cluster};
use super::error::EmbeddedError;

const LOGIN_ROLE: &str = "rapport";
const DATABASE: &str = "rapport";
const MAINTENANCE_DATABASE: &str = "postgres";
const KNOCK_LIMIT: Duration = Duration::from_secs(2);

/// What a knock heard.
pub(super) enum Answer {
    Ready,
    NotYet,
    /// The server is up, but does not know our role, its password or its database.
    Unprovisioned,
}

/// The login role's address, as tokio-postgres and libpq read it.
pub(super) fn url(cluster: &Cluster, port: u16) -> String {
    let socket_directory = cluster.socket_directory.to_string_lossy();
    format!(
        "postgresql://{LOGIN_ROLE}:{}@{}:{port}/{DATABASE}",
        cluster.login_password.as_str(),
        socket_directory.replace('/', "%2F"),
    )
}

/// Makes one real connection and lets go of it.
pub(super) async fn knock(cluster: &Cluster, port: u16) -> Answer {
    let mut config = address(&cluster.socket_directory, port);
    config
        .user(LOGIN_ROLE)
        .password(cluster.login_password.as_bytes())
        .dbname(DATABASE);
    match config.connect(NoTls).await {
        Ok(_) => Answer::Ready,
        Err(error) => match error.code() {
            Some(
                &SqlState::INVALID_PASSWORD
                | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION
                | &SqlState::INVALID_CATALOG_NAME,
            ) => Answer::Unprovisioned,
            _ => Answer::NotYet,
        },
    }
}

/// The password travels as a setting, because `create role` takes no parameters.
const STAGE_PASSWORD: &str = "select set_config('rapport.login_password', $1, false)";

/// It may create roles, since the migrations make the two that requests and the engine run under.
const ENSURE_LOGIN_ROLE: &str = "\
do $$
begin
    if not exists (select from pg_roles where rolname = 'rapport') then
        create role rapport;
    end if;
    execute format(
        'alter role rapport login nosuperuser createrole nocreatedb nobypassrls password %L',
        current_setting('rapport.login_password')
    );
end
$$";

const FIND_DATABASE: &str = "select from pg_database where datname = 'rapport'";
const CREATE_DATABASE: &str = "create database rapport owner rapport";
const CLOSE_DATABASE: &str = "revoke all on database rapport from public";

/// Makes the login role and its database, or mends them. Can be repeated.
pub(super) async fn provision(cluster: &Cluster, port: u16) -> Result<(), EmbeddedError> {
    let failed = |source| EmbeddedError::Database {
        action: "make the role and the database of rapport",
        source,
    };
    let mut config = address(&cluster.socket_directory, port);
    config
        .user(ADMIN)
        .password(cluster.admin_password.as_bytes())
        .dbname(MAINTENANCE_DATABASE);
    let (client, connection) = config.connect(NoTls).await.map_err(failed)?;
    let connection = tokio::spawn(connection);
    let outcome = ensure_role_and_database(&client, &cluster.login_password).await;
    drop(client);
    let _ = connection.await;
    outcome.map_err(failed)
}

async fn ensure_role_and_database(
    client: &Client,
    login_password: &str,
) -> Result<(), tokio_postgres::Error> {
    client.execute(STAGE_PASSWORD, &[&login_password]).await?;
    client.batch_execute(ENSURE_LOGIN_ROLE).await?;
    if client.query_opt(FIND_DATABASE, &[]).await?.is_none() {
        client.batch_execute(CREATE_DATABASE).await?;
    }
    client.batch_execute(CLOSE_DATABASE).await
}

fn address(socket_directory: &Path, port: u16) -> Config {
    let mut config = Config::new();
    config
        .host_path(socket_directory)
        .port(port)
        .connect_timeout(KNOCK_LIMIT)
        .application_name("rapport start");
    config
}
