//! Where trees stand, and how they grow: entries, tiles and heads of a batch are written by one statement each.

use std::collections::BTreeMap;

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;

use super::tree::{self, Edge, HASH_BYTES, Hash, TILE_HEIGHT, to_hash};
use crate::Result;
use crate::error::Error;

const LOAD: &str = "
    select h.tenant_id, h.size, h.position, h.chain_hash, h.right_edge
    from audit_heads h where h.tenant_id = any ($1)";

const ENSURE: &str = "insert into audit_heads (tenant_id) values ($1) on conflict do nothing";
/// Whoever has it is alone to let this tree grow until the end of the transaction.
const LOCK: &str = "
    select h.tenant_id, h.size, h.position, h.chain_hash, h.right_edge
    from audit_heads h where h.tenant_id = $1 for update";

const INSERT_ENTRIES: &str = "
    insert into audit_entries (tenant_id, log_index, position, prev_hash, entry_hash)
    select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bytea[], $5::bytea[])";

const INSERT_TILES: &str = "
    insert into audit_tiles (tenant_id, level, tile_index, hash)
    select * from unnest($1::text[], $2::smallint[], $3::bigint[], $4::bytea[])";

const SAVE_HEADS: &str = "
    insert into audit_heads (tenant_id, size, position, chain_hash, root_hash, right_edge)
    select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bytea[], $5::bytea[], $6::bytea[])
    on conflict (tenant_id) do update set size = excluded.size, position = excluded.position,
        chain_hash = excluded.chain_hash, root_hash = excluded.root_hash, right_edge = excluded.right_edge,
        moved_at = clock_timestamp()";

/// One tree's standing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Of the newest event that was sealed.
    pub position: i64,
    /// The chain up to the newest entry.
    pub chain: Hash,
    pub edge: Edge,
}

impl Default for Head {
    fn default() -> Self {
        Self {
            position: 0,
            chain: [0; HASH_BYTES],
            edge: Edge::default(),
        }
    }
}

impl Head {
    fn of(row: &Row) -> Result<Self> {
        let size = u64::try_from(row.try_get::<_, i64>("size")?).unwrap_or_default();
        let edge = Edge::from_bytes(size, row.try_get("right_edge")?);
        Ok(Self {
            position: row.try_get("position")?,
            chain: to_hash(row.try_get("chain_hash")?),
            edge: edge
                .ok_or_else(|| Error::internal("the right edge of an audit tree is not whole"))?,
        })
    }
}

/// The trees of a batch, with what was added to them.
#[derive(Default)]
pub struct Growth {
    heads: BTreeMap<String, Head>,
    grown: BTreeMap<String, u64>,
    tenants: Vec<String>,
    indexes: Vec<i64>,
    positions: Vec<Option<i64>>,
    previous: Vec<Vec<u8>>,
    entries: Vec<Vec<u8>>,
    tile_tenants: Vec<String>,
    tile_levels: Vec<i16>,
    tile_indexes: Vec<i64>,
    tiles: Vec<Vec<u8>>,
}

impl Growth {
    /// Of these tenants, as they stand.
    pub async fn load(client: &impl GenericClient, tenants: &[&str]) -> Result<Self> {
        let statement = client.prepare_cached(LOAD).await?;
        let rows = client.query(&statement, &[&tenants]).await?;
        let mut growth = Self::default();
        for row in &rows {
            growth
                .heads
                .insert(row.try_get("tenant_id")?, Head::of(row)?);
        }
        Ok(growth)
    }

    /// Of one tenant, which others must leave alone until the transaction ends.
    pub async fn lock(client: &impl GenericClient, tenant_id: &str) -> Result<Self> {
        client.execute(ENSURE, &[&tenant_id]).await?;
        let row = client.query_one(LOCK, &[&tenant_id]).await?;
        let mut growth = Self::default();
        growth.heads.insert(tenant_id.to_owned(), Head::of(&row)?);
        Ok(growth)
    }

    /// The newest position that was sealed; 0 for none.
    pub fn position(&self, tenant_id: &str) -> i64 {
        self.heads.get(tenant_id).map_or(0, |head| head.position)
    }

    /// The tree's size and root, with what was added.
    pub fn root(&self, tenant_id: &str) -> (u64, Hash) {
        match self.heads.get(tenant_id) {
            Some(head) => (head.edge.size(), head.edge.root()),
            None => (0, tree::empty_root()),
        }
    }

    /// Adds an entry behind the newest; answers its place.
    pub fn push(&mut self, tenant_id: &str, position: Option<i64>, entry: &Hash) -> i64 {
        let head = self.heads.entry(tenant_id.to_owned()).or_default();
        let index = to_bigint(head.edge.size());
        self.tenants.push(tenant_id.to_owned());
        self.indexes.push(index);
        self.positions.push(position);
        self.previous.push(head.chain.to_vec());
        self.entries.push(entry.to_vec());
        head.chain = tree::link(&head.chain, entry);
        head.position = position.unwrap_or(head.position).max(head.position);
        let (tenants, levels) = (&mut self.tile_tenants, &mut self.tile_levels);
        let (indexes, tiles) = (&mut self.tile_indexes, &mut self.tiles);
        head.edge.push(tree::leaf(entry), |subtree, hash| {
            tenants.push(tenant_id.to_owned());
            levels.push(i16::try_from(subtree.level / TILE_HEIGHT).unwrap_or(i16::MAX));
            indexes.push(to_bigint(subtree.index));
            tiles.push(hash.to_vec());
        });
        *self.grown.entry(tenant_id.to_owned()).or_default() += 1;
        index
    }

    /// Writes what was added, and where the trees stand with it.
    pub async fn write(self, client: &impl GenericClient) -> Result<()> {
        if self.tenants.is_empty() {
            return Ok(());
        }
        let statement = client.prepare_cached(INSERT_ENTRIES).await?;
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 5] = [
            &self.tenants,
            &self.indexes,
            &self.positions,
            &self.previous,
            &self.entries,
        ];
        client.execute(&statement, &parameters).await?;
        if !self.tiles.is_empty() {
            let statement = client.prepare_cached(INSERT_TILES).await?;
            let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 4] = [
                &self.tile_tenants,
                &self.tile_levels,
                &self.tile_indexes,
                &self.tiles,
            ];
            client.execute(&statement, &parameters).await?;
        }
        let heads = self
            .heads
            .iter()
            .filter(|(tenant_id, _)| self.grown.contains_key(*tenant_id));
        let (mut tenants, mut sizes, mut positions) = (Vec::new(), Vec::new(), Vec::new());
        let (mut chains, mut roots, mut edges) = (Vec::new(), Vec::new(), Vec::new());
        for (tenant_id, head) in heads {
            tenants.push(tenant_id.as_str());
            sizes.push(to_bigint(head.edge.size()));
            positions.push(head.position);
            chains.push(head.chain.to_vec());
            roots.push(head.edge.root().to_vec());
            edges.push(head.edge.to_bytes());
        }
        let statement = client.prepare_cached(SAVE_HEADS).await?;
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 6] =
            [&tenants, &sizes, &positions, &chains, &roots, &edges];
        client.execute(&statement, &parameters).await?;
        Ok(())
    }
}

/// As PostgreSQL counts; no tree comes near the end of it.
pub(super) fn to_bigint(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
