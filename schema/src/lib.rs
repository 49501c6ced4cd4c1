//! The database's shape: migrations embedded in the binary, applied forward only, under a lock because several
//! processes may start at once.

pub mod migrate;
pub mod roles;
