//! What a run looks at: the thread as it stands, what was said in it, who the customer is, and what was understood before.

use std::sync::Arc;

use cqrs_es::Aggregate;
use domain::assistant_runs::AssistantRun;
use domain::booking_talk::draft::Draft;
use domain::booking_talk::{KnownPerson, draft_of};
use domain::conversations::events::ConversationEvent;
use domain::conversations::messages::{Direction, SenderType};
use domain::conversations::{AiMode, Conversation, Thread};
use domain::customers::Customer;
use domain::customers::consents::Channel;
use domain::ids::{ConversationId, CustomerId, MessageId};
use domain::tenants::Tenant;
use event_store::vault::SubjectKey;
use time::{Duration, OffsetDateTime};

use crate::Result;
use crate::delivery::{Delivery, fold};
use crate::work::Job;

/// Messages that a run reads, the newest ones.
const MAX_LINES: usize = 30;
/// Earlier runs whose draft may go on.
const MAX_EARLIER_RUNS: usize = 6;
/// After so long nobody goes on where they were.
const DRAFT_LIFE: Duration = Duration::days(3);
/// A message that has waited longer is for a person: the customer has long given up, or called.
const PATIENCE: Duration = Duration::hours(1);

/// Whether there is anything to do.
pub(super) enum Seen {
    Ready(Box<Situation>),
    /// With why not.
    Nothing(&'static str),
}

/// Everything that a run goes by.
pub(super) struct Situation {
    pub tenant: Arc<Tenant>,
    pub thread_id: ConversationId,
    pub message_id: MessageId,
    pub thread: Box<Thread>,
    pub run: AssistantRun,
    /// `suggest` or `auto`, hours considered.
    pub mode: AiMode,
    /// The oldest first.
    pub lines: Vec<Line>,
    pub customer_id: Option<CustomerId>,
    pub known: KnownPerson,
    pub draft: Draft,
    /// The newest message that is known.
    pub newest: MessageId,
    pub now: OffsetDateTime,
}

/// One message, opened.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub direction: Direction,
    pub text: String,
}

impl Situation {
    /// What the customer has written since somebody last answered.
    pub fn heard(&self) -> Vec<String> {
        let answered = self
            .lines
            .iter()
            .rposition(|line| line.direction == Direction::Out);
        let unanswered = &self.lines[answered.map_or(0, |place| place + 1)..];
        unanswered.iter().map(|line| line.text.clone()).collect()
    }

    /// Whether the message has waited too long for a machine to answer it.
    pub fn is_late(&self) -> bool {
        let newest = self.thread.recent.last();
        newest.is_some_and(|newest| self.now - newest.at > PATIENCE)
    }

    /// Whether whoever writes is who the record says: numbers are given by carriers, chats and e-mails by anybody.
    pub fn is_identified(&self) -> bool {
        matches!(self.thread.channel, Channel::Sms | Channel::Whatsapp)
    }
}

impl Delivery {
    pub(super) async fn look(
        &self,
        job: &Job,
        thread_id: &ConversationId,
        message_id: &MessageId,
    ) -> Result<Seen> {
        let id = thread_id.as_str();
        let streams = [
            (Conversation::TYPE, id),
            (AssistantRun::TYPE, message_id.as_str()),
        ];
        let read = self.read(&job.tenant_id, &streams).await?;
        let conversation: Conversation = fold(&read, id)?;
        let run: AssistantRun = fold(&read, message_id.as_str())?;
        let tenant = self.tenant(&job.tenant_id).await?;
        let now = OffsetDateTime::now_utc();
        let Some(thread) = conversation.thread else {
            return Ok(Seen::Nothing("there is no such thread"));
        };
        if let Some(why) = not_wanted(&thread, &run, message_id) {
            return Ok(Seen::Nothing(why));
        }
        let keys = self
            .dispatcher
            .store
            .subject_keys(&job.tenant_id, &[id])
            .await?;
        let Some((_, key)) = keys.into_iter().next() else {
            return Ok(Seen::Nothing("what was said has been erased"));
        };
        let lines = self.open_lines(job, thread_id, &thread, &key).await?;
        let (customer_id, known) = self.known_person(job, &thread, &key).await?;
        let draft = self.find_draft(job, &thread, &key, now).await?;
        let settings = &tenant.settings;
        let mode = match thread.ai_mode {
            AiMode::Auto if settings.assistant.may_answer(&settings.time_zone, now) => AiMode::Auto,
            _ => AiMode::Suggest,
        };
        let newest = thread.recent.last();
        let newest = newest.map_or_else(|| message_id.clone(), |line| line.message_id.clone());
        Ok(Seen::Ready(Box::new(Situation {
            tenant,
            thread_id: thread_id.clone(),
            message_id: message_id.clone(),
            thread,
            run,
            mode,
            lines,
            customer_id,
            known,
            draft,
            newest,
            now,
        })))
    }

    async fn open_lines(
        &self,
        job: &Job,
        thread_id: &ConversationId,
        thread: &Thread,
        key: &SubjectKey,
    ) -> Result<Vec<Line>> {
        let skipped = thread.recent.len().saturating_sub(MAX_LINES);
        let wanted = &thread.recent[skipped..];
        let after = wanted.first().map_or(0, |first| first.sequence - 1);
        let stream = (Conversation::TYPE, thread_id.as_str());
        let store = &self.dispatcher.store;
        let events = store.read_stream(&job.tenant_id, stream, after).await?;
        let mut lines = Vec::with_capacity(wanted.len());
        for recorded in &events {
            let (direction, sealed) = match recorded.decode()? {
                ConversationEvent::MessageReceived(received) => (Direction::In, received.content),
                // What answers a keyword is no part of the conversation.
                ConversationEvent::MessageSent(sent) if sent.sender_type != SenderType::System => {
                    (Direction::Out, sent.content)
                }
                _ => continue,
            };
            lines.extend(
                key.open("content", &sealed)
                    .map(|text| Line { direction, text }),
            );
        }
        Ok(lines)
    }

    /// Who it is, as far as the record knows; the number or address that they write from counts as theirs.
    async fn known_person(
        &self,
        job: &Job,
        thread: &Thread,
        key: &SubjectKey,
    ) -> Result<(Option<CustomerId>, KnownPerson)> {
        let address = thread.address.as_ref();
        let address = address.and_then(|address| key.open("address", address));
        let mut known = KnownPerson::default();
        match thread.channel {
            Channel::Sms | Channel::Whatsapp | Channel::Phone => known.phone = address,
            Channel::Email => known.email = address,
            Channel::WebChat => {}
        }
        let Some(customer_id) = &thread.customer_id else {
            return Ok((None, known));
        };
        let (id, customer) = self.living_customer(job, customer_id).await?;
        let store = &self.dispatcher.store;
        let keys = store.subject_keys(&job.tenant_id, &[id.as_str()]).await?;
        if let Some((_, key)) = keys.into_iter().next() {
            let open = |field: &str, sealed: Option<&_>| key.open(field, sealed?);
            known.first_name = open("first_name", customer.first_name.as_ref());
            known.last_name = open("last_name", customer.last_name.as_ref());
            let email = customer.email.as_ref().map(|email| &email.sealed);
            known.email = open("email", email).or(known.email);
            let phone = customer.phone.as_ref().map(|phone| &phone.sealed);
            known.phone = open("phone", phone).or(known.phone);
        }
        Ok((Some(id), known))
    }

    async fn living_customer(&self, job: &Job, id: &CustomerId) -> Result<(CustomerId, Customer)> {
        let find = async |id: &CustomerId| -> Result<Customer> {
            let streams = [(Customer::TYPE, id.as_str())];
            fold(&self.read(&job.tenant_id, &streams).await?, id.as_str())
        };
        let customer = find(id).await?;
        match customer.merged_into().cloned() {
            Some(survivor_id) => {
                let survivor = find(&survivor_id).await?;
                Ok((survivor_id, survivor))
            }
            None => Ok((id.clone(), customer)),
        }
    }

    /// What the newest run before these messages had understood.
    async fn find_draft(
        &self,
        job: &Job,
        thread: &Thread,
        key: &SubjectKey,
        now: OffsetDateTime,
    ) -> Result<Draft> {
        let is_answer = |direction: Direction| direction == Direction::Out;
        let answered = thread
            .recent
            .iter()
            .rposition(|message| is_answer(message.direction));
        let Some(answered) = answered else {
            return Ok(Draft::default());
        };
        let asked = thread.recent[..answered].iter().rev();
        let asked: Vec<&str> = asked
            .filter(|message| !is_answer(message.direction))
            .map(|message| message.message_id.as_str())
            .take(MAX_EARLIER_RUNS)
            .collect();
        let streams: Vec<(&'static str, &str)> =
            asked.iter().map(|id| (AssistantRun::TYPE, *id)).collect();
        let read = self.read(&job.tenant_id, &streams).await?;
        for id in asked {
            let run: AssistantRun = fold(&read, id)?;
            let is_fresh = run.finished_at.is_some_and(|at| now - at <= DRAFT_LIFE);
            let sealed = run.said.as_ref().and_then(|said| said.draft.as_ref());
            if let Some(sealed) = sealed.filter(|_| is_fresh) {
                let plain = key.open("draft", sealed).unwrap_or_default();
                return Ok(draft_of(&plain));
            }
        }
        Ok(Draft::default())
    }
}

fn not_wanted(thread: &Thread, run: &AssistantRun, message_id: &MessageId) -> Option<&'static str> {
    if run.is_finished() {
        return Some("the run has come to its end before");
    }
    if thread.ai_mode == AiMode::Off {
        return Some("the assistant keeps out of the thread");
    }
    if thread.merged_into.is_some() {
        return Some("the thread has become part of another one");
    }
    if thread.opted_out.is_some() {
        return Some("the customer wants no messages");
    }
    let newest = thread.recent.last()?;
    if newest.message_id != *message_id {
        return Some(match newest.direction {
            Direction::In => "a newer message is looked at instead",
            Direction::Out => "somebody has answered already",
        });
    }
    None
}
