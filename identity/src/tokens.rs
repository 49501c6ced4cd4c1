//! Random secrets that are shown once: tokens of sessions and of links, and recovery codes. Only their hashes are stored.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use event_store::Result;
use event_store::error::Error;
use sha2::{Digest, Sha256};

/// Random bytes in a token.
pub const TOKEN_BYTES: usize = 32;
/// The longest text that is looked at as a token.
const MAX_CHARS: usize = 64;

/// SHA-256 of a whole token; a fast hash is right, because the token is random and 256 bits long.
pub type TokenHash = [u8; 32];

/// A token as its holder knows it. It never prints itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A new one. Fails only when the operating system has no randomness to give.
    pub fn generate() -> Result<Self> {
        Ok(Self(URL_SAFE_NO_PAD.encode(random::<TOKEN_BYTES>()?)))
    }

    /// A token as it came in; `None` when it cannot be one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let fits =
            text.len() <= MAX_CHARS && URL_SAFE_NO_PAD.decode(text).ok()?.len() == TOKEN_BYTES;
        fits.then(|| Self(text.to_owned()))
    }

    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored.
    pub fn hash(&self) -> TokenHash {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[token]")
    }
}

/// So many random bytes.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::internal(format!("no randomness: {error}")))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_as_it_was_made_and_never_prints() {
        let token = Token::generate().unwrap();
        assert_eq!(Token::parse(token.expose()).unwrap().hash(), token.hash());
        assert_ne!(Token::generate().unwrap(), token);
        assert_eq!(format!("{token:?}"), "[token]");
        for text in ["", "x", "a b", &"A".repeat(42), &"A".repeat(200)] {
            assert_eq!(Token::parse(text), None, "{text}");
        }
    }
}
