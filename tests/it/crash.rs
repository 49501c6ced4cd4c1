//! The kill loop: `kill -9` of the server at random moments during a stream of bookings, payments and webhooks. Every
//! acknowledged command must be there once, each booking charged at most once, and the projections must equal a rebuild.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use server::embedded::{Embedded, Purpose};
use tests::scale;
use tests::served::Served;
use tests::tables;
use tests::wait;
use time::{Date, OffsetDateTime};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio_postgres::{Client as Database, NoTls};
use uuid::Uuid;

/// Clients that book at the same time.
const CUSTOMERS: usize = 4;
/// A server lives this long at most before it is killed again, on average half of it.
const LONGEST_LIFE_MS: u64 = 1_500;
/// How long the outbox and the webhooks may take to settle at the end.
const SETTLING: Duration = Duration::from_secs(180);
/// Rebuilds that are tried until nothing happens during one.
const REBUILDS: usize = 8;
/// Days that are booked, one after the other and then again; a party is booked two years ahead at most.
const DAYS: usize = 600;
/// Whoever hears nothing for so long asks again.
const LONGEST_ANSWER: Duration = Duration::from_secs(30);

const COUNT_CREATIONS: &str = "
    select aggregate_id, count(*) from events
    where event_type = 'BookingCreated' and aggregate_id = any ($1) group by aggregate_id";
const COUNT_HOLES: &str = "
    select count(*) from (
        select max(sequence) - count(*) as holes from events
        where aggregate_type not like '$%' group by tenant_id, aggregate_type, aggregate_id) as streams
    where holes <> 0";
const COUNT_WAITING: &str = "
    select (select count(*) from outbox_work where run_at < clock_timestamp() + interval '1 hour' and target <> 'timer')
        + (select count(*) from webhook_inbox where handled_at is null)";
const COUNT_DEAD: &str = "select count(*) from outbox_dead";
/// A rebuild is itself noted in the log, and is in no read table.
const READ_HEAD: &str = "select max(position) from events where aggregate_type <> 'operation'";
const LIST_NEWEST: &str = "
    select concat_ws(' ', recorded_at, aggregate_type, aggregate_id, event_type, actor) from events
    where aggregate_type <> 'operation' order by position desc limit 20";

/// What was acknowledged: the bookings, and how each was paid.
type Acknowledged = Arc<Mutex<BTreeMap<String, Payment>>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Payment {
    NotTried,
    Paid,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_when_the_server_is_killed_at_any_moment() {
    let rounds = scale::size(4, 50);
    let seed = u64::from_be_bytes(Uuid::new_v4().as_bytes()[..8].try_into().unwrap());
    eprintln!("seed {seed}");
    let mut served = Served::start().await;
    let acknowledged = Acknowledged::default();
    let done = Arc::new(AtomicBool::new(false));
    let customers: Vec<_> = (0..CUSTOMERS)
        .map(|number| {
            tokio::spawn(book(
                Arc::new(Plan::of(&served, number)),
                acknowledged.clone(),
                done.clone(),
            ))
        })
        .collect();
    let mut random = seed;
    for _ in 0..rounds {
        served.ready().await;
        let life = Duration::from_millis(next(&mut random) % LONGEST_LIFE_MS);
        // The server must die at a moment that nothing in it can foresee.
        wait::for_answer::<(), _>(life, async || None).await;
        served.kill();
        served.run();
    }
    served.ready().await;
    done.store(true, Ordering::Relaxed);
    for customer in customers {
        customer
            .await
            .expect("a customer's calls go through in the end");
    }
    let acknowledged = acknowledged.lock().await.clone();
    assert!(
        acknowledged.len() > rounds,
        "only {} bookings in {rounds} rounds",
        acknowledged.len()
    );
    check(&mut served, &acknowledged).await;
}

/// What one customer needs to know.
struct Plan {
    agent: tests::client::Client,
    http: reqwest::Client,
    zones: Vec<String>,
    number: usize,
}

impl Plan {
    fn of(served: &Served, number: usize) -> Self {
        let zones = ["central", "westside"].map(str::to_owned).to_vec();
        Self {
            agent: served.agent(),
            http: served.http().clone(),
            zones,
            number,
        }
    }
}

/// Books again and again, each intent under one key until it is answered, and pays every second booking meanwhile.
async fn book(plan: Arc<Plan>, acknowledged: Acknowledged, done: Arc<AtomicBool>) {
    let today = OffsetDateTime::now_utc().date();
    let mut intent = 0_usize;
    let mut payers = JoinSet::new();
    while !done.load(Ordering::Relaxed) {
        intent += 1;
        let ahead = 40 + (intent * CUSTOMERS + plan.number) / 3 % DAYS;
        let day = today + time::Duration::days(i64::try_from(ahead).unwrap());
        let body = plan.booking(day, intent);
        let answer = plan.send(&Uuid::new_v4().to_string(), &body).await;
        let Some(booking_id) = answer["result"]["booking_id"].as_str().map(str::to_owned) else {
            continue;
        };
        acknowledged
            .lock()
            .await
            .insert(booking_id.clone(), Payment::NotTried);
        if intent.is_multiple_of(2) {
            let (plan, acknowledged) = (plan.clone(), acknowledged.clone());
            payers.spawn(async move {
                if plan.pay(&booking_id).await {
                    acknowledged.lock().await.insert(booking_id, Payment::Paid);
                }
            });
        }
    }
    payers.join_all().await;
}

impl Plan {
    fn booking(&self, day: Date, intent: usize) -> Value {
        let slot = ["12:00", "15:00", "18:00"][intent % 3];
        let email = format!("killed-{}-{intent}@example.com", self.number);
        json!({
            "source": "ai_chat",
            "customer": { "first_name": "Kay", "last_name": "Nine", "email": email, "phone": "+1 213 555 0142",
                "consent_sms": false, "consent_email": true },
            "booking": { "date": day.to_string(), "slot": slot, "zone": self.zones[intent % 2],
                "address": "1 Any Street, Los Angeles", "party": { "adults": 10, "kids": 0 }, "menu": [] },
            "payment_preference": "stripe_checkout", "metadata": {},
        })
    }

    /// Sends one intent until it has an answer; a refusal is one.
    async fn send(&self, key: &str, body: &Value) -> Value {
        let last = Mutex::new(Err("nothing was asked".to_owned()));
        let answered = wait::for_answer(SETTLING, async || {
            let answer = self.send_once(key, body).await;
            let found = match &answer {
                Ok((200 | 409, text)) => {
                    Some(serde_json::from_str(text).expect("an answer is JSON"))
                }
                _ => None,
            };
            *last.lock().await = answer;
            found
        });
        match answered.await {
            Some(answer) => answer,
            None => panic!(
                "an intent found no answer in {SETTLING:?}; the last try: {:?}",
                last.lock().await
            ),
        }
    }

    /// One try; what went wrong on the way, in words.
    async fn send_once(&self, key: &str, body: &Value) -> Result<(u16, String), String> {
        let request = self
            .agent
            .request(reqwest::Method::POST, "/commands/create-booking");
        let sent = request
            .header("idempotency-key", key)
            .timeout(LONGEST_ANSWER)
            .json(body)
            .send()
            .await
            .map_err(|error| format!("{error:?}"))?;
        let status = sent.status().as_u16();
        let text = sent.text().await.map_err(|error| format!("{error:?}"))?;
        Ok((status, text))
    }

    /// Waits for the payment page and presses its button; a press whose answer is lost may have worked.
    async fn pay(&self, booking_id: &str) -> bool {
        let url = wait::for_answer(SETTLING, async || {
            let path = format!("/queries/booking?id={booking_id}");
            let found = self
                .agent
                .request(reqwest::Method::GET, &path)
                .send()
                .await
                .ok()?;
            let body: Value = found.json().await.ok()?;
            body["item"]["stripe_checkout_url"]
                .as_str()
                .map(str::to_owned)
        });
        let Some(url) = url.await else { return false };
        let pressed = self.http.post(format!("{url}/pay")).send().await;
        pressed.is_ok_and(|response| response.status().as_u16() < 400)
    }
}

async fn check(served: &mut Served, acknowledged: &BTreeMap<String, Payment>) {
    let embedded = Embedded::start_or_attach(&served.data_dir, Purpose::Attach)
        .await
        .expect("PostgreSQL is there");
    let (database, connection) = tokio_postgres::connect(&embedded.url(), NoTls)
        .await
        .expect("it answers");
    let carrying = tokio::spawn(connection);
    database
        .batch_execute("set role rapport_engine")
        .await
        .expect("the role may be taken");
    settle(served, &database).await;
    check_log(&database, acknowledged).await;
    check_effects(served, acknowledged).await;
    check_rebuild(served, &database).await;
    drop(database);
    let _ = carrying.await;
    embedded.stop().await.expect("detaching works");
}

/// The projections equal a rebuild. The demo's journeys go on by their own clocks meanwhile, so this is judged in a try
/// during which nothing was appended.
async fn check_rebuild(served: &Served, database: &Database) {
    for _ in 0..REBUILDS {
        let head = count(database, READ_HEAD).await;
        settle(served, database).await;
        let before = tables::fingerprints(database).await;
        let rebuilt = served
            .command(&["projections", "rebuild", "--all"])
            .output()
            .expect("the command runs");
        assert!(
            rebuilt.status.success(),
            "{}",
            String::from_utf8_lossy(&rebuilt.stderr)
        );
        let after = tables::fingerprints(database).await;
        if count(database, READ_HEAD).await == head {
            assert_eq!(before, after, "a rebuild from zero differs");
            return;
        }
    }
    let newest = database.query(LIST_NEWEST, &[]).await;
    let newest: Vec<String> = newest
        .expect("events can be read")
        .iter()
        .map(|row| row.get(0))
        .collect();
    panic!("something was appended during each of {REBUILDS} rebuilds: {newest:#?}");
}

/// Every acknowledged booking was created once, and no stream has a hole.
async fn check_log(database: &Database, acknowledged: &BTreeMap<String, Payment>) {
    let ids: Vec<&String> = acknowledged.keys().collect();
    let creations = database
        .query(COUNT_CREATIONS, &[&ids])
        .await
        .expect("events can be read");
    assert_eq!(
        creations.len(),
        ids.len(),
        "an acknowledged booking is lost"
    );
    assert!(
        creations.iter().all(|row| row.get::<_, i64>(1) == 1),
        "a booking was created twice"
    );
    assert_eq!(count(database, COUNT_HOLES).await, 0, "a stream has a hole");
    assert_eq!(count(database, COUNT_DEAD).await, 0, "a message died");
}

/// Every booking has one payment page, is charged at most once, and is confirmed if and only if it was charged.
async fn check_effects(served: &Served, acknowledged: &BTreeMap<String, Payment>) {
    let sandbox = served.manifest()["sandbox_url"]
        .as_str()
        .expect("a sandbox")
        .to_owned();
    let owner = served.owner();
    for (booking_id, payment) in acknowledged {
        let ledger = served
            .http()
            .get(format!("{sandbox}/sandbox/ledger?booking={booking_id}"))
            .send()
            .await;
        let ledger: Value = ledger
            .expect("the sandbox answers")
            .json()
            .await
            .expect("in JSON");
        assert!(
            ledger["charges"].as_u64() <= Some(1),
            "{booking_id} was charged twice: {ledger}"
        );
        assert_eq!(
            ledger["sessions"].as_u64(),
            Some(1),
            "{booking_id} has not one payment page: {ledger}"
        );
        let status = owner.item(&format!("booking?id={booking_id}")).await["status"].clone();
        let expected = if ledger["charges"] == 1 {
            "confirmed"
        } else {
            "deposit_pending"
        };
        assert_eq!(status, expected, "{booking_id}, {payment:?}: {ledger}");
        let charged = *payment == Payment::NotTried || ledger["charges"] == 1;
        assert!(charged, "{booking_id} was paid and not charged");
    }
}

/// Until nothing waits: not in the outbox, not in the inbox, not at the provider, and every projection has seen it all.
async fn settle(served: &Served, database: &Database) {
    let sandbox = served.manifest()["sandbox_url"]
        .as_str()
        .expect("a sandbox")
        .to_owned();
    let settled = wait::for_answer(SETTLING, async || {
        let ledger = served
            .http()
            .get(format!("{sandbox}/sandbox/ledger?kind=none"))
            .send()
            .await
            .ok()?;
        let ledger: Value = ledger.json().await.ok()?;
        let ready = served
            .http()
            .get(format!("{}/readyz", served.base_url))
            .send()
            .await
            .ok()?;
        let ready: Value = ready.json().await.ok()?;
        let waiting = count(database, COUNT_WAITING).await;
        (waiting == 0 && ledger["webhooks_waiting"] == 0 && ready["projection_lag_events"] == 0)
            .then_some(())
    });
    assert!(settled.await.is_some(), "the outbox did not settle");
}

async fn count(database: &Database, sql: &str) -> i64 {
    database
        .query_one(sql, &[])
        .await
        .expect("the count can be read")
        .get(0)
}

/// splitmix64
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
