//! The database server itself: version, durability, connections, long transactions, clock.

use event_store::pg::PoolSizes;
use time::{Duration, OffsetDateTime};
use tokio_postgres::Client;

use super::findings::{Finding, State};
use crate::cli::{Reason, output};

/// As `server_version_num` has it.
const OLDEST_VERSION: i32 = 150_000;
/// A transaction that stays open keeps the log's holes from being judged and dead rows from being cleared.
const WARN_TRANSACTION_SECONDS: f64 = 60.0;
const FAIL_TRANSACTION_SECONDS: f64 = 3_600.0;
/// Leases and timers compare our clock with the database's; webhooks' signatures allow five minutes.
const WARN_SKEW_SECONDS: f64 = 1.0;
const FAIL_SKEW_SECONDS: f64 = 60.0;
/// The listener, and an operator or two.
const SPARE_CONNECTIONS: usize = 3;

const FIND_SETTINGS: &str = "
    select current_setting('server_version') as version, current_setting('server_version_num')::int4 as version_number,
        current_setting('max_connections')::int4 as max_connections, current_setting('fsync') as fsync,
        current_setting('full_page_writes') as full_page_writes, current_setting('synchronous_commit') as synchronous_commit";

/// What others do is visible only as far as this login may see it. A prepared transaction has no process.
const FIND_LONGEST_TRANSACTION: &str = "
    select coalesce(extract(epoch from clock_timestamp() - started), 0)::float8 as seconds, count(*) over () as open, pid
    from (
        select xact_start as started, pid from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null
        union all
        select prepared, null from pg_prepared_xacts where database = current_database()) transactions
    order by started limit 1";

const FIND_CLOCK: &str = "select clock_timestamp()";

pub async fn examine(client: &Client) -> Result<Vec<Finding>, Reason> {
    let row = client.query_one(FIND_SETTINGS, &[]).await?;
    let version: &str = row.get("version");
    let is_new_enough = row.get::<_, i32>("version_number") >= OLDEST_VERSION;
    let mut findings = vec![Finding::new(
        "server version",
        if is_new_enough {
            State::Ok
        } else {
            State::Fail
        },
        format!("PostgreSQL {version}"),
        "upgrade the server to PostgreSQL 15 or newer",
    )];
    findings.push(durability(
        row.get("fsync"),
        row.get("full_page_writes"),
        row.get("synchronous_commit"),
    ));
    findings.push(connections(row.get("max_connections")));
    findings.push(transactions(client).await?);
    findings.push(clock(client).await?);
    Ok(findings)
}

fn durability(fsync: &str, full_page_writes: &str, synchronous_commit: &str) -> Finding {
    let detail = format!(
        "fsync {fsync}, full_page_writes {full_page_writes}, synchronous_commit {synchronous_commit}"
    );
    let lost = [fsync, full_page_writes, synchronous_commit].contains(&"off");
    let state = if lost { State::Fail } else { State::Ok };
    let remedy =
        "turn all three on: with one of them off, a crash loses commands that were acknowledged";
    Finding::new("durability", state, detail, remedy)
}

fn connections(max_connections: i32) -> Finding {
    let sizes = PoolSizes::default();
    let wanted = sizes.request + sizes.query + sizes.engine + SPARE_CONNECTIONS;
    let enough = usize::try_from(max_connections).is_ok_and(|most| most >= wanted);
    let detail =
        format!("{max_connections} allowed, {wanted} wanted by one process under full load");
    let remedy = format!("raise max_connections to {wanted} for each `rapport serve`");
    Finding::new(
        "connections",
        if enough { State::Ok } else { State::Warn },
        detail,
        remedy,
    )
}

async fn transactions(client: &Client) -> Result<Finding, Reason> {
    const CHECK: &str = "long transactions";
    let Some(row) = client.query_opt(FIND_LONGEST_TRANSACTION, &[]).await? else {
        return Ok(Finding::ok(CHECK, "none is open"));
    };
    let (seconds, open): (f64, i64) = (row.get("seconds"), row.get("open"));
    Ok(judge_transactions(seconds, open, row.get("pid")))
}

fn judge_transactions(seconds: f64, open: i64, pid: Option<i32>) -> Finding {
    let (who, remedy) = match pid {
        Some(pid) => (
            format!("pid {pid}"),
            format!("see pg_stat_activity, and end it: select pg_terminate_backend({pid})"),
        ),
        None => (
            "a prepared one".to_owned(),
            "see pg_prepared_xacts, and commit it or roll it back".to_owned(),
        ),
    };
    let state = State::of(seconds, WARN_TRANSACTION_SECONDS, FAIL_TRANSACTION_SECONDS);
    let detail = format!(
        "{open} open, the longest, {who}, for {}",
        output::span(seconds)
    );
    Finding::new("long transactions", state, detail, remedy)
}

/// The database's clock is read between two looks at ours, so that the way there and back does not count.
async fn clock(client: &Client) -> Result<Finding, Reason> {
    let before = OffsetDateTime::now_utc();
    let theirs: OffsetDateTime = client.query_one(FIND_CLOCK, &[]).await?.get(0);
    let round_trip: Duration = OffsetDateTime::now_utc() - before;
    let ahead: Duration = theirs - before;
    Ok(judge_clock(
        ahead.as_seconds_f64() - round_trip.as_seconds_f64() / 2.0,
    ))
}

fn judge_clock(ahead_seconds: f64) -> Finding {
    let skew = ahead_seconds.abs();
    let state = State::of(skew, WARN_SKEW_SECONDS, FAIL_SKEW_SECONDS);
    let detail = format!("{:.0} ms between the database's and ours", skew * 1_000.0);
    Finding::new(
        "clock",
        state,
        detail,
        "let NTP set the clocks of both machines",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_may_lose_commits_fails() {
        assert_eq!(durability("on", "on", "on").state, State::Ok);
        assert_eq!(durability("on", "on", "local").state, State::Ok);
        for lost in [
            durability("off", "on", "on"),
            durability("on", "off", "on"),
            durability("on", "on", "off"),
        ] {
            assert_eq!(lost.state, State::Fail, "{}", lost.detail);
        }
    }

    #[test]
    fn clocks_apart_are_told_whichever_goes_ahead() {
        let states = [0.2, -1.5, 1.5, -61.0].map(|seconds| judge_clock(seconds).state);
        assert_eq!(states, [State::Ok, State::Warn, State::Warn, State::Fail]);
    }

    #[test]
    fn the_longest_transaction_is_named() {
        let long = judge_transactions(61.0, 2, Some(4711));
        assert_eq!(long.state, State::Warn);
        assert!(long.remedy.is_some_and(|remedy| remedy.contains("4711")));
        assert_eq!(judge_transactions(3_601.0, 1, None).state, State::Fail);
        assert_eq!(judge_transactions(59.0, 1, None).state, State::Ok);
    }

    #[test]
    fn too_few_connections_are_warned_of() {
        assert_eq!(connections(100).state, State::Ok);
        assert_eq!(connections(20).state, State::Warn);
    }
}
