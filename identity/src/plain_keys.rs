//! An API key in the clear: 32 random bytes behind a prefix that secret scanners know, and before a checksum that tells
//! a mistyped key from an unknown one without asking the database.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::refusal::{Kind, Refusal};
use event_store::Result;
use event_store::error::Error;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What every key starts with.
pub const PREFIX: &str = "rpt_";
/// Random bytes in a key.
pub const SECRET_BYTES: usize = 32;
/// Bytes of SHA-256 at the end of a key.
pub const CHECKSUM_BYTES: usize = 4;

/// A key as its holder knows it. It never prints itself; show it once, with `expose`, when it is made.
#[derive(Clone, PartialEq, Eq)]
pub struct PlainKey(String);

impl PlainKey {
    /// A new random key. Fails only when the operating system has no randomness to give.
    pub fn generate() -> Result<Self> {
        let mut secret = [0; SECRET_BYTES];
        getrandom::fill(&mut secret)
            .map_err(|error| Error::internal(format!("no randomness: {error}")))?;
        Ok(Self::from_secret(&secret))
    }

    /// The key of a given secret: the demo derives its secrets so that its keys outlive restarts.
    pub fn from_secret(secret: &[u8; SECRET_BYTES]) -> Self {
        let mut bytes = secret.to_vec();
        bytes.extend_from_slice(&checksum(secret));
        Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Reads a key from a request. Refused with 401 `key-malformed` when it cannot be one of ours.
    pub fn parse(text: &str) -> std::result::Result<Self, Refusal> {
        let bytes = text
            .strip_prefix(PREFIX)
            .and_then(|rest| URL_SAFE_NO_PAD.decode(rest).ok());
        let sound = bytes.is_some_and(|bytes| {
            bytes.len() == SECRET_BYTES + CHECKSUM_BYTES
                && bool::from(checksum(&bytes[..SECRET_BYTES]).ct_eq(&bytes[SECRET_BYTES..]))
        });
        if sound {
            return Ok(Self(text.to_owned()));
        }
        Err(Refusal::new(
            Kind::Unauthenticated,
            "key-malformed",
            "this is not an API key, or it was copied wrongly",
        ))
    }

    /// The key itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored: SHA-256. A fast hash is right here, because the secret is random and 256 bits long.
    pub fn hash(&self) -> KeyHash {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl std::fmt::Debug for PlainKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[api key]")
    }
}

/// SHA-256 of a whole key.
pub type KeyHash = [u8; 32];

fn checksum(secret: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let digest = Sha256::new()
        .chain_update(PREFIX)
        .chain_update(secret)
        .finalize();
    let mut sum = [0; CHECKSUM_BYTES];
    sum.copy_from_slice(&digest[..CHECKSUM_BYTES]);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_as_it_was_made() {
        let key = PlainKey::generate().unwrap();
        assert_eq!(PlainKey::parse(key.expose()).unwrap(), key);
        assert_ne!(PlainKey::generate().unwrap(), key);
    }

    #[test]
    fn any_single_mistyped_letter_is_noticed() {
        let key = PlainKey::from_secret(&[7; SECRET_BYTES]);
        for place in 0..key.expose().len() {
            let mut typed = key.expose().to_owned().into_bytes();
            typed[place] = if typed[place] == b'A' { b'B' } else { b'A' };
            let typed = String::from_utf8(typed).unwrap();
            assert_eq!(
                PlainKey::parse(&typed).unwrap_err().code,
                "key-malformed",
                "{typed}"
            );
        }
    }

    #[test]
    fn other_credentials_are_no_keys() {
        for text in ["", "rpt_", "rpt_abc", "sk_test_51H", "rpt_äöü"] {
            assert_eq!(
                PlainKey::parse(text).unwrap_err().kind,
                Kind::Unauthenticated
            );
        }
    }

    #[test]
    fn a_key_never_prints() {
        assert_eq!(
            format!("{:?}", PlainKey::from_secret(&[1; SECRET_BYTES])),
            "[api key]"
        );
    }
}
