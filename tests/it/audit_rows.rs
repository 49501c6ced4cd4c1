//! What older notaries have sealed, a row for each entry, is read together with what has been sealed since.

use event_store::notary::{logs, proofs, tree};
use tests::app::TestApp;
use tests::given;

use crate::audit_proofs::{exported, finding, signed, trust};
use crate::export::some_history;

/// As notaries wrote before there were rows of many.
async fn keep_row_by_row(app: &TestApp) -> i64 {
    let (log, pool) = (app.tenant.id.as_str(), &app.store.pools.engine);
    let client = pool.get().await.unwrap();
    let entries = logs::entries(&client, log, (0, logs::MAX_ENTRIES))
        .await
        .unwrap();
    let mut admin = app.admin().await;
    let tx = admin.transaction().await.unwrap();
    tx.batch_execute("set local session_replication_role = replica")
        .await
        .unwrap();
    tx.execute("delete from audit_leaves where tenant_id = $1", &[&log])
        .await
        .unwrap();
    let insert = "
        insert into audit_entries (tenant_id, log_index, position, prev_hash, entry_hash) values ($1, $2, $3, $4, $5)";
    for entry in &entries {
        let (previous, hash) = (entry.previous.as_slice(), entry.hash.as_slice());
        tx.execute(
            insert,
            &[&log, &entry.index, &entry.position, &previous, &hash],
        )
        .await
        .unwrap();
    }
    tx.commit().await.unwrap();
    i64::try_from(entries.len()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_sealed_row_by_row_is_one_log_with_what_came_later() {
    let app = TestApp::start().await;
    some_history(&app).await;
    signed(&app).await;
    let singles = keep_row_by_row(&app).await;
    assert_eq!(finding(&app, &[]).await, None);
    for number in 0..3 {
        given::customer(&app.tenant.owner, &format!("Later{number}")).await;
    }
    signed(&app).await;
    assert_eq!(finding(&app, &[]).await, None);
    let (text, key) = exported(&app).await;
    let valid = verifier::verify(text.as_bytes(), &trust(&key, &[])).unwrap();
    let size = i64::try_from(valid.entries).unwrap();
    assert!(singles > 1 && singles < size, "{singles} of {size}");
    let client = app.store.pools.engine.get().await.unwrap();
    let log = app.tenant.id.as_str();
    let whole = logs::entries(&client, log, (0, size)).await.unwrap();
    for start in 0..size {
        // From the midst of a row as from its beginning.
        let rest = logs::entries(&client, log, (start, size)).await.unwrap();
        let skipped = usize::try_from(start).unwrap();
        let as_before = whole
            .iter()
            .skip(skipped)
            .map(|entry| (entry.index, entry.previous));
        assert!(
            rest.iter()
                .map(|entry| (entry.index, entry.previous))
                .eq(as_before)
        );
        let (index, of) = (u64::try_from(start).unwrap(), valid.entries);
        let proof = proofs::inclusion(&client, log, (index, of)).await.unwrap();
        assert_eq!(proof.len(), tree::inclusion(index, of).len());
        let position = rest[0].position.unwrap();
        let found = logs::find_index(&client, log, (position, of)).await;
        assert_eq!(found.unwrap(), Some(start));
    }
}
