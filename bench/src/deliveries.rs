//! Messages delivered to one HTTP sink in a second: our relay, with leases, fencing, the history of attempts and order per
//! key, beside graphile-worker and pg-boss, and beside sending without any database. All of it is enqueued before the
//! clock starts; it ends when everything is delivered and written back.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use domain::effects::EffectClass;
use event_store::pg::{PoolSizes, Pools};
use event_store::store::Store;
use event_store::vault::Vault;
use integrations::outcome::{Failure, FailureKind};
use outbox::deliver::{Deliver, Delivered, Undelivered};
use outbox::relay::Relay;
use outbox::rules::Rules;
use outbox::schedule::Schedule;
use outbox::work::{self, Job, Settings};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use crate::drive::StolenTime;
use crate::ground::{Ground, Place, ROOT_KEY};
use crate::sink::Sink;
use crate::{Result, streams};

/// Messages of one run.
pub const MESSAGES: u64 = 100_000;
/// Messages that share an order key: one after the other.
const PER_KEY: u64 = 10;
/// Deliveries under way at once; the peers are given the same.
const AT_ONCE: usize = 64;
const TARGET: &str = "sink";
const PEERS: &str = "bench/peers";
/// How often the end is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// The longest that anybody may take.
const PATIENCE: Duration = Duration::from_secs(300);

const ENQUEUE: &str = "
    with made as (
        insert into outbox_messages (tenant_id, message_id, name, target, call, order_key, aggregate_type, aggregate_id,
            sequence, correlation_id, causation_id)
        select $1, 'delivery-' || id, 'Post', $2, ('{\"id\":' || id || ',\"body\":' || $3::text || '}')::json, 'key-' || id % $5, 'bench',
            'bench', id, '', ''
        from generate_series(1, $4::bigint) as id
        returning message_id, order_key, sequence
    )
    insert into outbox_work (tenant_id, message_id, target, order_key, run_at)
    select $1, message_id, $2, order_key, clock_timestamp() from made order by sequence";
const ANALYZE: &str = "vacuum (analyze) outbox_work, outbox_messages";
const LEFT: &str = "select exists (select from outbox_work)";
const HISTORY: &str = "select count(*) from outbox_attempts where outcome = 'delivered'";

const OURS: Place = Place {
    database: "bench_deliveries",
    drop: "drop database if exists bench_deliveries",
    create: "create database bench_deliveries owner rapport",
};
const GRAPHILE: Place = Place {
    database: "bench_graphile",
    drop: "drop database if exists bench_graphile",
    create: "create database bench_graphile owner rapport",
};
const PG_BOSS: Place = Place {
    database: "bench_pgboss",
    drop: "drop database if exists bench_pgboss",
    create: "create database bench_pgboss owner rapport",
};

/// Who delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Courier {
    Ours,
    /// No database at all: the same client, as many at once.
    Unrecorded,
    Graphile,
    PgBoss,
}

pub const COURIERS: [Courier; 4] = [
    Courier::Ours,
    Courier::Unrecorded,
    Courier::Graphile,
    Courier::PgBoss,
];

/// What one run of one of them gave.
#[derive(Clone, Copy, Debug, Default)]
pub struct Run {
    pub per_second: f64,
    pub stolen_percent: f64,
    /// Messages that never came, and that came more than once.
    pub lost: u64,
    pub repeated: u64,
}

/// What each message says; with what is put around it some 380 bytes.
fn body() -> String {
    [
        streams::NOTE,
        streams::NOTE,
        "See you on Friday, thank you all.",
    ]
    .join(" ")
}

/// Runs one of them once.
pub async fn measure(ground: &Ground, sink: &Sink, courier: Courier) -> Result<Run> {
    sink.tally().await?;
    let clock = StolenTime::start();
    let taken = match courier {
        Courier::Ours => ours(ground, sink).await?,
        Courier::Unrecorded => unrecorded(sink).await?,
        Courier::Graphile => peer(ground, sink, "graphile.mjs", &GRAPHILE).await?,
        Courier::PgBoss => peer(ground, sink, "pgboss.mjs", &PG_BOSS).await?,
    };
    let tally = sink.tally().await?;
    Ok(Run {
        per_second: f64::from(u32::try_from(MESSAGES)?) / taken.as_secs_f64(),
        stolen_percent: clock.percent(),
        lost: MESSAGES.saturating_sub(tally.distinct),
        repeated: tally.repeated,
    })
}

/// Posts to the sink.
struct Poster {
    http: reqwest::Client,
    url: String,
    /// What the sink has answered.
    delivered: AtomicU64,
}

impl Poster {
    fn new(sink: &Sink) -> Result<Self> {
        Ok(Self {
            http: integrations::http::client().map_err(|failure| failure.detail)?,
            url: sink.url.clone(),
            delivered: AtomicU64::new(0),
        })
    }

    async fn post(&self, body: String) -> std::result::Result<(), Failure> {
        let unknown = |error: reqwest::Error| Failure::new(FailureKind::Unknown, error.to_string());
        let request = self.http.post(&self.url);
        let sent = request
            .header("content-type", "application/json")
            .body(body)
            .send();
        let answer = sent.await.map_err(unknown)?;
        let status = answer.status().as_u16();
        answer.bytes().await.map_err(unknown)?;
        match status {
            200 => {
                self.delivered.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            other => Err(Failure::new(
                FailureKind::Refused,
                format!("status {other}"),
            )),
        }
    }
}

impl Deliver for Poster {
    fn rules(&self, job: &Job) -> outbox::Result<Rules> {
        Ok(Rules {
            class: EffectClass::Keyed,
            schedule: Schedule::of(&job.target),
        })
    }

    fn concurrency(&self, _: &str) -> usize {
        AT_ONCE
    }

    fn ordering(&self, _: &str) -> work::Ordering {
        work::Ordering::Fifo
    }

    async fn deliver(&self, job: &Job) -> std::result::Result<Delivered, Undelivered> {
        self.post(job.call.clone()).await?;
        Ok(Delivered::Done)
    }
}

async fn ours(ground: &Ground, sink: &Sink) -> Result<Duration> {
    let url = OURS.make(ground).await?;
    server::database::migrate(&url).await?;
    let owner = ground.connect(&url).await?;
    let note = serde_json::to_string(&body())?;
    let (count, keys) = (i64::try_from(MESSAGES)?, i64::try_from(MESSAGES / PER_KEY)?);
    owner
        .execute(ENQUEUE, &[&"bench", &TARGET, &note, &count, &keys])
        .await?;
    owner.batch_execute(ANALYZE).await?;
    let pools = Pools::new(&url, PoolSizes::default())?;
    let store = Store::new(pools, Vault::new(&ROOT_KEY));
    let settings = Settings {
        max_in_flight: AT_ONCE,
        ..Settings::default()
    };
    let poster = Arc::new(Poster::new(sink)?);
    let relay = Relay::new(store, poster.clone(), settings);
    let stop = CancellationToken::new();
    let started = Instant::now();
    let running = tokio::spawn(relay.run(stop.clone()));
    // The database is asked only at the end: its answer costs what the relay needs.
    while poster.delivered.load(Ordering::Relaxed) < MESSAGES
        || owner.query_one(LEFT, &[]).await?.get(0)
    {
        if started.elapsed() > PATIENCE {
            return Err("our relay does not get done".into());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let taken = started.elapsed();
    stop.cancel();
    running.await?;
    let recorded: i64 = owner.query_one(HISTORY, &[]).await?.get(0);
    match recorded == count {
        true => Ok(taken),
        false => Err(format!("{recorded} of {count} deliveries are on record").into()),
    }
}

async fn unrecorded(sink: &Sink) -> Result<Duration> {
    let poster = Arc::new(Poster::new(sink)?);
    let next = Arc::new(AtomicU64::new(1));
    let note = serde_json::to_string(&body())?;
    let started = Instant::now();
    let mut clients: tokio::task::JoinSet<Result<()>> = tokio::task::JoinSet::new();
    for _ in 0..AT_ONCE {
        let (poster, next, note) = (poster.clone(), next.clone(), note.clone());
        clients.spawn(async move {
            loop {
                let id = next.fetch_add(1, Ordering::Relaxed);
                if id > MESSAGES {
                    return Ok(());
                }
                let body = format!("{{\"id\":{id},\"body\":{note}}}");
                poster.post(body).await.map_err(|failure| failure.detail)?;
            }
        });
    }
    while let Some(ended) = clients.join_next().await {
        ended??;
    }
    Ok(started.elapsed())
}

/// Runs one of the peers, each on a database of its own; it enqueues before it says that it is ready.
async fn peer(ground: &Ground, sink: &Sink, script: &str, place: &Place) -> Result<Duration> {
    let node = node().await?;
    let (url, count) = (place.make(ground).await?, MESSAGES.to_string());
    let mut child = Command::new(Path::new(&node).join("node"))
        .current_dir(PEERS)
        .args([script, "--url", &url, "--sink", &sink.url])
        .args(["--count", &count, "--body", &body()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut input = child.stdin.take().ok_or("the peer has no input")?;
    let output = child.stdout.take().ok_or("the peer has no output")?;
    let mut lines = BufReader::new(output).lines();
    let running = async {
        expect(lines.next_line().await?, "ready", script)?;
        let started = Instant::now();
        input.write_all(b"go\n").await?;
        expect(lines.next_line().await?, "done", script)?;
        Result::Ok(started.elapsed())
    };
    tokio::time::timeout(PATIENCE, running).await?
}

fn expect(line: Option<String>, wanted: &str, name: &str) -> Result<()> {
    match line.as_deref() {
        Some(line) if line == wanted => Ok(()),
        other => Err(format!("{name} said {other:?} instead of {wanted}").into()),
    }
}

/// The directory of a Node.js that is new enough, with the peers' packages installed.
async fn node() -> Result<String> {
    let output = Command::new("scripts/bootstrap")
        .arg("node")
        .output()
        .await?;
    let directory = String::from_utf8(output.stdout)?.trim().to_owned();
    if directory.is_empty() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    if !Path::new(PEERS).join("node_modules").exists() {
        let installed = Command::new(Path::new(&directory).join("npm"))
            .current_dir(PEERS)
            .args(["ci", "--no-audit", "--no-fund"])
            .status()
            .await?;
        if !installed.success() {
            return Err("the peers' packages cannot be installed".into());
        }
    }
    Ok(directory)
}
