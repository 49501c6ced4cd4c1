//! The hashes of RFC 6962 and the chain, and a tree that is only ever added to.

use ring::digest::{Context, SHA256, digest};

/// The bytes of a hash.
pub const HASH_BYTES: usize = 32;

pub type Hash = [u8; HASH_BYTES];

/// The root of a tree as its leaves come by, which is all that a check of a whole log needs.
#[derive(Default)]
pub struct Growing {
    /// Roots of whole subtrees with the number of their leaves, the largest first.
    parts: Vec<(u64, Hash)>,
}

impl Growing {
    pub fn add(&mut self, entry: &Hash) {
        let mut part = (1, leaf(entry));
        while let Some((leaves, left)) = self.parts.pop_if(|last| last.0 == part.0) {
            part = (leaves * 2, node(&left, &part.1));
        }
        self.parts.push(part);
    }

    pub fn size(&self) -> u64 {
        self.parts.iter().map(|part| part.0).sum()
    }

    pub fn root(&self) -> Hash {
        let mut hashes = self.parts.iter().rev().map(|part| part.1);
        let smallest = hashes.next().unwrap_or_else(|| sha256(&[]));
        hashes.fold(smallest, |right, left| node(&left, &right))
    }
}

pub fn sha256(bytes: &[u8]) -> Hash {
    to_array(digest(&SHA256, bytes).as_ref())
}

pub fn leaf(entry: &Hash) -> Hash {
    let mut input = [0; 1 + HASH_BYTES];
    input[1..].copy_from_slice(entry);
    sha256(&input)
}

pub fn node(left: &Hash, right: &Hash) -> Hash {
    sha256(&pair(1, left, right))
}

/// The chain behind an entry.
pub fn link(before: &Hash, entry: &Hash) -> Hash {
    sha256(&pair(2, before, entry))
}

fn pair(prefix: u8, one: &Hash, other: &Hash) -> [u8; 1 + 2 * HASH_BYTES] {
    let mut input = [prefix; 1 + 2 * HASH_BYTES];
    input[1..=HASH_BYTES].copy_from_slice(one);
    input[1 + HASH_BYTES..].copy_from_slice(other);
    input
}

/// The root that a leaf at `index` of a tree of `size` leads to by these siblings, from the bottom up; `None` when there
/// are too many or too few of them.
pub fn climb(entry: &Hash, index: u64, size: u64, siblings: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    // Level by level: where we are, and how many nodes the level has.
    let (mut place, mut width, mut hash) = (index, size, leaf(entry));
    let mut siblings = siblings.iter();
    while width > 1 {
        let has_no_sibling = place % 2 == 0 && place + 1 == width;
        if !has_no_sibling {
            let sibling = siblings.next()?;
            hash = if place % 2 == 0 {
                node(&hash, sibling)
            } else {
                node(sibling, &hash)
            };
        }
        (place, width) = (place / 2, width.div_ceil(2));
    }
    siblings.next().is_none().then_some(hash)
}

/// SHA-256 over fields, each behind its length.
pub struct Fields(Context);

impl Fields {
    pub fn new(label: &str) -> Self {
        let mut fields = Self(Context::new(&SHA256));
        fields.add(label);
        fields
    }

    pub fn add(&mut self, text: &str) {
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        self.0.update(&length.to_be_bytes());
        self.0.update(text.as_bytes());
    }

    pub fn hash(self) -> Hash {
        to_array(self.0.finish().as_ref())
    }
}

/// A hash from its bytes; `None` when they are not as many.
pub fn from_bytes(bytes: &[u8]) -> Option<Hash> {
    bytes.try_into().ok()
}

fn to_array(bytes: &[u8]) -> Hash {
    from_bytes(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn siblings_lead_from_every_leaf_to_the_root() {
        let entries: Vec<Hash> = (0_u64..9).map(|one| sha256(&one.to_be_bytes())).collect();
        for size in 1..=entries.len() {
            let mut tree = Growing::default();
            entries[..size].iter().for_each(|entry| tree.add(entry));
            assert_eq!(tree.size(), size as u64);
            for index in 0..size {
                let siblings = siblings(&entries[..size], index);
                let climbed = climb(&entries[index], index as u64, size as u64, &siblings);
                assert_eq!(climbed, Some(tree.root()), "{index} of {size}");
                let one_more = [siblings.clone(), vec![[0; HASH_BYTES]]].concat();
                assert_eq!(
                    climb(&entries[index], index as u64, size as u64, &one_more),
                    None
                );
            }
        }
    }

    fn siblings(entries: &[Hash], index: usize) -> Vec<Hash> {
        let (mut layer, mut place) = (entries.iter().map(leaf).collect::<Vec<_>>(), index);
        let mut found = Vec::new();
        while layer.len() > 1 {
            if let Some(sibling) = layer.get(place ^ 1) {
                found.push(*sibling);
            }
            let above = layer.chunks(2).map(|two| match two {
                [left, right] => node(left, right),
                _ => two[0],
            });
            (layer, place) = (above.collect(), place / 2);
        }
        found
    }
}
