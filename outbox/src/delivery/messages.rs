//! Messages of conversations. Whether one may go is decided again here, on what the streams say now: a message that was
//! queued before a STOP is withheld, and its thread says so. Its class follows from its channel.

use std::collections::BTreeMap;

use cqrs_es::Aggregate;
use domain::bookings::CLOCK_TOLERANCE_SECONDS;
use domain::conversations::allowance::{self, Question, Recipient, ThreadStanding, Verdict};
use domain::conversations::events::{ConversationEvent, MessageSent};
use domain::conversations::messages::{Direction, MessageStatus, RecentMessage};
use domain::conversations::{Conversation, Thread};
use domain::customers::Customer;
use domain::customers::consents::{Channel, Purpose};
use domain::ids::{ConversationId, CustomerId, MessageId};
use event_store::error::Error;
use event_store::vault::SubjectKey;
use integrations::catalogue::Capability;
use integrations::outcome::FailureKind;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::{Delivered, Delivery, Undelivered, fold, message_mails};
use crate::Result;
use crate::inbox::texts::{MESSAGE_PARAMETER, THREAD_PARAMETER};
use crate::work::Job;

/// A chat's answer is delivered by being there.
const CHAT: &str = "web-chat";

/// One message, opened, and where it goes.
pub(super) struct Parcel {
    pub to: String,
    pub content: String,
    pub subject: Option<String>,
    pub purpose: Purpose,
    /// The Message-ID that it answers, where it is an e-mail that has one.
    pub in_reply_to: Option<String>,
    /// What the provider repeats with every report of it.
    pub context: BTreeMap<String, String>,
}

/// What a carrier answers.
pub(super) struct Carried {
    pub provider: &'static str,
    pub provider_message_id: Option<String>,
    pub status: &'static str,
}

/// What to do with a message now.
enum Step {
    Send,
    Withhold(&'static str),
    HoldUntil(OffsetDateTime),
}

impl Delivery {
    pub(super) async fn send_message(
        &self,
        job: &Job,
        conversation_id: ConversationId,
        message_id: MessageId,
    ) -> std::result::Result<Delivered, Undelivered> {
        let conversation = self.conversation(job, &conversation_id).await?;
        let thread = conversation.require_known().map_err(Error::from)?;
        let Some(message) = thread.find_message(&message_id) else {
            return Ok(Delivered::Withheld("its thread knows it no more"));
        };
        if message.progress.status != MessageStatus::Queued {
            return Ok(Delivered::Withheld("it was sent, or has failed, before"));
        }
        let named = json!({ "thread_id": conversation_id, "message_id": message_id });
        match self.next_step(job, thread, message).await? {
            Step::Send => {}
            Step::Withhold(code) => return self.withhold(job, named, code).await,
            Step::HoldUntil(until) => {
                let until = until
                    .format(&Rfc3339)
                    .map_err(|error| Error::Internal(Box::new(error)))?;
                let body = with(named, json!({ "until": until }));
                self.bring_back(job, "hold-message", body).await?;
                return Ok(Delivered::Withheld(
                    "quiet hours; it goes out when they end",
                ));
            }
        }
        let parcel = match self
            .open_message(job, &conversation_id, thread, message)
            .await?
        {
            Ok(parcel) => parcel,
            Err(code) => return self.withhold(job, named, code).await,
        };
        match self.carry(job, thread.channel, &parcel).await {
            Ok(carried) => self.record_carried(job, named, carried).await,
            // For good, and for this message alone: its thread says so, and the next one goes on.
            Err(Undelivered::Failed(failure)) if failure.kind == FailureKind::Refused => {
                self.fail_message(job, named, ("refused", "refused"))
                    .await?;
                Ok(Delivered::Withheld("the provider refused it"))
            }
            Err(failure) => Err(failure),
        }
    }

    /// What an earlier attempt at a text has done, as far as its provider can tell.
    pub(super) async fn find_message(
        &self,
        job: &Job,
        conversation_id: ConversationId,
        message_id: MessageId,
    ) -> std::result::Result<Option<Delivered>, Undelivered> {
        let conversation = self.conversation(job, &conversation_id).await?;
        let thread = conversation.require_known().map_err(Error::from)?;
        let queued = thread
            .find_message(&message_id)
            .filter(|message| message.progress.status == MessageStatus::Queued);
        let Some(message) = queued else {
            return Ok(None);
        };
        let opened = self
            .open_message(job, &conversation_id, thread, message)
            .await?;
        let Ok(parcel) = opened else {
            return Ok(None);
        };
        let ids = thread.recent.iter();
        let others: Vec<String> = ids
            .filter_map(|message| message.provider_message_id.clone())
            .collect();
        let Some(carried) = self.find_text(job, &parcel, &others).await? else {
            return Ok(None);
        };
        let named = json!({ "thread_id": conversation_id, "message_id": message_id });
        self.record_carried(job, named, carried).await.map(Some)
    }

    async fn record_carried(
        &self,
        job: &Job,
        named: Value,
        carried: Carried,
    ) -> std::result::Result<Delivered, Undelivered> {
        let body = json!({
            "status": carried.status,
            "provider": carried.provider,
            "provider_message_id": carried.provider_message_id,
        });
        self.bring_back(job, "record-message-status", with(named, body))
            .await?;
        Ok(Delivered::Done)
    }

    /// The message in plain text, or the code of why nobody can read it any more.
    async fn open_message(
        &self,
        job: &Job,
        conversation_id: &ConversationId,
        thread: &Thread,
        message: &RecentMessage,
    ) -> Result<std::result::Result<Parcel, &'static str>> {
        if !thread.privacy.is_open() {
            return Ok(Err("restricted"));
        }
        let Some(key) = self.subject_key(job, conversation_id).await? else {
            return Ok(Err("erased"));
        };
        let sent = self.event_of(job, conversation_id, message).await?;
        let Some(mut parcel) = open(&key, thread, &sent) else {
            return Ok(Err("unreadable"));
        };
        let context = [
            (THREAD_PARAMETER, conversation_id.as_str()),
            (MESSAGE_PARAMETER, message.message_id.as_str()),
        ];
        let context = context.map(|(name, value)| (name.to_owned(), value.to_owned()));
        parcel.context = BTreeMap::from(context);
        Ok(Ok(parcel))
    }

    /// Says in the thread that the message will not be tried again.
    pub(super) async fn give_message_up(
        &self,
        job: &Job,
        conversation_id: &ConversationId,
        message_id: &MessageId,
    ) -> Result<()> {
        let named = json!({ "thread_id": conversation_id, "message_id": message_id });
        self.fail_message(job, named, ("undelivered", "attempts-exhausted"))
            .await
    }

    /// The decision, taken again.
    async fn next_step(&self, job: &Job, thread: &Thread, message: &RecentMessage) -> Result<Step> {
        if message.owed {
            return Ok(Step::Send);
        }
        let recipient = self.recipient(job, thread).await?;
        let verdict = allowance::decide(&Question {
            channel: thread.channel,
            purpose: message.purpose.unwrap_or(Purpose::Marketing),
            recipient: &recipient,
            standing: self.standing(job, thread).await?,
            last_inbound: thread.last_inbound.as_ref(),
            // Whatever is due by the database's clock is not to be held by ours.
            now: OffsetDateTime::now_utc() + Duration::seconds(CLOCK_TOLERANCE_SECONDS),
        });
        Ok(match verdict {
            Verdict::Allowed(_) => Step::Send,
            Verdict::HeldUntil(until, _) => Step::HoldUntil(until),
            Verdict::Denied(denial) => Step::Withhold(denial.code()),
        })
    }

    /// A STOP in the thread that this one has become part of holds here as well.
    async fn standing(&self, job: &Job, thread: &Thread) -> Result<ThreadStanding> {
        let Some(survivor_id) = &thread.merged_into else {
            return Ok(thread.standing());
        };
        let survivor = self.conversation(job, survivor_id).await?;
        let survivor = survivor.require_known()?;
        Ok(match survivor.standing() {
            ThreadStanding::OptedOut => ThreadStanding::OptedOut,
            ThreadStanding::Open => thread.standing(),
        })
    }

    async fn recipient(&self, job: &Job, thread: &Thread) -> Result<Recipient> {
        let Some(mut customer_id) = thread.customer_id.clone() else {
            let tenant = self.tenant(&job.tenant_id).await?;
            return Ok(Recipient {
                time_zone: tenant.settings.time_zone.clone(),
                ..Recipient::default()
            });
        };
        let mut customer = self.customer(job, &customer_id).await?;
        if let Some(survivor_id) = customer.merged_into().cloned() {
            customer = self.customer(job, &survivor_id).await?;
            customer_id = survivor_id;
        }
        Ok(Recipient {
            customer_id: Some(customer_id),
            suspended_since: customer.suspended_since(thread.channel),
            consents: customer.consents,
            time_zone: customer.time_zone,
        })
    }

    async fn carry(
        &self,
        job: &Job,
        channel: Channel,
        parcel: &Parcel,
    ) -> std::result::Result<Carried, Undelivered> {
        match channel {
            Channel::Email => self.carry_by_mail(job, parcel).await,
            Channel::WebChat => Ok(Carried {
                provider: CHAT,
                provider_message_id: None,
                status: "delivered",
            }),
            Channel::Sms | Channel::Phone => {
                self.carry_by_text(job, Capability::SendSms, parcel).await
            }
            Channel::Whatsapp => {
                self.carry_by_text(job, Capability::SendWhatsApp, parcel)
                    .await
            }
        }
    }

    async fn carry_by_mail(
        &self,
        job: &Job,
        parcel: &Parcel,
    ) -> std::result::Result<Carried, Undelivered> {
        let tenant = self.tenant(&job.tenant_id).await?;
        let message_id = format!("{}@rapport", job.message_id);
        let mail = message_mails::write(&tenant, parcel, &message_id)?;
        let server = self.server_of(&job.tenant_id, &tenant).await?;
        let sent = server.send(&mail).await?;
        Ok(Carried {
            provider: server.provider(),
            provider_message_id: Some(sent.provider_message_id),
            status: "sent",
        })
    }

    async fn withhold(
        &self,
        job: &Job,
        named: Value,
        code: &'static str,
    ) -> std::result::Result<Delivered, Undelivered> {
        self.fail_message(job, named, ("withheld", code)).await?;
        Ok(Delivered::Withheld(code))
    }

    async fn fail_message(
        &self,
        job: &Job,
        named: Value,
        (reason, code): (&str, &str),
    ) -> Result<()> {
        let failed = json!({ "status": "failed", "reason": reason, "code": code });
        self.bring_back(job, "record-message-status", with(named, failed))
            .await
    }

    async fn conversation(&self, job: &Job, id: &ConversationId) -> Result<Conversation> {
        let streams = [(Conversation::TYPE, id.as_str())];
        fold(&self.read(&job.tenant_id, &streams).await?, id.as_str())
    }

    async fn customer(&self, job: &Job, id: &CustomerId) -> Result<Customer> {
        let streams = [(Customer::TYPE, id.as_str())];
        fold(&self.read(&job.tenant_id, &streams).await?, id.as_str())
    }

    async fn subject_key(&self, job: &Job, id: &ConversationId) -> Result<Option<SubjectKey>> {
        let subjects = [id.as_str()];
        let keys = self
            .dispatcher
            .store
            .subject_keys(&job.tenant_id, &subjects)
            .await?;
        Ok(keys.into_iter().next().map(|(_, key)| key))
    }

    /// The event that says what the message says: a thread remembers only where it is.
    async fn event_of(
        &self,
        job: &Job,
        conversation_id: &ConversationId,
        message: &RecentMessage,
    ) -> Result<Box<MessageSent>> {
        let stream = (Conversation::TYPE, conversation_id.as_str());
        let store = &self.dispatcher.store;
        let found = store
            .read_stream(&job.tenant_id, stream, message.sequence - 1)
            .await?;
        match found
            .first()
            .map(|recorded| recorded.decode())
            .transpose()?
        {
            Some(ConversationEvent::MessageSent(sent)) if sent.message_id == message.message_id => {
                Ok(sent)
            }
            _ => Err(Error::internal(format!(
                "the event of message {} is not where its thread remembers it",
                message.message_id
            ))),
        }
    }
}

fn open(key: &SubjectKey, thread: &Thread, sent: &MessageSent) -> Option<Parcel> {
    let subject = sent.subject.as_ref().or(thread.subject.as_ref());
    let mut content = key.open("content", &sent.content)?;
    if let Some(attachments) = &sent.attachments {
        let attachments = key.open("attachments", attachments)?;
        let attachments: Vec<Value> = serde_json::from_str(&attachments).ok()?;
        for url in attachments.iter().filter_map(|file| file["url"].as_str()) {
            content.push_str("\n\n");
            content.push_str(url);
        }
    }
    let mut newest_first = thread.recent.iter().rev();
    let answered = newest_first.find(|message| message.direction == Direction::In);
    Some(Parcel {
        to: key.open("address", &sent.address)?,
        content,
        subject: subject.and_then(|subject| key.open("subject", subject)),
        purpose: sent.purpose,
        in_reply_to: answered
            .and_then(|message| message.provider_message_id.clone())
            .filter(|id| id.contains('@')),
        context: BTreeMap::new(),
    })
}

/// Both objects as one.
fn with(mut named: Value, more: Value) -> Value {
    if let (Value::Object(named), Value::Object(more)) = (&mut named, more) {
        named.extend(more);
    }
    named
}
