//! The signature of webhooks of the Graph API: `sha256=` and the hex HMAC-SHA256 of the body under the app's secret.
//! <https://developers.facebook.com/docs/graph-api/webhooks/getting-started>

use std::fmt;

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Name of the header.
pub const HEADER: &str = "X-Hub-Signature-256";
const PREFIX: &str = "sha256=";

/// The signature fits the body under none of the secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mismatch;

impl fmt::Display for Mismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("no signature fits the body")
    }
}

impl std::error::Error for Mismatch {}

/// Checks a webhook's raw body under any of the secrets. Comparison takes constant time.
///
/// # Errors
/// When nothing fits.
pub fn verify(payload: &[u8], header: &str, secrets: &[&str]) -> Result<(), Mismatch> {
    let claimed = header
        .strip_prefix(PREFIX)
        .and_then(parse_hex)
        .ok_or(Mismatch)?;
    let fits = secrets
        .iter()
        .any(|secret| mac(payload, secret).is_some_and(|mac| mac.verify_slice(&claimed).is_ok()));
    if fits { Ok(()) } else { Err(Mismatch) }
}

/// The header that would be sent with this body.
pub fn sign(payload: &[u8], secret: &str) -> String {
    let hex: String = mac(payload, secret)
        .map(|mac| mac.finalize().into_bytes())
        .unwrap_or_default()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{PREFIX}{hex}")
}

/// An empty secret gives none: it would make everybody's signature fit.
fn mac(payload: &[u8], secret: &str) -> Option<Hmac<Sha256>> {
    if secret.is_empty() {
        return None;
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(payload);
    Some(mac)
}

fn parse_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|index| u8::from_str_radix(text.get(index..index + 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Mismatch, sign, verify};

    /// RFC 4231, test case 2.
    #[test]
    fn the_signature_is_the_one_of_the_rfc() {
        assert_eq!(
            sign(b"what do ya want for nothing?", "Jefe"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn only_what_was_signed_is_believed() {
        let header = sign(b"{}", "secret");
        assert_eq!(verify(b"{}", &header, &["next", "secret"]), Ok(()));
        for (body, header, secret) in [
            (&b"[]"[..], header.as_str(), "secret"),
            (b"{}", header.as_str(), "other"),
            (b"{}", header.as_str(), ""),
            (b"{}", "sha256=zz", "secret"),
            (b"{}", "sha256=é0", "secret"),
            (b"{}", "", "secret"),
        ] {
            assert_eq!(verify(body, header, &[secret]), Err(Mismatch), "{header}");
        }
    }
}
