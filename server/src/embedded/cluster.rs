//! A database cluster on disk: found or made, with its passwords and the programs that can run it. Making one either
//! finishes or leaves nothing: it is made aside and renamed into its place.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::process::Command;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::account::Account;
use super::error::EmbeddedError;
use super::programs::Programs;
use super::{places, private_files};

/// The superuser, whose password never leaves the data directory.
pub(super) const ADMIN: &str = "rapport_admin";

const PASSWORD_BYTES: usize = 24;
const INITDB_LIMIT: Duration = Duration::from_secs(180);
const OWNER_ONLY: u32 = 0o700;
const MAX_OUTPUT_CHARS: usize = 2_000;

/// A cluster that exists, whether or not it runs.
pub(super) struct Cluster {
    pub(super) data_dir: PathBuf,
    pub(super) directory: PathBuf,
    pub(super) socket_directory: PathBuf,
    pub(super) account: Account,
    pub(super) programs: Programs,
    pub(super) admin_password: Zeroizing<String>,
    pub(super) login_password: Zeroizing<String>,
}

impl Cluster {
    /// Finds the data directory's cluster or makes it. The caller holds the start lock.
    pub(super) async fn open(data_dir: &Path) -> Result<Self, EmbeddedError> {
        let account = Account::choose()?;
        let directory = places::locate_cluster(data_dir, account)?;
        let account = account.of_owner(&directory);
        let programs = Programs::find(account, version_of(&directory)?).await?;
        let mut cluster = Self {
            admin_password: password(&data_dir.join(places::ADMIN_PASSWORD))?,
            login_password: password(&data_dir.join(places::LOGIN_PASSWORD))?,
            socket_directory: places::open_socket_directory(&directory, account)?,
            data_dir: data_dir.to_owned(),
            directory,
            account,
            programs,
        };
        cluster.remove_unfinished();
        if !cluster.directory.exists() {
            cluster.make().await?;
        }
        // Processes are told apart by their working directory, which the kernel names without symbolic links.
        cluster.directory = fs::canonicalize(&cluster.directory)
            .map_err(|source| EmbeddedError::file("find", &cluster.directory, source))?;
        Ok(cluster)
    }

    /// PostgreSQL's own log: a file a weekday, overwritten after a week.
    pub(super) fn log_directory(&self) -> PathBuf {
        self.directory.join("log")
    }

    async fn make(&self) -> Result<(), EmbeddedError> {
        tracing::info!(directory = %self.directory.display(), "making a PostgreSQL cluster");
        let suffix = private_files::random_suffix().map_err(|source| {
            EmbeddedError::file("choose a name beside", &self.directory, source)
        })?;
        let workshop = beside(
            &self.directory,
            &format!("{}{suffix}", self.unfinished_prefix()),
        );
        let password_file = workshop.join("password");
        let unfinished = workshop.join("cluster");
        let prepared = places::make_directory(&workshop, OWNER_ONLY)
            .and_then(|()| private_files::create(&password_file, self.admin_password.as_bytes()));
        prepared.map_err(|source| EmbeddedError::file("write to", &workshop, source))?;
        self.account.own(&password_file)?;
        self.account.own(&workshop)?;

        let mut initdb = self.programs.initdb(self.account);
        initdb
            .arg("--pgdata")
            .arg(&unfinished)
            .arg("--pwfile")
            .arg(&password_file)
            .args(["--username", ADMIN])
            .args(["--auth-local", "scram-sha-256"])
            .args(["--auth-host", "scram-sha-256"])
            .args(["--encoding", "UTF8"])
            .args(["--locale", "C"]);
        run(initdb, "make a cluster with initdb", INITDB_LIMIT).await?;

        let moved = fs::rename(&unfinished, &self.directory)
            .and_then(|()| private_files::sync_directory_of(&self.directory))
            .and_then(|()| fs::remove_dir_all(&workshop));
        moved.map_err(|source| EmbeddedError::file("finish", &self.directory, source))
    }

    /// Removes what is left of attempts that were killed. Failing is harmless: the names are never used again.
    fn remove_unfinished(&self) {
        let parent = self.directory.parent().unwrap_or(Path::new("/"));
        let prefix = self.unfinished_prefix();
        for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    fn unfinished_prefix(&self) -> String {
        let name = self.directory.file_name().unwrap_or_default();
        format!("{}.unfinished-", name.to_string_lossy())
    }
}

/// Runs a program to its end; its output is in the error when it fails.
pub(super) async fn run(
    mut command: Command,
    action: &str,
    limit: Duration,
) -> Result<(), EmbeddedError> {
    command.kill_on_drop(true);
    let output = timeout(limit, command.output())
        .await
        .map_err(|_| EmbeddedError::timed_out(action, limit))?
        .map_err(|source| EmbeddedError::File {
            action: action.to_owned(),
            source,
        })?;
    if output.status.success() {
        return Ok(());
    }
    Err(EmbeddedError::Program {
        action: action.to_owned(),
        output: said(&output),
    })
}

/// The end of a text, where programs say what went wrong.
pub(super) fn tail(text: &str) -> String {
    let text = text.trim();
    let surplus = text.chars().count().saturating_sub(MAX_OUTPUT_CHARS);
    text.chars().skip(surplus).collect()
}

fn said(output: &Output) -> String {
    let text = format!(
        "{}\n{}\n{}",
        String::from_utf8_lossy(&output.stdout).trim(),
        String::from_utf8_lossy(&output.stderr).trim(),
        output.status
    );
    tail(&text)
}

/// The major version that made the cluster; `None` when there is no cluster yet.
fn version_of(directory: &Path) -> Result<Option<u32>, EmbeddedError> {
    let path = directory.join("PG_VERSION");
    match fs::read_to_string(&path) {
        Ok(text) => text.trim().parse().map(Some).map_err(|_| {
            let source = io::Error::other("it does not hold a version number");
            EmbeddedError::file("understand", &path, source)
        }),
        Err(_) if !directory.exists() => Ok(None),
        Err(source) => Err(EmbeddedError::file("read", &path, source)),
    }
}

fn password(path: &Path) -> Result<Zeroizing<String>, EmbeddedError> {
    if !path.exists() {
        let mut bytes = Zeroizing::new([0_u8; PASSWORD_BYTES]);
        let made = getrandom::fill(bytes.as_mut_slice())
            .map_err(io::Error::other)
            .and_then(|()| {
                let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()));
                private_files::create(path, text.as_bytes())
            });
        made.map_err(|source| EmbeddedError::file("write", path, source))?;
    }
    fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|source| EmbeddedError::file("read", path, source))
}

fn beside(path: &Path, name: &str) -> PathBuf {
    path.parent().unwrap_or(Path::new("/")).join(name)
}
