//! The doors by which webhooks come in, one per provider: how each of them makes itself known, by what its deliveries are
//! told apart, and how it wants to be answered. Nothing is parsed before the signature has been checked.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use integrations::standard_webhooks::{self, HeaderNames, Headers, STANDARD, SVIX};
use integrations::stripe::{events::Event, signatures as stripe};
use integrations::twilio::signatures::{self as twilio, Content, Signed};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// What secrets are called while the one before them is still good: `webhook_secret_previous`.
pub const PREVIOUS_SUFFIX: &str = "_previous";
/// Longest key that deliveries are told apart by.
const KEY_LIMIT_CHARS: usize = 512;
/// Longest query that is kept with a webhook.
const QUERY_LIMIT_CHARS: usize = 2_000;

/// A provider that may post to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    Stripe,
    Twilio,
    RingCentral,
    WhatsApp,
    Resend,
    /// Mails as they came over the wire, handed on by whoever received them.
    Email,
    /// The tenant's own programs.
    App,
}

/// A delivery as it came.
#[derive(Clone, Debug, Default)]
pub struct Arrival {
    /// By lower-case name.
    pub headers: BTreeMap<String, String>,
    /// The addresses by which the sender may know us, whole, with the query: signatures of URLs are about one of them.
    pub urls: Vec<String>,
    pub query: String,
    pub body: Vec<u8>,
    /// Unix seconds.
    pub now: i64,
}

/// A tenant's opened secrets of one provider, by name.
pub type Secrets = BTreeMap<String, Zeroizing<String>>;

/// A delivery that is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// The same for every delivery of the same news.
    pub event_key: String,
    pub query: String,
    pub acknowledgement: Acknowledgement,
}

/// What the provider wants to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledgement {
    /// `{"received": true}`
    Json,
    /// Nothing but the status.
    Empty,
    /// An empty answer in Twilio's markup.
    Twiml,
}

/// Why a delivery is turned away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TurnedAway {
    /// Not signed by whom it claims to be from; with why.
    Unsigned(&'static str),
    /// Well signed, and not what this provider sends; with why.
    Malformed(String),
}

impl Door {
    pub const ALL: [Door; 7] = [
        Door::Stripe,
        Door::Twilio,
        Door::RingCentral,
        Door::WhatsApp,
        Door::Resend,
        Door::Email,
        Door::App,
    ];

    /// The provider's name, in paths and in `configure-provider`.
    pub fn name(self) -> &'static str {
        match self {
            Door::Stripe => "stripe",
            Door::Twilio => "twilio",
            Door::RingCentral => "ringcentral",
            Door::WhatsApp => "whatsapp",
            Door::Resend => "resend",
            Door::Email => "email",
            Door::App => "app",
        }
    }

    pub fn find(name: &str) -> Option<Door> {
        Door::ALL.into_iter().find(|door| door.name() == name)
    }

    /// The names of the secrets that this door asks for, one of which must be configured.
    pub fn secret_names(self) -> &'static [&'static str] {
        match self {
            Door::Twilio => &["auth_token", "signing_key"],
            Door::RingCentral => &["verification_token"],
            Door::WhatsApp => &["app_secret"],
            _ => &["webhook_secret"],
        }
    }

    /// Checks a delivery, and says by what it is told apart.
    ///
    /// # Errors
    /// Why it is turned away.
    pub fn admit(self, arrival: &Arrival, secrets: &Secrets) -> Result<Admitted, TurnedAway> {
        let (event_key, acknowledgement) = match self {
            Door::Stripe => (admit_stripe(arrival, secrets)?, Acknowledgement::Json),
            Door::Twilio => (admit_twilio(arrival, secrets)?, Acknowledgement::Twiml),
            Door::RingCentral => (admit_ringcentral(arrival, secrets)?, Acknowledgement::Empty),
            Door::WhatsApp => (admit_whatsapp(arrival, secrets)?, Acknowledgement::Empty),
            Door::Resend => (
                admit_standard(arrival, secrets, SVIX)?,
                Acknowledgement::Empty,
            ),
            Door::Email => (admit_email(arrival, secrets)?, Acknowledgement::Empty),
            Door::App => (
                admit_standard(arrival, secrets, STANDARD)?,
                Acknowledgement::Json,
            ),
        };
        if event_key.is_empty() || event_key.chars().count() > KEY_LIMIT_CHARS {
            let detail = format!("a webhook's key has 1 to {KEY_LIMIT_CHARS} characters");
            return Err(TurnedAway::Malformed(detail));
        }
        if arrival.query.len() > QUERY_LIMIT_CHARS {
            let detail = format!("a webhook's query has at most {QUERY_LIMIT_CHARS} characters");
            return Err(TurnedAway::Malformed(detail));
        }
        Ok(Admitted {
            event_key,
            query: arrival.query.clone(),
            acknowledgement,
        })
    }
}

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

impl Arrival {
    fn header(&self, name: &str) -> &str {
        let found = self.headers.get(&name.to_ascii_lowercase());
        found.map_or("", String::as_str)
    }
}

/// The live secrets of a name: its own, and the one before it while it is being rolled.
fn live<'a>(secrets: &'a Secrets, name: &str) -> Vec<&'a str> {
    let previous = format!("{name}{PREVIOUS_SUFFIX}");
    [name, previous.as_str()]
        .iter()
        .filter_map(|name| secrets.get(*name))
        .map(|secret| secret.as_str())
        .collect()
}

fn admit_stripe(arrival: &Arrival, secrets: &Secrets) -> Result<String, TurnedAway> {
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

fn admit_twilio(arrival: &Arrival, secrets: &Secrets) -> Result<String, TurnedAway> {
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
fn admit_ringcentral(arrival: &Arrival, secrets: &Secrets) -> Result<String, TurnedAway> {
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

/// A batch has no id of its own; the pieces of news in it have theirs.
fn admit_whatsapp(arrival: &Arrival, secrets: &Secrets) -> Result<String, TurnedAway> {
    use integrations::whatsapp::{signatures, webhooks};
    let secrets = live(secrets, "app_secret");
    signatures::verify(&arrival.body, arrival.header(signatures::HEADER), &secrets)
        .map_err(|_| TurnedAway::Unsigned("no signature fits the body"))?;
    webhooks::parse(&arrival.body).map_err(|detail| TurnedAway::Malformed(detail.to_owned()))?;
    Ok(hash(&arrival.body))
}

/// The id in the header is covered by the signature and the same for every attempt.
fn admit_standard(
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
fn admit_email(arrival: &Arrival, secrets: &Secrets) -> Result<String, TurnedAway> {
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

#[cfg(test)]
mod tests {
    use integrations::standard_webhooks::sign;
    use zeroize::Zeroizing;

    use super::{Arrival, Door, Secrets, TurnedAway, shake_hands};

    const SECRET: &str = "whsec_c2VjcmV0IG9mIGEgdGVzdCBvZiBkb29ycw==";
    const MAIL: &[u8] = b"From: ada@example.test\r\nMessage-ID: <a1@example.test>\r\n\r\nHi";

    fn secrets(name: &str, secret: &str) -> Secrets {
        Secrets::from([(name.to_owned(), Zeroizing::new(secret.to_owned()))])
    }

    fn arrival(body: &[u8], headers: &[(&str, &str)]) -> Arrival {
        Arrival {
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: body.to_vec(),
            now: 1_773_511_200,
            ..Arrival::default()
        }
    }

    #[test]
    fn a_door_is_found_by_its_name() {
        for door in Door::ALL {
            assert_eq!(Door::find(door.name()), Some(door));
        }
        assert_eq!(Door::find("smtp"), None);
    }

    #[test]
    fn an_app_signs_under_either_set_of_names_and_either_secret() {
        let signature = sign(b"{}", "m1", 1_773_511_200, &[SECRET]);
        for prefix in ["webhook", "svix"] {
            let names = ["id", "timestamp", "signature"].map(|name| format!("{prefix}-{name}"));
            let values = ["m1", "1773511200", signature.as_str()];
            let headers: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(values).collect();
            let arrival = arrival(b"{}", &headers);
            for name in ["webhook_secret", "webhook_secret_previous"] {
                let admitted = Door::App.admit(&arrival, &secrets(name, SECRET)).unwrap();
                assert_eq!(admitted.event_key, "m1");
            }
        }
    }

    #[test]
    fn without_a_secret_nothing_is_believed() {
        for door in Door::ALL {
            let refused = door.admit(&arrival(b"{}", &[]), &Secrets::new());
            assert!(matches!(refused, Err(TurnedAway::Unsigned(_))), "{door:?}");
            for name in door.secret_names() {
                let empty = door.admit(
                    &arrival(MAIL, &[("authorization", "Bearer ")]),
                    &secrets(name, ""),
                );
                assert!(matches!(empty, Err(TurnedAway::Unsigned(_))), "{door:?}");
            }
        }
    }

    #[test]
    fn hands_are_shaken_with_who_knows_the_word() {
        let secrets = secrets("verify_token", "word");
        let ask = |query: &str| shake_hands(query, &secrets);
        let good = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=word";
        assert_eq!(ask(good).as_deref(), Ok("1158201444"));
        for query in [
            "",
            "hub.mode=subscribe&hub.challenge=1&hub.verify_token=other",
            "hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=word",
            "hub.mode=subscribe&hub.challenge=%3Cscript%3E&hub.verify_token=word",
        ] {
            assert!(ask(query).is_err(), "{query}");
        }
        assert!(shake_hands(good, &Secrets::new()).is_err());
    }

    #[test]
    fn a_mail_is_handed_on_with_the_secret_or_signed() {
        let secrets = secrets("webhook_secret", "hunter");
        let keys: Vec<String> = ["Bearer hunter", "Basic YW55Omh1bnRlcg=="]
            .iter()
            .map(|value| arrival(MAIL, &[("authorization", value)]))
            .map(|arrival| Door::Email.admit(&arrival, &secrets).unwrap().event_key)
            .collect();
        assert_eq!(keys[0], keys[1]);
        for wrong in ["Bearer other", "Basic !", "hunter", ""] {
            let arrival = arrival(MAIL, &[("authorization", wrong)]);
            assert!(Door::Email.admit(&arrival, &secrets).is_err(), "{wrong}");
        }
        let nonsense = arrival(b"no mail", &[("authorization", "Bearer hunter")]);
        assert!(matches!(
            Door::Email.admit(&nonsense, &secrets),
            Err(TurnedAway::Malformed(_))
        ));
    }
}
