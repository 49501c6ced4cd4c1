//! One PostgreSQL for the whole run, thrown away after it: a migrated template, and a clone of it for every test. With
//! `RAPPORT_TEST_DATABASE_URL` (a superuser's) it is a server that runs already.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::str::FromStr;

use tokio::sync::OnceCell;
use tokio_postgres::{Client, Config, NoTls};
use uuid::Uuid;

use crate::programs::{self, Account};

/// The server's superuser, where the server is our own.
const SUPERUSER: &str = "rapport_admin";
/// Whom the program logs in as: no superuser, so that a missing grant shows.
const LOGIN: &str = "rapport_it";
/// Nothing that a crash would cost matters here; many small databases do.
const SETTINGS: &[&str] = &[
    "listen_addresses=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=600",
    "shared_buffers=128MB",
    "max_wal_size=2GB",
    "log_min_messages=warning",
];
/// Ends the server and removes it as soon as our end of the pipe is closed, however this process ends.
const KEEPER: &str = r#"cat; "$1" -D "$2/data" -m immediate stop; rm -rf "$2""#;

const ENSURE_LOGIN: &str = "
    do $$ begin
        if not exists (select from pg_roles where rolname = 'rapport_it') then
            create role rapport_it login createrole createdb;
        end if;
        if exists (select from pg_roles where rolname = 'rapport_eraser') then
            grant rapport_request, rapport_engine, rapport_eraser to rapport_it;
        end if;
    end $$";

/// A server with a migrated template.
pub struct Cluster {
    superuser: Config,
    template: String,
    /// The keeper's life; never read.
    _keeper: Option<Child>,
}

/// A database of one test.
#[derive(Clone, Debug)]
pub struct Database {
    pub name: String,
    /// Where the program connects, as the login role.
    pub url: String,
}

/// The server of this run, started by whoever asks first.
pub async fn shared() -> &'static Cluster {
    static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();
    CLUSTER.get_or_init(Cluster::start).await
}

/// Connects; the connection is carried by a task of its own.
pub async fn connect(config: &Config) -> Client {
    let (client, connection) = config
        .connect(NoTls)
        .await
        .expect("the test's PostgreSQL answers");
    tokio::spawn(connection);
    client
}

impl Cluster {
    async fn start() -> Self {
        let (superuser, keeper) = match std::env::var("RAPPORT_TEST_DATABASE_URL") {
            Ok(url) => (
                Config::from_str(&url).expect("RAPPORT_TEST_DATABASE_URL is a URL"),
                None,
            ),
            Err(_) => {
                let made = tokio::task::spawn_blocking(make_server);
                let (config, keeper) = made.await.expect("PostgreSQL starts");
                (config, Some(keeper))
            }
        };
        let admin = connect(&superuser).await;
        admin.batch_execute(ENSURE_LOGIN).await.unwrap();
        let cluster = Self {
            superuser,
            template: unique("template"),
            _keeper: keeper,
        };
        let create = format!("create database {} owner {LOGIN}", cluster.template);
        admin.batch_execute(&create).await.unwrap();
        let url = cluster.url_of(LOGIN, &cluster.template);
        server::database::migrate(&url)
            .await
            .expect("the migrations apply to an empty database");
        cluster
    }

    /// A fresh, migrated database.
    pub async fn clone_template(&self) -> Database {
        let name = unique("test");
        let create = format!(
            "create database {name} template {} owner {LOGIN}",
            self.template
        );
        connect(&self.superuser)
            .await
            .batch_execute(&create)
            .await
            .unwrap();
        Database {
            url: self.url_of(LOGIN, &name),
            name,
        }
    }

    /// A database with nothing in it, not even a schema of ours.
    pub async fn create_empty(&self) -> Database {
        let name = unique("test");
        let create = format!("create database {name} template template0 owner {LOGIN}");
        let admin = connect(&self.superuser).await;
        admin.batch_execute(&create).await.unwrap();
        Database {
            url: self.url_of(LOGIN, &name),
            name,
        }
    }

    /// Throws a test's database away, with whoever is still connected.
    pub async fn drop_database(&self, name: &str) {
        let drop = format!("drop database if exists {name} with (force)");
        connect(&self.superuser)
            .await
            .batch_execute(&drop)
            .await
            .unwrap();
    }

    /// The superuser's view of a database, exempt from row-level security.
    pub async fn admin(&self, database: &str) -> Client {
        connect(&self.admin_config(database)).await
    }

    pub fn admin_config(&self, database: &str) -> Config {
        let mut config = self.superuser.clone();
        config.dbname(database);
        config
    }

    /// The URL of a database for one user, as tokio-postgres, libpq and sqlx read it.
    pub fn url_of(&self, user: &str, database: &str) -> String {
        let host = match self.superuser.get_hosts().first() {
            Some(tokio_postgres::config::Host::Tcp(host)) => host.clone(),
            Some(tokio_postgres::config::Host::Unix(path)) => {
                path.to_string_lossy().replace('/', "%2F")
            }
            None => "localhost".to_owned(),
        };
        let port = self.superuser.get_ports().first().copied().unwrap_or(5432);
        format!("postgresql://{user}@{host}:{port}/{database}")
    }

    /// Everything that a dump of the database shows, data included.
    pub async fn dump(&self, database: &str) -> String {
        let url = self.url_of(self.superuser.get_user().unwrap_or(SUPERUSER), database);
        let mut command = Account::choose().command(&programs::find("pg_dump"));
        command.arg("--inserts").arg(url);
        let output = tokio::task::spawn_blocking(move || command.output())
            .await
            .unwrap()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("a dump is text")
    }

    /// Where the server listens, when that is a socket file.
    pub fn socket(&self) -> PathBuf {
        let port = self.superuser.get_ports().first().copied().unwrap_or(5432);
        match self.superuser.get_hosts().first() {
            Some(tokio_postgres::config::Host::Unix(path)) => path.join(format!(".s.PGSQL.{port}")),
            other => panic!("this test needs the run's own PostgreSQL, not one at {other:?}"),
        }
    }
}

/// Makes and starts a server that nobody else reaches: its socket lies in a directory of our own.
fn make_server() -> (Config, Child) {
    use std::os::unix::process::CommandExt;
    let account = Account::choose();
    let directory = std::env::temp_dir().join(unique("rapport"));
    std::fs::create_dir(&directory).expect("the temporary directory can be written to");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(&directory, mode).unwrap();
    account.own(&directory);
    let data = directory.join("data");
    run(account
        .command(&programs::find("initdb"))
        .args([
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "--username",
            SUPERUSER,
            "--pgdata",
        ])
        .arg(&data));
    let settings: String = SETTINGS
        .iter()
        .map(|setting| format!(" -c {setting}"))
        .collect();
    let options = format!("-k {}{settings}", directory.display());
    let pg_ctl = programs::find("pg_ctl");
    let log = directory.join("log");
    run(account
        .command(&pg_ctl)
        .arg("-D")
        .arg(&data)
        .arg("-l")
        .arg(&log)
        .args(["-w", "-o", &options, "start"]));
    let mut keeper = account.command(Path::new("/bin/sh"));
    keeper
        .args(["-c", KEEPER, "keeper"])
        .arg(pg_ctl)
        .arg(&directory);
    // Of a group of its own, so that an interrupt from the terminal leaves it its work.
    keeper
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    let keeper = keeper.spawn().expect("a shell can be started");
    let mut config = Config::new();
    config
        .host_path(&directory)
        .port(5432)
        .user(SUPERUSER)
        .dbname("postgres");
    (config, keeper)
}

/// Runs a program; the files it leaves open to a server must not be our own pipes.
fn run(command: &mut std::process::Command) {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    let status = status.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(status.success(), "{command:?}: {status}");
}

fn unique(what: &str) -> String {
    format!("{what}_{}", &Uuid::new_v4().simple().to_string()[..12])
}
