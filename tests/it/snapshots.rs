//! `rapport store snapshot`: what there is, whether it is what its stream comes to, and dropping it.

use domain::operations::INSTALLATION;
use serde_json::json;
use tests::app::{ROOT_KEY, TestApp};
use tests::given;
use tests::neighbour::Neighbour;
use tests::operator::Operator;
use tests::wait;

/// As many as make a stream long.
const TAGS: i32 = 300;
const INSERT_TAGS: &str = "
    insert into events (tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        occurred_at, command_id, correlation_id, causation_id, actor)
    select $1, 'customer', $2, last.sequence + n, 'CustomerTagged', '1',
        json_build_object('CustomerTagged', json_build_object('tag', 'tag' || n % 7)), '{}', clock_timestamp(), '', '', '',
        'test'
    from generate_series(1, $3::int) as n, (select max(sequence) as sequence from events
        where tenant_id = $1 and aggregate_type = 'customer' and aggregate_id = $2) as last";

fn root_key() -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(ROOT_KEY)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_checked_against_its_stream_and_dropped_on_record() {
    let app = TestApp::start().await;
    let owner = &app.tenant.owner;
    let id = given::customer(owner, "Ada").await;
    let admin = app.admin().await;
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
        [&app.tenant.id.as_str(), &id, &TAGS];
    admin.execute(INSERT_TAGS, &parameters).await.unwrap();
    // A process that does not know the customer reads the whole stream, and keeps what it comes to.
    let other = Neighbour::start(&app).await;
    let stranger = other.client_for(owner);
    let tag = json!({ "customer_id": id, "tag": "regular" });
    stranger.accepted("tag-customer", tag).await;
    wait::until("a snapshot is kept", async || {
        (app.count("select count(*) from snapshots").await == 1).then_some(())
    })
    .await;
    other.stop().await;

    let desk = Operator::on(&app.database.url, Some(&root_key()));
    let listed = desk.json(&["store", "snapshot", "list"]).await;
    let snapshot = &listed["snapshots"][0];
    assert_eq!(
        (&snapshot["aggregate_id"], &snapshot["of_these_rules"]),
        (&json!(id), &json!(true))
    );
    let verified = desk.run(&["store", "snapshot", "verify", "--json"]).await;
    assert_eq!(verified.code, Some(0), "{verified:?}");
    assert!(verified.stdout.contains("\"equal\""), "{verified:?}");
    admin
        .batch_execute(
            "update snapshots set state = (state::jsonb || '{\"tags\": [\"forged\"]}')::json",
        )
        .await
        .unwrap();
    let forged = desk.run(&["store", "snapshot", "verify"]).await;
    assert_eq!(forged.code, Some(3), "{forged:?}");
    assert!(forged.stdout.contains("DIFFERENT"), "{forged:?}");

    let dropping = ["store", "snapshot", "drop", "--reason", "forged"];
    let dry = desk.json(&[&dropping[..], &["--dry-run"]].concat()).await;
    assert_eq!(
        (&dry["dropped"], &dry["dry_run"]),
        (&json!(1), &json!(true))
    );
    assert_eq!(app.count("select count(*) from snapshots").await, 1);
    assert_eq!(desk.json(&dropping).await["dropped"], 1);
    assert_eq!(app.count("select count(*) from snapshots").await, 0);
    let act = format!(
        "select count(*) from events where tenant_id = '{INSTALLATION}'
            and payload->'OperationPerformed'->>'action' = 'drop-snapshots'"
    );
    assert_eq!(app.count(&act).await, 1);
}
