//! What can be asked of a provider, whichever a tenant has chosen: to send a text, to send an e-mail, to answer. Each is
//! made of the tenant's configuration and keeps its connections as long as that stays.

use serde_json::Value;
use time::OffsetDateTime;

use crate::addresses::Addresses;
use crate::anthropic::Anthropic;
use crate::catalogue::Configured;
use crate::completions::{Completion, Prompt};
use crate::http::HttpClient;
use crate::openai::OpenAi;
use crate::outcome::{Failure, FailureKind};
use crate::resend::Resend;
use crate::ringcentral::{Credentials, RingCentral};
use crate::smtp::mails::Mail;
use crate::smtp::{Smtp, SmtpConfig, SmtpCredentials, Tls};
use crate::texts::{NewText, Sent};
use crate::twilio::{Account, Sender, Twilio};
use crate::whatsapp::WhatsApp;

/// The submission port (RFC 6409), where none is named.
const SUBMISSION_PORT: u64 = 587;
/// Models, where none is named.
const OPENAI_MODEL: &str = "gpt-4o";
const ANTHROPIC_MODEL: &str = "claude-haiku-4-5";

/// What the provider knows of a message that may or may not have been sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Sent(Sent),
    /// It was never taken on: it may be sent again.
    Nothing,
    /// The provider cannot be asked; only its webhooks tell.
    CannotTell,
}

/// Sends texts to phones.
#[derive(Clone, Debug)]
pub enum TextSender {
    Twilio(Twilio),
    RingCentral(RingCentral),
    WhatsApp(WhatsApp),
}

impl TextSender {
    /// # Errors
    /// `Auth`, when the configuration lacks something; `Refused`, when the provider sends no texts.
    pub fn new(
        http: HttpClient,
        addresses: &Addresses,
        configured: &Configured<'_>,
    ) -> Result<TextSender, Failure> {
        let base_url = base_url(addresses, configured)?;
        match configured.entry.name {
            "twilio" => {
                let account_sid = configured.setting("account_sid")?.to_owned();
                let (user, password) = match configured.optional_setting("api_key_sid") {
                    Some(sid) => (sid.to_owned(), configured.secret("api_key_secret")?),
                    None => (account_sid.clone(), configured.secret("auth_token")?),
                };
                let sender = match configured.optional_setting("messaging_service_sid") {
                    Some(sid) => Sender::MessagingService(sid.to_owned()),
                    None => Sender::Number(configured.setting("from")?.to_owned()),
                };
                let account = Account {
                    account_sid,
                    user,
                    password,
                };
                Ok(TextSender::Twilio(Twilio::new(
                    http, base_url, account, sender,
                )))
            }
            "ringcentral" => {
                let credentials = Credentials {
                    client_id: configured.setting("client_id")?.to_owned(),
                    client_secret: configured.secret("client_secret")?,
                    jwt: configured.secret("jwt")?,
                };
                let from = configured.setting("from")?;
                let client = RingCentral::new(http, base_url, credentials, from);
                Ok(TextSender::RingCentral(client))
            }
            "whatsapp" => {
                let number = configured.setting("phone_number_id")?;
                let token = configured.secret("access_token")?;
                Ok(TextSender::WhatsApp(WhatsApp::new(
                    http, base_url, number, token,
                )))
            }
            _ => Err(cannot(configured, "sends no texts")),
        }
    }

    /// The provider's name, which its webhooks come under.
    pub fn provider(&self) -> &'static str {
        match self {
            TextSender::Twilio(_) => "twilio",
            TextSender::RingCentral(_) => "ringcentral",
            TextSender::WhatsApp(_) => "whatsapp",
        }
    }

    /// # Errors
    /// As the provider classifies; after `Unknown` ask [`TextSender::find_sent`] first.
    pub async fn send_text(&self, new: &NewText) -> Result<Sent, Failure> {
        match self {
            TextSender::Twilio(twilio) => twilio.send_text(new).await,
            TextSender::RingCentral(ringcentral) => ringcentral.send_text(new).await,
            TextSender::WhatsApp(whatsapp) => whatsapp.send_text(new).await,
        }
    }

    /// Looks for a text that an earlier attempt, made since `since`, may have sent; `others` are ids that belong to other
    /// texts.
    ///
    /// # Errors
    /// As the provider classifies.
    pub async fn find_sent(
        &self,
        new: &NewText,
        since: OffsetDateTime,
        others: &[String],
    ) -> Result<Found, Failure> {
        let found = match self {
            TextSender::Twilio(twilio) => twilio.find_sent(new, since, others).await?,
            TextSender::RingCentral(ringcentral) => {
                ringcentral.find_sent(new, since, others).await?
            }
            TextSender::WhatsApp(_) => return Ok(Found::CannotTell),
        };
        Ok(found.map_or(Found::Nothing, Found::Sent))
    }
}

/// Sends e-mail.
pub enum MailSender {
    Smtp(Smtp),
    Resend(Resend),
}

impl MailSender {
    /// # Errors
    /// `Auth`, when the configuration lacks something; `Refused`, when the provider sends no e-mail.
    pub fn new(
        http: HttpClient,
        addresses: &Addresses,
        configured: &Configured<'_>,
    ) -> Result<MailSender, Failure> {
        match configured.entry.name {
            "smtp" => Ok(MailSender::Smtp(Smtp::new(smtp_config(configured)?)?)),
            "resend" => {
                let base_url = base_url(addresses, configured)?;
                let api_key = configured.secret("api_key")?;
                Ok(MailSender::Resend(Resend::new(http, base_url, api_key)))
            }
            _ => Err(cannot(configured, "sends no e-mail")),
        }
    }

    /// The provider's name, which its webhooks come under.
    pub fn provider(&self) -> &'static str {
        match self {
            MailSender::Smtp(_) => "smtp",
            MailSender::Resend(_) => "resend",
        }
    }

    /// Sends one mail. Its Message-ID is the same for every attempt, and is the key where a provider takes one. A mail
    /// server has no ids of its own: the Message-ID is the id of what it has taken on.
    ///
    /// # Errors
    /// As the provider classifies.
    pub async fn send(&self, mail: &Mail) -> Result<Sent, Failure> {
        let id = mail.message_id.trim_matches(['<', '>']);
        match self {
            MailSender::Smtp(smtp) => smtp.send(mail).await.map(|_| Sent {
                provider_message_id: id.to_owned(),
            }),
            MailSender::Resend(resend) => resend.send_email(mail, id).await,
        }
    }
}

/// Answers prompts.
#[derive(Clone, Debug)]
pub enum Completer {
    OpenAi { client: OpenAi, model: String },
    Anthropic { client: Anthropic, model: String },
}

impl Completer {
    /// # Errors
    /// `Auth`, when the configuration lacks something; `Refused`, when the provider has no models or its address is not
    /// one that a tenant may name.
    pub fn new(
        http: HttpClient,
        addresses: &Addresses,
        configured: &Configured<'_>,
    ) -> Result<Completer, Failure> {
        let api_key = configured.secret("api_key")?;
        let model = |fallback: &str| {
            let model = configured.optional_setting("model");
            model.unwrap_or(fallback).to_owned()
        };
        match configured.entry.name {
            "openai" => Ok(Completer::OpenAi {
                client: OpenAi::new(http, openai_url(addresses, configured)?, api_key),
                model: model(OPENAI_MODEL),
            }),
            "anthropic" => Ok(Completer::Anthropic {
                client: Anthropic::new(http, base_url(addresses, configured)?, api_key),
                model: model(ANTHROPIC_MODEL),
            }),
            _ => Err(cannot(configured, "has no language models")),
        }
    }

    /// The model that is asked where a prompt names none.
    pub fn model(&self) -> &str {
        let (Completer::OpenAi { model, .. } | Completer::Anthropic { model, .. }) = self;
        model
    }

    /// Asks the prompt's model, or the tenant's where the prompt names none.
    ///
    /// # Errors
    /// As the provider classifies.
    pub async fn complete(&self, prompt: &Prompt) -> Result<Completion, Failure> {
        let (Completer::OpenAi { model, .. } | Completer::Anthropic { model, .. }) = self;
        let prompt = match prompt.model.as_str() {
            "" => &Prompt {
                model: model.clone(),
                ..prompt.clone()
            },
            _ => prompt,
        };
        match self {
            Completer::OpenAi { client, .. } => client.complete(prompt).await,
            Completer::Anthropic { client, .. } => client.complete(prompt).await,
        }
    }
}

fn smtp_config(configured: &Configured<'_>) -> Result<SmtpConfig, Failure> {
    let port = configured.settings.get("port").and_then(Value::as_u64);
    let port = u16::try_from(port.unwrap_or(SUBMISSION_PORT))
        .map_err(|_| cannot(configured, "has a port above 65535"))?;
    let credentials = match configured.optional_setting("username") {
        Some(username) => Some(SmtpCredentials {
            username: username.to_owned(),
            password: configured.secret("password")?,
        }),
        None => None,
    };
    Ok(SmtpConfig {
        host: configured.setting("host")?.to_owned(),
        port,
        tls: match configured.optional_setting("tls") {
            Some("none") => Tls::None,
            Some("tls") => Tls::Tls,
            _ => Tls::StartTls,
        },
        ca_certificate: configured
            .optional_setting("ca_certificate")
            .map(str::to_owned),
        credentials,
    })
}

/// A tenant may name another server in OpenAI's style, by https alone; a stand-in stands in for that too.
fn openai_url(addresses: &Addresses, configured: &Configured<'_>) -> Result<String, Failure> {
    match configured.optional_setting("base_url") {
        Some(url) if !addresses.is_stand_in() => {
            let is_https = url
                .strip_prefix("https://")
                .is_some_and(|rest| !rest.is_empty() && !rest.contains(['@', '?', '#']));
            if !is_https {
                return Err(cannot(
                    configured,
                    "has a base_url that is no plain https address",
                ));
            }
            Ok(url.to_owned())
        }
        _ => base_url(addresses, configured),
    }
}

fn base_url(addresses: &Addresses, configured: &Configured<'_>) -> Result<String, Failure> {
    addresses
        .of(configured.entry.name)
        .ok_or_else(|| cannot(configured, "has no address of its own"))
}

fn cannot(configured: &Configured<'_>, why: &str) -> Failure {
    Failure::new(
        FailureKind::Refused,
        format!("{} {why}", configured.entry.name),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Map, Value, json};

    use super::{Completer, MailSender, TextSender};
    use crate::addresses::Addresses;
    use crate::catalogue::{Configured, find};
    use crate::http::client;
    use crate::outcome::FailureKind;
    use crate::secret::Secret;

    fn settings(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    fn configured<'a>(
        name: &str,
        settings: &'a Map<String, Value>,
        secrets: &[&str],
    ) -> Configured<'a> {
        let secrets = secrets.iter();
        Configured {
            entry: find(name).unwrap(),
            settings,
            secrets: secrets
                .map(|name| ((*name).to_owned(), Secret::new("s")))
                .collect::<BTreeMap<_, _>>(),
        }
    }

    #[test]
    fn a_text_sender_is_made_of_what_is_configured() {
        let http = client().unwrap();
        let make = |settings: Value, secrets: &[&str]| {
            let settings = self::settings(settings);
            let configured = configured("twilio", &settings, secrets);
            TextSender::new(http.clone(), &Addresses::real(), &configured)
                .map(|sender| sender.provider())
        };
        let number = json!({ "account_sid": "AC1", "from": "+15550000001" });
        assert_eq!(make(number.clone(), &["auth_token"]), Ok("twilio"));
        let pool =
            json!({ "account_sid": "AC1", "messaging_service_sid": "MG1", "api_key_sid": "SK1" });
        assert_eq!(make(pool.clone(), &["api_key_secret"]), Ok("twilio"));
        for (settings, secrets, missing) in [
            (number, &[][..], "secret auth_token"),
            (pool, &["auth_token"], "secret api_key_secret"),
            (
                json!({ "account_sid": "AC1" }),
                &["auth_token"],
                "setting from",
            ),
        ] {
            let failure = make(settings, secrets).unwrap_err();
            assert_eq!(failure.kind, FailureKind::Auth);
            assert!(failure.detail.contains(missing), "{failure}");
        }
    }

    #[test]
    fn who_cannot_do_something_says_so() {
        let http = client().unwrap();
        let nothing = settings(json!({}));
        let stripe = configured("stripe", &nothing, &["api_key"]);
        let addresses = Addresses::real();
        let kind = |failure: Option<crate::outcome::Failure>| failure.map(|failure| failure.kind);
        let refused = Some(FailureKind::Refused);
        assert_eq!(
            kind(TextSender::new(http.clone(), &addresses, &stripe).err()),
            refused
        );
        assert_eq!(
            kind(MailSender::new(http.clone(), &addresses, &stripe).err()),
            refused
        );
        assert_eq!(
            kind(Completer::new(http, &addresses, &stripe).err()),
            refused
        );
    }

    #[test]
    fn another_server_is_named_by_https_alone() {
        let http = client().unwrap();
        for (url, is_good) in [
            ("https://models.example", true),
            ("http://127.0.0.1:9", false),
            ("https://", false),
            ("https://user@models.example", false),
        ] {
            let settings = settings(json!({ "base_url": url }));
            let configured = configured("openai", &settings, &["api_key"]);
            let made = Completer::new(http.clone(), &Addresses::real(), &configured);
            assert_eq!(made.is_ok(), is_good, "{url}");
        }
    }
}
