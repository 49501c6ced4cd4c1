//! The shapes of what is read: an export's head, its entries, and proofs. Unknown fields are refused: what is not known
//! cannot be verified.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::tree::{Hash, from_bytes};
use crate::{Failure, Fault};

pub const EXPORT: &str = "rapport-audit-1";
pub const PROOF: &str = "rapport-audit-proof-1";

#[derive(Deserialize)]
struct AnyDocument {
    format: String,
}

/// The first line of an export.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    #[serde(rename = "format")]
    _format: String,
    pub public_key: String,
    /// The signed checkpoint that the entries lead to.
    pub checkpoint: String,
    pub anchor: Option<Anchor>,
}

/// Where the checkpoint stands in the anchor's log.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    pub checkpoint: String,
    pub index: u64,
    /// Hashes from the bottom up.
    pub proof: Vec<String>,
}

/// One entry of a tenant's log: an event as it is stored.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventEntry<'a> {
    pub index: u64,
    #[serde(borrow)]
    pub prev_hash: Cow<'a, str>,
    #[serde(borrow)]
    pub entry_hash: Cow<'a, str>,
    #[serde(borrow)]
    pub tenant_id: Cow<'a, str>,
    #[serde(borrow)]
    pub aggregate_type: Cow<'a, str>,
    #[serde(borrow)]
    pub aggregate_id: Cow<'a, str>,
    pub sequence: i64,
    #[serde(borrow)]
    pub event_type: Cow<'a, str>,
    #[serde(borrow)]
    pub event_version: Cow<'a, str>,
    /// JSON as text, byte for byte.
    #[serde(borrow)]
    pub payload: Cow<'a, str>,
    #[serde(borrow)]
    pub metadata: Cow<'a, str>,
    pub position: i64,
    /// Microseconds since 1970.
    pub occurred_at: i64,
    pub recorded_at: i64,
    #[serde(borrow)]
    pub command_id: Cow<'a, str>,
    #[serde(borrow)]
    pub correlation_id: Cow<'a, str>,
    #[serde(borrow)]
    pub causation_id: Cow<'a, str>,
    #[serde(borrow)]
    pub actor: Cow<'a, str>,
}

/// One entry of the anchor's log: a signed checkpoint.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointEntry {
    pub index: u64,
    pub prev_hash: String,
    pub entry_hash: String,
    pub note: String,
}

/// A proof of one entry.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof<'a> {
    #[serde(rename = "format")]
    _format: String,
    pub public_key: String,
    #[serde(borrow)]
    pub entry: EventEntry<'a>,
    /// C2SP tlog-proof.
    pub proof: String,
}

/// What a document says that it is.
pub fn format(bytes: &[u8]) -> Result<String, Failure> {
    Ok(parse::<AnyDocument>(bytes)?.format)
}

pub fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Failure> {
    serde_json::from_slice(bytes).map_err(|error| Failure::new(Fault::Input, error.to_string()))
}

pub fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

pub fn hash(text: &str) -> Result<Hash, Failure> {
    let bytes = from_base64(text).as_deref().and_then(from_bytes);
    bytes.ok_or_else(|| Failure::new(Fault::Input, "a hash is not 32 bytes in base64"))
}
