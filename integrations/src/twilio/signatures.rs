//! Twilio's webhook signatures: base64 HMAC over the URL and the sorted form parameters, or over the URL alone when it
//! names the body's hash. SHA-1 with the auth token, or SHA-256 with a shared key when the settings header says so.
//! <https://www.twilio.com/docs/usage/webhooks/webhooks-security>

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::form;

/// Names of the headers.
pub const HEADER: &str = "X-Twilio-Signature";
pub const SETTINGS_HEADER: &str = "X-Twilio-Webhooks-Signature-Settings";
/// The query parameter that carries the hash of a body that is not a form.
const BODY_HASH: &str = "bodySHA256";

/// The hash that a signature is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// With the account's auth token.
    Sha1,
    /// With a shared key of the account's.
    Sha256,
}

/// A webhook is not believed: no signature fits under any secret, or the scheme is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mismatch;

impl fmt::Display for Mismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("no signature fits the URL and the body")
    }
}

impl std::error::Error for Mismatch {}

/// The algorithm that the settings header names; SHA-1 where there is none.
///
/// # Errors
/// When it names one that is not known.
pub fn algorithm(settings: Option<&str>) -> Result<Algorithm, Mismatch> {
    let named = settings
        .unwrap_or_default()
        .split(',')
        .filter_map(|part| part.split_once('='))
        .find(|(name, value)| name.trim() == "algorithm" && !value.trim().is_empty());
    match named.map(|(_, value)| value.trim().to_ascii_uppercase()) {
        None => Ok(Algorithm::Sha1),
        Some(name) if name == "HMAC_SHA1" => Ok(Algorithm::Sha1),
        Some(name) if name == "HMAC_SHA256" => Ok(Algorithm::Sha256),
        Some(_) => Err(Mismatch),
    }
}

/// What was signed: the URL as Twilio was given it, and the body.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// Whole, with scheme, host and query.
    pub url: &'a str,
    pub body: &'a [u8],
    /// Whether the body is a form, from its content type.
    pub content: Content,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    Form,
    Other,
}

/// Checks a webhook under any of the secrets. Comparison takes constant time. Twilio signs the URL with or without its
/// port, so both are tried.
///
/// # Errors
/// When nothing fits.
pub fn verify(
    signed: Signed<'_>,
    signature: &str,
    algorithm: Algorithm,
    secrets: &[&str],
) -> Result<(), Mismatch> {
    let claimed = BASE64_STANDARD
        .decode(signature.trim())
        .map_err(|_| Mismatch)?;
    if signed.content == Content::Other && !body_hash_fits(signed) {
        return Err(Mismatch);
    }
    let fits = [with_port(signed.url), without_port(signed.url)]
        .iter()
        .any(|url| {
            let text = signed_text(url, signed);
            secrets
                .iter()
                .any(|secret| mac_fits(algorithm, secret, &text, &claimed))
        });
    if fits { Ok(()) } else { Err(Mismatch) }
}

/// The header that Twilio would send with this URL and body.
pub fn sign(signed: Signed<'_>, algorithm: Algorithm, secret: &str) -> String {
    let text = signed_text(signed.url, signed);
    let mac = match algorithm {
        Algorithm::Sha1 => mac_sha1(secret, &text).map(|mac| mac.finalize().into_bytes().to_vec()),
        Algorithm::Sha256 => {
            mac_sha256(secret, &text).map(|mac| mac.finalize().into_bytes().to_vec())
        }
    };
    BASE64_STANDARD.encode(mac.unwrap_or_default())
}

/// The URL, then every parameter's name and value, sorted; one that comes twice with the same value counts once.
fn signed_text(url: &str, signed: Signed<'_>) -> String {
    let mut text = url.to_owned();
    if signed.content == Content::Form {
        let body = String::from_utf8_lossy(signed.body);
        let pairs: BTreeSet<(String, String)> = form::decode(&body).into_iter().collect();
        for (name, value) in pairs {
            text.push_str(&name);
            text.push_str(&value);
        }
    }
    text
}

fn body_hash_fits(signed: Signed<'_>) -> bool {
    let query = signed.url.split_once('?').map_or("", |(_, query)| query);
    let claimed = form::decode(query)
        .into_iter()
        .find(|(name, _)| name == BODY_HASH);
    let hash: String = Sha256::digest(signed.body)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    // Not secret: it stands in the URL, which the signature covers.
    claimed.is_some_and(|(_, claimed)| claimed.eq_ignore_ascii_case(&hash))
}

/// An empty secret gives none: it would make everybody's signature fit.
fn mac_sha1(secret: &str, text: &str) -> Option<Hmac<Sha1>> {
    if secret.is_empty() {
        return None;
    }
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(text.as_bytes());
    Some(mac)
}

fn mac_sha256(secret: &str, text: &str) -> Option<Hmac<Sha256>> {
    if secret.is_empty() {
        return None;
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(text.as_bytes());
    Some(mac)
}

fn mac_fits(algorithm: Algorithm, secret: &str, text: &str, claimed: &[u8]) -> bool {
    match algorithm {
        Algorithm::Sha1 => {
            mac_sha1(secret, text).is_some_and(|mac| mac.verify_slice(claimed).is_ok())
        }
        Algorithm::Sha256 => {
            mac_sha256(secret, text).is_some_and(|mac| mac.verify_slice(claimed).is_ok())
        }
    }
}

fn with_port(url: &str) -> String {
    let Some((scheme, authority, rest)) = parts(url) else {
        return url.to_owned();
    };
    if authority.contains(':') {
        return url.to_owned();
    }
    let port = if scheme == "https" { 443 } else { 80 };
    format!("{scheme}://{authority}:{port}{rest}")
}

fn without_port(url: &str) -> String {
    match parts(url) {
        Some((scheme, authority, rest)) => {
            let host = authority.split(':').next().unwrap_or_default();
            format!("{scheme}://{host}{rest}")
        }
        None => url.to_owned(),
    }
}

/// Scheme, authority, and the rest with its slash.
fn parts(url: &str) -> Option<(&str, &str, &str)> {
    let (scheme, after) = url.split_once("://")?;
    let end = after.find(['/', '?', '#']).unwrap_or(after.len());
    let (authority, rest) = after.split_at(end);
    Some((scheme, authority, rest))
}

#[cfg(test)]
mod tests {
    use super::{Algorithm, Content, Mismatch, Signed, algorithm, sign, verify};

    const URL: &str = "https://crm.example/webhooks/hibachi/twilio?message=m1";
    const BODY: &[u8] = b"To=%2B15550000001&From=%2B15551230001&Body=Hi+there&Body=Hi+there";

    fn form(body: &[u8]) -> Signed<'_> {
        Signed {
            url: URL,
            body,
            content: Content::Form,
        }
    }

    #[test]
    fn what_was_signed_is_believed_under_either_secret_and_port() {
        for algorithm in [Algorithm::Sha1, Algorithm::Sha256] {
            let header = sign(form(BODY), algorithm, "token");
            assert_eq!(
                verify(form(BODY), &header, algorithm, &["next", "token"]),
                Ok(())
            );
            let ported = Signed {
                url: "https://crm.example:443/webhooks/hibachi/twilio?message=m1",
                ..form(BODY)
            };
            assert_eq!(verify(ported, &header, algorithm, &["token"]), Ok(()));
        }
    }

    #[test]
    fn a_changed_body_url_secret_or_algorithm_is_not_believed() {
        let header = sign(form(BODY), Algorithm::Sha1, "token");
        let other = Signed {
            url: "https://crm.example/webhooks/hibachi/twilio?message=m2",
            ..form(BODY)
        };
        for (signed, algorithm, secret) in [
            (form(b"To=x"), Algorithm::Sha1, "token"),
            (other, Algorithm::Sha1, "token"),
            (form(BODY), Algorithm::Sha256, "token"),
            (form(BODY), Algorithm::Sha1, "other"),
            (form(BODY), Algorithm::Sha1, ""),
        ] {
            assert_eq!(verify(signed, &header, algorithm, &[secret]), Err(Mismatch));
        }
        assert_eq!(
            verify(form(BODY), "§", Algorithm::Sha1, &["token"]),
            Err(Mismatch)
        );
    }

    #[test]
    fn a_body_that_is_no_form_is_believed_by_its_hash_in_the_url() {
        let url = "https://crm.example/hook?bodySHA256=\
                   44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
        let signed = |body| Signed {
            url,
            body,
            content: Content::Other,
        };
        let header = sign(signed(b"{}"), Algorithm::Sha1, "token");
        assert_eq!(
            verify(signed(b"{}"), &header, Algorithm::Sha1, &["token"]),
            Ok(())
        );
        assert_eq!(
            verify(signed(b"[]"), &header, Algorithm::Sha1, &["token"]),
            Err(Mismatch)
        );
    }

    #[test]
    fn the_settings_header_chooses_the_algorithm() {
        assert_eq!(algorithm(None), Ok(Algorithm::Sha1));
        assert_eq!(
            algorithm(Some("key=k,algorithm=HMAC_SHA256")),
            Ok(Algorithm::Sha256)
        );
        assert_eq!(algorithm(Some("key=k,algorithm=")), Ok(Algorithm::Sha1));
        assert_eq!(algorithm(Some("algorithm=MD5")), Err(Mismatch));
    }
}
