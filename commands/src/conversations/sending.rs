//! `send-message`: one of ours writes. What it says is sealed, whether it may go is decided and kept with it, and the
//! outbox takes it from there.

use std::collections::BTreeMap;

use domain::conversations::canned::{self, CannedUse};
use domain::conversations::commands::{ConversationCommand, Send};
use domain::conversations::messages::{MessageStatus, SenderType};
use domain::conversations::{Conversation, Thread};
use domain::customers::Customer;
use domain::customers::consents::{Channel, Purpose};
use domain::ids::{ConversationId, MessageId};
use domain::refusal::{Problems, Refusal};
use domain::sealed::{Pii, Sealed};
use domain::values::{bounded_text, free_text};
use event_store::load::Load;
use event_store::vault::SubjectKey;
use identity::principals::PrincipalKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::attachments::{self, Attachment};
use super::recipients::{find_customer, of_thread};
use super::starting::thread_on;
use super::templated::{TemplateInput, write_template};
use crate::Result;
use crate::registry::Input;
use crate::work::{Facts, Loaded, Work};

/// Ten segments of a long text message, which is what carriers put together again.
pub const MAX_SMS_CHARS: usize = 1_600;
pub const MAX_WHATSAPP_CHARS: usize = 4_096;
/// An e-mail, or a chat.
pub const MAX_CONTENT_CHARS: usize = 20_000;
/// A line that most mail programs show whole.
pub const MAX_SUBJECT_CHARS: usize = 200;
pub const MAX_SENDER_CHARS: usize = 100;
/// Who speaks where nobody does.
const BY_ITSELF: &str = "journeys";
const EVENT: &str = "MessageSent";

/// # Send a message
///
/// Writes to the customer of a thread. Refused with `consent-missing`, `consent-withdrawn` or `opted-out` where the message
/// may not go; marketing is held back over the customer's quiet hours. What the decision rests on is kept with the
/// message, and it is taken again when the message is delivered.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendMessage {
    pub thread_id: ConversationId,
    /// What to say; a canned reply or a template says it otherwise. At most 1,600 characters over SMS, 4,096 over WhatsApp, 20,000 else.
    #[serde(default)]
    pub content: Option<Pii<String>>,
    /// Who speaks.
    pub sender_type: SendAs,
    /// Which of them: a person's or agent's id, or `ai_system` for the AI. At most 100 characters.
    pub sender_id: String,
    /// Another channel than the thread's: the message goes to the customer's thread there.
    #[serde(default)]
    pub channel: Option<Channel>,
    /// `transactional` unless given.
    #[serde(default)]
    pub purpose: Option<Purpose>,
    /// At most 10 files.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
    /// What an e-mail is about, at most 200 characters; that of the thread unless given.
    #[serde(default)]
    pub subject: Option<Pii<String>>,
    /// In the place of `content`.
    #[serde(default)]
    pub canned_reply: Option<CannedReplyInput>,
    /// In the place of `content`: a published template.
    #[serde(default)]
    pub template: Option<TemplateInput>,
    /// The newest message that the sender has seen. When there are newer ones, the command is refused with
    /// `reply-collision`, which names them.
    #[serde(default)]
    pub after_message_id: Option<MessageId>,
}

/// Who speaks for the business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SendAs {
    Ai,
    Human,
}

/// A canned reply to send.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CannedReplyInput {
    /// The name it was defined by.
    pub name: String,
    /// Values of its variables; `first_name`, `last_name` and `business` are known unless given.
    #[serde(default)]
    pub variables: BTreeMap<String, Pii<String>>,
}

/// The message as it was queued.
#[derive(Serialize)]
pub struct SentSummary {
    pub thread_id: String,
    pub message_id: String,
    pub status: MessageStatus,
    /// When quiet hours end that it has to wait for.
    #[serde(with = "time::serde::rfc3339::option")]
    pub held_until: Option<OffsetDateTime>,
}

/// What is to be said, checked.
struct Words {
    content: String,
    subject: Option<String>,
    canned_reply: Option<CannedUse>,
}

impl Input for SendMessage {
    fn wanted(&self, _: &Facts) -> Load {
        super::load_of(self.thread_id.as_str())
    }
}

pub async fn send_message(work: &mut Work, input: SendMessage) -> Result<SentSummary> {
    check_sender(work, &input)?;
    let conversation = find_thread(work, &input).await?;
    send_into(work, conversation, input, None).await
}

/// A message of the business's own accord, in the words of a template, to the customer's thread on a channel, which is
/// opened if need be.
pub(crate) async fn send_template(
    work: &mut Work,
    customer: &Loaded<Customer>,
    (channel, purpose): (Channel, Purpose),
    template: TemplateInput,
) -> Result<SentSummary> {
    let conversation = thread_on(work, customer, channel).await?;
    let input = SendMessage {
        thread_id: ConversationId::new(conversation.id.clone()),
        content: None,
        sender_type: SendAs::Ai,
        sender_id: BY_ITSELF.to_owned(),
        channel: None,
        purpose: Some(purpose),
        attachments: Vec::new(),
        subject: None,
        canned_reply: None,
        template: Some(template),
        after_message_id: None,
    };
    send_into(work, conversation, input, Some(SenderType::System)).await
}

async fn send_into(
    work: &mut Work,
    mut conversation: Loaded<Conversation>,
    input: SendMessage,
    sender_type: Option<SenderType>,
) -> Result<SentSummary> {
    let thread = conversation.state.require()?;
    let words = find_words(work, &input, thread).await?;
    let recipient = of_thread(work, thread).await?;
    let key = work.subject(&conversation.id).await?;
    let seal = |field: &str, plain: &str| key.seal(EVENT, field, plain);
    let message_id = MessageId::new(work.new_id());
    let send = Send {
        message_id: message_id.clone(),
        content: seal("content", &words.content)?,
        subject: words
            .subject
            .map(|subject| seal("subject", &subject))
            .transpose()?,
        attachments: attachments::seal(&key, EVENT, &input.attachments)?,
        address: reseal_address(&key, thread)?,
        sender_type: sender_type.unwrap_or(match input.sender_type {
            SendAs::Ai => SenderType::Ai,
            SendAs::Human => SenderType::Human,
        }),
        sender_id: input.sender_id,
        purpose: input.purpose.unwrap_or(Purpose::Transactional),
        canned_reply: words.canned_reply,
        after_message_id: input.after_message_id,
        owed_to: None,
        recipient,
        at: work.ctx.now,
    };
    work.execute(&mut conversation, ConversationCommand::Send(Box::new(send)))
        .await?;
    let sent = conversation.state.require()?.find_message(&message_id);
    Ok(SentSummary {
        status: MessageStatus::Queued,
        held_until: sent.and_then(|sent| sent.held_until),
        thread_id: conversation.id,
        message_id: message_id.to_string(),
    })
}

/// The longest message of a channel.
pub fn max_chars(channel: Channel) -> usize {
    match channel {
        Channel::Sms => MAX_SMS_CHARS,
        Channel::Whatsapp => MAX_WHATSAPP_CHARS,
        Channel::Email | Channel::WebChat | Channel::Phone => MAX_CONTENT_CHARS,
    }
}

/// Where the thread's messages go, under its key, as the message carries it.
pub(crate) fn reseal_address(key: &SubjectKey, thread: &Thread) -> Result<Sealed> {
    let plain = thread
        .address
        .as_ref()
        .and_then(|address| key.open("address", address));
    let plain = plain.ok_or_else(|| {
        Refusal::conflict(
            "address-missing",
            "nobody knows where this thread's messages go",
        )
    })?;
    key.seal(EVENT, "address", &plain)
}

/// An agent never passes for a person.
fn check_sender(work: &Work, input: &SendMessage) -> Result<()> {
    if work.ctx.principal.kind == PrincipalKind::Agent && input.sender_type == SendAs::Human {
        let detail = "an agent sends as ai";
        let as_ai = serde_json::json!({ "sender_type": "ai" });
        let refusal = Refusal::forbidden("sender-type-forbidden", detail);
        return Err(refusal.with_alternatives(vec![as_ai]).into());
    }
    let mut problems = Problems::default();
    problems.check(
        "/sender_id",
        bounded_text(&input.sender_id, MAX_SENDER_CHARS),
    );
    attachments::check(&mut problems, &input.attachments);
    Ok(problems.finish()?)
}

/// The thread that was named, or the customer's on the channel that was.
async fn find_thread(work: &mut Work, input: &SendMessage) -> Result<Loaded<Conversation>> {
    let conversation = super::find_thread(work, &input.thread_id).await?;
    let thread = conversation.state.require()?;
    let Some(channel) = input.channel.filter(|channel| *channel != thread.channel) else {
        return Ok(conversation);
    };
    let Some(customer_id) = thread.customer_id.clone() else {
        let detail = "nobody knows whose thread this is; move it to its customer before another channel is used";
        return Err(Refusal::conflict("thread-without-customer", detail).into());
    };
    let customer = find_customer(work, &customer_id).await?;
    thread_on(work, &customer, channel).await
}

async fn find_words(work: &mut Work, input: &SendMessage, thread: &Thread) -> Result<Words> {
    let mut own_subject = None;
    let words = (&input.content, &input.canned_reply, &input.template);
    let (content, canned_reply) = match words {
        (Some(content), None, None) => (content.expose().clone(), None),
        (None, Some(reply), None) => {
            let (content, used) = write_canned(work, reply, thread).await?;
            (content, Some(used))
        }
        (None, None, Some(template)) => {
            let (words, used) = write_template(work, template, thread).await?;
            own_subject = words.subject;
            (words.text, Some(used))
        }
        _ => {
            let detail = "give one of content, canned_reply and template";
            return Err(Refusal::field("/content", "content-missing", detail).into());
        }
    };
    let mut problems = Problems::default();
    let limit = max_chars(thread.channel);
    let content = problems.check("/content", free_text(&content, limit));
    let subject = input.subject.as_ref().map(|subject| subject.expose());
    let subject = subject.or(own_subject.as_ref()).and_then(|subject| {
        let checked = problems.check("/subject", free_text(subject, MAX_SUBJECT_CHARS));
        if checked
            .as_ref()
            .is_some_and(|line| line.contains(['\n', '\r']))
        {
            problems.add("/subject", "subject-invalid", "one line");
        }
        checked
    });
    problems.finish()?;
    Ok(Words {
        content: content.unwrap_or_default(),
        subject,
        canned_reply,
    })
}

async fn write_canned(
    work: &mut Work,
    input: &CannedReplyInput,
    thread: &Thread,
) -> Result<(String, CannedUse)> {
    let tenant = work.tenant().clone();
    let reply = tenant.canned_replies.get(&input.name);
    let known = reply.and_then(|reply| Some((reply.version, reply.text.as_deref()?)));
    let (version, text) = known.ok_or_else(|| super::canned::unknown(&input.name))?;
    let mut values = BTreeMap::from([("business".to_owned(), tenant.name.clone())]);
    if let Some(customer_id) = &thread.customer_id {
        let customer = find_customer(work, customer_id).await?;
        let key = work.subject(&customer.id).await?;
        let names = [
            ("first_name", &customer.state.first_name),
            ("last_name", &customer.state.last_name),
        ];
        for (field, sealed) in names {
            let plain = sealed.as_ref().and_then(|sealed| key.open(field, sealed));
            values.extend(plain.map(|plain| (field.to_owned(), plain)));
        }
    }
    for (name, value) in &input.variables {
        values.insert(name.clone(), value.expose().clone());
    }
    let content = canned::render(text, &values).map_err(|refusal| {
        Refusal::field("/canned_reply/variables", &refusal.code, refusal.detail)
    })?;
    let name = input.name.clone();
    let used = CannedUse {
        name,
        version,
        digest: None,
    };
    Ok((content, used))
}
