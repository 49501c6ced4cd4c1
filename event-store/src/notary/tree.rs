//! The Merkle tree of RFC 6962, section 2.1: its hashes, its right edge as it grows, and which subtrees a proof is made of.

use ring::digest::{Context, SHA256, digest};

/// The bytes of a hash.
pub const HASH_BYTES: usize = 32;
/// Subtrees of 2^8, 2^16, … leaves are kept; what lies between is made of them again.
pub const TILE_HEIGHT: u32 = 8;

/// A SHA-256.
pub type Hash = [u8; HASH_BYTES];

const LEAF: u8 = 0;
const NODE: u8 = 1;
const LINK: u8 = 2;

/// The hash of a tree without leaves.
pub fn empty_root() -> Hash {
    sha256(&[])
}

/// SHA-256 of these parts, one behind the other.
pub fn sha256(parts: &[&[u8]]) -> Hash {
    if let [one] = parts {
        return to_hash(digest(&SHA256, one).as_ref());
    }
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    to_hash(context.finish().as_ref())
}

/// The leaf of an entry.
pub fn leaf(entry: &Hash) -> Hash {
    sha256(&[&[LEAF], entry])
}

/// The node above two others.
pub fn node(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[NODE], left, right])
}

/// The chain's next link.
pub fn link(previous: &Hash, entry: &Hash) -> Hash {
    sha256(&[&[LINK], previous, entry])
}

/// Bytes that are a hash; others count as all zeros, which no hash is.
pub fn to_hash(bytes: &[u8]) -> Hash {
    bytes.try_into().unwrap_or([0; HASH_BYTES])
}

/// A whole subtree of 2^level leaves, the `index`-th of its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subtree {
    pub level: u32,
    pub index: u64,
}

/// The right edge of a tree: its whole subtrees, the largest first, which is all that it needs to grow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    nodes: Vec<Hash>,
}

impl Edge {
    /// The edge of a tree of this size; `None` when the bytes are not as many hashes as such a tree has.
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Option<Self> {
        let nodes: Vec<Hash> = bytes.chunks(HASH_BYTES).map(to_hash).collect();
        let is_whole = bytes.len() == nodes.len() * HASH_BYTES;
        (is_whole && nodes.len() == size.count_ones() as usize).then_some(Self { size, nodes })
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        self.nodes.concat()
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf; `completed` is told of every subtree of tile height that it completes.
    pub fn push(&mut self, leaf: Hash, mut completed: impl FnMut(Subtree, Hash)) {
        let (mut hash, mut level, mut index) = (leaf, 0, self.size);
        while index & 1 == 1 {
            let Some(left) = self.nodes.pop() else { break };
            hash = node(&left, &hash);
            (level, index) = (level + 1, index >> 1);
            if level % TILE_HEIGHT == 0 {
                completed(Subtree { level, index }, hash);
            }
        }
        self.nodes.push(hash);
        self.size += 1;
    }

    pub fn root(&self) -> Hash {
        let mut nodes = self.nodes.iter().rev();
        let Some(last) = nodes.next() else {
            return empty_root();
        };
        nodes.fold(*last, |right, left| node(left, &right))
    }
}

/// A run of leaves from `start` to before `end` that is a subtree of some tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    pub start: u64,
    pub end: u64,
}

impl Run {
    /// The whole subtrees that it is made of, the largest first; folded from the right they are its hash.
    pub fn subtrees(self) -> Vec<Subtree> {
        let (mut found, mut start) = (Vec::new(), self.start);
        while start < self.end {
            let length = self.end - start;
            let level = (63 - length.leading_zeros()).min(start.trailing_zeros());
            found.push(Subtree {
                level,
                index: start >> level,
            });
            start += 1 << level;
        }
        found
    }
}

/// The runs whose hashes prove that leaf `index` is in the tree of this size, the lowest first (RFC 6962, 2.1.1).
pub fn inclusion(index: u64, size: u64) -> Vec<Run> {
    let (mut runs, mut start, mut end) = (Vec::new(), 0, size);
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            runs.push(Run { start: middle, end });
            end = middle;
        } else {
            runs.push(Run { start, end: middle });
            start = middle;
        }
    }
    runs.reverse();
    runs
}

/// The runs whose hashes prove that the tree of size `old` is the beginning of that of size `new` (RFC 6962, 2.1.2).
pub fn consistency(old: u64, new: u64) -> Vec<Run> {
    let (mut runs, mut start, mut end) = (Vec::new(), 0, new);
    if old == 0 || old >= new {
        return runs;
    }
    // Whether the old tree is exactly the part that is looked at, so that who checks knows its hash already.
    let mut is_known = true;
    while end != old {
        let middle = start + split(end - start);
        if old <= middle {
            runs.push(Run { start: middle, end });
            end = middle;
        } else {
            runs.push(Run { start, end: middle });
            start = middle;
            is_known = false;
        }
    }
    if !is_known {
        runs.push(Run { start, end });
    }
    runs.reverse();
    runs
}

/// The largest power of two below `length`, which is at least 2.
fn split(length: u64) -> u64 {
    1 << (63 - (length - 1).leading_zeros())
}

/// The root that an inclusion proof leads to (RFC 9162, 2.1.3.2); `None` when it is no proof of this shape.
pub fn root_of(entry: &Hash, (index, size): (u64, u64), proof: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut place, mut last, mut hash) = (index, size - 1, leaf(entry));
    for sibling in proof {
        if last == 0 {
            return None;
        }
        if place & 1 == 1 || place == last {
            hash = node(sibling, &hash);
            while place & 1 == 0 && place != 0 {
                (place, last) = (place >> 1, last >> 1);
            }
        } else {
            hash = node(&hash, sibling);
        }
        (place, last) = (place >> 1, last >> 1);
    }
    (last == 0).then_some(hash)
}

/// Whether a consistency proof leads from the old root to the new one (RFC 9162, 2.1.4.2).
pub fn is_consistent(old: (u64, Hash), new: (u64, Hash), proof: &[Hash]) -> bool {
    if old.0 == new.0 {
        return old.1 == new.1 && proof.is_empty();
    }
    if old.0 == 0 || old.0 > new.0 {
        return old.0 == 0 && old.1 == empty_root() && proof.is_empty();
    }
    let (mut place, mut last) = (old.0 - 1, new.0 - 1);
    while place & 1 == 1 {
        (place, last) = (place >> 1, last >> 1);
    }
    let mut hashes = proof.iter();
    let first = match old.0.is_power_of_two() {
        true => Some(&old.1),
        false => hashes.next(),
    };
    let Some(first) = first else { return false };
    let (mut before, mut after) = (*first, *first);
    for sibling in hashes {
        if last == 0 {
            return false;
        }
        if place & 1 == 1 || place == last {
            (before, after) = (node(sibling, &before), node(sibling, &after));
            while place & 1 == 0 && place != 0 {
                (place, last) = (place >> 1, last >> 1);
            }
        } else {
            after = node(&after, sibling);
        }
        (place, last) = (place >> 1, last >> 1);
    }
    last == 0 && before == old.1 && after == new.1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(size: u64) -> Vec<Hash> {
        (0..size).map(|one| sha256(&[&one.to_be_bytes()])).collect()
    }

    /// By the definition of the RFC, without any shortcut.
    fn by_definition(entries: &[Hash]) -> Hash {
        match entries {
            [] => empty_root(),
            [one] => leaf(one),
            many => {
                let (left, right) = many.split_at(split(many.len() as u64) as usize);
                node(&by_definition(left), &by_definition(right))
            }
        }
    }

    fn hash(run: Run, entries: &[Hash]) -> Hash {
        let of = |subtree: &Subtree| {
            let start = (subtree.index << subtree.level) as usize;
            by_definition(&entries[start..start + (1 << subtree.level)])
        };
        let subtrees = run.subtrees();
        let mut hashes = subtrees.iter().map(of).rev();
        let last = hashes.next().unwrap();
        hashes.fold(last, |right, left| node(&left, &right))
    }

    #[test]
    fn a_tree_that_grows_leaf_by_leaf_is_the_tree_of_the_definition() {
        let (all, mut edge) = (entries(70), Edge::default());
        for (size, entry) in all.iter().enumerate() {
            assert_eq!(edge.root(), by_definition(&all[..size]));
            edge.push(leaf(entry), |_, _| {});
            let read = Edge::from_bytes(edge.size(), &edge.to_bytes());
            assert_eq!(read, Some(edge.clone()));
        }
        assert_eq!(Edge::from_bytes(3, &[0; 32]), None);
    }

    #[test]
    fn every_leaf_of_every_tree_can_be_proven_and_no_other() {
        let all = entries(40);
        for size in 1..=40 {
            let root = by_definition(&all[..size as usize]);
            for index in 0..size {
                let runs = inclusion(index, size);
                let proof: Vec<Hash> = runs.iter().map(|run| hash(*run, &all)).collect();
                let entry = &all[index as usize];
                assert_eq!(root_of(entry, (index, size), &proof), Some(root));
                let other = &all[(index as usize + 1) % 40];
                assert_ne!(root_of(other, (index, size), &proof), Some(root));
                assert_ne!(root_of(entry, (index ^ 1, size), &proof), Some(root));
            }
        }
    }

    #[test]
    fn every_tree_is_provably_the_beginning_of_every_later_one() {
        let all = entries(40);
        let root = |size: u64| (size, by_definition(&all[..size as usize]));
        for new in 1..=40 {
            for old in 0..=new {
                let runs = consistency(old, new);
                let proof: Vec<Hash> = runs.iter().map(|run| hash(*run, &all)).collect();
                assert!(is_consistent(root(old), root(new), &proof), "{old} {new}");
                let forked = (old, leaf(&all[0]));
                assert!(
                    old <= 1 || !is_consistent(forked, root(new), &proof),
                    "{old} {new}"
                );
            }
        }
    }

    #[test]
    fn whole_tiles_are_told_as_they_are_completed() {
        let (all, mut edge, mut told) = (entries(600), Edge::default(), Vec::new());
        for entry in &all {
            edge.push(leaf(entry), |subtree, hash| told.push((subtree, hash)));
        }
        let tile = |index: usize| {
            let subtree = Subtree {
                level: 8,
                index: index as u64,
            };
            (subtree, by_definition(&all[index * 256..(index + 1) * 256]))
        };
        assert_eq!(told, [tile(0), tile(1)]);
    }
}
