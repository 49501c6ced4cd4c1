//! The log: whether this binary can read all of it, and whether anything keeps readers from its end.

use event_store::holes::{self, Holder, Hole};
use event_store::pg::Pools;
use event_store::versions::{self, Unreadable};

use super::findings::{Finding, State};
use crate::cli::{Reason, output};

/// Readers judge or fill a hole within little more than a second, unless its writer is still open.
const WARN_HOLE_SECONDS: f64 = 2.0;
const FAIL_HOLE_SECONDS: f64 = 60.0;
/// A command writes for milliseconds; an import may take a while.
const WARN_HOLDER_SECONDS: f64 = 10.0;
const FAIL_HOLDER_SECONDS: f64 = 600.0;

pub async fn examine(pools: &Pools) -> Result<Vec<Finding>, Reason> {
    let pool = &pools.engine;
    let unreadable = versions::list_unreadable(pool).await?;
    let client = pool.get().await?;
    let (safe, newest) = holes::ends(&client).await?;
    let open = holes::list(&client, safe, newest).await?;
    drop(client);
    let holder = holes::find_holder(pool).await?;
    Ok(vec![
        judge_versions(&unreadable),
        judge_holes(&open, holder.as_ref()),
        judge_holder(holder.as_ref()),
    ])
}

fn judge_versions(unreadable: &[Unreadable]) -> Finding {
    const CHECK: &str = "event versions";
    if unreadable.is_empty() {
        return Finding::ok(CHECK, "this binary reads all that are in the log");
    }
    let named: Vec<String> = unreadable.iter().map(ToString::to_string).collect();
    Finding::fail(
        CHECK,
        format!("this binary cannot read {}", named.join("; ")),
        "start the newer binary that wrote them; this one will not serve",
    )
}

fn judge_holes(open: &[Hole], holder: Option<&Holder>) -> Finding {
    const CHECK: &str = "holes in the log";
    let oldest = open
        .iter()
        .max_by(|one, two| one.seconds.total_cmp(&two.seconds));
    let Some(oldest) = oldest else {
        return Finding::ok(CHECK, "none is open");
    };
    let detail = format!(
        "{} open, the oldest at position {} for {}; oldest writing transaction: {}",
        open.len(),
        oldest.first,
        output::span(oldest.seconds),
        holder.map_or_else(|| "none".to_owned(), describe)
    );
    let remedy = match holder.and_then(|holder| holder.pid) {
        Some(pid) => format!(
            "readers wait at it: end the transaction that holds it (select pg_terminate_backend({pid}))"
        ),
        None => "readers wait at it: start `rapport serve`, or with --role worker, to judge it"
            .to_owned(),
    };
    Finding::new(
        CHECK,
        State::of(oldest.seconds, WARN_HOLE_SECONDS, FAIL_HOLE_SECONDS),
        detail,
        remedy,
    )
}

fn judge_holder(holder: Option<&Holder>) -> Finding {
    const CHECK: &str = "oldest writing transaction";
    let Some(holder) = holder else {
        return Finding::ok(CHECK, "none is open");
    };
    let remedy = match holder.pid {
        Some(pid) => format!(
            "a hole in the log that it may have drawn holds all readers back; let it end, or select pg_terminate_backend({pid})"
        ),
        None => "a prepared transaction holds holes in the log open: commit or roll back what pg_prepared_xacts shows".to_owned(),
    };
    let seconds = holder.seconds.unwrap_or(0.0);
    Finding::new(
        CHECK,
        State::of(seconds, WARN_HOLDER_SECONDS, FAIL_HOLDER_SECONDS),
        describe(holder),
        remedy,
    )
}

fn describe(holder: &Holder) -> String {
    let who = match holder.pid {
        Some(pid) => format!("pid {pid}"),
        None => "a prepared transaction".to_owned(),
    };
    let since = match holder.seconds {
        Some(seconds) => format!("for {}", output::span(seconds)),
        None => "since when is hidden from us (grant pg_read_all_stats to see it)".to_owned(),
    };
    format!(
        "{who} in {}, {since}",
        output::optional(holder.database.as_deref())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(seconds: f64) -> Holder {
        Holder {
            pid: Some(4711),
            transaction_id: "1".to_owned(),
            database: Some("rapport".to_owned()),
            login: None,
            application: None,
            state: None,
            seconds: Some(seconds),
        }
    }

    #[test]
    fn whoever_writes_for_long_is_named() {
        let states = [1.0, 11.0, 601.0].map(|seconds| judge_holder(Some(&holder(seconds))).state);
        assert_eq!(states, [State::Ok, State::Warn, State::Fail]);
        let remedy = judge_holder(Some(&holder(11.0))).remedy.unwrap_or_default();
        assert!(remedy.contains("pg_terminate_backend(4711)"), "{remedy}");
    }

    #[test]
    fn a_hole_of_a_moment_is_nothing_to_worry_about() {
        let hole = |seconds| Hole {
            first: 7,
            last: 8,
            seconds,
        };
        let states = [0.5, 3.0, 61.0].map(|seconds| judge_holes(&[hole(seconds)], None).state);
        assert_eq!(states, [State::Ok, State::Warn, State::Fail]);
        assert!(
            judge_holes(&[hole(3.0)], None)
                .detail
                .contains("position 7")
        );
    }
}
