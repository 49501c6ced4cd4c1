//! The doors by which webhooks come in, one per provider: how each of them makes itself known, by what its deliveries are
//! told apart, and how it wants to be answered. Nothing is parsed before the signature has been checked.

pub mod handshakes;
mod schemes;

use std::collections::BTreeMap;

use integrations::standard_webhooks::{STANDARD, SVIX};
use zeroize::Zeroizing;

use self::schemes::{
    admit_email, admit_ringcentral, admit_standard, admit_stripe, admit_twilio, admit_whatsapp,
};

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

impl Arrival {
    fn header(&self, name: &str) -> &str {
        let found = self.headers.get(&name.to_ascii_lowercase());
        found.map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use integrations::standard_webhooks::sign;
    use zeroize::Zeroizing;

    use super::handshakes::shake_hands;
    use super::{Arrival, Door, Secrets, TurnedAway};

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
