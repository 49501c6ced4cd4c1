//! Standard Webhooks, both directions: `v1,` and base64 HMAC-SHA256 of `id.timestamp.body`, several signatures while a
//! secret is being rolled. Svix signs alike under names of its own. <https://www.standardwebhooks.com>

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The tolerance between the signature's time and ours that the reference libraries have.
pub const TOLERANCE: Duration = Duration::from_secs(300);
/// What a secret begins with; the rest is base64.
pub const SECRET_PREFIX: &str = "whsec_";
/// Longest id of a webhook.
pub const ID_LIMIT_CHARS: usize = 256;
/// Signatures looked at in one header.
const SIGNATURE_LIMIT: usize = 16;
/// Secrets are written with or without padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Names of the three headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderNames {
    pub id: &'static str,
    pub timestamp: &'static str,
    pub signature: &'static str,
}

/// As the specification names them.
pub const STANDARD: HeaderNames = HeaderNames {
    id: "webhook-id",
    timestamp: "webhook-timestamp",
    signature: "webhook-signature",
};
/// As Svix names them, and whoever sends through Svix.
pub const SVIX: HeaderNames = HeaderNames {
    id: "svix-id",
    timestamp: "svix-timestamp",
    signature: "svix-signature",
};

/// Why a webhook is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureError {
    /// A header is missing or cannot be read.
    Malformed,
    /// No signature fits the body under any secret.
    Mismatch,
    /// The signature fits but its time is outside the tolerance.
    OutsideTolerance,
}

impl fmt::Display for SignatureError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            SignatureError::Malformed => "a signature header is missing or cannot be read",
            SignatureError::Mismatch => "no signature fits the body",
            SignatureError::OutsideTolerance => "the signature is too old or from the future",
        })
    }
}

impl std::error::Error for SignatureError {}

/// The values of the three headers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Headers<'a> {
    pub id: &'a str,
    pub timestamp: &'a str,
    pub signature: &'a str,
}

/// Checks a webhook's raw body under any of the secrets (two while one is being rolled). Comparison takes constant time.
///
/// # Errors
/// The reason; callers should answer all of them alike.
pub fn verify(
    payload: &[u8],
    headers: Headers<'_>,
    secrets: &[&str],
    now_unix: i64,
    tolerance: Duration,
) -> Result<(), SignatureError> {
    let id_is_plain = (1..=ID_LIMIT_CHARS).contains(&headers.id.len())
        && headers.id.bytes().all(|byte| byte.is_ascii_graphic());
    let timestamp: i64 = headers
        .timestamp
        .parse()
        .map_err(|_| SignatureError::Malformed)?;
    let signatures: Vec<Vec<u8>> = headers
        .signature
        .split(' ')
        .filter_map(|signature| signature.strip_prefix("v1,"))
        .take(SIGNATURE_LIMIT)
        .filter_map(|signature| BASE64_STANDARD.decode(signature).ok())
        .collect();
    if !id_is_plain || signatures.is_empty() {
        return Err(SignatureError::Malformed);
    }
    let fits = secrets.iter().any(|secret| {
        signatures.iter().any(|signature| {
            mac(payload, headers.id, timestamp, secret)
                .is_some_and(|mac| mac.verify_slice(signature).is_ok())
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

/// The signature header for this body, one signature per secret; empty where no secret can be read.
pub fn sign(payload: &[u8], id: &str, timestamp_unix: i64, secrets: &[&str]) -> String {
    let signatures: Vec<String> = secrets
        .iter()
        .filter_map(|secret| mac(payload, id, timestamp_unix, secret))
        .map(|mac| format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes())))
        .collect();
    signatures.join(" ")
}

/// An empty secret, or one that is no base64, gives none.
fn mac(payload: &[u8], id: &str, timestamp: i64, secret: &str) -> Option<Hmac<Sha256>> {
    let encoded = secret.strip_prefix(SECRET_PREFIX).unwrap_or(secret);
    let key = LENIENT.decode(encoded).ok().filter(|key| !key.is_empty())?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(id.as_bytes());
    mac.update(b".");
    mac.update(timestamp.to_string().as_bytes());
    mac.update(b".");
    mac.update(payload);
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::{Headers, SignatureError, TOLERANCE, sign, verify};

    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const NOW: i64 = 1_614_265_330;
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";

    fn headers(signature: &str) -> Headers<'_> {
        Headers {
            id: ID,
            timestamp: "1614265330",
            signature,
        }
    }

    /// The example of the specification and of its libraries' own tests.
    #[test]
    fn the_signature_is_the_one_of_the_specification() {
        assert_eq!(
            sign(BODY, ID, NOW, &[SECRET]),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn either_secret_fits_while_one_is_rolled() {
        let next = "whsec_bmV4dCBzZWNyZXQgb2YgYSB0ZXN0";
        let both = sign(BODY, ID, NOW, &[SECRET, next]);
        for secret in [SECRET, next] {
            assert_eq!(
                verify(BODY, headers(&both), &["", secret], NOW, TOLERANCE),
                Ok(())
            );
        }
    }

    #[test]
    fn what_was_changed_is_not_believed() {
        let good = sign(BODY, ID, NOW, &[SECRET]);
        let mismatch = Err(SignatureError::Mismatch);
        assert_eq!(
            verify(b"{}", headers(&good), &[SECRET], NOW, TOLERANCE),
            mismatch
        );
        assert_eq!(
            verify(BODY, headers(&good), &["whsec_"], NOW, TOLERANCE),
            mismatch
        );
        let other_id = Headers {
            id: "msg_2",
            ..headers(&good)
        };
        assert_eq!(verify(BODY, other_id, &[SECRET], NOW, TOLERANCE), mismatch);
        for (now, expected) in [
            (NOW + 300, Ok(())),
            (NOW + 301, Err(SignatureError::OutsideTolerance)),
            (NOW - 301, Err(SignatureError::OutsideTolerance)),
        ] {
            assert_eq!(
                verify(BODY, headers(&good), &[SECRET], now, TOLERANCE),
                expected
            );
        }
    }

    #[test]
    fn headers_that_cannot_be_read_are_refused() {
        let good = sign(BODY, ID, NOW, &[SECRET]);
        for broken in [
            Headers::default(),
            headers("v1a,xxxx"),
            headers("v1,§"),
            Headers {
                id: "",
                ..headers(&good)
            },
            Headers {
                id: "a b",
                ..headers(&good)
            },
            Headers {
                timestamp: "soon",
                ..headers(&good)
            },
        ] {
            assert_eq!(
                verify(BODY, broken, &[SECRET], NOW, TOLERANCE),
                Err(SignatureError::Malformed),
                "{broken:?}"
            );
        }
    }
}
