//! Second factors: codes by time (RFC 6238: SHA-1, six digits, thirty seconds, as every app reads them), and recovery codes
//! for when the device is gone.

use domain::ids::TenantId;
use domain::refusal::{Kind, Refusal};
use event_store::Result;
use event_store::error::Error;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};
use totp_rs::{Builder, Secret, Totp};

use crate::tokens::{TokenHash, random};

/// How long an administrator's second factor holds for the daily work.
pub const USUAL_AGE: Duration = Duration::hours(12);
/// How old it may be for what cannot be taken back.
pub const FRESH_AGE: Duration = Duration::minutes(10);
/// Wrong codes in a row until there is a pause, and the pause.
pub const MAX_FAILURES: i32 = 5;
pub const LOCKED_FOR: Duration = Duration::minutes(15);
/// Recovery codes given out at once; new ones replace them.
pub const RECOVERY_CODES: usize = 10;
/// The longest code that is looked at.
pub const MAX_CODE_CHARS: usize = 40;

const STEP_SECONDS: u64 = 30;
/// RFC 4226 wants 160 bits.
const SECRET_BYTES: usize = 20;
/// Steps before and after the present one that are good too, for clocks that differ.
const SKEW_STEPS: u16 = 1;
const RECOVERY_BYTES: usize = 10;
const RECOVERY_GROUP: usize = 4;

/// A new secret, in base32 as apps take it.
pub fn new_secret() -> Result<String> {
    Ok(secret_of(random::<SECRET_BYTES>()?).to_base32())
}

/// The secret of these bytes, in base32.
pub fn secret_of(bytes: [u8; SECRET_BYTES]) -> Secret {
    Secret::from(bytes)
}

/// What an app reads from a picture: `otpauth://totp/…`.
pub fn otpauth_url(secret: &str, issuer: &str, account: &str) -> String {
    let encode =
        |text: &str| utf8_percent_encode(&text.replace(':', " "), NON_ALPHANUMERIC).to_string();
    let (issuer, account) = (encode(issuer), encode(account));
    format!(
        "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period={STEP_SECONDS}"
    )
}

/// The step whose code this is, if it is good about now and later than the newest that was used.
pub fn check(secret: &str, code: &str, now: OffsetDateTime, used_step: i64) -> Result<Option<i64>> {
    let digits: String = code
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .collect();
    let step = totp(secret)?.check(&digits, seconds(now));
    let step = step.and_then(|step| i64::try_from(step).ok());
    Ok(step.filter(|step| *step > used_step))
}

/// The code of this moment: for the demo and for tests, which are their own devices.
pub fn code_at(secret: &str, at: OffsetDateTime) -> Result<String> {
    Ok(totp(secret)?.generate(seconds(at)).to_string())
}

/// A new set of recovery codes: `abcd-efgh-ijkl-mnop`.
pub fn new_recovery_codes() -> Result<Vec<String>> {
    (0..RECOVERY_CODES)
        .map(|_| {
            let bytes = random::<RECOVERY_BYTES>()?;
            let text = Secret::from(bytes.to_vec()).to_base32().to_lowercase();
            let groups: Vec<String> = text
                .as_bytes()
                .chunks(RECOVERY_GROUP)
                .map(|group| String::from_utf8_lossy(group).into_owned())
                .collect();
            Ok(groups.join("-"))
        })
        .collect()
}

/// What is stored of a recovery code: 80 random bits behind a hash that is this person's own.
pub fn recovery_hash(tenant_id: &TenantId, person_id: &str, code: &str) -> TokenHash {
    let letters: String = code
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric())
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    Sha256::new()
        .chain_update(tenant_id.as_str())
        .chain_update([0])
        .chain_update(person_id)
        .chain_update([0])
        .chain_update(letters)
        .finalize()
        .into()
}

/// The refusal of a second factor that is not there, or too old, with what to do.
pub fn missing(detail: &str) -> Refusal {
    Refusal::forbidden("mfa-required", detail)
}

pub(crate) fn wrong_code() -> Refusal {
    let message = "this code is wrong, was used already, or is no longer good; take the one that the app shows now";
    let mut refusal = Refusal::field("/code", "mfa-code-wrong", message);
    "mfa-code-wrong".clone_into(&mut refusal.code);
    refusal
}

pub(crate) fn locked() -> Refusal {
    let minutes = LOCKED_FOR.whole_minutes();
    let detail = format!("too many wrong codes; try again in {minutes} minutes");
    Refusal::new(Kind::TooMany, "mfa-locked", detail)
}

fn totp(secret: &str) -> Result<Totp> {
    let secret = Secret::try_from_base32(secret)
        .map_err(|_| Error::internal("a stored secret of a second factor is no base32"))?;
    Builder::new()
        .with_secret(secret)
        .with_skew(SKEW_STEPS)
        .with_step_duration(STEP_SECONDS)
        .build()
        .map_err(|error| Error::internal(format!("a stored second factor does not work: {error}")))
}

fn seconds(at: OffsetDateTime) -> u64 {
    u64::try_from(at.unix_timestamp()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B; the last six of its eight digits.
    const RFC_SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(seconds).unwrap()
    }

    #[test]
    fn the_codes_are_those_of_the_rfc() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_at(RFC_SECRET, at(seconds)).unwrap(), code);
            let step = check(RFC_SECRET, code, at(seconds), 0).unwrap();
            assert_eq!(step, Some(seconds / 30));
        }
    }

    #[test]
    fn a_code_is_good_once_and_about_now() {
        let secret = new_secret().unwrap();
        let now = at(1_800_000_000);
        let code = code_at(&secret, now).unwrap();
        let step = check(&secret, &code, now, 0).unwrap().unwrap();
        assert_eq!(check(&secret, &code, now, step).unwrap(), None);
        let spaced = format!("{} {}", &code[..3], &code[3..]);
        assert!(
            check(&secret, &spaced, now + Duration::seconds(30), 0)
                .unwrap()
                .is_some()
        );
        assert_eq!(
            check(&secret, &code, now + Duration::minutes(2), 0).unwrap(),
            None
        );
        for other in ["", "12345", "1234567", "abcdef"] {
            assert_eq!(check(&secret, other, now, 0).unwrap(), None, "{other}");
        }
    }

    #[test]
    fn recovery_codes_differ_and_are_read_as_people_type_them() {
        let codes = new_recovery_codes().unwrap();
        let distinct: std::collections::BTreeSet<&String> = codes.iter().collect();
        assert_eq!(distinct.len(), RECOVERY_CODES);
        let tenant = TenantId::new("t");
        let code = &codes[0];
        assert_eq!(code.len(), 19);
        let typed = code.replace('-', " ").to_uppercase();
        assert_eq!(
            recovery_hash(&tenant, "ada", code),
            recovery_hash(&tenant, "ada", &typed)
        );
        assert_ne!(
            recovery_hash(&tenant, "ada", code),
            recovery_hash(&tenant, "bob", code)
        );
    }

    #[test]
    fn apps_can_read_the_address() {
        let url = otpauth_url(RFC_SECRET, "Fire & Rice", "ada@example.org");
        assert_eq!(
            url,
            format!(
                "otpauth://totp/Fire%20%26%20Rice:ada%40example%2Eorg?secret={RFC_SECRET}\
                     &issuer=Fire%20%26%20Rice&algorithm=SHA1&digits=6&period=30"
            )
        );
    }
}
