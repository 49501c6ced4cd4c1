//! What each message does when it is delivered. Everything is rendered here, by folding the streams that the call names;
//! results come back as commands whose idempotency key is the message's id, so a repeated delivery changes nothing twice.

mod account_letters;
mod emails;
mod end_letters;
mod erasures;
mod handshakes;
mod message_mails;
mod message_texts;
mod messages;
mod provider_tests;
mod stripe;
mod webhooks;
mod words;

use commands::context::{Context, Mode};
use commands::dispatch::{Dispatcher, Request, Run};
use domain::customers::consents::Channel;
use domain::effects::{Call, Timer};
use domain::ids::TenantId;
use domain::letters::Letters;
use domain::noun::Noun;
use domain::tenants::Tenant;
use domain::webhook_endpoints::reach::Reach;
use event_store::error::Error;
use event_store::load::{Folded, Load, LoadedStream};
use identity::principals::Principal;
use integrations::addresses::Addresses;
use integrations::outcome::{Failure, FailureKind};
use integrations::secret::Secret;
use integrations::webhooks_out::{MayReach, WebhookSender};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

use crate::Result;
use crate::deliver::{Deliver, Delivered, Undelivered};
use crate::rules::{self, Rules};
use crate::senders::Senders;
use crate::work::{Job, Ordering};

/// The service that brings results back.
pub(crate) const RELAY: &str = "relay";

/// Where providers are and how we present ourselves to them.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// Stripe, or the sandbox that stands in for it.
    pub stripe_url: String,
    /// The other providers, or the sandbox that stands in for them.
    pub addresses: Addresses,
    /// Where payers come back to.
    pub public_url: String,
}

/// The judge of addresses for a reach.
pub fn may_reach(reach: Reach) -> MayReach {
    match reach {
        Reach::Public => |address| Reach::Public.allows(address),
        Reach::LoopbackToo => |address| Reach::LoopbackToo.allows(address),
    }
}

/// Delivers messages.
pub struct Delivery {
    pub(crate) dispatcher: Dispatcher,
    pub(crate) endpoints: Endpoints,
    pub(crate) http: integrations::http::HttpClient,
    pub(crate) letters: Letters,
    pub(crate) senders: Senders,
    pub(crate) webhooks: WebhookSender,
    permits: handshakes::Permits,
}

impl Delivery {
    /// # Errors
    /// When the HTTP client or the letters' templates cannot be built.
    pub fn new(dispatcher: Dispatcher, endpoints: Endpoints) -> Result<Self> {
        let http =
            integrations::http::client().map_err(|failure| Error::internal(failure.detail))?;
        let senders = Senders::new(http.clone(), endpoints.addresses.clone());
        let webhooks = WebhookSender::new(may_reach(dispatcher.webhook_reach()))
            .map_err(|failure| Error::internal(failure.detail))?;
        Ok(Self {
            dispatcher,
            endpoints,
            http,
            letters: Letters::new().map_err(|error| Error::Internal(Box::new(error)))?,
            senders,
            webhooks,
            permits: handshakes::Permits::default(),
        })
    }

    /// Delivers one message.
    async fn carry_out(&self, job: &Job) -> std::result::Result<Delivered, Undelivered> {
        match serde_json::from_str(&job.call).map_err(Error::from)? {
            Call::CreateCheckout { booking_id } => self.create_checkout(job, booking_id).await,
            Call::ExpireCheckout {
                provider_session_id,
                ..
            } => self.expire_checkout(job, &provider_session_id).await,
            Call::RefundPayment {
                payment_id,
                refund_id,
            } => self.refund_payment(job, payment_id, refund_id).await,
            Call::SendEmail {
                template,
                booking_id,
                customer_id,
            } => {
                self.send_email(job, template, booking_id, customer_id)
                    .await
            }
            Call::SendAccountLetter {
                letter,
                person_id,
                token,
            } => self.send_link_letter(job, letter, &person_id, &token).await,
            Call::TellOwners(news) => self.tell_owners(job, &news).await,
            Call::SendEndLetter(letter) => self.send_end_letter(job, &letter).await,
            Call::SendMessage {
                conversation_id,
                message_id,
                ..
            } => self.send_message(job, conversation_id, message_id).await,
            Call::SendWebhook { endpoint_id, news } => {
                self.send_webhook(job, &endpoint_id, &news).await
            }
            Call::RunAssistant {
                conversation_id,
                message_id,
            } => self.run_assistant(job, &conversation_id, &message_id).await,
            Call::SendPaymentLink {
                conversation_id,
                booking_id,
            } => {
                self.bring_payment_link(job, &conversation_id, &booking_id)
                    .await
            }
            Call::FollowApproval { approval_id } => self.follow_approval(job, &approval_id).await,
            Call::ExtractFacts { conversation_id } => {
                self.extract_facts(job, &conversation_id).await
            }
            Call::AskForJourney { run_id, turn } => self.ask_for_journey(job, &run_id, turn).await,
            Call::RunImport {
                import_id,
                kind,
                pass,
                after,
            } => self.run_import(job, &import_id, (kind, pass, after)).await,
            Call::TestProvider {
                provider,
                test_id,
                to,
                person_id,
            } => {
                let to = (to.as_ref(), person_id.as_deref());
                self.test_provider(job, (&provider, &test_id), to).await
            }
            Call::Timer(timer) => self.fire(job, timer).await,
        }
    }

    async fn fire(&self, job: &Job, timer: Timer) -> std::result::Result<Delivered, Undelivered> {
        let (command, body) = match timer {
            Timer::ExpireBooking { booking_id } => {
                ("expire-booking", json!({ "booking_id": booking_id }))
            }
            Timer::AnnounceBookingWithoutLink { booking_id } => (
                "announce-booking-without-link",
                json!({ "booking_id": booking_id }),
            ),
            Timer::ExpireApproval { approval_id } => {
                ("expire-approval", json!({ "approval_id": approval_id }))
            }
            Timer::WakeThread { conversation_id } => {
                ("wake-thread", json!({ "thread_id": conversation_id }))
            }
            Timer::AdvanceBulkRun { run_id, turn } => (
                "advance-bulk-run",
                json!({ "run_id": run_id, "turn": turn }),
            ),
            Timer::AdvanceJourneyRun { run_id, turn } => (
                "advance-journey-run",
                json!({ "run_id": run_id, "turn": turn }),
            ),
            Timer::BeginJourneyRun { journey, happened } => (
                "begin-journey-run",
                json!({ "journey": journey, "happened": happened }),
            ),
            Timer::TellJourneyRuns { happened } => {
                ("tell-journey-runs", json!({ "happened": happened }))
            }
            Timer::PurgeImport { import_id } => {
                return self.purge_import(job, &import_id).await;
            }
            Timer::EraseSubject { customer_id } => {
                return self.erase_subject(job, customer_id).await;
            }
        };
        self.bring_back(job, command, body).await?;
        Ok(Delivered::Done)
    }

    /// Sends a result, or a timer, as a command of ours under the message's id.
    pub(crate) async fn bring_back(&self, job: &Job, command: &str, body: Value) -> Result<()> {
        let request = Request {
            ctx: Context {
                principal: Principal::service(job.tenant_id.clone(), RELAY),
                now: Context::clock(),
                mode: Mode::Live,
                command_id: Uuid::now_v7().to_string(),
                correlation_id: job.correlation_id.clone(),
                causation_id: job.causation_id.clone(),
                if_match: None,
                source_address: None,
            },
            name: command.to_owned(),
            body,
            key: Some(format!("{}:{command}", job.message_id)),
            run: Run::Real,
        };
        self.dispatcher.dispatch(&request).await?;
        Ok(())
    }

    pub(crate) async fn tenant(&self, tenant_id: &TenantId) -> Result<Arc<Tenant>> {
        self.dispatcher.find_tenant(tenant_id).await
    }

    /// Reads streams, for folding.
    pub(crate) async fn read(
        &self,
        tenant_id: &TenantId,
        streams: &[(&'static str, &str)],
    ) -> Result<Vec<ReadStream>> {
        let wanted = streams
            .iter()
            .map(|(kind, id)| (*kind, (*id).to_owned(), 0));
        let wanted = Load {
            streams: wanted.collect(),
            ..Load::default()
        };
        let loaded = self.dispatcher.store.load(tenant_id, wanted).await?;
        let read = streams.iter().zip(loaded.streams);
        Ok(read
            .map(|((kind, id), found)| ReadStream {
                aggregate_type: kind,
                aggregate_id: (*id).to_owned(),
                found,
            })
            .collect())
    }

    /// A secret of a provider's configuration.
    pub(crate) async fn secret(
        &self,
        tenant_id: &TenantId,
        provider: &str,
        name: &str,
    ) -> std::result::Result<Secret, Undelivered> {
        let tenant = self.tenant(tenant_id).await?;
        let keys = self.dispatcher.store.keys(tenant_id).await?;
        let sealed = tenant
            .providers
            .get(provider)
            .and_then(|provider| provider.secrets.get(name));
        let opened = sealed.and_then(|sealed| {
            keys.open_secret(&commands::tenants::secret_purpose(provider, name), sealed)
        });
        opened
            .map(|plain| Secret::new(plain.as_str()))
            .ok_or_else(|| not_configured(provider))
    }
}

impl Deliver for Delivery {
    fn rules(&self, job: &Job) -> Result<Rules> {
        Ok(Rules::of(&serde_json::from_str(&job.call)?, &job.target))
    }

    fn concurrency(&self, target: &str) -> usize {
        rules::concurrency(target)
    }

    fn ordering(&self, target: &str) -> Ordering {
        rules::ordering(target)
    }

    async fn deliver(&self, job: &Job) -> std::result::Result<Delivered, Undelivered> {
        self.carry_out(job).await
    }

    async fn look_up(&self, job: &Job) -> std::result::Result<Option<Delivered>, Undelivered> {
        match serde_json::from_str(&job.call).map_err(Error::from)? {
            Call::SendMessage {
                conversation_id,
                message_id,
                channel: Channel::Sms | Channel::Phone,
            } => self.find_message(job, conversation_id, message_id).await,
            _ => Ok(None),
        }
    }

    async fn give_up(&self, job: &Job, detail: &str) -> Result<()> {
        match serde_json::from_str(&job.call)? {
            Call::RefundPayment {
                payment_id,
                refund_id,
            } => {
                let body =
                    json!({ "payment_id": payment_id, "refund_id": refund_id, "code": detail });
                self.bring_back(job, "fail-refund", body).await
            }
            Call::SendMessage {
                conversation_id,
                message_id,
                ..
            } => {
                self.give_message_up(job, &conversation_id, &message_id)
                    .await
            }
            Call::RunAssistant {
                conversation_id,
                message_id,
            } => {
                self.give_assistant_up(job, &conversation_id, &message_id)
                    .await
            }
            Call::ExtractFacts { conversation_id } => {
                self.give_facts_up(job, &conversation_id).await
            }
            Call::RunImport { import_id, .. } => self.give_import_up(job, &import_id).await,
            Call::TestProvider {
                provider, test_id, ..
            } => self.give_test_up(job, (&provider, &test_id)).await,
            Call::AskForJourney { run_id, turn } => {
                self.answer_for_journey(job, &run_id, turn, None).await
            }
            _ => Ok(()),
        }
    }
}

/// One stream, whole.
pub(crate) struct ReadStream {
    aggregate_type: &'static str,
    aggregate_id: String,
    found: LoadedStream,
}

/// Folds one aggregate out of what was read.
pub(crate) fn fold<N: Noun>(streams: &[ReadStream], id: &str) -> Result<N> {
    let mut streams = streams.iter();
    match streams.find(|read| read.aggregate_type == N::TYPE && read.aggregate_id == id) {
        Some(read) => Ok(read.found.fold(Folded::default())?.state),
        None => Ok(N::default()),
    }
}

/// Waiting helps here: an operator configures the provider, and the message goes out.
pub(crate) fn not_configured(provider: &str) -> Undelivered {
    Failure::new(
        FailureKind::Auth,
        format!("the tenant has not configured {provider}; send configure-provider"),
    )
    .into()
}
