//! The log outlives every program: events of old versions are read as those of today, a program refuses what it cannot
//! read, and the newest one starts on the database of every older schema and folds the same read tables.

use std::io::Write;
use std::process::Stdio;

use domain::evolution::Upcaster;
use domain::ids::TenantId;
use event_store::commit::{CommandRecord, Commit, NewEvent, Outcome, StreamEvents};
use event_store::store::Store;
use event_store::upcast::Upcasters;
use event_store::versions;
use serde::Deserialize;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::cluster::{self, Database};
use tests::given;
use tests::operator::Operator;
use tests::programs::{self, Account};
use tests::sources;
use time::OffsetDateTime;
use uuid::Uuid;

/// What became of an event in three versions: a price without a currency, then with one, then in minor units.
#[derive(Debug, PartialEq, Deserialize)]
enum DishEvent {
    DishPriced { amount_minor: i64, currency: String },
}

const DISHES: Upcasters = Upcasters::new(&[
    // Not in their order: the chain finds its own.
    Upcaster {
        aggregate_type: "dish",
        event_type: "DishPriced",
        from: 2,
        upcast: to_minor_units,
    },
    Upcaster {
        aggregate_type: "dish",
        event_type: "DishPriced",
        from: 1,
        upcast: add_currency,
    },
]);

fn add_currency(mut payload: Value) -> Result<Value, String> {
    payload["DishPriced"]["currency"] = json!("USD");
    Ok(payload)
}

fn to_minor_units(mut payload: Value) -> Result<Value, String> {
    let price = payload["DishPriced"]["price"].as_i64();
    let price = price.ok_or("it has no price")?;
    payload["DishPriced"] =
        json!({ "amount_minor": price * 100, "currency": payload["DishPriced"]["currency"] });
    Ok(payload)
}

/// Writes events as a program of their time would have.
async fn write(
    store: &Store,
    tenant_id: &TenantId,
    (aggregate_type, aggregate_id): (&str, &str),
    events: &[(&str, &str, Value)],
) {
    let command_id = Uuid::now_v7().to_string();
    let event = |(event_type, version, payload): &(&str, &str, Value)| NewEvent {
        event_type: (*event_type).to_owned(),
        event_version: (*version).to_owned(),
        payload: payload.to_string(),
    };
    let commit = Commit {
        tenant_id: tenant_id.clone(),
        command: CommandRecord {
            name: "test".to_owned(),
            principal: "test".to_owned(),
            key: command_id.clone(),
            fingerprint: Vec::new(),
            answer: "{}".to_owned(),
            position_floor: 0,
            correlation_id: command_id.clone(),
            causation_id: command_id.clone(),
            occurred_at: OffsetDateTime::now_utc(),
            source_address: None,
            metadata: "{}".to_owned(),
            command_id,
        },
        streams: vec![StreamEvents {
            aggregate_type: aggregate_type.to_owned(),
            aggregate_id: aggregate_id.to_owned(),
            expected: 0,
            events: events.iter().map(event).collect(),
        }],
        take: Vec::new(),
        release: Vec::new(),
        handles: Vec::new(),
        drop_handles: Vec::new(),
        usage: Default::default(),
        read_in: None,
        effects: Vec::new(),
        subject_keys: Vec::new(),
        key_changes: Vec::new(),
    };
    let outcomes = store.append(&[commit]).await.unwrap();
    assert!(
        matches!(outcomes[..], [Outcome::Committed { .. }]),
        "{outcomes:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_every_version_are_read_as_those_of_today() {
    let app = TestApp::start().await;
    let history = [
        ("DishPriced", "1", json!({ "DishPriced": { "price": 12 } })),
        (
            "DishPriced",
            "2",
            json!({ "DishPriced": { "price": 14, "currency": "EUR" } }),
        ),
        (
            "DishPriced",
            "3",
            json!({ "DishPriced": { "amount_minor": 1550, "currency": "EUR" } }),
        ),
        (
            "DishPriced",
            "1",
            json!({ "DishPriced": { "cost": "secret" } }),
        ),
        ("DishPriced", "4", json!({ "DishPriced": {} })),
    ];
    write(&app.store, &app.tenant.id, ("dish", "noodles"), &history).await;
    let stream = ("dish", "noodles");
    let read = app.store.read_stream(&app.tenant.id, stream, 0).await;
    let events = read.unwrap();
    let priced = |amount_minor, currency: &str| DishEvent::DishPriced {
        amount_minor,
        currency: currency.to_owned(),
    };
    let today = [
        priced(1_200, "USD"),
        priced(1_400, "EUR"),
        priced(1_550, "EUR"),
    ];
    for (event, today) in events.iter().zip(&today) {
        assert_eq!(DISHES.decode::<DishEvent>(&event.stored()).unwrap(), *today);
    }
    let unreadable = DISHES.decode::<DishEvent>(&events[3].stored()).unwrap_err();
    let unreadable = unreadable.to_string();
    assert!(
        unreadable.contains("dish DishPriced version 1") && unreadable.contains("it has no price"),
        "{unreadable}"
    );
    assert!(!unreadable.contains("secret"), "{unreadable}");
    let newer = DISHES.decode::<DishEvent>(&events[4].stored()).unwrap_err();
    let newer = newer.to_string();
    assert!(newer.contains("knows versions up to 3"), "{newer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_cannot_read_the_log_does_not_serve_and_says_what_it_is() {
    let app = TestApp::start().await;
    given::chef(&app.tenant.owner, "Kenji").await;
    app.settle().await;
    let engine = &app.store.pools.engine;
    assert_eq!(versions::check_at_start(engine).await.unwrap(), []);
    let noted = app.count("select count(*) from event_versions").await;
    let there = app
        .count("select count(distinct (aggregate_type, event_type)) from events")
        .await;
    assert_eq!(noted, there);

    app.claim_undelivered();
    let renamed = json!({ "ChefRenamed": { "name": "v1:ChefRenamed:name:AXQ1" } });
    let events = [
        ("ChefRenamed", "2", renamed),
        ("ChefPraised", "1", json!({ "ChefPraised": {} })),
    ];
    write(&app.store, &app.tenant.id, ("chef", "of-tomorrow"), &events).await;
    let found = versions::list_unreadable(engine).await.unwrap();
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|one| (one.event_type.as_str(), one.event_version.as_str()))
        .collect();
    assert_eq!(found, [("ChefRenamed", "2"), ("ChefPraised", "1")]);

    let operator = Operator::on(&app.database.url, None);
    let said = operator.run(&["serve", "--listen", "127.0.0.1:0"]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    for words in [
        "chef ChefRenamed version 2",
        "knows versions up to 1",
        "chef ChefPraised version 1",
        "start the newer binary",
    ] {
        assert!(said.stderr.contains(words), "{words} in {}", said.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_schema_is_refused_in_one_line() {
    let cluster = cluster::shared().await;
    let database = cluster.clone_template().await;
    let admin = cluster.admin(&database.name).await;
    let newer = "insert into refinery_schema_history (version, name, applied_on, checksum) values (4711, 'of_tomorrow', '', '')";
    admin.batch_execute(newer).await.unwrap();
    let operator = Operator::on(&database.url, None);
    for command in ["serve", "migrate", "tenants list"] {
        let arguments: Vec<&str> = command.split(' ').collect();
        let said = operator.run(&arguments).await;
        assert_eq!(said.code, Some(1), "{command}: {said:?}");
        let lines: Vec<&str> = said.stderr.lines().collect();
        assert!(
            matches!(lines[..], [line] if line.contains("the database is at schema 4711") && line.contains("start the newer binary")),
            "{command}: {said:?}"
        );
    }
    drop(admin);
    cluster.drop_database(&database.name).await;
}

/// The checksum of one read table, over the columns that it had when the dump was kept.
#[derive(Deserialize)]
struct Kept {
    table: String,
    columns: Vec<String>,
    checksum: String,
}

/// An empty database with the dump of an older schema in it, written by the login that owns the schema.
async fn restore(dump: &std::path::Path) -> Database {
    let cluster = cluster::shared().await;
    let database = cluster.create_empty().await;
    let (dump, url) = (dump.to_owned(), database.url.clone());
    let restoring = tokio::task::spawn_blocking(move || {
        let is_gzip = dump.extension().is_some_and(|ending| ending == "gz");
        let unpacked = std::process::Command::new(if is_gzip { "gzip" } else { "xz" })
            .args(["-dc"])
            .arg(&dump)
            .output()
            .expect("gzip runs");
        assert!(unpacked.status.success(), "{}", dump.display());
        let mut psql = Account::choose().command(&programs::find("psql"));
        psql.args(["-Xq", "-v", "ON_ERROR_STOP=1", &url])
            .stdin(Stdio::piped())
            .stdout(Stdio::null());
        let mut child = psql.spawn().expect("psql runs");
        let mut stdin = child.stdin.take().expect("it listens");
        stdin.write_all(&unpacked.stdout).expect("it reads");
        drop(stdin);
        assert!(child.wait().unwrap().success(), "{}", dump.display());
    });
    restoring.await.unwrap();
    database
}

/// What falls due as the days go by would be done, and change what was kept.
const HOLD_WORK: &str = "update outbox_work set run_at = '2999-01-01'";

/// Which tables differ from what was kept.
async fn differences(database: &Database, kept: &[Kept]) -> Vec<String> {
    let admin = cluster::shared().await.admin(&database.name).await;
    let functions =
        std::fs::read_to_string(sources::root().join("schema/dumps/checksums.sql")).unwrap();
    admin.batch_execute(&functions).await.unwrap();
    let mut found = Vec::new();
    for Kept {
        table,
        columns,
        checksum,
    } in kept
    {
        let sql = "select pg_temp.checksum($1, $2)";
        let row = admin.query_one(sql, &[table, columns]).await.unwrap();
        let now: String = row.get(0);
        if now != *checksum {
            found.push(format!("{table}: {checksum} is now {now}"));
        }
    }
    found
}

/// Every schema that was landed and kept: `schema/dumps/V<n>.{sql.gz or sql.xz,json,key}`.
#[tokio::test(flavor = "multi_thread")]
async fn the_newest_program_starts_on_every_schema_that_was_ever_kept() {
    let folder = sources::root().join("schema/dumps");
    let names = sources::with_ending(".json")
        .into_iter()
        .filter(|file| file.path.starts_with("schema/dumps/"));
    let names: Vec<String> = names
        .filter_map(|file| {
            Some(
                file.path
                    .rsplit('/')
                    .next()?
                    .strip_suffix(".json")?
                    .to_owned(),
            )
        })
        .collect();
    assert!(!names.is_empty(), "no dump was kept");
    for name in names {
        let read = |ending: &str| {
            std::fs::read_to_string(folder.join(format!("{name}.{ending}"))).unwrap()
        };
        let kept: Vec<Kept> = serde_json::from_str(&read("json")).unwrap();
        let mut dump = folder.join(format!("{name}.sql.xz"));
        if !dump.exists() {
            dump.set_extension("gz");
        }
        assert!(
            dump.metadata().unwrap().len() <= 1 << 20,
            "{name} is too large to be kept"
        );
        let database = restore(&dump).await;
        let admin = cluster::shared().await.admin(&database.name).await;
        admin.batch_execute(HOLD_WORK).await.unwrap();
        drop(admin);
        let operator = Operator::on(&database.url, Some(&read("key")));
        drop(operator.serve().await);
        let changed = differences(&database, &kept).await;
        assert!(changed.is_empty(), "{name}, migrated: {changed:?}");
        let rebuilt = operator.run(&["projections", "rebuild", "--all"]).await;
        assert_eq!(rebuilt.code, Some(0), "{name}: {rebuilt:?}");
        let changed = differences(&database, &kept).await;
        assert!(changed.is_empty(), "{name}, rebuilt: {changed:?}");
        let found = operator
            .json(&["ask", "customers", "--tenant", "fire-and-rice"])
            .await;
        assert!(found.to_string().contains("first_name"), "{name}: {found}");
        drop(operator);
        cluster::shared().await.drop_database(&database.name).await;
    }
}
