//! Questions that providers ask of an address before they post to it: whether it is ours, and whether it agrees.

use std::collections::BTreeMap;

use subtle::ConstantTimeEq;

use super::schemes::live;
use super::{Arrival, Door, Secrets, TurnedAway};

/// Answers WhatsApp's question whether this address is ours: its challenge, where it knows the tenant's word.
///
/// # Errors
/// When it is no such question, or the word is another.
pub fn shake_hands(query: &str, secrets: &Secrets) -> Result<String, TurnedAway> {
    const CHALLENGE_LIMIT_CHARS: usize = 256;
    let asked: BTreeMap<String, String> = integrations::form::decode(query).into_iter().collect();
    let text = |name: &str| asked.get(name).map_or("", String::as_str);
    let given = text("hub.verify_token");
    let fits = live(secrets, "verify_token")
        .iter()
        .any(|word| !word.is_empty() && bool::from(given.as_bytes().ct_eq(word.as_bytes())));
    if text("hub.mode") != "subscribe" || !fits {
        return Err(TurnedAway::Unsigned("the verify token is another"));
    }
    let challenge = text("hub.challenge");
    let is_plain = (1..=CHALLENGE_LIMIT_CHARS).contains(&challenge.len())
        && challenge.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_plain {
        return Err(TurnedAway::Malformed(
            "the challenge is no number".to_owned(),
        ));
    }
    Ok(challenge.to_owned())
}

/// RingCentral's question whether an address agrees, which is answered by saying it again. It says nothing about anybody,
/// so it needs no tenant and no secret.
pub fn echo(door: Door, arrival: &Arrival) -> Option<&str> {
    use integrations::ringcentral::webhooks::{VALIDATION_HEADER, VALIDATION_LIMIT_CHARS};
    let token = arrival.header(VALIDATION_HEADER);
    let is_asked = door == Door::RingCentral
        && (1..=VALIDATION_LIMIT_CHARS).contains(&token.len())
        && token.bytes().all(|byte| byte.is_ascii_graphic());
    is_asked.then_some(token)
}
