//! From rounds to rows: which figure stands beside which, and what is promised of it.

use crate::bookings;
use crate::catch_up;
use crate::deliveries::Courier;
use crate::drive::Sample;
use crate::growth::{Growth, SMALL};
use crate::limits::Script;
use crate::notarised::{self, MODERATE};
use crate::report::{Better, Pair, Row};
use crate::rounds::{CLIENTS, CONNECTIONS, MANY, Round, System};

/// Commands a second, ours beside postgres-es, at few and at many clients.
const COMMANDS_FLOOR: f64 = 1.6;
const MANY_COMMANDS_FLOOR: f64 = 2.5;
/// Commands a second at many clients, beside one statement of three rows.
const THREE_ROWS_FLOOR: f64 = 0.9;
/// The slowest of a hundred at many clients, and the processor time of a command: at most so much of postgres-es's.
const P99_CEILING: f64 = 0.5;
const PROCESSOR_CEILING: f64 = 0.4;
/// Commands a second over HTTP beside the same in process.
const HTTP_FLOOR: f64 = 0.6;
/// Catching up in batches beside a transaction per event.
const CATCH_UP_FLOOR: f64 = 30.0;
/// A rebuild beside copying the events out and parsing them.
const REBUILD_FLOOR: f64 = 0.5;
/// Commands a second with wake-ups beside none.
const WAKE_FLOOR: f64 = 0.9;
/// Messages delivered a second, beside graphile-worker, pg-boss, and sending without any database.
const DELIVERY_FLOORS: [(Courier, f64, &str); 3] = [
    (
        Courier::Graphile,
        2.0,
        "other: graphile-worker 0.17, local queue of 500, completions in batches",
    ),
    (
        Courier::PgBoss,
        4.0,
        "other: pg-boss 10, batches of 1000, 4 workers",
    ),
    (
        Courier::Unrecorded,
        0.5,
        "other: the same client without any database",
    ),
];
/// The slowest of a hundred with the notary beside that without it, at most; how far behind it may be, and how long a
/// million entries may take to be verified.
const NOTARY_CEILING: f64 = 1.03;
const LAG_LIMIT_MS: f64 = 2_000.0;
const VERIFY_LIMIT_SECONDS: f64 = 5.0;
/// The latency with a large log beside that with a small one, at most.
const GROWTH_CEILING: f64 = 1.3;

const PER_SECOND: (&str, Better) = ("1/s", Better::More);
const MILLIS: (&str, Better) = ("ms", Better::Less);
const BYTES: (&str, Better) = ("bytes", Better::Less);
const MICROS: (&str, Better) = ("us", Better::Less);
const PEER: &str = "other: postgres-es 0.5 through CqrsFramework, tuned pool";
const SELECT: &str = "other: pgbench, select 5 and insert 1";
const THREE: &str = "other: pgbench, one statement of three rows";

/// The figure of a sample that a row is about.
type Pick = fn(&Sample) -> f64;

/// Every row that these rounds have figures for.
pub fn rows(rounds: &[Round]) -> Vec<Row> {
    let mut rows: Vec<Option<Row>> = Vec::new();
    for clients in CLIENTS {
        rows.extend(append_rows(rounds, clients));
    }
    let pairs = pairs(
        rounds,
        (System::Http, System::Command),
        CONNECTIONS,
        |sample| sample.per_second,
    );
    let name = format!("add-note over HTTP, {CONNECTIONS} connections");
    rows.push(Row::of(
        name,
        PER_SECOND,
        &pairs,
        Some(HTTP_FLOOR),
        "other: the same in process",
    ));
    rows.extend(special_rows(rounds));
    rows.extend(reading_rows(rounds));
    rows.extend(delivery_rows(rounds));
    rows.extend(notary_rows(rounds));
    rows.into_iter().flatten().collect()
}

/// One figure of two systems: its name, who they are, what is picked of them, and what is promised.
type Figure = (
    &'static str,
    (System, System),
    Pick,
    (&'static str, Better),
    Option<f64>,
    &'static str,
);

fn append_rows(rounds: &[Round], clients: u32) -> Vec<Option<Row>> {
    let row = |(name, systems, pick, unit, floor, note): Figure| {
        let name = format!("{name}, {clients} clients");
        let pairs = pairs(rounds, systems, clients, pick);
        Row::of(name, unit, &pairs, floor, note)
    };
    figures(clients >= MANY).into_iter().map(row).collect()
}

#[rustfmt::skip]
fn figures(are_many: bool) -> Vec<Figure> {
    let rate: Pick = |sample| sample.per_second;
    let beside = |ours| (ours, System::Peer);
    let limit = |script| (System::Command, System::Pgbench(script));
    let ours = beside(System::Command);
    let floor = if are_many { MANY_COMMANDS_FLOOR } else { COMMANDS_FLOOR };
    let if_many = |target| are_many.then_some(target);
    let three_rows = limit(Script::ThreeRows);
    vec![
        ("add-note", ours, rate, PER_SECOND, Some(floor), PEER),
        ("add-note p50", ours, |sample| sample.p50_ms, MILLIS, None, PEER),
        ("add-note p95", ours, |sample| sample.p95_ms, MILLIS, None, PEER),
        ("add-note p99", ours, |sample| sample.p99_ms, MILLIS, if_many(P99_CEILING), PEER),
        ("add-note processor", ours, |sample| sample.cpu_micros, MICROS, if_many(PROCESSOR_CEILING), PEER),
        ("add-note written", ours, |sample| sample.wal_bytes, BYTES, None, PEER),
        ("add-note on any stream", beside(System::Stranger), rate, PER_SECOND, None, PEER),
        ("add-note beside select and insert", limit(Script::SelectThenInsert), rate, PER_SECOND, None, SELECT),
        ("add-note beside three rows", three_rows, rate, PER_SECOND, if_many(THREE_ROWS_FLOOR), THREE),
        ("append with a message", beside(System::Message), rate, PER_SECOND, None, PEER),
    ]
}

/// The rows that stand for one number of clients only.
#[rustfmt::skip]
fn special_rows(rounds: &[Round]) -> Vec<Option<Row>> {
    let rate: Pick = |sample| sample.per_second;
    let hot = (System::Hot, System::HotPeer);
    let woken = pairs(rounds, (System::Command, System::Quiet), MANY, rate);
    let projected = rounds.iter().filter_map(|round| round.projected.as_ref());
    let projected: Vec<Pair> = projected
        .map(|sample| Pair {
            ours: sample.p99_ms,
            other: sample.p50_ms,
            stolen_percent: sample.stolen_percent,
        })
        .collect();
    let none = "other: the same, nobody woken";
    let peer = "other: postgres-es 0.5, tried again until it stands";
    vec![
        Row::of("add-note with wake-ups", PER_SECOND, &woken, Some(WAKE_FLOOR), none),
        Row::of("add-note on one stream", PER_SECOND, &pairs(rounds, hot, MANY, rate), None, peer),
        Row::of("add-note on one stream p99", MILLIS, &pairs(rounds, hot, MANY, |sample| sample.p99_ms), None, peer),
        Row::of("from commit to read model, p99", MILLIS, &projected, None, "other: p50"),
    ]
}

/// The row of a log that has grown.
pub fn growth_row(growth: &Growth) -> Option<Row> {
    let pair = Pair {
        ours: growth.large.p50_ms,
        other: growth.small.p50_ms,
        stolen_percent: growth.large.stolen_percent.max(growth.small.stolen_percent),
    };
    let name = format!("add-note p50, {} events", growth.events);
    let note = format!("other: {SMALL} events");
    Row::of(name, MILLIS, &[pair], Some(GROWTH_CEILING), &note)
}

/// What this process holds in memory, with the load generator in it.
pub fn memory_row(loaded: f64, idle: f64) -> Option<Row> {
    let pair = Pair {
        ours: loaded,
        other: idle,
        stolen_percent: 0.0,
    };
    let unit = ("MiB", Better::Less);
    Row::of(
        "memory after the load",
        unit,
        &[pair],
        None,
        "other: before it",
    )
}

fn reading_rows(rounds: &[Round]) -> Vec<Option<Row>> {
    let pairs = |ours: fn(&catch_up::Round) -> catch_up::Reading,
                 other: fn(&catch_up::Round) -> catch_up::Reading| {
        let read = rounds.iter().filter_map(|round| round.catch_up.as_ref());
        read.map(|round| Pair {
            ours: ours(round).per_second,
            other: other(round).per_second,
            stolen_percent: ours(round).stolen_percent.max(other(round).stolen_percent),
        })
        .collect::<Vec<_>>()
    };
    let caught_up = pairs(|round| round.batches, |round| round.single);
    let rebuilt = pairs(|round| round.rebuild, |round| round.copied);
    let beside_rows = pairs(|round| round.rebuild, |round| round.written);
    let one_by_one = "other: the same projector, a transaction per event";
    vec![
        Row::of(
            "catch-up of customers",
            PER_SECOND,
            &caught_up,
            Some(CATCH_UP_FLOOR),
            one_by_one,
        ),
        Row::of(
            "rebuild of customers",
            PER_SECOND,
            &rebuilt,
            None,
            "other: the same events copied out and parsed",
        ),
        Row::of(
            "rebuild, beside its rows alone",
            PER_SECOND,
            &beside_rows,
            None,
            "other: PostgreSQL writes the finished rows from table to table",
        ),
    ]
}

/// The row that the floor of rebuilding is promised for.
pub fn rebuild_row(rounds: &[bookings::Round]) -> Option<Row> {
    let pair = |round: &bookings::Round| Pair {
        ours: round.rebuild.per_second,
        other: round.copied.per_second,
        stolen_percent: round
            .rebuild
            .stolen_percent
            .max(round.copied.stolen_percent),
    };
    let pairs: Vec<Pair> = rounds.iter().map(pair).collect();
    Row::of(
        "rebuild of bookings",
        PER_SECOND,
        &pairs,
        Some(REBUILD_FLOOR),
        "other: the same events copied out of a table with jsonb payloads, and parsed",
    )
}

fn delivery_rows(rounds: &[Round]) -> Vec<Option<Row>> {
    let row = |(courier, floor, note): (Courier, f64, &str)| {
        let pairs: Vec<Pair> = rounds
            .iter()
            .filter_map(|round| {
                let ours = round.deliveries.get(&Courier::Ours)?;
                let other = round.deliveries.get(&courier)?;
                Some(Pair {
                    ours: ours.per_second,
                    other: other.per_second,
                    stolen_percent: ours.stolen_percent.max(other.stolen_percent),
                })
            })
            .collect();
        let name = format!("messages delivered beside {courier:?}");
        Row::of(name, PER_SECOND, &pairs, Some(floor), note)
    };
    DELIVERY_FLOORS.into_iter().map(row).collect()
}

fn notary_rows(rounds: &[Round]) -> Vec<Option<Row>> {
    let pairs = |figures: fn(&notarised::Round) -> (f64, f64)| {
        let rounds = rounds.iter().filter_map(|round| round.notarised.as_ref());
        rounds
            .map(|round| Pair {
                ours: figures(round).0,
                other: figures(round).1,
                stolen_percent: (round.moderate.stolen_percent()).max(round.full.stolen_percent()),
            })
            .collect::<Vec<_>>()
    };
    let seconds = ("s", Better::Less);
    vec![
        Row::of(
            format!("add-note p99 with the notary, {MODERATE:.0} a second"),
            MILLIS,
            &pairs(|round| (round.moderate.on.p99_ms, round.moderate.off.p99_ms)),
            Some(NOTARY_CEILING),
            "other: without it",
        ),
        Row::of(
            "add-note p99 with the notary, at full load".to_owned(),
            MILLIS,
            &pairs(|round| (round.full.on.p99_ms, round.full.off.p99_ms)),
            None,
            "other: without it",
        ),
        Row::of(
            "until an event is sealed, at full load, p99",
            MILLIS,
            &pairs(|round| (round.lag_p99_ms, LAG_LIMIT_MS)),
            Some(1.0),
            "other: the limit",
        ),
        Row::of(
            "verifying a million audit entries",
            seconds,
            &pairs(|round| (round.verify_seconds, VERIFY_LIMIT_SECONDS)),
            Some(1.0),
            "other: the limit",
        ),
    ]
}

/// The two systems' figures of every round that has both.
fn pairs(rounds: &[Round], (ours, other): (System, System), clients: u32, pick: Pick) -> Vec<Pair> {
    let pair = |round: &Round| {
        let (ours, other) = (
            round.samples.get(&(ours, clients))?,
            round.samples.get(&(other, clients))?,
        );
        Some(Pair {
            ours: pick(ours),
            other: pick(other),
            stolen_percent: ours.stolen_percent.max(other.stolen_percent),
        })
    };
    rounds.iter().filter_map(pair).collect()
}
