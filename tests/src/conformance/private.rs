//! A PostgreSQL of one test's own, which may be killed with all it holds in memory, started again, dumped and restored.
//! Unlike the run's shared server it commits for good: what it has acknowledged is with the operating system.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tokio_postgres::{Config, NoTls};
use uuid::Uuid;

use crate::conformance::place::Place;
use crate::programs::{self, Account};
use crate::wait;

const SUPERUSER: &str = "rapport_admin";
const LOGIN: &str = "rapport_it";
const DATABASE: &str = "conformance";
/// Only a crash of the machine is not survived. Everything stays within one directory.
const SETTINGS: &[&str] = &[
    "listen_addresses=",
    "fsync=off",
    "full_page_writes=off",
    "max_connections=200",
    "shared_buffers=64MB",
    "log_min_messages=panic",
    "log_min_error_statement=panic",
];
/// Ends the server and removes it as soon as our end of the pipe is closed, however this process ends.
const KEEPER: &str = r#"cat; "$1" -D "$2/data" -m immediate stop; rm -rf "$2""#;
const MAKE_LOGIN: &str = "create role rapport_it login createrole createdb";
const MAKE_DATABASE: &str = "create database conformance owner rapport_it";

/// A server that is ours alone.
pub struct PrivateServer {
    directory: PathBuf,
    account: Account,
    postmaster: Option<Child>,
    keeper: Option<Child>,
}

impl PrivateServer {
    /// A server with a migrated database.
    pub async fn start() -> Self {
        let server = Self::empty().await;
        let admin = crate::cluster::connect(&server.config("postgres")).await;
        for statement in [MAKE_LOGIN, MAKE_DATABASE] {
            admin.batch_execute(statement).await.unwrap();
        }
        let migrated = ::server::database::migrate(&server.place().url).await;
        migrated.expect("the migrations apply to an empty database");
        server
    }

    /// A server with nothing on it.
    pub async fn empty() -> Self {
        let mut server = tokio::task::spawn_blocking(Self::make)
            .await
            .expect("a server can be made");
        server.run().await;
        server
    }

    fn make() -> Self {
        use std::os::unix::process::CommandExt;
        let account = Account::choose();
        let name = format!("rapport_own_{}", &Uuid::new_v4().simple().to_string()[..12]);
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir(&directory).expect("the temporary directory can be written to");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(&directory, mode).unwrap();
        account.own(&directory);
        let mut initdb = account.command(&programs::find("initdb"));
        initdb
            .args(["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"])
            .args(["--username", SUPERUSER, "--pgdata"])
            .arg(directory.join("data"));
        run(&mut initdb);
        let mut keeper = account.command(Path::new("/bin/sh"));
        keeper
            .args(["-c", KEEPER, "keeper"])
            .arg(programs::find("pg_ctl"))
            .arg(&directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        Self {
            keeper: Some(keeper.spawn().expect("a shell can be started")),
            postmaster: None,
            directory,
            account,
        }
    }

    /// The migrated database.
    pub fn place(&self) -> Place {
        let host = self.directory.to_string_lossy().replace('/', "%2F");
        Place {
            database: DATABASE.to_owned(),
            url: format!("postgresql://{LOGIN}@{host}:5432/{DATABASE}"),
            admin_url: format!("postgresql://{SUPERUSER}@{host}:5432/{DATABASE}"),
        }
    }

    /// The superuser's way into any of the server's databases.
    pub fn config(&self, database: &str) -> Config {
        let mut config = Config::new();
        config
            .host_path(&self.directory)
            .port(5432)
            .user(SUPERUSER)
            .dbname(database);
        config
    }

    /// `kill -9` of the postmaster; its children notice and end by themselves.
    pub fn kill(&mut self) {
        if let Some(mut postmaster) = self.postmaster.take() {
            postmaster.kill().expect("the process can be killed");
            postmaster.wait().expect("it is gone");
        }
    }

    /// Starts the server and waits until it answers. A start fails while a killed server's children are still there.
    pub async fn run(&mut self) {
        let config = self.config("postgres");
        let (directory, account, postmaster) =
            (&self.directory, self.account, &mut self.postmaster);
        let mut start = || {
            let gone = match postmaster.as_mut() {
                Some(child) => child.try_wait().is_ok_and(|status| status.is_some()),
                None => true,
            };
            if gone {
                *postmaster = Some(spawn(account, directory));
            }
        };
        wait::until("the private PostgreSQL answers", || {
            start();
            let config = &config;
            async move {
                let (client, connection) = config.connect(NoTls).await.ok()?;
                tokio::spawn(connection);
                client.simple_query("select 1").await.ok().map(|_| ())
            }
        })
        .await;
    }

    /// Stops the server and keeps its files as they are, to go back to.
    pub async fn keep(&mut self) {
        self.stop().await;
        self.copy("data", "kept").await;
    }

    /// Stops the server and takes it back to what was kept: it has forgotten what it did since.
    pub async fn go_back(&mut self) {
        self.stop().await;
        self.copy("kept", "data").await;
    }

    /// As a crash, but that its children are gone when it returns.
    async fn stop(&mut self) {
        let mut stop = self.account.command(&programs::find("pg_ctl"));
        stop.args(["-m", "immediate", "stop", "-D"])
            .arg(self.directory.join("data"));
        finish(stop).await;
        self.kill();
    }

    async fn copy(&self, from: &str, to: &str) {
        let (from, to) = (self.directory.join(from), self.directory.join(to));
        let mut remove = self.account.command(Path::new("/bin/rm"));
        remove.arg("-rf").arg(&to);
        finish(remove).await;
        let mut copy = self.account.command(Path::new("/bin/cp"));
        copy.arg("-a").args([from, to]);
        finish(copy).await;
    }

    /// Everything on the server, roles included, as SQL.
    pub async fn dump(&self) -> PathBuf {
        let path = self.directory.join("dump.sql");
        let mut command = self.account.command(&programs::find("pg_dumpall"));
        command
            .arg("-h")
            .arg(&self.directory)
            .args(["-U", SUPERUSER, "-f"])
            .arg(&path);
        finish(command).await;
        path
    }

    /// Fills an empty server from a dump. The superuser is there already, which is the only complaint to be expected.
    pub async fn restore(&self, dump: &Path) {
        let mut command = self.account.command(&programs::find("psql"));
        command
            .arg("-h")
            .arg(&self.directory)
            .args(["-U", SUPERUSER, "-d", "postgres", "-X", "-q", "-f"])
            .arg(dump);
        finish(command).await;
    }
}

impl Drop for PrivateServer {
    fn drop(&mut self) {
        self.kill();
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
    }
}

fn spawn(account: Account, directory: &Path) -> Child {
    use std::os::unix::process::CommandExt;
    let mut command = account.command(&programs::find("postgres"));
    command
        .arg("-D")
        .arg(directory.join("data"))
        .arg("-k")
        .arg(directory);
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    command.spawn().expect("PostgreSQL can be started")
}

async fn finish(mut command: Command) {
    tokio::task::spawn_blocking(move || run(&mut command))
        .await
        .expect("the program runs");
}

/// Runs a program; the files it leaves open to a server must not be our own pipes.
fn run(command: &mut Command) {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null());
    let status = quiet.stderr(Stdio::null()).status();
    let status = status.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(status.success(), "{command:?}: {status}");
}
