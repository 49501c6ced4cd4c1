//! Every provider that a tenant can configure: what it can do, and which settings and secrets it asks for. The tenant's
//! configuration is checked against this when a sender is made of it, and the pages of documentation follow it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::outcome::{Failure, FailureKind};
use crate::secret::Secret;

/// What a provider can do for a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Capability {
    /// Texts to phones, as SMS.
    SendSms,
    /// Texts to phones, over WhatsApp.
    SendWhatsApp,
    SendEmail,
    /// Hosted checkout and refunds.
    Pay,
    /// Answers of a language model.
    Complete,
    /// Messages and news from outside, by webhook.
    Receive,
    /// Signing people in.
    SignIn,
}

/// A setting or secret of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: &'static str,
    pub need: Need,
    pub meaning: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    Required,
    Optional,
    /// To receive webhooks; without it the provider's door stays shut.
    ToReceive,
}

/// One provider.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// In `configure-provider`, in `/webhooks/{tenant}/{provider}` and in the sandbox's paths.
    pub name: &'static str,
    pub title: &'static str,
    pub capabilities: &'static [Capability],
    pub settings: &'static [Field],
    pub secrets: &'static [Field],
}

/// The setting of any provider that keeps it from being chosen to send, so that another one sends.
pub const SENDS: &str = "sends";

const fn required(name: &'static str, meaning: &'static str) -> Field {
    Field {
        name,
        need: Need::Required,
        meaning,
    }
}

const fn optional(name: &'static str, meaning: &'static str) -> Field {
    Field {
        name,
        need: Need::Optional,
        meaning,
    }
}

const fn to_receive(name: &'static str, meaning: &'static str) -> Field {
    Field {
        name,
        need: Need::ToReceive,
        meaning,
    }
}

/// The setting of whoever brings mails in: where people who work here copy their letters to.
pub const COPIES: &str = "copies_to";
const COPIES_TO: Field = optional(
    COPIES,
    "an address of yours that arrives here: copies (Bcc) of letters to customers and forwarded letters are filed",
);

/// All of them. Where several can do the same, the first that is configured does it.
pub const PROVIDERS: [Entry; 11] = [
    Entry {
        name: "stripe",
        title: "Stripe",
        capabilities: &[Capability::Pay, Capability::Receive],
        settings: &[],
        secrets: &[
            required(
                "secret_key",
                "sk_live_… or rk_live_… with write access to Checkout Sessions and Refunds",
            ),
            to_receive("webhook_secret", "whsec_… of the webhook endpoint"),
        ],
    },
    Entry {
        name: "twilio",
        title: "Twilio",
        capabilities: &[Capability::SendSms, Capability::Receive],
        settings: &[
            required("account_sid", "AC…, the account"),
            optional(
                "from",
                "the number to send from, E.164; senders.sms_from of the tenant when absent",
            ),
            optional(
                "messaging_service_sid",
                "MG…, the pool of numbers to send from",
            ),
            optional(
                "api_key_sid",
                "SK…, to sign in with an API key instead of the auth token",
            ),
        ],
        secrets: &[
            to_receive(
                "auth_token",
                "the account's auth token; it also signs in where no API key is set",
            ),
            optional("api_key_secret", "the secret of the API key"),
            optional(
                "signing_key",
                "the shared key, where webhooks are signed with SHA-256",
            ),
        ],
    },
    Entry {
        name: "ringcentral",
        title: "RingCentral",
        capabilities: &[Capability::SendSms, Capability::Receive],
        settings: &[
            required("client_id", "of the app"),
            optional(
                "from",
                "the number to send from, E.164; senders.sms_from of the tenant when absent",
            ),
        ],
        secrets: &[
            required("client_secret", "of the app"),
            required("jwt", "of the user whose number it is"),
            to_receive(
                "verification_token",
                "a word of your own, given to the webhook subscription",
            ),
        ],
    },
    Entry {
        name: "whatsapp",
        title: "WhatsApp Business Cloud",
        capabilities: &[Capability::SendWhatsApp, Capability::Receive],
        settings: &[required(
            "phone_number_id",
            "the id of the business number, not the number",
        )],
        secrets: &[
            required(
                "access_token",
                "of a system user with whatsapp_business_messaging",
            ),
            to_receive("app_secret", "of the app, which signs webhooks"),
            to_receive(
                "verify_token",
                "a word of your own, asked for when the webhook is set up",
            ),
        ],
    },
    Entry {
        name: "resend",
        title: "Resend",
        capabilities: &[Capability::SendEmail, Capability::Receive],
        settings: &[COPIES_TO],
        secrets: &[
            required("api_key", "re_… with sending access"),
            to_receive("webhook_secret", "whsec_… of the webhook"),
        ],
    },
    Entry {
        name: "smtp",
        title: "A mail server (SMTP)",
        capabilities: &[Capability::SendEmail],
        settings: &[
            required("host", "the server's name"),
            optional("port", "587 when absent"),
            optional(
                "tls",
                "starttls (when absent), tls, or none on the same machine",
            ),
            optional(
                "ca_certificate",
                "PEM of whoever signs the server's certificate, where no public authority does",
            ),
            optional("username", "to sign in"),
        ],
        secrets: &[optional("password", "to sign in")],
    },
    Entry {
        name: "email",
        title: "Mails that come in",
        capabilities: &[Capability::Receive],
        settings: &[COPIES_TO],
        secrets: &[to_receive(
            "webhook_secret",
            "given along with every mail, or signing it",
        )],
    },
    Entry {
        name: "openai",
        title: "OpenAI, and whoever speaks alike",
        capabilities: &[Capability::Complete],
        settings: &[
            optional("model", "gpt-4o when absent"),
            optional(
                "base_url",
                "https address of another server in this style, without /v1",
            ),
        ],
        secrets: &[required("api_key", "sk-…")],
    },
    Entry {
        name: "anthropic",
        title: "Anthropic",
        capabilities: &[Capability::Complete],
        settings: &[optional("model", "claude-haiku-4-5 when absent")],
        secrets: &[required("api_key", "sk-ant-…")],
    },
    Entry {
        name: "openid",
        title: "Sign-in by OpenID Connect",
        capabilities: &[Capability::SignIn],
        settings: &[
            required(
                "issuer",
                "the provider's address, exactly as it names itself",
            ),
            required("client_id", "which the provider gave to this installation"),
            optional(
                "title",
                "the name on the button; the issuer's host when absent",
            ),
            optional(
                "email_domains",
                "domains that people's addresses must be of, with commas between them; any when absent",
            ),
            optional(
                "new_people_role",
                "the role of whoever comes without an invitation; nobody may when absent. Needs email_domains",
            ),
            optional(
                "second_factors",
                "values of the claims amr and acr that stand for a second factor, with commas between them; \
                 ours is asked for when absent",
            ),
        ],
        secrets: &[optional(
            "client_secret",
            "which the provider gave along with the client id, unless it gave none",
        )],
    },
    Entry {
        name: "app",
        title: "Your own programs",
        capabilities: &[Capability::Receive],
        settings: &[],
        secrets: &[to_receive(
            "webhook_secret",
            "whsec_ and base64, 24 to 64 random bytes",
        )],
    },
];

/// A tenant's configuration of one provider, its secrets opened.
#[derive(Clone, Debug)]
pub struct Configured<'a> {
    pub entry: &'static Entry,
    pub settings: &'a Map<String, Value>,
    pub secrets: BTreeMap<String, Secret>,
}

pub fn find(name: &str) -> Option<&'static Entry> {
    PROVIDERS.iter().find(|entry| entry.name == name)
}

/// The provider that does this for a tenant: the first of the list that is configured and not kept from sending.
pub fn choose<'a>(
    capability: Capability,
    settings_of: impl Fn(&str) -> Option<&'a Map<String, Value>>,
) -> Option<&'static Entry> {
    PROVIDERS.iter().find(|entry| {
        entry.capabilities.contains(&capability)
            && settings_of(entry.name)
                .is_some_and(|settings| settings.get(SENDS) != Some(&Value::Bool(false)))
    })
}

impl Configured<'_> {
    /// A setting that must be there.
    ///
    /// # Errors
    /// `Auth`, saying which: it helps to configure it, and no other message will do better before.
    pub fn setting(&self, name: &str) -> Result<&str, Failure> {
        self.optional_setting(name)
            .ok_or_else(|| self.missing("setting", name))
    }

    pub fn optional_setting(&self, name: &str) -> Option<&str> {
        let text = self.settings.get(name)?.as_str()?;
        (!text.is_empty()).then_some(text)
    }

    /// A secret that must be there.
    ///
    /// # Errors
    /// As [`Configured::setting`].
    pub fn secret(&self, name: &str) -> Result<Secret, Failure> {
        let found = self.secrets.get(name).cloned();
        found.ok_or_else(|| self.missing("secret", name))
    }

    fn missing(&self, what: &str, name: &str) -> Failure {
        let provider = self.entry.name;
        let detail = format!("{provider} has no {what} {name}; send configure-provider");
        Failure::new(FailureKind::Auth, detail)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Map, Value, json};

    use super::{Capability, Configured, PROVIDERS, choose, find};
    use crate::outcome::FailureKind;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn names_are_there_once() {
        for entry in &PROVIDERS {
            assert_eq!(
                PROVIDERS
                    .iter()
                    .filter(|other| other.name == entry.name)
                    .count(),
                1
            );
            assert!(!entry.capabilities.is_empty(), "{}", entry.name);
        }
    }

    #[test]
    fn the_first_that_is_configured_and_may_send_is_chosen() {
        let (may, may_not) = (map(json!({})), map(json!({ "sends": false })));
        let both = |name: &str| ["smtp", "resend"].contains(&name).then_some(&may);
        assert_eq!(
            choose(Capability::SendEmail, both).map(|entry| entry.name),
            Some("resend")
        );
        let kept = |name: &str| match name {
            "resend" => Some(&may_not),
            "smtp" => Some(&may),
            _ => None,
        };
        assert_eq!(
            choose(Capability::SendEmail, kept).map(|entry| entry.name),
            Some("smtp")
        );
        assert!(choose(Capability::SendSms, kept).is_none());
    }

    #[test]
    fn what_is_missing_is_named() {
        let settings = map(json!({ "account_sid": "" }));
        let configured = Configured {
            entry: find("twilio").unwrap(),
            settings: &settings,
            secrets: BTreeMap::new(),
        };
        let failure = configured.setting("account_sid").unwrap_err();
        assert_eq!(failure.kind, FailureKind::Auth);
        assert_eq!(
            failure.detail,
            "twilio has no setting account_sid; send configure-provider"
        );
        assert!(
            configured
                .secret("auth_token")
                .unwrap_err()
                .detail
                .contains("secret auth_token")
        );
    }
}
