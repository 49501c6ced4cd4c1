//! Recomputes a tenant's log from its events as they are stored now, and compares: entries, chain, tree, every signed
//! checkpoint, and what witnesses have kept.

use std::collections::BTreeMap;

use deadpool_postgres::GenericClient;
use serde::Serialize;

use super::heads::to_bigint;
use super::logs::{self, Entry, LogStanding, StoredCheckpoint};
use super::notes;
use super::signing::Identity;
use super::tree::{self, Edge, HASH_BYTES, Hash};
use super::{ANCHOR, entries};
use crate::Result;

const COUNT_EVENTS: &str = "
    select count(*) as events, count(*) filter (where position > $2) as unsealed
    from events where tenant_id = $1 and aggregate_type <> '$log'";

/// What is wrong with a log; the names are those of the exit codes of `rapport-verify`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// An entry, or its event, is not what was sealed.
    Altered,
    /// The end is missing.
    Truncated,
    /// There is another history that was signed too.
    Forked,
    /// A checkpoint that our key has not signed.
    Signature,
}

/// Where a log stops being what it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub fault: Fault,
    /// The first entry that shows it, where one does.
    pub index: Option<i64>,
    pub detail: String,
}

/// What a verification has looked at, and what it found; no findings mean that all is as it was sealed.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub tenant_id: String,
    pub entries: i64,
    pub checkpoints: u64,
    /// Heads that witnesses have kept and that this log leads to.
    pub witnessed: usize,
    /// Events that the notary has not come to.
    pub unsealed: i64,
    pub finding: Option<Finding>,
}

/// Heads of this log that were kept elsewhere, by size.
pub type Kept = BTreeMap<u64, Hash>;

struct Walk<'a> {
    kept: &'a Kept,
    identity: &'a Identity,
    tenant_id: &'a str,
    edge: Edge,
    chain: Hash,
    report: Report,
}

/// Verifies one tenant's log, or the anchor's, page by page.
pub async fn verify(
    client: &impl GenericClient,
    identity: &Identity,
    (tenant_id, kept): (&str, &Kept),
) -> Result<Report> {
    let standing = logs::list(client, Some(tenant_id))
        .await?
        .into_iter()
        .next();
    let mut walk = Walk {
        kept,
        identity,
        tenant_id,
        edge: Edge::default(),
        chain: [0; HASH_BYTES],
        report: Report::new(tenant_id),
    };
    let size = standing.as_ref().map_or(0, |standing| standing.size);
    while walk.report.finding.is_none() && walk.report.entries < size {
        let start = walk.report.entries;
        let page = logs::entries(client, tenant_id, (start, size)).await?;
        if page.is_empty() {
            walk.find(Fault::Truncated, Some(start), "entries are missing");
            break;
        }
        let until = start + to_bigint(page.len() as u64);
        let signed = logs::checkpoints_within(client, tenant_id, (start, until)).await?;
        let notes = match tenant_id {
            ANCHOR => logs::anchored_notes(client, (start, until)).await?,
            _ => Vec::new(),
        };
        walk.page(&page, &signed, &notes);
    }
    if walk.report.finding.is_none() {
        walk.end(client, standing.as_ref()).await?;
    }
    Ok(walk.report)
}

impl Report {
    fn new(tenant_id: &str) -> Self {
        Self {
            tenant_id: tenant_id.to_owned(),
            entries: 0,
            checkpoints: 0,
            witnessed: 0,
            unsealed: 0,
            finding: None,
        }
    }

    /// Of a log that needs no look to be found wrong.
    pub fn of_finding(tenant_id: &str, finding: Finding) -> Self {
        Self {
            finding: Some(finding),
            ..Self::new(tenant_id)
        }
    }
}

impl Walk<'_> {
    fn find(&mut self, fault: Fault, index: Option<i64>, detail: &str) {
        self.report.finding.get_or_insert_with(|| Finding {
            fault,
            index,
            detail: detail.to_owned(),
        });
    }

    fn page(&mut self, page: &[Entry], signed: &[StoredCheckpoint], notes: &[String]) {
        let mut signed = signed.iter().peekable();
        for (place, entry) in page.iter().enumerate() {
            self.entry(entry, notes.get(place));
            if self.report.finding.is_some() {
                return;
            }
            let size = self.edge.size();
            while let Some(checkpoint) = signed.next_if(|one| one.tree_size == to_bigint(size)) {
                self.checkpoint(checkpoint);
            }
            match self.kept.get(&size) {
                Some(root) if *root == self.edge.root() => self.report.witnessed += 1,
                Some(_) => self.find(
                    Fault::Forked,
                    Some(entry.index),
                    "a witness has kept another head of this size",
                ),
                None => {}
            }
        }
    }

    fn entry(&mut self, entry: &Entry, note: Option<&String>) {
        if entry.index != self.report.entries {
            self.find(
                Fault::Altered,
                Some(self.report.entries),
                "an entry is missing",
            );
            return;
        }
        let computed = match self.tenant_id {
            ANCHOR => note.map(|note| entries::of_checkpoint(note)),
            _ => entry.event.as_ref().map(entries::of_event),
        };
        match computed {
            None => self.find(
                Fault::Altered,
                Some(entry.index),
                "what was sealed here is gone",
            ),
            Some(hash) if hash != entry.hash => {
                self.find(
                    Fault::Altered,
                    Some(entry.index),
                    "this is not what was sealed here",
                );
            }
            Some(_) if entry.previous != self.chain => {
                self.find(
                    Fault::Altered,
                    Some(entry.index),
                    "the chain is broken before this entry",
                );
            }
            Some(_) => {}
        }
        self.chain = tree::link(&self.chain, &entry.hash);
        self.edge.push(tree::leaf(&entry.hash), |_, _| {});
        self.report.entries += 1;
    }

    fn checkpoint(&mut self, checkpoint: &StoredCheckpoint) {
        let index = Some(checkpoint.tree_size - 1);
        let opened = notes::open(&checkpoint.note, &self.identity.public_key);
        let is_ours =
            |head: &notes::Checkpoint| head.origin == self.identity.origin(self.tenant_id);
        match opened.filter(is_ours) {
            None => self.find(
                Fault::Signature,
                index,
                "a checkpoint is not signed by our key",
            ),
            Some(head) if (head.size, head.root) != (self.edge.size(), self.edge.root()) => {
                self.find(
                    Fault::Forked,
                    index,
                    "a checkpoint was signed for another history",
                );
            }
            Some(_) => self.report.checkpoints += 1,
        }
    }

    async fn end(
        &mut self,
        client: &impl GenericClient,
        standing: Option<&LogStanding>,
    ) -> Result<()> {
        let last = self.report.entries;
        let position = standing.map_or(0, |standing| standing.position);
        let is_head =
            standing.is_none_or(|head| (head.root, head.chain) == (self.edge.root(), self.chain));
        if !is_head {
            self.find(Fault::Altered, None, "the head is not that of the entries");
        }
        let is_longer = logs::newest(client, self.tenant_id, None).await?;
        if is_longer.is_some_and(|newest| newest.tree_size > last) {
            self.find(
                Fault::Truncated,
                Some(last),
                "a longer log than this was signed",
            );
        }
        if self
            .kept
            .keys()
            .next_back()
            .is_some_and(|size| to_bigint(*size) > last)
        {
            self.find(
                Fault::Truncated,
                Some(last),
                "a witness has kept the head of a longer log",
            );
        }
        if self.tenant_id != ANCHOR {
            let row = client
                .query_one(COUNT_EVENTS, &[&self.tenant_id, &position])
                .await?;
            let (events, unsealed): (i64, i64) = (row.try_get("events")?, row.try_get("unsealed")?);
            self.report.unsealed = unsealed;
            if events - unsealed > last {
                self.find(
                    Fault::Altered,
                    None,
                    "there are events that were never sealed among those that were",
                );
            }
        }
        Ok(())
    }
}
