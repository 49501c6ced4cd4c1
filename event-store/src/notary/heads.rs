//! Where trees stand, and how they grow: entries, tiles and heads of a batch are written by one statement.

use std::collections::{BTreeMap, BTreeSet};

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::tree::{self, Edge, HASH_BYTES, Hash, TILE_HEIGHT, to_hash};
use crate::Result;
use crate::checkpoints::{LEASE, Move};
use crate::error::Error;

const LOAD: &str = "
    select h.tenant_id, h.size, h.position, h.chain_hash, h.right_edge
    from audit_heads h where h.tenant_id = any ($1)";

const ENSURE: &str = "insert into audit_heads (tenant_id) values ($1) on conflict do nothing";
/// Whoever has it is alone to let this tree grow until the end of the transaction.
const LOCK: &str = "
    select h.tenant_id, h.size, h.position, h.chain_hash, h.right_edge
    from audit_heads h where h.tenant_id = $1 for update";

/// Writes what has grown. With a subscriber it moves the checkpoint too, as `checkpoints::advance` does, and writes nothing
/// when that has moved, or its lease is lost, or a tree is not the one that was added to: its chain tells.
const WRITE: &str = "
    with grown as materialized (
        select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[])
            as g (tenant_id, size, position, chain_hash, root_hash, right_edge, chain_before)
    ), moved as (
        update checkpoints c set position = $20, failure = null, moved_at = clock_timestamp(),
            lease_until = clock_timestamp() + $21::float8 * interval '1 second'
        from (select set_config('synchronous_commit', 'off', true) where $17::text is not null) as relaxed
        where c.subscriber = $17 and c.fencing_token = $18 and c.position = $19
          and not exists (
            select from grown g
            where g.chain_before <> coalesce(
                (select h.chain_hash from audit_heads h where h.tenant_id = g.tenant_id), $22::bytea))
        returning c.position
    ), may_write as materialized (
        select $17::text is null or exists (select from moved) as it_may
    ), entered as (
        insert into audit_leaves (tenant_id, log_index, positions, prev_hash, entry_hashes)
        select l.tenant_id, l.log_index,
            ($12::bigint[])[l.first:l.first + octet_length(l.entry_hashes) / 32 - 1], l.prev_hash, l.entry_hashes
        from may_write m
        cross join unnest($8::text[], $9::bigint[], $10::bytea[], $11::bytea[], $23::int[])
            as l (tenant_id, log_index, prev_hash, entry_hashes, first)
        where m.it_may
    ), tiled as (
        insert into audit_tiles (tenant_id, level, tile_index, hash)
        select t.* from may_write m
        cross join unnest($13::text[], $14::smallint[], $15::bigint[], $16::bytea[]) as t where m.it_may
    ), saved as (
        insert into audit_heads (tenant_id, size, position, chain_hash, root_hash, right_edge)
        select g.tenant_id, g.size, g.position, g.chain_hash, g.root_hash, g.right_edge
        from may_write m cross join grown g where m.it_may
        on conflict (tenant_id) do update set size = excluded.size, position = excluded.position,
            chain_hash = excluded.chain_hash, root_hash = excluded.root_hash, right_edge = excluded.right_edge,
            moved_at = clock_timestamp()
    )
    select m.it_may from may_write m";

/// How many entries share a row at most: two such rows fill a page, and none is too long to stay in it.
const ROW_ENTRIES: usize = 96;

/// The chain before the first entry.
const NO_CHAIN: Hash = [0; HASH_BYTES];

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
            chain: NO_CHAIN,
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

/// Where trees stand, by tenant.
pub type Heads = BTreeMap<String, Head>;

/// The trees of a batch, with what was added to them.
#[derive(Default)]
pub struct Growth {
    heads: Heads,
    /// Rows of entries, and the first and the last of each tree that has grown.
    rows: Vec<Leaves>,
    grown: BTreeMap<String, (usize, usize)>,
    tile_tenants: Vec<String>,
    tile_levels: Vec<i16>,
    tile_indexes: Vec<i64>,
    tiles: Vec<Hash>,
}

/// Entries that share a row.
struct Leaves {
    tenant_id: String,
    /// The place of the first.
    index: i64,
    /// The chain before the first.
    previous: Hash,
    positions: Vec<Option<i64>>,
    hashes: Vec<u8>,
}

impl Growth {
    /// Of these tenants: those that are known as they were known, the others as they stand.
    pub async fn load(
        client: &impl GenericClient,
        known: Heads,
        tenants: &BTreeSet<&str>,
    ) -> Result<Self> {
        let mut growth = Self {
            heads: known,
            ..Self::default()
        };
        let missing = tenants.iter().copied();
        let missing: Vec<&str> = missing
            .filter(|tenant_id| !growth.heads.contains_key(*tenant_id))
            .collect();
        if missing.is_empty() {
            return Ok(growth);
        }
        let statement = client.prepare_cached(LOAD).await?;
        for row in &client.query(&statement, &[&missing]).await? {
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
        let head = match self.heads.get_mut(tenant_id) {
            Some(head) => head,
            None => self.heads.entry(tenant_id.to_owned()).or_default(),
        };
        let index = to_bigint(head.edge.size());
        let extent = self.grown.get(tenant_id).copied();
        let last = extent.and_then(|(_, last)| self.rows.get_mut(last));
        match last.filter(|row| row.positions.len() < ROW_ENTRIES) {
            Some(row) => row.push(position, entry),
            None => {
                let mut row = Leaves {
                    tenant_id: tenant_id.to_owned(),
                    index,
                    previous: head.chain,
                    positions: Vec::new(),
                    hashes: Vec::new(),
                };
                row.push(position, entry);
                let last = self.rows.len();
                let first = extent.map_or(last, |(first, _)| first);
                self.grown.insert(tenant_id.to_owned(), (first, last));
                self.rows.push(row);
            }
        }
        head.chain = tree::link(&head.chain, entry);
        head.position = position.unwrap_or(head.position).max(head.position);
        let (tenants, levels) = (&mut self.tile_tenants, &mut self.tile_levels);
        let (indexes, tiles) = (&mut self.tile_indexes, &mut self.tiles);
        head.edge.push(tree::leaf(entry), |subtree, hash| {
            tenants.push(tenant_id.to_owned());
            levels.push(i16::try_from(subtree.level / TILE_HEIGHT).unwrap_or(i16::MAX));
            indexes.push(to_bigint(subtree.index));
            tiles.push(hash);
        });
        index
    }

    /// Where the trees stand with what was added.
    pub fn into_heads(self) -> Heads {
        self.heads
    }

    /// Writes what was added, and where the trees stand with it, and makes the move if there is one. Answers whether it was
    /// made: without it nothing is written.
    pub async fn write(
        &self,
        client: &impl GenericClient,
        step: Option<&Move<'_>>,
    ) -> Result<bool> {
        if self.rows.is_empty() {
            return Ok(step.is_none());
        }
        let (grown, rows, tiles) = (
            Grown::of(self),
            Rows::of(&self.rows),
            Vec::from_iter(self.tiles.iter().map(Hash::as_slice)),
        );
        let lease = step.map(|step| step.lease);
        let parameters: [&(dyn ToSql + Sync); 23] = [
            &grown.tenants,
            &grown.sizes,
            &grown.positions,
            &grown.chains,
            &grown.roots,
            &grown.edges,
            &grown.before,
            &rows.tenants,
            &rows.indexes,
            &rows.previous,
            &rows.hashes,
            &rows.positions,
            &self.tile_tenants,
            &self.tile_levels,
            &self.tile_indexes,
            &tiles,
            &step.map(|step| step.subscriber),
            &lease.map(|lease| lease.fencing_token),
            &lease.map(|lease| lease.position),
            &step.map(|step| step.until),
            &LEASE.as_secs_f64(),
            &NO_CHAIN.as_slice(),
            &rows.firsts,
        ];
        let statement = client.prepare_cached(WRITE).await?;
        Ok(client
            .query_one(&statement, &parameters)
            .await?
            .try_get(0)?)
    }
}

/// The heads that have grown, as columns.
#[derive(Default)]
struct Grown<'a> {
    tenants: Vec<&'a str>,
    sizes: Vec<i64>,
    positions: Vec<i64>,
    chains: Vec<&'a [u8]>,
    roots: Vec<Vec<u8>>,
    edges: Vec<Vec<u8>>,
    before: Vec<&'a [u8]>,
}

impl<'a> Grown<'a> {
    fn of(growth: &'a Growth) -> Self {
        let mut grown = Self::default();
        for (tenant_id, (first, _)) in &growth.grown {
            let (Some(head), Some(row)) = (growth.heads.get(tenant_id), growth.rows.get(*first))
            else {
                continue;
            };
            grown.tenants.push(tenant_id);
            grown.sizes.push(to_bigint(head.edge.size()));
            grown.positions.push(head.position);
            grown.chains.push(&head.chain);
            grown.roots.push(head.edge.root().to_vec());
            grown.edges.push(head.edge.to_bytes());
            // The chain as it was.
            grown.before.push(&row.previous);
        }
        grown
    }
}

impl Leaves {
    fn push(&mut self, position: Option<i64>, entry: &Hash) {
        self.positions.push(position);
        self.hashes.extend_from_slice(entry);
    }
}

/// The rows of entries, as columns; the positions of all are in one, with the place where each row's begin.
#[derive(Default)]
struct Rows<'a> {
    tenants: Vec<&'a str>,
    indexes: Vec<i64>,
    previous: Vec<&'a [u8]>,
    hashes: Vec<&'a [u8]>,
    positions: Vec<Option<i64>>,
    firsts: Vec<i32>,
}

impl<'a> Rows<'a> {
    fn of(leaves: &'a [Leaves]) -> Self {
        let mut rows = Self::default();
        for row in leaves {
            let first = rows.positions.len() + 1;
            rows.firsts.push(i32::try_from(first).unwrap_or(i32::MAX));
            rows.tenants.push(&row.tenant_id);
            rows.indexes.push(row.index);
            rows.previous.push(&row.previous);
            rows.hashes.push(&row.hashes);
            rows.positions.extend_from_slice(&row.positions);
        }
        rows
    }
}

/// As PostgreSQL counts; no tree comes near the end of it.
pub(super) fn to_bigint(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
