//! `pg_dump` and `pg_restore`, with our end of their pipes: they run as another account that need not reach our files.

use std::process::Stdio;
use std::str::FromStr;

use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStderr, Command};
use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config, NoTls};

use crate::cli::Reason;
use crate::embedded::client_program;

/// As much as is kept of what a program complains about.
const MAX_COMPLAINT_BYTES: u64 = 8 * 1024;

/// The program, told by its environment where the database is: arguments can be read by everybody.
pub async fn program(name: &str, url: &str) -> Result<Command, Reason> {
    let config = Config::from_str(url)?;
    let mut command = client_program(name).await?;
    match config.get_hosts().first() {
        Some(Host::Tcp(host)) => command.env("PGHOST", host),
        Some(Host::Unix(path)) => command.env("PGHOST", path),
        None => &mut command,
    };
    if let Some(port) = config.get_ports().first() {
        command.env("PGPORT", port.to_string());
    }
    if let Some(user) = config.get_user() {
        command.env("PGUSER", user);
    }
    if let Some(password) = config.get_password() {
        command.env("PGPASSWORD", String::from_utf8_lossy(password).as_ref());
    }
    let database = config.get_dbname().or(config.get_user());
    command.env("PGDATABASE", database.unwrap_or("postgres"));
    command.stderr(Stdio::piped()).kill_on_drop(true);
    Ok(command)
}

/// The database's name, which `pg_restore` wants as an argument.
pub fn database_name(url: &str) -> Result<String, Reason> {
    let config = Config::from_str(url)?;
    let name = config.get_dbname().or(config.get_user());
    Ok(name.unwrap_or("postgres").to_owned())
}

/// Waits for its end; what it complained of is the error.
pub async fn end(
    mut child: Child,
    complaint: tokio::task::JoinHandle<String>,
    name: &str,
) -> Result<(), Reason> {
    let status = child.wait().await?;
    let complaint = complaint.await?;
    if status.success() {
        return Ok(());
    }
    Err(format!("{name} failed ({status}): {}", complaint.trim()).into())
}

/// Reads what a program complains of while it runs, so that it is never held up by it.
pub fn listen(stderr: Option<ChildStderr>) -> tokio::task::JoinHandle<String> {
    tokio::spawn(async move {
        let mut text = Vec::new();
        if let Some(mut stderr) = stderr {
            let mut beginning = (&mut stderr).take(MAX_COMPLAINT_BYTES);
            let _ = beginning.read_to_end(&mut text).await;
            let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
        }
        String::from_utf8_lossy(&text).into_owned()
    })
}

/// A connection as the login role.
pub async fn connect(url: &str) -> Result<Client, Reason> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}
