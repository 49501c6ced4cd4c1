//! The notary: a subscriber that seals the log behind the writers. Each tenant's events are the leaves of a Merkle tree
//! (RFC 6962) and the links of a chain; heads are signed as checkpoints, which are the leaves of one more tree, the
//! anchor. What is hashed, and how, stands in docs/audit.md.

pub mod checkpoints;
pub mod entries;
pub mod heads;
pub mod logs;
pub mod notes;
pub mod proofs;
pub mod signing;
pub mod subscriber;
pub mod tree;
pub mod verification;
pub mod witnesses;

/// The log of the checkpoints. No tenant's id looks like it.
pub const ANCHOR: &str = "$anchor";
