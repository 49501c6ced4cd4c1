//! How each provider makes itself known, over the raw bytes of a delivery: a signature, a secret sent along, or a word.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use integrations::standard_webhooks::{self, HeaderNames, Headers, STANDARD, SVIX};
use integrations::stripe::{events::Event, signatures as stripe};
use integrations::twilio::signatures::{self as twilio, Content, Signed};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{Arrival, PREVIOUS_SUFFIX, Secrets, TurnedAway};

/// The live secrets of a name: its own, and the one before it while it is being rolled.
pub(super) fn live<'a>(secrets: &'a Secrets, name: &str) -> Vec<&'a str> {
    let previous = format!("{name}{PREVIOUS_SUFFIX}");
    [name, previous.as_str()]
        .iter()
        .filter_map(|name| secrets.get(*name))
        .map(|secret| secret.as_str())
        .collect()
}

pub(super) fn admit_stripe(arrival: &Arrival, secrets: &Secrets) -> Result<String, TurnedAway> {
    let secrets = live(secrets, "webhook_secret");
    let header = arrival.header(stripe::HEADER);
    stripe::verify(
        &arrival.body,
        header,
        &secrets,
        arrival.now,
        stripe::TOLERANCE,
    )
    .map_err(|error| {
        TurnedAway::Unsigned(match error {
            stripe::SignatureError::Malformed => "the signature header cannot be read",
            stripe::SignatureError::Mismatch => "no signature fits the body",
            stripe::SignatureError::OutsideTolerance => {
                "the signature is too old or from the future"
            }
        })
    })?;
    let event = Event::parse(&arrival.body)
        .map_err(|error| TurnedAway::Malformed(format!("not a Stripe event: {error}")))?;
    Ok(event.id)
}

pub(super) fn admit_twilio(arrival: &Arrival, secrets: &Secrets) -> Result<String, TurnedAway> {
    const MISMATCH: TurnedAway = TurnedAway::Unsigned("no signature fits the URL and the body");
    let settings = arrival.header(twilio::SETTINGS_HEADER);
    let algorithm = twilio::algorithm(Some(settings)).map_err(|_| MISMATCH)?;
    let secrets = match algorithm {
        twilio::Algorithm::Sha1 => live(secrets, "auth_token"),
        twilio::Algorithm::Sha256 => live(secrets, "signing_key"),
    };
    let is_form = arrival
        .header("content-type")
        .starts_with("application/x-www-form-urlencoded");
    let content = if is_form {
        Content::Form
    } else {
        Content::Other
    };
    let signature = arrival.header(twilio::HEADER);
    let fits = arrival.urls.iter().any(|url| {
        let signed = Signed {
            url,
            body: &arrival.body,
            content,
        };
        twilio::verify(signed, signature, algorithm, &secrets).is_ok()
    });
    if !fits {
        return Err(MISMATCH);
    }
    integrations::twilio::webhooks::parse(&arrival.body, &arrival.query)
        .map(|webhook| webhook.key)
        .map_err(|detail| TurnedAway::Malformed(detail.to_owned()))
}

/// RingCentral signs nothing: its webhooks carry the token that the subscription was made with.
pub(super) fn admit_ringcentral(
    arrival: &Arrival,
    secrets: &Secrets,
) -> Result<String, TurnedAway> {
    use integrations::ringcentral::webhooks;
    let given = arrival.header(webhooks::VERIFICATION_HEADER);
    let fits = live(secrets, "verification_token")
        .iter()
        .any(|token| !token.is_empty() && bool::from(given.as_bytes().ct_eq(token.as_bytes())));
    if !fits {
        return Err(TurnedAway::Unsigned("the verification token is another"));
    }
    webhooks::parse(&arrival.body)
        .map(|webhook| webhook.key)
        .map_err(|detail| TurnedAway::Malformed(detail.to_owned()))
}

/// A batch has no id of its own; the pieces of news in it have theirs.
pub(super) fn admit_whatsapp(arrival: &Arrival, secrets: &Secrets) -> Result<String, TurnedAway> {
    use integrations::whatsapp::{signatures, webhooks};
    let secrets = live(secrets, "app_secret");
    signatures::verify(&arrival.body, arrival.header(signatures::HEADER), &secrets)
        .map_err(|_| TurnedAway::Unsigned("no signature fits the body"))?;
    webhooks::parse(&arrival.body).map_err(|detail| TurnedAway::Malformed(detail.to_owned()))?;
    Ok(hash(&arrival.body))
}

/// The id in the header is covered by the signature and the same for every attempt.
pub(super) fn admit_standard(
    arrival: &Arrival,
    secrets: &Secrets,
    names: HeaderNames,
) -> Result<String, TurnedAway> {
    // A sender may use either set of names, whichever library it has.
    let names = if arrival.header(names.id).is_empty() && names == STANDARD {
        SVIX
    } else {
        names
    };
    let headers = Headers {
        id: arrival.header(names.id),
        timestamp: arrival.header(names.timestamp),
        signature: arrival.header(names.signature),
    };
    let secrets = live(secrets, "webhook_secret");
    let tolerance: Duration = standard_webhooks::TOLERANCE;
    standard_webhooks::verify(&arrival.body, headers, &secrets, arrival.now, tolerance).map_err(
        |error| {
            use integrations::standard_webhooks::SignatureError;
            TurnedAway::Unsigned(match error {
                SignatureError::Malformed => "a signature header is missing or cannot be read",
                SignatureError::Mismatch => "no signature fits the body",
                SignatureError::OutsideTolerance => "the signature is too old or from the future",
            })
        },
    )?;
    Ok(headers.id.to_owned())
}

/// A mail server can rarely sign what it hands on, but it can send a secret; whoever can sign may do that.
pub(super) fn admit_email(arrival: &Arrival, secrets: &Secrets) -> Result<String, TurnedAway> {
    if !arrival.header(STANDARD.signature).is_empty() || !arrival.header(SVIX.signature).is_empty()
    {
        admit_standard(arrival, secrets, STANDARD)?;
    } else {
        let given = given_secret(arrival.header("authorization"));
        let fits = live(secrets, "webhook_secret").iter().any(|secret| {
            !secret.is_empty() && bool::from(given.as_bytes().ct_eq(secret.as_bytes()))
        });
        if !fits {
            return Err(TurnedAway::Unsigned(
                "send the secret as a bearer token, as the password of basic authentication, or sign the mail",
            ));
        }
    }
    let mail = integrations::inbound_mail::parse(&arrival.body)
        .map_err(|detail| TurnedAway::Malformed(detail.to_owned()))?;
    if mail.message_id.is_empty() {
        return Ok(hash(&arrival.body));
    }
    // Strangers choose Message-IDs: two mails of one id are two mails.
    Ok(hash(
        format!("{}\n{}", mail.message_id, mail.from).as_bytes(),
    ))
}

/// The bearer token, or the password of basic authentication.
fn given_secret(authorization: &str) -> Zeroizing<String> {
    let given = match authorization.split_once(' ') {
        Some(("Bearer", token)) => token.trim().to_owned(),
        Some(("Basic", encoded)) => BASE64_STANDARD
            .decode(encoded.trim())
            .ok()
            .and_then(|decoded| String::from_utf8(decoded).ok())
            .and_then(|decoded| {
                decoded
                    .split_once(':')
                    .map(|(_, password)| password.to_owned())
            })
            .unwrap_or_default(),
        _ => String::new(),
    };
    Zeroizing::new(given)
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
