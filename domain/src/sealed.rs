//! Personal data as the domain sees it: plain text only in flight (`Pii`), ciphertext at rest (`Sealed`), and the keyed
//! hash by which it is found again (`BlindIndex`). The domain carries ciphertext and never opens it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Ciphertext of one personal field, base64; made and opened by the vault alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(String);

impl Sealed {
    pub fn new(envelope: String) -> Self {
        Self(envelope)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A keyed hash of a normalised value, hex; lets equal values be found without knowing them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct BlindIndex(String);

impl BlindIndex {
    pub fn new(hex: String) -> Self {
        Self(hex)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A sealed value together with the index to claim it by. The index never enters an event: it is skipped when the
/// event is written, so after a reload it is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SealedKey {
    pub sealed: Sealed,
    #[serde(skip)]
    pub index: BlindIndex,
}

/// Plain personal text in flight, from a request to the vault. It never prints and is never stored.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("x-pii" = true))]
pub struct Pii<T>(T);

impl<T> Pii<T> {
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The plain value; call it only where it is sealed, compared or shown to someone with the right to see it.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> std::fmt::Debug for Pii<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[pii]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_text_never_prints() {
        assert_eq!(format!("{:?}", Pii::new("ada@example.org")), "[pii]");
    }

    #[test]
    fn an_index_never_enters_an_event() {
        let key = SealedKey {
            sealed: Sealed::new("c2VhbGVk".into()),
            index: BlindIndex::new("abc".into()),
        };
        assert_eq!(serde_json::to_string(&key).unwrap(), "\"c2VhbGVk\"");
    }
}
