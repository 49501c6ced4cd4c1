//! The canonical form of what is sealed, and its hash. An event is taken as it is stored, ciphertext included, so that it
//! can be proven after the keys of its subjects are gone. The form never changes; a new one gets a label of its own.

use std::io::Write;

use ring::digest::{Context, SHA256};
use time::OffsetDateTime;

use super::tree::{Hash, to_hash};
use crate::recorded::Recorded;

/// What the form of events begins with.
pub const EVENT_LABEL: &str = "rapport-audit-entry-v1";
/// The longest number: 2^127, with its sign.
const MAX_DIGITS: usize = 40;
/// What the form of checkpoints in the anchor's log begins with.
pub const CHECKPOINT_LABEL: &str = "rapport-audit-anchor-v1";

/// All that is sealed of an event.
#[derive(Clone, Copy, Debug)]
pub struct Form<'a> {
    pub tenant_id: &'a str,
    pub aggregate_type: &'a str,
    pub aggregate_id: &'a str,
    pub sequence: i64,
    pub event_type: &'a str,
    pub event_version: &'a str,
    pub payload: &'a str,
    pub metadata: &'a str,
    pub position: i64,
    pub occurred_at: OffsetDateTime,
    pub recorded_at: OffsetDateTime,
    pub command_id: &'a str,
    pub correlation_id: &'a str,
    pub causation_id: &'a str,
    pub actor: &'a str,
}

impl Form<'_> {
    pub fn hash(&self) -> Hash {
        let mut fields = Fields::new(EVENT_LABEL);
        fields.add(self.tenant_id);
        fields.add(self.aggregate_type);
        fields.add(self.aggregate_id);
        fields.add_number(self.sequence.into());
        fields.add(self.event_type);
        fields.add(self.event_version);
        fields.add(self.payload);
        fields.add(self.metadata);
        fields.add_number(self.position.into());
        fields.add_number(micros(self.occurred_at));
        fields.add_number(micros(self.recorded_at));
        fields.add(self.command_id);
        fields.add(self.correlation_id);
        fields.add(self.causation_id);
        fields.add(self.actor);
        fields.hash()
    }
}

/// The hash of an event.
pub fn of_event(event: &Recorded) -> Hash {
    event.form().hash()
}

/// The hash of a signed checkpoint, as an entry of the anchor's log.
pub fn of_checkpoint(note: &str) -> Hash {
    let mut fields = Fields::new(CHECKPOINT_LABEL);
    fields.add(note);
    fields.hash()
}

/// Microseconds since 1970, which is what the database keeps.
pub fn micros(at: OffsetDateTime) -> i128 {
    at.unix_timestamp_nanos().div_euclid(1_000)
}

/// Fields one behind the other, each behind its length in bytes (32 bits, most significant first), so that no two lists
/// of fields read alike.
struct Fields(Context);

impl Fields {
    fn new(label: &str) -> Self {
        let mut fields = Self(Context::new(&SHA256));
        fields.add(label);
        fields
    }

    fn add(&mut self, text: &str) {
        self.add_bytes(text.as_bytes());
    }

    fn add_bytes(&mut self, bytes: &[u8]) {
        // PostgreSQL holds no text that is longer.
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.0.update(&length.to_be_bytes());
        self.0.update(bytes);
    }

    /// In decimal.
    fn add_number(&mut self, number: i128) {
        let mut digits = [0_u8; MAX_DIGITS];
        let mut rest = digits.as_mut_slice();
        // There is room for every number, so nothing can fail.
        let _ = write!(rest, "{number}");
        let left = rest.len();
        self.add_bytes(&digits[..MAX_DIGITS - left]);
    }

    fn hash(self) -> Hash {
        to_hash(self.0.finish().as_ref())
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::TenantId;

    use super::*;
    use crate::recorded::Payload;

    fn event() -> Recorded {
        Recorded {
            position: 7,
            tenant_id: TenantId::new("t"),
            aggregate_type: "chef".to_owned(),
            aggregate_id: "one".to_owned(),
            sequence: 1,
            event_type: "ChefAdded".to_owned(),
            event_version: "1".to_owned(),
            payload: Payload("{}".to_owned()),
            metadata: Payload("{}".to_owned()),
            occurred_at: OffsetDateTime::UNIX_EPOCH,
            recorded_at: OffsetDateTime::UNIX_EPOCH,
            command_id: "c".to_owned(),
            correlation_id: "c".to_owned(),
            causation_id: "c".to_owned(),
            actor: "system".to_owned(),
        }
    }

    #[test]
    fn a_letter_that_moves_from_one_field_to_the_next_is_another_entry() {
        let mut moved = event();
        (moved.aggregate_type, moved.aggregate_id) = ("che".to_owned(), "fone".to_owned());
        assert_ne!(of_event(&event()), of_event(&moved));
        assert_eq!(of_event(&event()), of_event(&event()));
    }

    #[test]
    fn time_counts_to_the_microsecond() {
        let mut later = event();
        later.recorded_at += time::Duration::microseconds(1);
        assert_ne!(of_event(&event()), of_event(&later));
        assert_eq!(
            micros(OffsetDateTime::UNIX_EPOCH - time::Duration::microseconds(1)),
            -1
        );
    }
}
