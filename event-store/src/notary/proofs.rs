//! Proofs from what is stored: that an entry is in a tree, and that one tree is the beginning of another. Each reads some
//! dozens of rows for a tree of any size.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use deadpool_postgres::GenericClient;

use super::heads::to_bigint;
use super::tree::{self, Hash, Run, Subtree, TILE_HEIGHT, to_hash};
use crate::Result;
use crate::error::Error;

/// The first line of a proof as text (C2SP tlog-proof).
const PROOF_HEAD: &str = "c2sp.org/tlog-proof@v1";

/// From both tables, as in `logs.rs`.
const READ_ENTRIES: &str = "
    select a.log_index, a.entry_hash as hash from audit_entries a
    where a.tenant_id = $1 and a.log_index >= $2 and a.log_index < $3
    union all
    select l.log_index + n.place, substring(l.entry_hashes from (n.place * 32 + 1)::int for 32)
    from audit_leaves l
    cross join lateral generate_series(
        greatest(0, $2 - l.log_index), least(cardinality(l.positions), $3 - l.log_index) - 1) as n (place)
    where l.tenant_id = $1 and l.log_index < $3 and l.log_index >= coalesce((
        select f.log_index from audit_leaves f where f.tenant_id = $1 and f.log_index <= $2
        order by f.log_index desc limit 1), $2)
    order by log_index";

const READ_TILES: &str = "
    select hash from audit_tiles
    where tenant_id = $1 and level = $4 and tile_index >= $2 and tile_index < $3 order by tile_index";

/// The hashes that prove that the entry at `index` is in the tree of this size.
pub async fn inclusion(
    client: &impl GenericClient,
    tenant_id: &str,
    (index, size): (u64, u64),
) -> Result<Vec<Hash>> {
    hashes(client, tenant_id, tree::inclusion(index, size)).await
}

/// The hashes that prove that the tree of size `old` is the beginning of that of size `new`.
pub async fn consistency(
    client: &impl GenericClient,
    tenant_id: &str,
    (old, new): (u64, u64),
) -> Result<Vec<Hash>> {
    hashes(client, tenant_id, tree::consistency(old, new)).await
}

/// A proof of inclusion in the form that verifiers of transparency logs read.
pub fn to_text(index: i64, proof: &[Hash], note: &str) -> String {
    let lines: String = proof
        .iter()
        .map(|hash| format!("{}\n", BASE64.encode(hash)))
        .collect();
    format!("{PROOF_HEAD}\nindex {index}\n{lines}\n{note}")
}

async fn hashes(client: &impl GenericClient, tenant_id: &str, runs: Vec<Run>) -> Result<Vec<Hash>> {
    let mut found = Vec::with_capacity(runs.len());
    for run in runs {
        found.push(hash(client, tenant_id, run).await?);
    }
    Ok(found)
}

async fn hash(client: &impl GenericClient, tenant_id: &str, run: Run) -> Result<Hash> {
    let mut whole: Option<Hash> = None;
    for subtree in run.subtrees().into_iter().rev() {
        let left = subtree_hash(client, tenant_id, subtree).await?;
        whole = Some(whole.map_or(left, |right| tree::node(&left, &right)));
    }
    Ok(whole.unwrap_or_else(tree::empty_root))
}

/// The subtree's hash, out of the tiles below it: at most 128 of them.
async fn subtree_hash(
    client: &impl GenericClient,
    tenant_id: &str,
    subtree: Subtree,
) -> Result<Hash> {
    let (level, height) = (subtree.level / TILE_HEIGHT, subtree.level % TILE_HEIGHT);
    let (start, end) = (subtree.index << height, (subtree.index + 1) << height);
    let (from, to) = (to_bigint(start), to_bigint(end));
    let rows = match i16::try_from(level).unwrap_or(i16::MAX) {
        0 => {
            client
                .query(READ_ENTRIES, &[&tenant_id, &from, &to])
                .await?
        }
        level => {
            client
                .query(READ_TILES, &[&tenant_id, &from, &to, &level])
                .await?
        }
    };
    if to_bigint(rows.len() as u64) != to - from {
        return Err(Error::internal("entries of the audit log are missing"));
    }
    let mut layer = Vec::with_capacity(rows.len());
    for row in &rows {
        let hash = to_hash(row.try_get("hash")?);
        layer.push(if level == 0 { tree::leaf(&hash) } else { hash });
    }
    while layer.len() > 1 {
        layer = layer
            .chunks(2)
            .map(|pair| tree::node(&pair[0], &pair[pair.len() - 1]))
            .collect();
    }
    layer
        .first()
        .copied()
        .ok_or_else(|| Error::internal("a subtree without leaves"))
}
