//! Starts, adopts and stops the postmaster. It is a process of its own that outlives us when we are killed, so that the
//! next start finds it at work.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Child;
use tokio::time::{Instant, sleep};

use super::cluster::{Cluster, run, tail};
use super::error::EmbeddedError;
use super::login::{self, Answer};
use super::{places, postmaster_file, private_files};

/// Long, because a crash may leave gigabytes of write-ahead log to replay.
const START_LIMIT: Duration = Duration::from_secs(180);
/// A postmaster's children notice its death at once, unless they are in the middle of a long computation.
const LEFTOVERS_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(60);
/// What `pg_ctl` takes in addition before it says that it failed.
const STOP_GRACE: Duration = Duration::from_secs(5);
const POLL_INTERVAL: Duration = Duration::from_millis(10);
/// Another program can take a port between our look and the postmaster's.
const MAX_PORTS_TRIED: usize = 5;

/// These win over the cluster's own files. Durable first; statements' values stay out of the log, which would
/// otherwise keep personal data in plain text.
const SETTINGS: [(&str, &str); 20] = [
    ("fsync", "on"),
    ("synchronous_commit", "on"),
    ("full_page_writes", "on"),
    ("shared_buffers", "256MB"),
    ("max_wal_size", "4GB"),
    // Segments of the log that a busy time has made are kept for the next one: to make one holds every commit up.
    ("min_wal_size", "1GB"),
    ("max_connections", "200"),
    ("password_encryption", "scram-sha-256"),
    ("unix_socket_permissions", "0700"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    ("logging_collector", "on"),
    ("log_directory", "log"),
    ("log_filename", "postgresql-%a.log"),
    ("log_rotation_age", "1d"),
    ("log_rotation_size", "0"),
    ("log_truncate_on_rotation", "on"),
    ("log_error_verbosity", "terse"),
    ("log_parameter_max_length", "0"),
    ("log_parameter_max_length_on_error", "0"),
];

/// What to do when another program has the port that we remember.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PortTaken {
    ChooseAnother,
    /// Keep the number, which is also in the socket's name that is given out already, and listen there only.
    SocketOnly,
}

/// A postmaster that answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Postmaster {
    pub(super) process_id: i32,
    pub(super) port: u16,
}

/// Takes over the living postmaster or starts one. The caller holds the start lock.
pub(super) async fn ensure(
    cluster: &Cluster,
    port_taken: PortTaken,
) -> Result<Postmaster, EmbeddedError> {
    if let Some(postmaster) = adopt(cluster).await? {
        tracing::info!(
            process_id = postmaster.process_id,
            "took over the running PostgreSQL"
        );
        return Ok(postmaster);
    }
    wait_for_leftovers(cluster).await?;
    postmaster_file::remove_misleading(cluster)?;
    places::clear_socket_directory(&cluster.socket_directory)?;
    let postmaster = start(cluster, port_taken).await?;
    tracing::info!(
        process_id = postmaster.process_id,
        port = postmaster.port,
        log = %cluster.log_directory().display(),
        "started PostgreSQL"
    );
    Ok(postmaster)
}

/// Stops, and takes away what lay outside of the data directory for the time.
pub(super) async fn stop_and_tidy(cluster: &Cluster) -> Result<(), EmbeddedError> {
    stop(cluster).await?;
    // If it cannot be removed it is used again.
    let _ = fs::remove_dir(&cluster.socket_directory);
    Ok(())
}

/// Ends all connections and stops, with a checkpoint. Nothing happens when nothing lives.
async fn stop(cluster: &Cluster) -> Result<(), EmbeddedError> {
    if postmaster_file::living(cluster).is_none() {
        return Ok(());
    }
    let mut command = cluster.programs.pg_ctl(cluster.account);
    command
        .args(["stop", "--wait", "--silent", "--mode", "fast"])
        .args(["--timeout", &STOP_LIMIT.as_secs().to_string()])
        .arg("--pgdata")
        .arg(&cluster.directory);
    let stopped = run(command, "stop the server", STOP_LIMIT + STOP_GRACE).await;
    match stopped {
        // It may have gone by itself meanwhile.
        Err(_) if postmaster_file::living(cluster).is_none() => Ok(()),
        outcome => outcome,
    }
}

async fn adopt(cluster: &Cluster) -> Result<Option<Postmaster>, EmbeddedError> {
    let deadline = Instant::now() + START_LIMIT;
    while let Some(living) = postmaster_file::living(cluster) {
        if let Some(port) = living.port {
            match login::knock(cluster, port).await {
                Answer::Ready => {
                    let process_id = living.process_id;
                    return Ok(Some(Postmaster { process_id, port }));
                }
                Answer::Unprovisioned => login::provision(cluster, port).await?,
                // Something cleaned /tmp, and nobody will ever get in again by that door.
                Answer::NotYet if has_lost_its_socket(cluster, port).await => stop(cluster).await?,
                Answer::NotYet => {}
            }
        }
        if Instant::now() >= deadline {
            return Err(slow_start(cluster));
        }
        sleep(POLL_INTERVAL).await;
    }
    Ok(None)
}

/// A postmaster listens on TCP and on its socket from the same moment on.
async fn has_lost_its_socket(cluster: &Cluster, port: u16) -> bool {
    let socket = cluster.socket_directory.join(format!(".s.PGSQL.{port}"));
    let listens = tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await;
    listens.is_ok() && !socket.exists()
}

async fn wait_for_leftovers(cluster: &Cluster) -> Result<(), EmbeddedError> {
    let deadline = Instant::now() + LEFTOVERS_LIMIT;
    while postmaster_file::has_leftovers(cluster) {
        if Instant::now() >= deadline {
            let action = format!(
                "processes of a PostgreSQL that died still work in {}",
                cluster.directory.display()
            );
            return Err(EmbeddedError::timed_out(action, LEFTOVERS_LIMIT));
        }
        sleep(POLL_INTERVAL).await;
    }
    Ok(())
}

async fn start(cluster: &Cluster, port_taken: PortTaken) -> Result<Postmaster, EmbeddedError> {
    let mut port = remembered_port(cluster)?;
    for _ in 0..MAX_PORTS_TRIED {
        let free = is_free(port);
        if !free && port_taken == PortTaken::ChooseAnother {
            port = choose_port(cluster)?;
        }
        let listen_addresses = match port_taken {
            PortTaken::SocketOnly if !free => "",
            _ => "127.0.0.1",
        };
        let mut child = spawn(cluster, port, listen_addresses)?;
        let ready = until_ready(cluster, &mut child, port).await;
        let process_id = child.id().and_then(|id| i32::try_from(id).ok());
        reap(child);
        match (ready, process_id) {
            (Ok(()), Some(process_id)) => return Ok(Postmaster { process_id, port }),
            (Err(_), None) if !is_free(port) => {}
            (Err(error), _) => return Err(error),
            (Ok(()), None) => return Err(died(cluster)),
        }
    }
    Err(died(cluster))
}

fn spawn(cluster: &Cluster, port: u16, listen_addresses: &str) -> Result<Child, EmbeddedError> {
    let log = cluster.data_dir.join(places::START_LOG);
    let failed = |source| EmbeddedError::file("start PostgreSQL with its log", &log, source);
    let output = File::create(&log).map_err(failed)?;
    let errors = output.try_clone().map_err(failed)?;
    let mut command = cluster.programs.postgres(cluster.account);
    command
        .arg("-D")
        .arg(&cluster.directory)
        .arg("-k")
        .arg(&cluster.socket_directory)
        .args(["-p", &port.to_string()])
        .args(["-c", &format!("listen_addresses={listen_addresses}")])
        .stdout(Stdio::from(output))
        .stderr(Stdio::from(errors));
    for (name, value) in SETTINGS {
        command.args(["-c", &format!("{name}={value}")]);
    }
    command.spawn().map_err(failed)
}

async fn until_ready(cluster: &Cluster, child: &mut Child, port: u16) -> Result<(), EmbeddedError> {
    let deadline = Instant::now() + START_LIMIT;
    loop {
        match login::knock(cluster, port).await {
            Answer::Ready => return Ok(()),
            Answer::Unprovisioned => login::provision(cluster, port).await?,
            Answer::NotYet => {}
        }
        // A child that cannot be asked has gone as well.
        if !matches!(child.try_wait(), Ok(None)) {
            return Err(died(cluster));
        }
        if Instant::now() >= deadline {
            return Err(slow_start(cluster));
        }
        sleep(POLL_INTERVAL).await;
    }
}

/// Waits for the process in the background, so that it is no zombie once it is dead.
fn reap(mut child: Child) {
    tokio::spawn(async move { child.wait().await });
}

fn remembered_port(cluster: &Cluster) -> Result<u16, EmbeddedError> {
    let remembered = fs::read_to_string(cluster.data_dir.join(places::PORT));
    match remembered.ok().and_then(|text| text.trim().parse().ok()) {
        Some(port) => Ok(port),
        None => choose_port(cluster),
    }
}

fn choose_port(cluster: &Cluster) -> Result<u16, EmbeddedError> {
    let path = cluster.data_dir.join(places::PORT);
    let chosen = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .and_then(|address| {
            private_files::replace(&path, address.port().to_string().as_bytes())?;
            Ok(address.port())
        });
    chosen.map_err(|source| EmbeddedError::file("choose a port and note it in", &path, source))
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn died(cluster: &Cluster) -> EmbeddedError {
    let log = cluster.data_dir.join(places::START_LOG);
    let output = fs::read_to_string(log).unwrap_or_default();
    EmbeddedError::Program {
        action: "start".to_owned(),
        output: format!(
            "{}\nits log: {}",
            tail(&output),
            cluster.log_directory().display()
        ),
    }
}

fn slow_start(cluster: &Cluster) -> EmbeddedError {
    let log = cluster.log_directory();
    let action = format!(
        "PostgreSQL runs but does not answer; its log is in {}, and the next start will take it over",
        log.display()
    );
    EmbeddedError::timed_out(action, START_LIMIT)
}
