//! What is under way: projections, the outbox and webhooks, and what has got stuck.

use deadpool_postgres::Object;
use event_store::checkpoints::{self, Standing};
use event_store::pg::Pools;
use event_store::steering::{self, Condition, Health};

use super::findings::{Finding, State};
use crate::cli::{Reason, output};

/// Events that a projection may be behind before it is worth a word.
const WARN_BEHIND_EVENTS: i64 = 1_000;
/// How long a due message may wait for a relay.
const WARN_WAITING_SECONDS: f64 = 60.0;
const FAIL_WAITING_SECONDS: f64 = 3_600.0;
/// How long a webhook may wait to be turned into a command.
const WARN_WEBHOOK_SECONDS: f64 = 60.0;
const FAIL_WEBHOOK_SECONDS: f64 = 3_600.0;
const START_WORKER: &str = "start `rapport serve`, or with --role worker";
/// How far back failed webhooks are counted.
const WEBHOOK_DAYS: i32 = 7;

const FIND_NEWEST: &str = "select coalesce(max(position), 0) from events";

const FIND_DEAD: &str = "
    select count(*) as dead, coalesce(extract(epoch from max(clock_timestamp() - died_at)), 0)::float8 as oldest_seconds
    from outbox_dead where discarded_at is null and state = 'dead'";

const FIND_UNKNOWN: &str = "
    select count(*) as unknown, coalesce(extract(epoch from max(clock_timestamp() - died_at)), 0)::float8 as oldest_seconds
    from outbox_dead where discarded_at is null and state = 'unknown'";

const FIND_WAITING: &str = "
    select count(*) as due, coalesce(extract(epoch from max(clock_timestamp() - run_at)), 0)::float8 as oldest_seconds
    from outbox_work where run_at <= clock_timestamp() and lease_until < clock_timestamp()";

const FIND_PENDING_WEBHOOKS: &str = "
    select count(*) as pending,
        coalesce(extract(epoch from max(clock_timestamp() - received_at)), 0)::float8 as oldest_seconds
    from webhook_inbox where handled_at is null";

const FIND_TROUBLED_WEBHOOKS: &str = "
    select count(*) filter (where outcome = 'failed') as failed,
        count(*) filter (where outcome = 'refused') as refused,
        count(*) filter (where conflicting_bodies > 0) as conflicting
    from webhook_inbox where received_at > clock_timestamp() - $1::int4 * interval '1 day'";

pub async fn examine(pools: &Pools, engine: &Object) -> Result<Vec<Finding>, Reason> {
    let standings = checkpoints::list(&pools.engine).await?;
    let newest: i64 = engine.query_one(FIND_NEWEST, &[]).await?.get(0);
    let mut findings = vec![projections(&standings, newest)];
    findings.push(movement(&steering::list(engine).await?));
    findings.push(dead_letters(engine).await?);
    findings.push(unknown_letters(engine).await?);
    findings.push(waiting(engine).await?);
    findings.push(webhooks(engine).await?);
    findings.push(troubled_webhooks(engine).await?);
    Ok(findings)
}

/// Projections that do not move, or that go on without some of their keys.
fn movement(conditions: &[Condition]) -> Finding {
    const CHECK: &str = "movement of projections";
    let told = |health: Health, what: fn(&Condition) -> String| {
        let chosen = conditions
            .iter()
            .filter(|condition| condition.health() == health);
        chosen.map(what).collect::<Vec<_>>().join("; ")
    };
    let stuck = told(Health::Stuck, |one| {
        let (name, events) = (&one.subscriber, one.behind_events);
        format!(
            "{name} is {events} events behind and has not moved for {:.0} s",
            one.still_seconds
        )
    });
    if !stuck.is_empty() {
        let remedy =
            "start a worker; if one runs, `rapport projections show` and its log say what holds it";
        return Finding::fail(CHECK, stuck, remedy);
    }
    let parked = told(Health::Parked, |one| {
        format!(
            "{}: {} keys, {} events parked",
            one.subscriber, one.parked_keys, one.parked_events
        )
    });
    if !parked.is_empty() {
        let remedy = "see why with `rapport projections parked`, mend it, then --retry; or --drop with a reason";
        return Finding::warn(CHECK, parked, remedy);
    }
    Finding::ok(CHECK, "none is stuck, and no key is parked")
}

/// One line for all; the worst of them is what it says.
fn projections(standings: &[Standing], newest: i64) -> Finding {
    const CHECK: &str = "projections";
    let named = |chosen: &[&Standing]| {
        chosen
            .iter()
            .map(|standing| standing.subscriber.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let behind = |standing: &Standing| standing.newest - standing.position;
    let failing: Vec<String> = standings
        .iter()
        .filter_map(|standing| {
            Some(format!(
                "{}: {}",
                standing.subscriber,
                standing.failure.as_ref()?
            ))
        })
        .collect();
    let idle: Vec<&Standing> = standings
        .iter()
        .filter(|standing| !standing.leased && behind(standing) > 0)
        .collect();
    let late: Vec<&Standing> = standings
        .iter()
        .filter(|standing| behind(standing) > WARN_BEHIND_EVENTS)
        .collect();
    let worst = standings.iter().map(behind).max().unwrap_or(0).max(0);
    if !failing.is_empty() {
        let remedy = "what is said of the event tells which; mend the projector, start the new binary, and it goes on";
        return Finding::fail(CHECK, failing.join("; "), remedy);
    }
    if !idle.is_empty() {
        let detail = format!("nobody runs {}, up to {worst} events behind", named(&idle));
        return Finding::warn(CHECK, detail, START_WORKER);
    }
    if !late.is_empty() {
        let detail = format!("up to {worst} events behind: {}", named(&late));
        return Finding::warn(
            CHECK,
            detail,
            "let them catch up; if they do not, see `rapport projections list`",
        );
    }
    match standings {
        [] if newest > 0 => Finding::warn(
            CHECK,
            format!("none has run yet, and there are events up to position {newest}"),
            START_WORKER,
        ),
        [] => Finding::ok(CHECK, "none has run yet, and there are no events"),
        some => Finding::ok(
            CHECK,
            format!(
                "all {} are up to date or {worst} events from it",
                some.len()
            ),
        ),
    }
}

async fn dead_letters(engine: &Object) -> Result<Finding, Reason> {
    let row = engine.query_one(FIND_DEAD, &[]).await?;
    let (dead, oldest_seconds): (i64, f64) = (row.get("dead"), row.get("oldest_seconds"));
    Ok(match dead {
        0 => Finding::ok("dead letters", "none"),
        _ => Finding::warn(
            "dead letters",
            format!("{dead}, the oldest for {}", output::span(oldest_seconds)),
            "see `rapport outbox list --state dead`; then `rapport outbox retry`, `redrive` or `skip`",
        ),
    })
}

async fn unknown_letters(engine: &Object) -> Result<Finding, Reason> {
    let row = engine.query_one(FIND_UNKNOWN, &[]).await?;
    let (unknown, oldest_seconds): (i64, f64) = (row.get("unknown"), row.get("oldest_seconds"));
    Ok(match unknown {
        0 => Finding::ok("unknown effects", "none"),
        _ => Finding::warn(
            "unknown effects",
            format!("{unknown}, the oldest for {}", output::span(oldest_seconds)),
            "see `rapport outbox list --state unknown`; look at the provider's side, then `rapport outbox resolve`",
        ),
    })
}

async fn waiting(engine: &Object) -> Result<Finding, Reason> {
    let row = engine.query_one(FIND_WAITING, &[]).await?;
    let (due, oldest_seconds): (i64, f64) = (row.get("due"), row.get("oldest_seconds"));
    let state = State::of(oldest_seconds, WARN_WAITING_SECONDS, FAIL_WAITING_SECONDS);
    let detail = match due {
        0 => "nothing is due".to_owned(),
        _ => format!("{due} due, the oldest for {}", output::span(oldest_seconds)),
    };
    let remedy = "start `rapport serve`, or with --role worker; if one runs, see `rapport outbox list --state waiting`";
    Ok(Finding::new("outbox", state, detail, remedy))
}

async fn webhooks(engine: &Object) -> Result<Finding, Reason> {
    let row = engine.query_one(FIND_PENDING_WEBHOOKS, &[]).await?;
    let (pending, oldest_seconds): (i64, f64) = (row.get("pending"), row.get("oldest_seconds"));
    let state = State::of(oldest_seconds, WARN_WEBHOOK_SECONDS, FAIL_WEBHOOK_SECONDS);
    let detail = match pending {
        0 => "all are handled".to_owned(),
        _ => format!(
            "{pending} not handled, the oldest for {}",
            output::span(oldest_seconds)
        ),
    };
    let remedy = "start `rapport serve`, or with --role worker; if one runs, its log says why it tries again";
    Ok(Finding::new("webhooks", state, detail, remedy))
}

async fn troubled_webhooks(engine: &Object) -> Result<Finding, Reason> {
    let row = engine
        .query_one(FIND_TROUBLED_WEBHOOKS, &[&WEBHOOK_DAYS])
        .await?;
    let (failed, refused, conflicting): (i64, i64, i64) = (
        row.get("failed"),
        row.get("refused"),
        row.get("conflicting"),
    );
    let detail = format!(
        "within {WEBHOOK_DAYS} days {failed} failed, {refused} refused, {conflicting} came with another body"
    );
    let state = if failed + refused + conflicting > 0 {
        State::Warn
    } else {
        State::Ok
    };
    let remedy = "the column detail of webhook_inbox says why; compare with the provider's own list of events";
    Ok(Finding::new("webhooks' outcomes", state, detail, remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(position: i64, leased: bool, failure: Option<&str>) -> Standing {
        Standing {
            subscriber: "bookings".to_owned(),
            projection: "bookings".to_owned(),
            position,
            newest: 5_000,
            lease_owner: None,
            leased,
            failure: failure.map(str::to_owned),
            still_seconds: 1.0,
        }
    }

    #[test]
    fn the_worst_of_the_projections_is_told() {
        assert_eq!(projections(&[], 0).state, State::Ok);
        assert_eq!(projections(&[], 1).state, State::Warn);
        assert_eq!(
            projections(&[standing(4_500, true, None)], 5_000).state,
            State::Ok
        );
        assert_eq!(
            projections(&[standing(5_000, false, None)], 5_000).state,
            State::Ok,
            "at the end nobody is needed"
        );
        assert_eq!(
            projections(&[standing(4_999, false, None)], 5_000).state,
            State::Warn
        );
        assert_eq!(
            projections(&[standing(1, true, None)], 5_000).state,
            State::Warn
        );
        assert_eq!(
            projections(&[standing(5_000, true, Some("no such event"))], 5_000).state,
            State::Fail
        );
    }
}
