//! Deep queues: what a claim reads does not grow with what waits, and few keys with much before them hide no others.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tests::sinks::{Answer, Sink};
use tests::sql;
use tests::workers::{Given, Outbox};
use tests::{scale, wait};

const LEASE: Duration = Duration::from_secs(60);
const KEYS: usize = 500;
/// What the claims here ask for, how far they look, and how many keys are visited at once.
const QUOTA: i64 = 64;
const LOOK: i64 = 4 * QUOTA;
const VISITED: i64 = 1_024;
const FREE: i64 = 64;

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_reads_a_few_times_what_it_asks_for_however_much_waits() {
    let outbox = Outbox::open().await;
    for number in 0..scale::size(40, 200) {
        let wave: Vec<Given> = (0..KEYS)
            .map(|key| Given::new("named", format!("{key}:{number}")).behind(key.to_string()))
            .collect();
        outbox.enqueue(&wave).await;
    }
    // The front is full of messages behind those that are under way; what could be sent lies far behind.
    let leased: i64 = 470;
    outbox
        .admin
        .batch_execute(
            "update outbox_work set lease_until = clock_timestamp() + interval '1 hour' where message_id like '%:0'
                and order_key::integer < 470;
            delete from outbox_work where order_key::integer >= 470 and message_id not like '%9';
            analyze outbox_work",
        )
        .await
        .unwrap();
    let claim = "'{tenant}', '{named}', '{64}', '{2020-01-01}', '{fifo}', 256, 60,
        'aaaaaaaa-0000-4000-8000-000000000000', 0.98, '{256}', '{}', '{}', '{}'";
    let looked = read(&outbox, ("outbox/src/claims.rs", "CLAIM"), claim).await;
    // The front once for what is due and once for whether there is more; for each message the one that it waits for.
    assert!(
        looked <= 2 * (LOOK + 1 + leased) + LOOK,
        "a claim read {looked} rows"
    );
    assert!(
        looked >= LOOK,
        "the plan does not show what is read: {looked}"
    );
    let find = format!("'{{tenant}}', '{{named}}', '{{\"\"}}', {VISITED}, {FREE}");
    let visited = read(&outbox, ("outbox/src/heads.rs", "FIND"), &find).await;
    let keys = i64::try_from(KEYS).unwrap();
    assert!(
        (keys..=keys + FREE).contains(&visited),
        "{visited} rows were read for {keys} keys"
    );
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn few_keys_with_much_before_them_hide_no_others() {
    let outbox = Outbox::open().await;
    let sink = Arc::new(Sink::new(|job| match job.message_id.as_str() {
        "slow:0" => Answer::Hang,
        _ => Answer::Fine,
    }));
    let deep: Vec<Given> = (0..2_000)
        .map(|number| Given::new("named", format!("slow:{number}")).behind("slow"))
        .collect();
    outbox.enqueue(&deep).await;
    let mut behind: Vec<Given> = (0..5)
        .map(|key| Given::new("named", format!("other:{key}")).behind(format!("key {key}")))
        .collect();
    behind.push(Given::new("named", "free"));
    outbox.enqueue(&behind).await;
    let worker = outbox.worker(&sink, LEASE);
    wait::until("the others are through", async || {
        (sink.effects().len() == behind.len()).then_some(())
    })
    .await;
    let waiting = "select count(*) from outbox_work where order_key = 'slow'";
    assert_eq!(outbox.count(waiting).await, 2_000);
    drop(worker);
    outbox.close().await;
}

/// The rows of the queue that a statement of ours looks at, by what its plan says after it has run.
async fn read(outbox: &Outbox, (path, name): (&str, &str), arguments: &str) -> i64 {
    let statements = sql::statements();
    let of_ours = |one: &&sql::Statement| one.path == path && one.name == name;
    let statement = statements.iter().find(of_ours).unwrap();
    let prepare = format!(
        "set plan_cache_mode = force_generic_plan; prepare one as {}",
        statement.text
    );
    outbox.admin.batch_execute(&prepare).await.unwrap();
    let explain = format!("explain (analyze, buffers, format json) execute one ({arguments})");
    outbox.admin.batch_execute("begin").await.unwrap();
    let shown: Value = outbox.admin.query_one(&explain, &[]).await.unwrap().get(0);
    outbox
        .admin
        .batch_execute("rollback; deallocate one")
        .await
        .unwrap();
    rows(&shown[0]["Plan"])
}

fn rows(plan: &Value) -> i64 {
    let number = |field: &str| plan[field].as_f64().unwrap_or(0.0);
    let own = match plan["Relation Name"].as_str() {
        Some("outbox_work") => {
            (number("Actual Rows") + number("Rows Removed by Filter")) * number("Actual Loops")
        }
        _ => 0.0,
    };
    let below = plan["Plans"].as_array().into_iter().flatten().map(rows);
    #[expect(clippy::cast_possible_truncation, reason = "plans count rows")]
    let own = own.round() as i64;
    own + below.sum::<i64>()
}
