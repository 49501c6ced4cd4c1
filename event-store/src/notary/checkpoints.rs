//! Signs the heads that have moved, at most once a second, and enters each signed checkpoint in the anchor's log, whose
//! head is signed last: one note then stands for all tenants.

use std::time::Duration;

use deadpool_postgres::Pool;
use tokio_util::sync::CancellationToken;

use super::ANCHOR;
use super::entries;
use super::heads::{Growth, to_bigint};
use super::signing::Signer;
use super::tree::to_hash;
use crate::Result;
use crate::store::Store;

/// How often heads are signed, if they have moved.
pub const SIGN_EVERY: Duration = Duration::from_secs(1);
/// Heads that one transaction signs.
const MAX_SIGNED: i64 = 1_000;
/// How long to wait for the key after it could not be had.
const KEY_RETRY: Duration = Duration::from_secs(10);

const HAS_UNSIGNED: &str =
    "select exists (select from audit_heads where size > signed_size and tenant_id <> '$anchor')";

const LIST_UNSIGNED: &str = "
    select tenant_id, size, root_hash from audit_heads
    where size > signed_size and tenant_id <> '$anchor'
    order by tenant_id limit $1";

const INSERT: &str = "
    insert into audit_checkpoints (tenant_id, tree_size, root_hash, note, anchor_index)
    select * from unnest($1::text[], $2::bigint[], $3::bytea[], $4::text[], $5::bigint[])";

const MARK: &str = "
    update audit_heads h set signed_size = s.size
    from unnest($1::text[], $2::bigint[]) as s (tenant_id, size)
    where h.tenant_id = s.tenant_id";

/// Signs until told to stop. Several processes may: they take turns, and sign nothing twice.
pub async fn run(store: Store, stop: CancellationToken) {
    let pool = &store.pools.engine;
    let signer = loop {
        match Signer::open(pool, &store.vault).await {
            Ok(signer) => break signer,
            Err(error) => tracing::error!(%error, "the audit log cannot be signed"),
        }
        let waited = stop.run_until_cancelled(tokio::time::sleep(KEY_RETRY));
        if waited.await.is_none() {
            return;
        }
    };
    loop {
        if let Err(error) = sign_all(pool, &signer).await {
            tracing::warn!(%error, "the audit log's heads could not be signed; they will be tried again");
        }
        let waited = stop.run_until_cancelled(tokio::time::sleep(SIGN_EVERY));
        if waited.await.is_none() {
            return;
        }
    }
}

/// Signs every head that has moved; answers how many.
pub async fn sign_all(pool: &Pool, signer: &Signer) -> Result<usize> {
    let mut all = 0;
    loop {
        let signed = sign_some(pool, signer).await?;
        all += signed;
        if to_bigint(signed as u64) < MAX_SIGNED {
            return Ok(all);
        }
    }
}

#[derive(Default)]
struct Signed {
    tenants: Vec<String>,
    sizes: Vec<i64>,
    roots: Vec<Vec<u8>>,
    notes: Vec<String>,
    anchors: Vec<Option<i64>>,
}

async fn sign_some(pool: &Pool, signer: &Signer) -> Result<usize> {
    let mut client = pool.get().await?;
    // Nothing is written, not even a lock, while nothing has moved.
    if !client
        .query_one(HAS_UNSIGNED, &[])
        .await?
        .try_get::<_, bool>(0)?
    {
        return Ok(0);
    }
    let tx = client.transaction().await?;
    let mut anchor = Growth::lock(&tx, ANCHOR).await?;
    let mut signed = Signed::default();
    for row in tx.query(LIST_UNSIGNED, &[&MAX_SIGNED]).await? {
        let (tenant_id, size): (String, i64) = (row.try_get("tenant_id")?, row.try_get("size")?);
        let root: &[u8] = row.try_get("root_hash")?;
        let head = (u64::try_from(size).unwrap_or_default(), to_hash(root));
        let note = signer.sign(&tenant_id, head);
        let index = anchor.push(ANCHOR, None, &entries::of_checkpoint(&note));
        signed.add((tenant_id, size, root.to_vec()), note, Some(index));
    }
    let count = signed.tenants.len();
    if count > 0 {
        let head = anchor.root(ANCHOR);
        let note = signer.sign(ANCHOR, head);
        signed.add(
            (ANCHOR.to_owned(), to_bigint(head.0), head.1.to_vec()),
            note,
            None,
        );
        anchor.write(&tx, None).await?;
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 5] = [
            &signed.tenants,
            &signed.sizes,
            &signed.roots,
            &signed.notes,
            &signed.anchors,
        ];
        tx.execute(INSERT, &parameters).await?;
        tx.execute(MARK, &[&signed.tenants, &signed.sizes]).await?;
    }
    tx.commit().await?;
    metrics::counter!("rapport_audit_checkpoints_total").increment(count as u64);
    Ok(count)
}

impl Signed {
    fn add(&mut self, head: (String, i64, Vec<u8>), note: String, anchor: Option<i64>) {
        self.tenants.push(head.0);
        self.sizes.push(head.1);
        self.roots.push(head.2);
        self.notes.push(note);
        self.anchors.push(anchor);
    }
}
