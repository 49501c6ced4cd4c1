//! From rounds to rows: which figure stands beside which, and what is promised of it.

use crate::catch_up;
use crate::drive::Sample;
use crate::limits::Script;
use crate::report::{Better, Pair, Row};
use crate::rounds::{CLIENTS, CONNECTIONS, Round, System};

/// Commands a second, ours beside postgres-es, at few and at many clients.
const COMMANDS_FLOOR: f64 = 1.6;
const MANY_COMMANDS_FLOOR: f64 = 2.5;
/// Commands a second at many clients, beside one statement of three rows.
const THREE_ROWS_FLOOR: f64 = 0.9;
/// The slowest of a hundred at many clients, and the processor time of a command: at most so much of postgres-es's.
const P99_CEILING: f64 = 0.5;
const PROCESSOR_CEILING: f64 = 0.4;
/// From how many clients on they are many.
const MANY: u32 = 32;
/// Commands a second over HTTP beside the same in process.
const HTTP_FLOOR: f64 = 0.6;
/// Catching up in batches beside a transaction per event.
const CATCH_UP_FLOOR: f64 = 30.0;

const PER_SECOND: (&str, Better) = ("1/s", Better::More);
const MILLIS: (&str, Better) = ("ms", Better::Less);
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
    rows.extend(reading_rows(rounds));
    rows.into_iter().flatten().collect()
}

fn append_rows(rounds: &[Round], clients: u32) -> Vec<Option<Row>> {
    let row = |name: &str, systems, pick: Pick, unit, floor, note| {
        let name = format!("{name}, {clients} clients");
        Row::of(
            name,
            unit,
            &pairs(rounds, systems, clients, pick),
            floor,
            note,
        )
    };
    let rate: Pick = |sample| sample.per_second;
    let beside = |script| (System::Command, System::Pgbench(script));
    let (command, message) = (
        (System::Command, System::Peer),
        (System::Message, System::Peer),
    );
    let many = clients >= MANY;
    let floor = if many {
        MANY_COMMANDS_FLOOR
    } else {
        COMMANDS_FLOOR
    };
    let mut rows = vec![row(
        "add-note",
        command,
        rate,
        PER_SECOND,
        Some(floor),
        PEER,
    )];
    let latencies: [(&str, Pick, Option<f64>); 3] = [
        ("add-note p50", |sample| sample.p50_ms, None),
        ("add-note p95", |sample| sample.p95_ms, None),
        (
            "add-note p99",
            |sample| sample.p99_ms,
            many.then_some(P99_CEILING),
        ),
    ];
    for (name, pick, ceiling) in latencies {
        rows.push(row(name, command, pick, MILLIS, ceiling, PEER));
    }
    let ceiling = many.then_some(PROCESSOR_CEILING);
    let processor: Pick = |sample| sample.cpu_micros;
    rows.push(row(
        "add-note processor",
        command,
        processor,
        MICROS,
        ceiling,
        PEER,
    ));
    let stranger = (System::Stranger, System::Peer);
    rows.push(row(
        "add-note on any stream",
        stranger,
        rate,
        PER_SECOND,
        None,
        PEER,
    ));
    let others = [
        (
            "add-note beside select and insert",
            beside(Script::SelectThenInsert),
            SELECT,
            None,
        ),
        (
            "add-note beside three rows",
            beside(Script::ThreeRows),
            THREE,
            many.then_some(THREE_ROWS_FLOOR),
        ),
        ("append with a message", message, PEER, None),
    ];
    for (name, systems, note, floor) in others {
        rows.push(row(name, systems, rate, PER_SECOND, floor, note));
    }
    rows
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
    let rebuilt = pairs(|round| round.rebuild, |round| round.reading_alone);
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
            "other: reading the same events, nothing more",
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
