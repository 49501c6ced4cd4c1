//! Stripe's webhook signatures: `t=<unix>,v1=<hex HMAC-SHA256 of "t.body">`, several `v1` while a secret is being rolled.
//! Scheme: <https://docs.stripe.com/webhooks#verify-manually>.

use std::fmt;
use std::time::Duration;

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Stripe's own tolerance between the signature's time and ours.
pub const TOLERANCE: Duration = Duration::from_secs(300);
/// Name of the header.
pub const HEADER: &str = "Stripe-Signature";
/// Signatures looked at in one header; Stripe sends one per live secret, and at most two.
const SIGNATURE_LIMIT: usize = 16;
/// Bytes of an HMAC-SHA256.
const MAC_BYTES: usize = 32;

/// Why a webhook is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureError {
    /// No time or no `v1` signature can be read from the header.
    Malformed,
    /// No signature fits the body under any secret.
    Mismatch,
    /// The signature fits but its time is outside the tolerance.
    OutsideTolerance,
}

impl fmt::Display for SignatureError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            SignatureError::Malformed => "the signature header cannot be read",
            SignatureError::Mismatch => "no signature fits the body",
            SignatureError::OutsideTolerance => "the signature is too old or from the future",
        })
    }
}

impl std::error::Error for SignatureError {}

/// Checks a webhook's raw body against the header `Stripe-Signature` under any of the secrets (two while one is being
/// rolled). Comparison takes constant time.
///
/// # Errors
/// The reason; callers should answer all of them alike.
pub fn verify(
    payload: &[u8],
    header: &str,
    secrets: &[&str],
    now_unix: i64,
    tolerance: Duration,
) -> Result<(), SignatureError> {
    let (timestamp, signatures) = parse_header(header).ok_or(SignatureError::Malformed)?;
    let fits = secrets.iter().any(|secret| {
        signatures.iter().any(|signature| {
            mac(payload, secret, timestamp).is_some_and(|mac| mac.verify_slice(signature).is_ok())
        })
    });
    if !fits {
        return Err(SignatureError::Mismatch);
    }
    if now_unix.abs_diff(timestamp) > tolerance.as_secs() {
        return Err(SignatureError::OutsideTolerance);
    }
    Ok(())
}

/// The header that Stripe would send with this body at this time.
pub fn sign(payload: &[u8], secret: &str, timestamp_unix: i64) -> String {
    let hex: String = mac(payload, secret, timestamp_unix)
        .map(|mac| mac.finalize().into_bytes())
        .unwrap_or_default()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("t={timestamp_unix},v1={hex}")
}

/// An empty secret gives none: it would make everybody's signature fit.
fn mac(payload: &[u8], secret: &str, timestamp: i64) -> Option<Hmac<Sha256>> {
    if secret.is_empty() {
        return None;
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(timestamp.to_string().as_bytes());
    mac.update(b".");
    mac.update(payload);
    Some(mac)
}

fn parse_header(header: &str) -> Option<(i64, Vec<[u8; MAC_BYTES]>)> {
    let mut timestamp = None;
    let mut signatures = Vec::new();
    for item in header.split(',') {
        match item.trim().split_once('=') {
            Some(("t", value)) if timestamp.is_none() => timestamp = Some(value.parse().ok()?),
            Some(("v1", value)) if signatures.len() < SIGNATURE_LIMIT => {
                signatures.extend(parse_hex(value));
            }
            _ => {}
        }
    }
    let timestamp = timestamp?;
    (!signatures.is_empty()).then_some((timestamp, signatures))
}

fn parse_hex(text: &str) -> Option<[u8; MAC_BYTES]> {
    if text.len() != MAC_BYTES * 2 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; MAC_BYTES];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{SignatureError, TOLERANCE, sign, verify};

    const BODY: &[u8] = br#"{"id":"evt_1","object":"event"}"#;
    const SECRET: &str = "whsec_first";
    const NOW: i64 = 1_773_511_200;

    #[test]
    fn what_was_signed_is_believed() {
        let header = sign(BODY, SECRET, NOW);
        assert_eq!(verify(BODY, &header, &[SECRET], NOW, TOLERANCE), Ok(()));
    }

    #[test]
    fn the_signature_is_the_one_of_stripes_own_library() {
        assert_eq!(sign(b"{}", "whsec_test", 1_700_000_000), STRIPES_OWN);
    }

    /// Made with `stripe.WebhookSignature.generate_signature_header("{}", "whsec_test", 1700000000)` of stripe 16.1.0.
    const STRIPES_OWN: &str =
        "t=1700000000,v1=35495024f4ef3f94e5a93e22221544c4b75e9a42300cd965ab81cb85cd994e91";

    #[test]
    fn either_secret_fits_while_one_is_rolled() {
        let header = sign(BODY, SECRET, NOW);
        assert_eq!(
            verify(BODY, &header, &["whsec_next", SECRET], NOW, TOLERANCE),
            Ok(())
        );
        let second = sign(BODY, "whsec_next", NOW);
        let both = format!("{header},{}", second.split_once(',').unwrap().1);
        assert_eq!(verify(BODY, &both, &["whsec_next"], NOW, TOLERANCE), Ok(()));
    }

    #[test]
    fn a_changed_body_or_secret_is_not_believed() {
        let header = sign(BODY, SECRET, NOW);
        let mismatch = Err(SignatureError::Mismatch);
        assert_eq!(verify(b"{}", &header, &[SECRET], NOW, TOLERANCE), mismatch);
        assert_eq!(verify(BODY, &header, &["other"], NOW, TOLERANCE), mismatch);
        assert_eq!(verify(BODY, &header, &[], NOW, TOLERANCE), mismatch);
        assert_eq!(verify(BODY, &header, &[""], NOW, TOLERANCE), mismatch);
    }

    #[test]
    fn a_signature_outside_the_tolerance_is_not_believed() {
        let header = sign(BODY, SECRET, NOW);
        for (now, expected) in [
            (NOW + 300, Ok(())),
            (NOW + 301, Err(SignatureError::OutsideTolerance)),
            (NOW - 301, Err(SignatureError::OutsideTolerance)),
        ] {
            assert_eq!(verify(BODY, &header, &[SECRET], now, TOLERANCE), expected);
        }
    }

    #[test]
    fn a_changed_time_breaks_the_signature() {
        let header = sign(BODY, SECRET, NOW).replace(&NOW.to_string(), &(NOW + 1).to_string());
        assert_eq!(
            verify(BODY, &header, &[SECRET], NOW, TOLERANCE),
            Err(SignatureError::Mismatch)
        );
    }

    #[test]
    fn unreadable_headers_are_refused() {
        let long = format!("t={NOW},v1={}", "é".repeat(32));
        for header in ["", "t=1", "v1=00", "t=x,v1=00", "t=1,v0=00", long.as_str()] {
            assert_eq!(
                verify(BODY, header, &[SECRET], NOW, TOLERANCE),
                Err(SignatureError::Malformed),
                "{header}"
            );
        }
    }
}
