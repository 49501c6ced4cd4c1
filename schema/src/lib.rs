//! The database's shape: migrations embedded in the binary, applied forward only, under a lock because several
//! processes may start at once.

pub mod migrate;
pub mod positions;
pub mod roles;

/// The indexes and rights that the migrations make, a line each as PostgreSQL tells them; a test keeps them true.
pub const SHAPE: &str = include_str!("../shape.txt");
