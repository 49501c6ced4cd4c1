//! `receive-message`: the customer writes. Finds the thread of the address, or opens it for whoever the address belongs to:
//! a customer, a new lead, or nobody yet where several share it. Keywords are obeyed in the same commit.

use domain::conversations::commands::{ConversationCommand, Receive};
use domain::conversations::events::{MessageReceived, ThreadOpened};
use domain::conversations::keywords::{Keyword, keyword, unsubscribes};
use domain::conversations::messages::CallOutcome;
use domain::conversations::{
    ADDRESS_SCOPE, Conversation, MAX_CANDIDATES, MESSAGE_SCOPE, Thread, message_value,
};
use domain::customers::consents::{Channel, Purpose};
use domain::customers::{EMAIL_SCOPE, PHONE_SCOPE};
use domain::ids::{ConversationId, CustomerId, MessageId};
use domain::sealed::Pii;
use event_store::load::Load;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::addresses::{self, Address};
use super::attachments::{self, Attachment, ReceivedFile};
use super::incoming::{self, Incoming};
use super::keywords::{self, Owed};
use super::leads;
use crate::Result;
use crate::bookings::answer_as;
use crate::context::Mode;
use crate::customers::people;
use crate::registry::Input;
use crate::work::{Facts, Loaded, Work};

const EVENT: &str = "MessageReceived";
const PURPOSES: [Purpose; 2] = [Purpose::Transactional, Purpose::Marketing];

/// # Receive a message
///
/// A customer wrote. The thread of that address on that channel takes it, and is opened where there is none: for the
/// customer whose address it is, else for a new lead. An address that several customers share gets a thread without a
/// customer, which names the candidates; `move-thread` settles whose it is. So it is with a visitor of the chat who names
/// the address of somebody known: that is a claim which nobody has checked. The same `provider_message_id` again changes
/// nothing. STOP, START and HELP are obeyed over SMS and WhatsApp.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiveMessage {
    pub channel: Channel,
    /// Who writes: a number, an e-mail address, or the chat widget's name for its visitor.
    pub from: Pii<String>,
    /// What they say, at most 100,000 characters; may be empty where something is attached.
    pub content: Pii<String>,
    /// What an e-mail is about; the first 200 characters are kept.
    #[serde(default)]
    pub subject: Option<Pii<String>>,
    /// At most 10 files.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
    /// Files that came along and are kept here, at most 10; whoever brings the message has kept them.
    #[serde(default)]
    pub files: Vec<ReceivedFile>,
    /// Set where it is a call and not a text: what became of it. On the channel `phone` alone.
    #[serde(default)]
    pub call: Option<CallOutcome>,
    /// What the writer is called; it names a new lead.
    #[serde(default)]
    pub name: Option<Pii<String>>,
    /// How a visitor of the chat can be reached. Whose it is already becomes a candidate; else the visitor becomes a lead.
    #[serde(default)]
    pub email: Option<Pii<String>>,
    /// As `email`.
    #[serde(default)]
    pub phone: Option<Pii<String>>,
    /// Which provider brought it, with `provider_message_id`.
    #[serde(default)]
    pub provider: Option<String>,
    /// The provider's own id of the message, at most 255 visible ASCII characters.
    #[serde(default)]
    pub provider_message_id: Option<String>,
    /// When it was written (RFC 3339), where that was before now.
    #[serde(default)]
    pub at: Option<String>,
}

/// What stands as the wording of a consent that was withdrawn by letter.
const UNSUBSCRIBED: &str = "A letter that asks for no more marketing";

/// Where the message went.
#[derive(Serialize)]
pub struct ReceivedSummary {
    pub thread_id: String,
    /// Null for a repetition of what is remembered no more.
    pub message_id: Option<String>,
    /// Null while nobody knows whose address it is.
    pub customer_id: Option<String>,
    pub thread_created: bool,
    pub customer_created: bool,
    /// Whose the address may be, where several share it.
    pub candidates: Vec<CustomerId>,
    /// The keyword that it was.
    pub keyword: Option<Keyword>,
    /// Whether the provider had brought it before.
    pub repeated: bool,
}

/// Whose an address is.
pub(super) enum Owner {
    Customer(CustomerId),
    /// Not known; to become a lead under this id.
    Lead(CustomerId),
    /// One of these, or nobody of them: the address is shared, or a visitor of the chat has only named it.
    Shared(Vec<CustomerId>),
    /// A visitor who has not said how to reach them.
    Nobody,
}

impl Input for ReceiveMessage {
    fn wanted(&self, _: &Facts) -> Load {
        Load::default()
    }
}

pub async fn receive_message(work: &mut Work, input: ReceiveMessage) -> Result<ReceivedSummary> {
    work.tenant().require()?;
    let incoming = incoming::parse(work, &input)?;
    look_up(work, &incoming).await?;
    if let Some(summary) = find_repeated(work, &incoming).await? {
        return Ok(summary);
    }
    let (mut conversation, owner) = find_or_open(work, &incoming).await?;
    let thread = conversation.state.require()?;
    let said = match incoming.channel {
        Channel::Sms | Channel::Whatsapp => keyword(&incoming.content),
        Channel::Email | Channel::WebChat | Channel::Phone => None,
    };
    let subjects = keywords::whose(thread, said);
    let granted = keywords::granted(work, &subjects, incoming.channel, &PURPOSES).await?;
    let before = thread.opted_out.clone();
    let message_id = MessageId::new(work.new_id());
    let message = seal(work, &conversation, &incoming, (&message_id, said)).await?;
    let receive = Box::new(Receive { message, granted });
    work.execute(&mut conversation, ConversationCommand::Receive(receive))
        .await?;
    let customer_created = matches!(owner, Some(Owner::Lead(_)));
    let lead = leads::write_down(work, &incoming, owner.as_ref()).await?;
    let thread_created = owner.is_some();
    let thread = conversation.state.require()?;
    let summary = ReceivedSummary {
        thread_id: conversation.id.clone(),
        message_id: Some(message_id.to_string()),
        customer_id: thread.customer_id.as_ref().map(CustomerId::to_string),
        thread_created: thread_created && thread.message_count == 1,
        customer_created,
        candidates: thread.candidates.clone(),
        keyword: said,
        repeated: false,
    };
    let word = |keyword| keywords::Word {
        conversation_id: ConversationId::new(conversation.id.clone()),
        message_id: message_id.clone(),
        keyword,
        text: incoming.content.clone(),
        address: incoming.address.as_str().to_owned(),
    };
    if let Some(said) = said {
        let word = word(said);
        let owed = keywords::obey(work, &conversation, &word, (before, lead)).await?;
        // History tells by itself what was answered.
        if owed == Owed::Answer && work.ctx.mode == Mode::Live {
            keywords::answer(work, &mut conversation, &word).await?;
        }
    } else if incoming.unsubscribes() {
        // What else the letter says is nobody's business but the thread's.
        let word = keywords::Word {
            text: UNSUBSCRIBED.to_owned(),
            ..word(Keyword::Stop)
        };
        keywords::unsubscribe(work, &conversation, &word, lead).await?;
    }
    Ok(summary)
}

/// Everything that tells what the message belongs to, in one wait.
async fn look_up(work: &mut Work, incoming: &Incoming) -> Result<()> {
    let keys = work.keys()?;
    let address = addresses::index(&keys, incoming.channel, incoming.address.as_str());
    let mut claims = vec![(ADDRESS_SCOPE, address)];
    if let Some((provider, id)) = &incoming.provider_message {
        claims.push((MESSAGE_SCOPE, message_value(provider, id)));
    }
    let email = incoming.email();
    claims.extend(email.map(|email| (EMAIL_SCOPE, people::email_index(&keys, email))));
    let phone = incoming.phone();
    let handles = phone.map(|phone| (PHONE_SCOPE, people::phone_index(&keys, phone)));
    let handles = handles.into_iter().collect();
    work.fetch(Load {
        claims,
        handles,
        ..Load::default()
    })
    .await
}

/// What a provider has brought before changes nothing.
async fn find_repeated(work: &mut Work, incoming: &Incoming) -> Result<Option<ReceivedSummary>> {
    let Some((provider, id)) = &incoming.provider_message else {
        return Ok(None);
    };
    let value = message_value(provider, id);
    let Some(thread_id) = work.wanted_claim(MESSAGE_SCOPE, &value).map(str::to_owned) else {
        return Ok(None);
    };
    let conversation = work.load::<Conversation>(&thread_id).await?;
    answer_as(work, &conversation)?;
    let thread = conversation.state.require_known()?;
    let mut recent = thread.recent.iter().rev();
    let message = recent.find(|message| message.provider_message_id.as_ref() == Some(id));
    Ok(Some(ReceivedSummary {
        message_id: message.map(|message| message.message_id.to_string()),
        customer_id: thread.customer_id.as_ref().map(CustomerId::to_string),
        thread_created: false,
        customer_created: false,
        candidates: thread.candidates.clone(),
        keyword: None,
        repeated: true,
        thread_id,
    }))
}

/// The thread of the address; with whose it is where that has just been found out.
async fn find_or_open(
    work: &mut Work,
    incoming: &Incoming,
) -> Result<(Loaded<Conversation>, Option<Owner>)> {
    let keys = work.keys()?;
    let index = addresses::index(&keys, incoming.channel, incoming.address.as_str());
    if let Some(thread_id) = work.wanted_claim(ADDRESS_SCOPE, &index).map(str::to_owned) {
        work.fetch(super::load_of(&thread_id)).await?;
        let mut conversation = super::find_thread(work, &ConversationId::new(thread_id)).await?;
        let owner = introduce(work, &mut conversation, incoming).await?;
        return Ok((conversation, owner));
    }
    let owner = find_owner(work, incoming)?;
    let thread_id = work.new_id();
    let key = work.new_subject(&thread_id)?;
    let mut conversation = work.create::<Conversation>(&thread_id);
    let end = (incoming.channel, incoming.address.as_str());
    let subject = incoming.subject.as_deref();
    let subject = subject.map(|subject| key.seal("ThreadOpened", "subject", subject));
    let opened = ThreadOpened {
        channel: incoming.channel,
        customer_id: owner.customer_id().cloned(),
        candidates: owner.candidates().to_vec(),
        address: Some(addresses::seal(&keys, &key, "ThreadOpened", end)?),
        subject: subject.transpose()?,
        ai_mode: work.tenant().settings.messaging.ai_mode,
    };
    work.execute(
        &mut conversation,
        ConversationCommand::Open(Box::new(opened)),
    )
    .await?;
    Ok((conversation, Some(owner)))
}

/// A visitor of the chat says who they are: a lead from now on, or, where the address is known already, perhaps its owner.
async fn introduce(
    work: &mut Work,
    conversation: &mut Loaded<Conversation>,
    incoming: &Incoming,
) -> Result<Option<Owner>> {
    let thread = conversation.state.require()?;
    if thread.customer_id.is_some() || thread.channel != Channel::WebChat {
        return Ok(None);
    }
    let owner = find_owner(work, incoming)?;
    if !owner.candidates().is_empty() {
        let candidates = owner.candidates().to_vec();
        work.execute(conversation, ConversationCommand::Claim { candidates })
            .await?;
        return Ok(None);
    }
    let Some(customer_id) = owner.customer_id().cloned() else {
        return Ok(None);
    };
    work.execute(conversation, ConversationCommand::Move { customer_id })
        .await?;
    Ok(Some(owner))
}

/// A number that several customers share is never guessed at.
fn find_owner(work: &Work, incoming: &Incoming) -> Result<Owner> {
    let keys = work.keys()?;
    if let Some(email) = incoming.email() {
        let index = people::email_index(&keys, email);
        if let Some(owner) = work.wanted_claim(EMAIL_SCOPE, &index) {
            return Ok(incoming.belief_in(CustomerId::new(owner)));
        }
    }
    if let Some(phone) = incoming.phone() {
        let mut sharers = work.wanted_handles(PHONE_SCOPE, &people::phone_index(&keys, phone));
        sharers.sort_unstable();
        sharers.truncate(MAX_CANDIDATES);
        let mut sharers: Vec<CustomerId> = sharers.into_iter().map(CustomerId::new).collect();
        match sharers.len() {
            0 => {}
            1 => {
                let owner = sharers.pop();
                return Ok(owner.map_or(Owner::Nobody, |owner| incoming.belief_in(owner)));
            }
            _ => return Ok(Owner::Shared(sharers)),
        }
    }
    if incoming.email().is_none() && incoming.phone().is_none() {
        return Ok(Owner::Nobody);
    }
    Ok(Owner::Lead(CustomerId::new(work.new_id())))
}

impl Owner {
    fn customer_id(&self) -> Option<&CustomerId> {
        match self {
            Self::Customer(customer_id) | Self::Lead(customer_id) => Some(customer_id),
            Self::Shared(_) | Self::Nobody => None,
        }
    }

    fn candidates(&self) -> &[CustomerId] {
        match self {
            Self::Shared(candidates) => candidates,
            Self::Customer(_) | Self::Lead(_) | Self::Nobody => &[],
        }
    }
}

/// The message under the thread's key.
async fn seal(
    work: &mut Work,
    conversation: &Loaded<Conversation>,
    incoming: &Incoming,
    (message_id, said): (&MessageId, Option<Keyword>),
) -> Result<MessageReceived> {
    let key = work.subject(&conversation.id).await?;
    let thread: &Thread = conversation.state.require()?;
    let answers_go_to = thread
        .address
        .as_ref()
        .and_then(|address| key.open("address", address));
    let from = incoming.address.as_str();
    let address = (answers_go_to.as_deref() != Some(from))
        .then(|| key.seal(EVENT, "address", from))
        .transpose()?;
    let subject = incoming.subject.as_deref();
    let (provider, provider_message_id) = incoming.provider_message.clone().unzip();
    Ok(MessageReceived {
        message_id: message_id.clone(),
        content: key.seal(EVENT, "content", &incoming.content)?,
        subject: subject
            .map(|subject| key.seal(EVENT, "subject", subject))
            .transpose()?,
        attachments: attachments::seal_received(
            &key,
            EVENT,
            (&conversation.id, &incoming.attachments, &incoming.files),
        )?,
        address,
        keyword: said,
        call: incoming.call,
        provider,
        provider_message_id,
        at: incoming.at,
    })
}

impl Incoming {
    /// Whether it is a letter that asks for no more marketing.
    fn unsubscribes(&self) -> bool {
        let subject = self.subject.as_deref().unwrap_or_default();
        let says = unsubscribes(subject) || unsubscribes(&self.content);
        self.channel == Channel::Email && says
    }

    /// A message that came from an address is its owner's; what a visitor types into a form anybody can type.
    fn belief_in(&self, owner: CustomerId) -> Owner {
        match &self.address {
            Address::Email(_) | Address::Phone(_) => Owner::Customer(owner),
            Address::Visitor(_) => Owner::Shared(vec![owner]),
        }
    }

    /// The e-mail address by which the writer may be known.
    fn email(&self) -> Option<&domain::values::EmailAddress> {
        match &self.address {
            Address::Email(email) => Some(email),
            Address::Phone(_) | Address::Visitor(_) => self.contact_email.as_ref(),
        }
    }

    /// The number by which the writer may be known.
    fn phone(&self) -> Option<&domain::values::PhoneNumber> {
        match &self.address {
            Address::Phone(phone) => Some(phone),
            Address::Email(_) | Address::Visitor(_) => self.contact_phone.as_ref(),
        }
    }
}
