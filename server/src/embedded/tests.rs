//! The private PostgreSQL, tried with real ones: every test makes a cluster of its own in a directory of its own.

use std::fs::{self, Permissions};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use tokio::time::{Instant, timeout};
use tokio_postgres::{Client, NoTls};

use super::error::EmbeddedError;
use super::login::{self, Answer};
use super::{Embedded, Purpose, places, postmaster_file, private_files};

const PATIENCE: Duration = Duration::from_secs(60);
const READY_LIMIT: Duration = Duration::from_secs(2);

/// A data directory that takes its cluster and socket directory with it, even when its test fails.
struct DataDir {
    parent: PathBuf,
}

impl DataDir {
    fn new() -> Self {
        let name = format!(
            "rapport-embedded-{}",
            private_files::random_suffix().unwrap()
        );
        let parent = std::env::temp_dir().join(name);
        fs::create_dir(&parent).unwrap();
        Self { parent }
    }

    fn path(&self) -> PathBuf {
        self.parent.join("data")
    }

    async fn start(&self, purpose: Purpose) -> Result<Embedded, EmbeddedError> {
        Embedded::start_or_attach(&self.path(), purpose).await
    }

    fn clusters(&self) -> Vec<PathBuf> {
        let elsewhere = fs::read_to_string(self.path().join("postgres.location"));
        let elsewhere = elsewhere.ok().map(PathBuf::from);
        elsewhere
            .into_iter()
            .chain([self.path().join("postgres")])
            .collect()
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        for cluster in self.clusters() {
            let Ok(file) = fs::read_to_string(cluster.join("postmaster.pid")) else {
                let _ = fs::remove_dir_all(&cluster);
                continue;
            };
            let lines: Vec<&str> = file.lines().collect();
            if let Ok(process_id) = lines[0].parse() {
                let _ = kill(Pid::from_raw(process_id), Signal::SIGQUIT);
            }
            let _ = fs::remove_dir_all(&cluster);
        }
        let _ = fs::remove_dir_all(&self.parent);
    }
}

async fn connect(embedded: &Embedded) -> Client {
    let (client, connection) = tokio_postgres::connect(&embedded.url(), NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    client
}

async fn ask(embedded: &Embedded, statement: &str) -> String {
    let row = connect(embedded).await.query_one(statement, &[]).await;
    row.unwrap().get(0)
}

fn process_id(embedded: &Embedded) -> i32 {
    postmaster_file::living(&embedded.cluster)
        .unwrap()
        .process_id
}

async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, waiting).await.unwrap();
}

#[tokio::test]
async fn a_first_start_makes_a_database_for_a_role_that_is_no_superuser() {
    let data_dir = DataDir::new();
    let embedded = data_dir.start(Purpose::Serve).await.unwrap();
    assert_eq!(ask(&embedded, "select current_user::text").await, "rapport");
    assert_eq!(
        ask(&embedded, "select current_database()::text").await,
        "rapport"
    );
    let rights = "select concat_ws(' ', rolsuper, rolcreaterole, rolcreatedb, rolbypassrls) \
                  from pg_roles where rolname = current_user";
    assert_eq!(ask(&embedded, rights).await, "f t f f");
    let encoding = "select pg_encoding_to_char(encoding) || ' ' || datcollate from pg_database \
                    where datname = current_database()";
    assert_eq!(ask(&embedded, encoding).await, "UTF8 C");
    for (setting, value) in [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("shared_buffers", "256MB"),
        ("max_wal_size", "4GB"),
        ("min_wal_size", "1GB"),
        ("max_connections", "200"),
        ("listen_addresses", "127.0.0.1"),
        ("log_error_verbosity", "terse"),
    ] {
        assert_eq!(
            ask(&embedded, &format!("show {setting}")).await,
            value,
            "{setting}"
        );
    }
    let roles = "create role rapport_request nologin; create role rapport_engine nologin; \
                 create role rapport_eraser nologin; \
                 grant rapport_request, rapport_engine, rapport_eraser to current_user; \
                 set role rapport_request; reset role; set role rapport_engine; reset role; set role rapport_eraser; reset role; \
                 drop role rapport_request, rapport_engine, rapport_eraser; \
                 create schema nouns; create table nouns.noun (id text); drop schema nouns cascade";
    connect(&embedded).await.batch_execute(roles).await.unwrap();
    for name in [places::ADMIN_PASSWORD, places::LOGIN_PASSWORD] {
        let mode = fs::metadata(data_dir.path().join(name)).unwrap().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert!(fs::read_dir(embedded.log_directory()).unwrap().count() > 0);
    embedded.stop().await.unwrap();
}

#[tokio::test]
async fn a_restart_is_quick_and_keeps_data_and_address() {
    let data_dir = DataDir::new();
    let embedded = data_dir.start(Purpose::Serve).await.unwrap();
    let create = "create table kept as select 'a line'::text as line";
    connect(&embedded)
        .await
        .batch_execute(create)
        .await
        .unwrap();
    let address = embedded.url();
    let cluster = embedded.cluster.clone();
    embedded.stop().await.unwrap();
    assert_eq!(postmaster_file::living(&cluster), None);

    let started = Instant::now();
    let embedded = data_dir.start(Purpose::Serve).await.unwrap();
    assert!(
        started.elapsed() < READY_LIMIT,
        "took {:?}",
        started.elapsed()
    );
    assert_eq!(embedded.url(), address);
    assert_eq!(ask(&embedded, "select line from kept").await, "a line");
    embedded.stop().await.unwrap();
}

#[tokio::test]
async fn a_start_after_our_own_crash_takes_over_the_running_server() {
    let data_dir = DataDir::new();
    let embedded = data_dir.start(Purpose::Serve).await.unwrap();
    let before = process_id(&embedded);
    // What kill -9 leaves: the kernel has let go of the locks, and the postmaster runs on.
    drop(embedded);

    let embedded = data_dir.start(Purpose::Serve).await.unwrap();
    assert_eq!(process_id(&embedded), before);
    assert_eq!(ask(&embedded, "select 'here'").await, "here");
    let cluster = embedded.cluster.clone();
    embedded.stop().await.unwrap();
    assert_eq!(
        postmaster_file::living(&cluster),
        None,
        "who takes over also stops"
    );
}

#[tokio::test]
async fn a_start_after_the_postmaster_was_killed_recovers_what_was_committed() {
    let data_dir = DataDir::new();
    let embedded = data_dir.start(Purpose::Serve).await.unwrap();
    let create = "create table kept as select 'a line'::text as line";
    connect(&embedded)
        .await
        .batch_execute(create)
        .await
        .unwrap();
    let killed = process_id(&embedded);
    // A busy child does not notice for a while that its postmaster has died, and holds the shared memory.
    let busy = connect(&embedded).await;
    let work = tokio::spawn(async move {
        let _ = busy
            .batch_execute("select count(*) from generate_series(1, 5000000)")
            .await;
    });
    let count = "select count(*)::text from pg_stat_activity \
                 where state = 'active' and query like '%generate_series%' and pid <> pg_backend_pid()";
    until(async || ask(&embedded, count).await == "1").await;
    kill(Pid::from_raw(killed), Signal::SIGKILL).unwrap();
    until(async || postmaster_file::living(&embedded.cluster).is_none()).await;
    assert!(postmaster_file::has_leftovers(&embedded.cluster));
    drop(embedded);

    let embedded = data_dir.start(Purpose::Serve).await.unwrap();
    assert_ne!(process_id(&embedded), killed);
    assert_eq!(ask(&embedded, "select line from kept").await, "a line");
    work.await.unwrap();
    embedded.stop().await.unwrap();
}

#[tokio::test]
async fn a_postmaster_that_dies_while_we_serve_is_brought_back_at_the_same_address() {
    let data_dir = DataDir::new();
    let embedded = data_dir.start(Purpose::Serve).await.unwrap();
    let watching = tokio::spawn(embedded.watch());
    for _ in 0..2 {
        let killed = process_id(&embedded);
        kill(Pid::from_raw(killed), Signal::SIGKILL).unwrap();
        until(async || {
            let living = postmaster_file::living(&embedded.cluster);
            let knocked = login::knock(&embedded.cluster, embedded.postmaster.port).await;
            matches!(knocked, Answer::Ready)
                && living.is_some_and(|found| found.process_id != killed)
        })
        .await;
    }
    let cluster = embedded.cluster.clone();
    embedded.stop().await.unwrap();
    watching.await.unwrap().unwrap();
    assert_eq!(
        postmaster_file::living(&cluster),
        None,
        "a stop is not taken for a death"
    );
}

#[tokio::test]
async fn a_second_serve_on_one_directory_is_refused() {
    let data_dir = DataDir::new();
    let first = data_dir.start(Purpose::Serve).await.unwrap();
    let refused = data_dir.start(Purpose::Serve).await.unwrap_err();
    assert!(matches!(refused, EmbeddedError::AlreadyServed { .. }));
    assert!(
        refused
            .to_string()
            .contains(&std::process::id().to_string()),
        "{refused}"
    );
    assert_eq!(ask(&first, "select 'unharmed'").await, "unharmed");
    first.stop().await.unwrap();
    let second = data_dir.start(Purpose::Serve).await.unwrap();
    second.stop().await.unwrap();
}

#[tokio::test]
async fn the_last_one_out_stops_the_server_and_nobody_else_does() {
    let data_dir = DataDir::new();
    let early = data_dir.start(Purpose::Attach).await.unwrap();
    let serving = data_dir.start(Purpose::Serve).await.unwrap();
    let late = data_dir.start(Purpose::Attach).await.unwrap();
    let cluster = serving.cluster.clone();
    let started = process_id(&serving);

    early.stop().await.unwrap();
    assert_eq!(
        process_id(&serving),
        started,
        "the one who started it may leave"
    );
    serving.stop().await.unwrap();
    assert_eq!(
        process_id(&late),
        started,
        "an attached command is not cut off"
    );
    late.stop().await.unwrap();
    assert_eq!(postmaster_file::living(&cluster), None);
}

#[tokio::test]
async fn processes_that_start_at_once_share_one_server() {
    let data_dir = DataDir::new();
    let (first, second, third) = tokio::join!(
        data_dir.start(Purpose::Attach),
        data_dir.start(Purpose::Serve),
        data_dir.start(Purpose::Attach),
    );
    let all = [first.unwrap(), second.unwrap(), third.unwrap()];
    assert!(
        all.iter()
            .all(|each| process_id(each) == process_id(&all[0]))
    );
    let cluster = all[0].cluster.clone();
    for each in all {
        each.stop().await.unwrap();
    }
    assert_eq!(postmaster_file::living(&cluster), None);
}

#[tokio::test]
async fn a_start_that_was_killed_half_way_is_made_good_by_the_next_one() {
    let data_dir = DataDir::new();
    let half = data_dir.path().join("postgres.unfinished-000000000000");
    fs::create_dir_all(half.join("cluster/base")).unwrap();
    let embedded = data_dir.start(Purpose::Attach).await.unwrap();
    assert!(!half.exists());
    let cluster = embedded.cluster.clone();
    embedded.stop().await.unwrap();

    // The password is the last thing that a kill can separate from the role.
    fs::remove_file(data_dir.path().join(places::LOGIN_PASSWORD)).unwrap();
    let embedded = data_dir.start(Purpose::Attach).await.unwrap();
    assert_ne!(*embedded.cluster.login_password, *cluster.login_password);
    assert_eq!(ask(&embedded, "select 'here'").await, "here");
    embedded.stop().await.unwrap();
}

#[tokio::test]
async fn a_port_that_somebody_else_took_is_exchanged() {
    let data_dir = DataDir::new();
    let embedded = data_dir.start(Purpose::Attach).await.unwrap();
    let port = embedded.postmaster.port;
    let cluster = embedded.cluster.clone();
    embedded.stop().await.unwrap();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    let lying = format!("{}\n/\n0\n{port}\n", std::process::id());
    fs::write(cluster.directory.join("postmaster.pid"), lying).unwrap();

    let embedded = data_dir.start(Purpose::Attach).await.unwrap();
    assert_ne!(embedded.postmaster.port, port);
    embedded.stop().await.unwrap();
    drop(taken);
}

#[tokio::test]
async fn a_directory_out_of_reach_for_postgres_has_its_cluster_elsewhere_when_we_are_root() {
    let data_dir = DataDir::new();
    fs::set_permissions(&data_dir.parent, Permissions::from_mode(0o700)).unwrap();
    let embedded = data_dir.start(Purpose::Attach).await.unwrap();
    let elsewhere = embedded.cluster.directory.starts_with("/var/lib/rapport");
    assert_eq!(elsewhere, geteuid().is_root());
    assert!(short_enough_for_a_socket(
        &embedded.cluster.socket_directory
    ));
    embedded.stop().await.unwrap();
    let again = data_dir.start(Purpose::Attach).await.unwrap();
    assert_eq!(
        again.cluster.directory.starts_with("/var/lib/rapport"),
        elsewhere
    );
    again.stop().await.unwrap();
}

fn short_enough_for_a_socket(directory: &Path) -> bool {
    directory.join(".s.PGSQL.65535.lock").as_os_str().len() <= 107
}
