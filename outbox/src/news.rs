//! What is news to those who follow the log and tell others of it.

use event_store::recorded::Recorded;
use serde_json::Value;
use time::OffsetDateTime;

/// Whether an event is to be told: history that was imported never was news, and neither is what is older than `oldest`,
/// which is met when the log is read again.
pub(crate) fn is_news(event: &Recorded, oldest: OffsetDateTime) -> bool {
    let is_imported = || {
        let metadata = serde_json::from_str::<Value>(&event.metadata.0).unwrap_or_default();
        metadata["imported"] == true
    };
    event.recorded_at > oldest && !is_imported()
}
