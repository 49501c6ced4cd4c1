//! A whole log: every entry is hashed again, chained and put into the tree, which must come to the signed root and pass
//! through every checkpoint that somebody has kept.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::num::NonZeroUsize;
use std::thread;

use crate::documents::{Anchor, Head, hash, parse};
use crate::entries::{self, Entry, Kind};
use crate::notes::{Checkpoint, Key};
use crate::tree::{Fields, Growing, HASH_BYTES, Hash, climb, link};
use crate::{Failure, Fault, Line, Trust, Verified, read_line};

/// The name of the log of checkpoints, behind the installation's.
const ANCHOR: &str = "$anchor";
/// Entries that are hashed side by side before they are chained.
const BATCH_LINES: usize = 16_384;
const BATCH_BYTES: usize = 16 * 1024 * 1024;
/// Threads that hash.
const MAX_THREADS: usize = 8;

/// The log as far as it has come.
struct Walk {
    tree: Growing,
    chain: Hash,
    checkpoint: Checkpoint,
    /// Roots by size that were kept elsewhere.
    witnessed: BTreeMap<u64, Hash>,
    passed: usize,
}

/// Verifies an export, of which the first line has been read.
pub(crate) fn verify(
    first: &Line,
    mut input: impl BufRead,
    trust: &Trust,
) -> Result<Verified, Failure> {
    let head: Head = parse(&first.bytes)?;
    let key = trusted(&head, trust)?;
    let checkpoint = key.open(&head.checkpoint)?;
    if let Some(anchor) = &head.anchor {
        check_anchor(&key, &head.checkpoint, anchor)?;
    }
    let origin = checkpoint.origin.clone();
    let (prefix, tenant_id) = origin
        .rsplit_once('/')
        .ok_or_else(|| Failure::new(Fault::Input, "the log's name has no tenant in it"))?;
    let kind = match tenant_id {
        ANCHOR if !prefix.is_empty() => Kind::Checkpoints,
        _ => Kind::Events(tenant_id),
    };
    let mut walk = Walk {
        tree: Growing::default(),
        chain: [0; HASH_BYTES],
        witnessed: witnessed(&key, trust)?,
        passed: 0,
        checkpoint,
    };
    if !first.is_whole && walk.checkpoint.size > 0 {
        return Err(Failure::new(
            Fault::Truncated,
            "only the head of the export is there",
        ));
    }
    loop {
        let (lines, end) = read_batch(&mut input)?;
        for entry in hash_all(&lines, kind) {
            walk.add(entry?)?;
        }
        match end {
            End::None => {}
            End::Clean => break,
            End::Torn => {
                let detail = format!("entry {} is torn off", walk.tree.size());
                return Err(Failure::new(Fault::Truncated, detail));
            }
        }
    }
    walk.end()
}

/// The key to verify with: the one that is trusted, which must be the export's own, or that.
pub(crate) fn key_of(own: &str, trust: &Trust) -> Result<Key, Failure> {
    let own = Key::parse(own);
    let Some(trusted) = &trust.key else {
        return own;
    };
    let trusted = Key::parse(trusted)?;
    if own.as_ref() != Ok(&trusted) {
        let detail =
            "it says that it is signed by another key than the trusted one, or for another log";
        return Err(Failure::new(Fault::Signature, detail));
    }
    Ok(trusted)
}

fn trusted(head: &Head, trust: &Trust) -> Result<Key, Failure> {
    key_of(&head.public_key, trust)
}

/// The roots that were kept elsewhere, of this log and signed by this key; two of one size are a fork by themselves.
fn witnessed(key: &Key, trust: &Trust) -> Result<BTreeMap<u64, Hash>, Failure> {
    let mut kept = BTreeMap::new();
    for checkpoint in trust
        .witnessed
        .iter()
        .filter_map(|note| key.open(note).ok())
    {
        let before = kept.insert(checkpoint.size, checkpoint.root);
        if before.is_some_and(|root| root != checkpoint.root) {
            let detail = format!("two heads of {} entries were signed", checkpoint.size);
            return Err(Failure::new(Fault::Forked, detail));
        }
    }
    Ok(kept)
}

/// The checkpoint must stand in the anchor's log where it says.
fn check_anchor(key: &Key, note: &str, anchor: &Anchor) -> Result<(), Failure> {
    let prefix = key.name.rsplit_once('/').map_or("", |(prefix, _)| prefix);
    let head = key
        .named(&format!("{prefix}/{ANCHOR}"))
        .open(&anchor.checkpoint)?;
    let proof = anchor
        .proof
        .iter()
        .map(|text| hash(text))
        .collect::<Result<Vec<_>, _>>()?;
    let mut fields = Fields::new("rapport-audit-anchor-v1");
    fields.add(note);
    match climb(&fields.hash(), anchor.index, head.size, &proof) {
        Some(root) if root == head.root => Ok(()),
        _ => Err(Failure::new(
            Fault::Altered,
            "the checkpoint is not in the anchor's log where it says",
        )),
    }
}

enum End {
    None,
    Clean,
    /// The last line has no end.
    Torn,
}

fn read_batch(input: &mut impl BufRead) -> Result<(Vec<Vec<u8>>, End), Failure> {
    let (mut lines, mut bytes) = (Vec::new(), 0);
    while lines.len() < BATCH_LINES && bytes < BATCH_BYTES {
        match read_line(input)? {
            None => return Ok((lines, End::Clean)),
            Some(line) if !line.is_whole => return Ok((lines, End::Torn)),
            Some(line) => {
                bytes += line.bytes.len();
                lines.push(line.bytes);
            }
        }
    }
    Ok((lines, End::None))
}

/// Reads and hashes entries on all processors; answers them in order.
fn hash_all(lines: &[Vec<u8>], kind: Kind<'_>) -> Vec<Result<Entry, Failure>> {
    let threads = thread::available_parallelism()
        .map_or(1, NonZeroUsize::get)
        .min(MAX_THREADS);
    let share = lines.len().div_ceil(threads).max(1);
    thread::scope(|scope| {
        let started: Vec<_> = lines
            .chunks(share)
            .map(|part| {
                scope.spawn(move || {
                    part.iter()
                        .map(|line| entries::read(line, kind))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        let failed = || {
            vec![Err(Failure::new(
                Fault::Input,
                "a thread could not read its share",
            ))]
        };
        started
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|_| failed()))
            .collect()
    })
}

impl Walk {
    fn add(&mut self, entry: Entry) -> Result<(), Failure> {
        let place = self.tree.size();
        let altered = |detail: String| Err(Failure::new(Fault::Altered, detail));
        if place == self.checkpoint.size {
            return altered(format!(
                "there are more entries than the {place} that were signed"
            ));
        }
        if entry.index != place {
            return altered(format!("entry {} stands where {place} should", entry.index));
        }
        if entry.previous != self.chain {
            return altered(format!("the chain is broken before entry {place}"));
        }
        self.chain = link(&self.chain, &entry.hash);
        self.tree.add(&entry.hash);
        let size = place + 1;
        match self.witnessed.get(&size) {
            Some(root) if *root == self.tree.root() => self.passed += 1,
            Some(_) => {
                let detail = format!("another log of {size} entries was signed and kept elsewhere");
                return Err(Failure::new(Fault::Forked, detail));
            }
            None => {}
        }
        Ok(())
    }

    fn end(self) -> Result<Verified, Failure> {
        let (size, signed) = (self.tree.size(), self.checkpoint.size);
        if size < signed {
            let detail = format!("{signed} entries were signed, and there are {size}");
            return Err(Failure::new(Fault::Truncated, detail));
        }
        if self.tree.root() != self.checkpoint.root {
            return Err(Failure::new(
                Fault::Altered,
                "the entries do not come to the signed root",
            ));
        }
        if let Some((kept, _)) = self
            .witnessed
            .last_key_value()
            .filter(|(kept, _)| **kept > size)
        {
            let detail = format!(
                "a log of {kept} entries was signed and kept elsewhere, and there are {size}"
            );
            return Err(Failure::new(Fault::Truncated, detail));
        }
        Ok(Verified {
            root: self.checkpoint.root_text(),
            origin: self.checkpoint.origin,
            entries: size,
            witnessed: self.passed,
        })
    }
}
