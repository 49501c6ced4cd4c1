//! The physical limits, by pgbench: what PostgreSQL itself does on this machine when a client reads five events and
//! inserts one, and when one statement writes the three rows that every command of ours writes.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio_postgres::config::Host;

use crate::Result;
use crate::drive::{Sample, StolenTime, WARM_UP};

/// Where Debian's and Ubuntu's packages put each major version.
const VERSIONED_DIRECTORY: &str = "/usr/lib/postgresql";
/// pgbench's own threads; it would share the two cores with the server anyway.
const THREADS: usize = 2;
const SCHEMA_OPTION: &str = "-c search_path=limits";

/// Lean on purpose: short binary keys, no tenant, no row-level security.
pub const CREATE_TABLES: &str = "
    create schema limits;
    create table limits.events (
        position bigint generated always as identity, stream_id uuid not null, sequence bigint not null,
        event_type text not null, payload json not null, metadata json not null,
        recorded_at timestamptz not null default now(), primary key (stream_id, sequence));
    create unique index on limits.events (position);
    create table limits.commands (
        key uuid primary key, stream_id uuid not null, sequence bigint not null,
        recorded_at timestamptz not null default now());
    create table limits.outbox (
        id bigint generated always as identity primary key, name text not null, call json not null,
        run_at timestamptz not null default now());
    create index on limits.outbox (run_at)";

/// $1 streams, $2 the payload's text.
pub const FILL: &str = "
    insert into limits.events (stream_id, sequence, event_type, payload, metadata)
    select ('01900000-0000-7000-8000-' || lpad(to_hex(stream), 12, '0'))::uuid, sequence, 'Noted',
        json_build_object('Noted', json_build_object('number', sequence, 'note', $2::text)), '{}'
    from generate_series(1, 5) as sequence, generate_series(1, $1::bigint) as stream";

const SELECT_THEN_INSERT: &str = r#"\set stream case when random(1, 10) < 10 then random(1, :lively) else random(1, :streams) end
\set sequence random(1000000, 2000000000)
select sequence, event_type, payload from events where stream_id = ('01900000-0000-7000-8000-' || lpad(to_hex(:stream::bigint), 12, '0'))::uuid order by sequence;
insert into events (stream_id, sequence, event_type, payload, metadata) values (('01900000-0000-7000-8000-' || lpad(to_hex(:stream::bigint), 12, '0'))::uuid, :sequence, 'Noted', '{"Noted":{"number":1,"note":"@"}}', '{}');
"#;

const THREE_ROWS: &str = r#"\set stream case when random(1, 10) < 10 then random(1, :lively) else random(1, :streams) end
\set sequence random(1000000, 2000000000)
with appended as (insert into events (stream_id, sequence, event_type, payload, metadata) values (('01900000-0000-7000-8000-' || lpad(to_hex(:stream::bigint), 12, '0'))::uuid, :sequence, 'Noted', '{"Noted":{"number":1,"note":"@"}}', '{}') returning position), remembered as (insert into commands (key, stream_id, sequence) values (gen_random_uuid(), ('01900000-0000-7000-8000-' || lpad(to_hex(:stream::bigint), 12, '0'))::uuid, :sequence)), message as (insert into outbox (name, call) values ('note', '{"call":"note"}')) select position from appended;
"#;

/// What pgbench runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Script {
    SelectThenInsert,
    ThreeRows,
}

/// pgbench, and where it finds the server.
pub struct Limits {
    program: PathBuf,
    environment: Vec<(&'static str, String)>,
    directory: PathBuf,
    streams: u64,
}

impl Limits {
    /// `directory` takes the scripts and pgbench's logs.
    pub fn new(config: &tokio_postgres::Config, directory: &Path, streams: u64) -> Result<Self> {
        let host = match config.get_hosts().first() {
            Some(Host::Tcp(name)) => name.clone(),
            Some(Host::Unix(path)) => path.display().to_string(),
            None => return Err("the server's address is missing".into()),
        };
        let port = config.get_ports().first().copied().unwrap_or(5432);
        let password = String::from_utf8_lossy(config.get_password().unwrap_or_default());
        std::fs::create_dir_all(directory)?;
        Ok(Self {
            program: find_program()?,
            environment: vec![
                ("PGHOST", host),
                ("PGPORT", port.to_string()),
                ("PGUSER", config.get_user().unwrap_or_default().to_owned()),
                ("PGPASSWORD", password.into_owned()),
                (
                    "PGDATABASE",
                    config.get_dbname().unwrap_or_default().to_owned(),
                ),
                ("PGOPTIONS", SCHEMA_OPTION.to_owned()),
            ],
            directory: directory.to_owned(),
            streams,
        })
    }

    /// One run of a script, each statement prepared once a connection.
    pub async fn measure(
        &self,
        script: Script,
        clients: usize,
        measured: Duration,
    ) -> Result<Sample> {
        let run = self.directory.join("run");
        let _ = std::fs::remove_dir_all(&run);
        std::fs::create_dir_all(&run)?;
        let file = run.join("script.sql");
        let text = match script {
            Script::SelectThenInsert => SELECT_THEN_INSERT,
            Script::ThreeRows => THREE_ROWS,
        };
        std::fs::write(&file, text.replace('@', crate::streams::NOTE))?;
        let seconds = (WARM_UP + measured).as_secs_f64().ceil();
        let clock = StolenTime::start();
        let output = Command::new(&self.program)
            .envs(self.environment.clone())
            .current_dir(&run)
            .args([
                "--no-vacuum",
                "--protocol=prepared",
                "--log",
                "--log-prefix=latencies",
            ])
            .arg(format!("--client={clients}"))
            .arg(format!("--jobs={}", clients.min(THREADS)))
            .arg(format!("--time={seconds}"))
            .arg(format!("--define=streams={}", self.streams))
            .arg(format!("--define=lively={}", crate::streams::LIVELY))
            .arg("--file=script.sql")
            .stdin(Stdio::null())
            .output()
            .await?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(format!("pgbench failed: {said}").into());
        }
        let stolen_percent = clock.percent();
        let transactions = read_logs(&run)?;
        let first = transactions
            .iter()
            .map(|(ended, _)| *ended)
            .min()
            .unwrap_or_default();
        let last = transactions
            .iter()
            .map(|(ended, _)| *ended)
            .max()
            .unwrap_or_default();
        let start = first + u64::try_from(WARM_UP.as_micros())?;
        let latencies = transactions.iter().filter(|(ended, _)| *ended >= start);
        Ok(Sample::of_latencies(
            latencies.map(|(_, micros)| *micros).collect(),
            Duration::from_micros(last.saturating_sub(start)),
            stolen_percent,
        ))
    }
}

/// (end since the epoch, latency), both in microseconds, of every transaction in pgbench's logs, see pgbench(1).
fn read_logs(directory: &Path) -> Result<Vec<(u64, u32)>> {
    let mut transactions = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if !path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("latencies"))
        {
            continue;
        }
        for line in std::fs::read_to_string(path)?.lines() {
            let fields: Vec<&str> = line.split(' ').collect();
            let [_, _, latency, _, seconds, micros, ..] = fields.as_slice() else {
                return Err(format!("pgbench logged something else: {line}").into());
            };
            let ended = seconds.parse::<u64>()? * 1_000_000 + micros.parse::<u64>()?;
            transactions.push((ended, latency.parse()?));
        }
    }
    Ok(transactions)
}

fn find_program() -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut versioned: Vec<PathBuf> = std::fs::read_dir(VERSIONED_DIRECTORY)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .collect();
    versioned.sort();
    versioned.reverse();
    versioned
        .into_iter()
        .chain(std::env::split_paths(&path))
        .map(|directory| directory.join("pgbench"))
        .find(|program| program.is_file())
        .ok_or_else(|| "pgbench was found neither on the PATH nor beside postgres".into())
}
