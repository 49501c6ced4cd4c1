//! What people may read of the data about them, and who has read it.

pub(crate) mod export;
mod imported;
mod opening;
mod page;
pub(crate) mod reads;

use time::Duration;

/// For so long after `export-subject` the export can be read.
pub const EXPORT_READABLE: Duration = Duration::hours(24);
