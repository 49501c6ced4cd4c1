//! Tests of providers: one letter, one text or one call that changes nothing, tried once. Whatever comes of it is a result,
//! so it is brought back and not tried again; only our own database makes it come a second time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use commands::tenants::provider_tests::recipient_purpose;
use domain::sealed::Sealed;
use domain::tenants::Tenant;
use domain::tenants::provider_tests::{Probe, Trouble};
use event_store::error::Error;
use identity::people::{self, Field, Standing};
use integrations::catalogue::{self, Capability, Configured};
use integrations::completions::{Prompt, ToolUse, Turn};
use integrations::outcome::{Failure, FailureKind};
use integrations::senders::{Completer, MailSender, TextSender};
use integrations::smtp::mails::Mail;
use integrations::stripe::Stripe;
use integrations::texts::NewText;
use serde_json::json;

use super::emails::sender;
use super::{Delivered, Delivery, Undelivered, not_configured};
use crate::senders::{secrets_of, settings_of_sender};
use crate::work::Job;

/// How long a provider may take over its test.
const TEST_TIMEOUT: Duration = Duration::from_secs(30);
/// The most tokens that a model may answer with.
const MAX_ANSWER_TOKENS: u32 = 16;

impl Delivery {
    pub(super) async fn test_provider(
        &self,
        job: &Job,
        (provider, test_id): (&str, &str),
        recipient: (Option<&Sealed>, Option<&str>),
    ) -> Result<Delivered, Undelivered> {
        let started = Instant::now();
        let tried = match job.is_uncertain {
            true => Err(unknown("whoever tried it ended in the middle of it").into()),
            false => {
                let trying = self.try_provider(job, provider, recipient);
                tokio::time::timeout(TEST_TIMEOUT, trying)
                    .await
                    .unwrap_or_else(|_| Err(unknown("no verdict within 30 seconds").into()))
            }
        };
        let (trouble, detail) = match tried {
            Ok(detail) => (None, detail),
            Err(Undelivered::Failed(failure)) => (Some(trouble(failure.kind)), failure.detail),
            Err(Undelivered::Refused(error)) => return Err(error.into()),
        };
        let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let body = json!({
            "provider": provider, "test_id": test_id, "trouble": trouble, "detail": detail, "took_ms": took_ms,
        });
        self.bring_back(job, "record-provider-test", body).await?;
        Ok(Delivered::Done)
    }

    /// It was not tried in time.
    pub(super) async fn give_test_up(
        &self,
        job: &Job,
        (provider, test_id): (&str, &str),
    ) -> crate::Result<()> {
        let body = json!({
            "provider": provider, "test_id": test_id, "trouble": Trouble::NotSent, "took_ms": 0,
            "detail": "nobody came to try it in time; is a worker running?",
        });
        self.bring_back(job, "record-provider-test", body).await
    }

    /// Answers what the provider said, in our words.
    async fn try_provider(
        &self,
        job: &Job,
        name: &str,
        (to, person_id): (Option<&Sealed>, Option<&str>),
    ) -> Result<String, Undelivered> {
        let tenant = self.tenant(&job.tenant_id).await?;
        let keys = self.dispatcher.store.keys(&job.tenant_id).await?;
        let found = catalogue::find(name).zip(tenant.providers.get(name));
        let (entry, provider) = found.ok_or_else(|| not_configured(name))?;
        let settings = settings_of_sender(provider, &tenant);
        let configured = Configured {
            entry,
            settings: &settings,
            secrets: secrets_of(name, provider, &keys),
        };
        let to = to.and_then(|to| keys.open_secret(&recipient_purpose(name), to));
        match Probe::of(name) {
            Some(Probe::Letter) => {
                let to = match (to, person_id) {
                    (Some(to), _) => Some(to.to_string()),
                    (None, Some(person_id)) => self.find_address(job, person_id).await?,
                    (None, None) => None,
                };
                let to = to.ok_or_else(|| refused("whoever asked has no address any more"))?;
                self.try_letter(job, &tenant, &configured, to).await
            }
            Some(Probe::Text) => {
                let to = to.ok_or_else(|| refused("the number does not open any more"))?;
                self.try_text(job, &tenant, &configured, &to).await
            }
            Some(Probe::Call) if entry.capabilities.contains(&Capability::Pay) => {
                let secret_key = configured.secret("secret_key")?;
                let url = self.endpoints.stripe_url.clone();
                Stripe::new(self.http.clone(), url, secret_key)
                    .try_key()
                    .await?;
                Ok("the key may list checkout sessions".to_owned())
            }
            Some(Probe::Call) if entry.capabilities.contains(&Capability::SignIn) => {
                self.try_sign_in(&configured).await
            }
            Some(Probe::Call) => self.try_model(job, &configured).await,
            None => Err(refused("it only receives").into()),
        }
    }

    async fn try_letter(
        &self,
        job: &Job,
        tenant: &Tenant,
        configured: &Configured<'_>,
        to: String,
    ) -> Result<String, Undelivered> {
        let words = format!(
            "This letter was sent to find out whether {} can send e-mail through {}. It can. Nothing else is to be done.",
            tenant.name, configured.entry.title
        );
        let mail = Mail {
            message_id: format!("{}@rapport", job.message_id),
            from: sender(tenant)?,
            reply_to: tenant.settings.senders.email_reply_to.clone(),
            to,
            subject: format!("A test from {}", tenant.name),
            html: super::message_mails::as_html(&words),
            text: words,
            headers: vec![("Auto-Submitted".to_owned(), "auto-generated".to_owned())],
        };
        let addresses = &self.endpoints.addresses;
        let sender = MailSender::new(self.http.clone(), addresses, configured)?;
        let sent = sender.send(&mail).await?;
        Ok(format!("taken on as {}", sent.provider_message_id))
    }

    async fn try_text(
        &self,
        job: &Job,
        tenant: &Tenant,
        configured: &Configured<'_>,
        to: &str,
    ) -> Result<String, Undelivered> {
        let addresses = &self.endpoints.addresses;
        let sender = TextSender::new(self.http.clone(), addresses, configured)?;
        let text = NewText {
            message_id: job.message_id.clone(),
            to: to.to_owned(),
            body: format!(
                "{}: a test of our text messages. Nothing to do.",
                tenant.name
            ),
            status_callback: None,
            context: BTreeMap::new(),
        };
        let sent = sender.send_text(&text).await?;
        Ok(format!("taken on as {}", sent.provider_message_id))
    }

    async fn try_model(
        &self,
        job: &Job,
        configured: &Configured<'_>,
    ) -> Result<String, Undelivered> {
        let completer = Completer::new(self.http.clone(), &self.endpoints.addresses, configured)?;
        let prompt = Prompt {
            message_id: job.message_id.clone(),
            turns: vec![Turn::User("Answer with the word: ready".to_owned())],
            tool_use: ToolUse::Never,
            max_output_tokens: MAX_ANSWER_TOKENS,
            ..Prompt::default()
        };
        let cost = completer.complete(&prompt).await?.cost;
        Ok(format!(
            "{} answered; {} tokens in, {} out",
            cost.model_answered, cost.input_tokens, cost.output_tokens
        ))
    }

    /// Finds the provider and its keys; whether the client's secret is right shows only when somebody signs in.
    #[cfg(feature = "oidc")]
    async fn try_sign_in(&self, configured: &Configured<'_>) -> Result<String, Undelivered> {
        let registration = integrations::openid::Registration::of(configured)?;
        let openid =
            integrations::openid::OpenId::new(super::may_reach(self.dispatcher.webhook_reach()))?;
        let keys = openid.look_up(&registration).await?;
        Ok(format!(
            "the provider was found, with {keys} keys; sign in once to see whether it takes the client"
        ))
    }

    #[cfg(not(feature = "oidc"))]
    async fn try_sign_in(&self, _: &Configured<'_>) -> Result<String, Undelivered> {
        Err(
            refused("this build signs nobody in by a provider; build it with `--features oidc`")
                .into(),
        )
    }

    /// The address of somebody who works here.
    async fn find_address(&self, job: &Job, person_id: &str) -> Result<Option<String>, Error> {
        let (store, tenant_id) = (&self.dispatcher.store, &job.tenant_id);
        let client = store.pools.engine.get().await?;
        let person = people::find(&client, tenant_id, person_id).await?;
        drop(client);
        let keys = store.subject_keys(tenant_id, &[person_id]).await?;
        let key = keys.first().filter(|_| person.standing == Standing::Active);
        Ok(key.and_then(|(_, key)| Field::Email.open(key, &person.email)))
    }
}

fn trouble(kind: FailureKind) -> Trouble {
    match kind {
        FailureKind::NotSent => Trouble::NotSent,
        FailureKind::Transient => Trouble::Transient,
        FailureKind::Refused => Trouble::Refused,
        FailureKind::Auth => Trouble::Auth,
        FailureKind::Unknown => Trouble::Unknown,
    }
}

fn unknown(detail: &str) -> Failure {
    Failure::new(FailureKind::Unknown, detail)
}

fn refused(detail: &str) -> Failure {
    Failure::new(FailureKind::Refused, detail)
}
