//! What STOP, START and HELP do: consents are withdrawn or granted in the commit of the message that asks for it, and each
//! is answered once.

use domain::conversations::allowance::Recipient;
use domain::conversations::commands::{ConversationCommand, Send};
use domain::conversations::keywords::Keyword;
use domain::conversations::messages::SenderType;
use domain::conversations::{Conversation, OptOut, Thread};
use domain::customers::consents::{Channel, Purpose, SaidIn, Source};
use domain::customers::{ConsentChange, Customer, CustomerCommand};
use domain::ids::{ConversationId, CustomerId, MessageId};
use domain::values::MAX_WORDING_CHARS;

use super::recipients::{find_customer, load_all};
use super::sending::reseal_address;
use crate::Result;
use crate::work::{Loaded, Work};

/// Who answers keywords.
const SENDER: &str = "rapport";

/// A keyword as it was said.
pub(super) struct Word {
    pub conversation_id: ConversationId,
    pub message_id: MessageId,
    pub keyword: Keyword,
    pub text: String,
    /// Where it came from.
    pub address: String,
}

/// Whom a keyword speaks for. STOP speaks for everybody at that number; START for nobody who is not known.
pub(super) fn whose(thread: &Thread, keyword: Option<Keyword>) -> Vec<CustomerId> {
    match keyword {
        None | Some(Keyword::Help) => Vec::new(),
        Some(Keyword::Start) => thread.customer_id.iter().cloned().collect(),
        Some(Keyword::Stop) => {
            let known = thread.customer_id.iter();
            known.chain(&thread.candidates).cloned().collect()
        }
    }
}

/// Those of `purposes` that any of these customers has consented to.
pub(super) async fn granted(
    work: &mut Work,
    customers: &[CustomerId],
    channel: Channel,
    purposes: &[Purpose],
) -> Result<Vec<Purpose>> {
    let mut granted = Vec::new();
    if customers.is_empty() {
        return Ok(granted);
    }
    work.fetch(load_all(customers)).await?;
    for customer_id in customers {
        // A lead of this very commit has consented to nothing.
        let Ok(customer) = find_customer(work, customer_id).await else {
            continue;
        };
        for purpose in purposes {
            let allowed = customer.state.consents.allows(channel, *purpose);
            if allowed && !granted.contains(purpose) {
                granted.push(*purpose);
            }
        }
    }
    Ok(granted)
}

/// Whether a keyword is to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owed {
    Answer,
    Nothing,
}

/// Withdraws or grants what the keyword asks for. `before` is how the thread stood before it, and `lead` is who has just
/// become one by it.
pub(super) async fn obey(
    work: &mut Work,
    conversation: &Loaded<Conversation>,
    word: &Word,
    (before, lead): (Option<OptOut>, Option<Loaded<Customer>>),
) -> Result<Owed> {
    let purposes = match (word.keyword, &before) {
        (Keyword::Help, _) => return Ok(Owed::Answer),
        // Whoever has not stopped anything says YES to something else.
        (Keyword::Start, None) => return Ok(Owed::Nothing),
        (Keyword::Start, Some(stopped)) => {
            let mut purposes = stopped.withdrawn.clone();
            if !purposes.contains(&Purpose::Transactional) {
                purposes.push(Purpose::Transactional);
            }
            purposes
        }
        (Keyword::Stop, _) => vec![Purpose::Transactional, Purpose::Marketing],
    };
    speak(work, conversation, word, (&purposes, lead)).await?;
    // A second STOP is obeyed and not answered.
    Ok(match (word.keyword, before) {
        (Keyword::Stop, Some(_)) => Owed::Nothing,
        _ => Owed::Answer,
    })
}

/// Somebody answers a letter with the one word that its head offers (RFC 2369): no more marketing by e-mail. Letters about
/// what they have ordered go on.
pub(super) async fn unsubscribe(
    work: &mut Work,
    conversation: &Loaded<Conversation>,
    word: &Word,
    lead: Option<Loaded<Customer>>,
) -> Result<()> {
    speak(work, conversation, word, (&[Purpose::Marketing], lead)).await
}

/// Takes the word down with everybody it speaks for.
async fn speak(
    work: &mut Work,
    conversation: &Loaded<Conversation>,
    word: &Word,
    (purposes, lead): (&[Purpose], Option<Loaded<Customer>>),
) -> Result<()> {
    let thread = conversation.state.require()?;
    let mut customers = Vec::new();
    match lead {
        Some(lead) => customers.push(lead),
        None => {
            for customer_id in whose(thread, Some(word.keyword)) {
                let customer = find_customer(work, &customer_id).await?;
                // One of several at that address; nothing is sent to those who want to rest.
                if customer.state.privacy.is_open() {
                    customers.push(customer);
                }
            }
        }
    }
    for customer in &mut customers {
        for purpose in purposes {
            let command = change(work, customer, thread.channel, (word, *purpose)).await?;
            work.execute(customer, command).await?;
        }
    }
    Ok(())
}

async fn change(
    work: &mut Work,
    customer: &Loaded<Customer>,
    channel: Channel,
    (word, purpose): (&Word, Purpose),
) -> Result<CustomerCommand> {
    let key = work.subject(&customer.id).await?;
    let grants = word.keyword == Keyword::Start;
    let event = if grants {
        "ConsentGranted"
    } else {
        "ConsentWithdrawn"
    };
    let change = Box::new(ConsentChange {
        channel,
        purpose,
        source: match channel {
            Channel::Email | Channel::WebChat => Source::Web,
            Channel::Sms | Channel::Phone | Channel::Whatsapp => Source::Phone,
        },
        wording: word.text.chars().take(MAX_WORDING_CHARS).collect(),
        at: work.ctx.now,
        address: Some(key.seal(event, "address", &word.address)?),
        said_in: Some(SaidIn {
            conversation_id: word.conversation_id.clone(),
            message_id: word.message_id.clone(),
        }),
    });
    Ok(match grants {
        true => CustomerCommand::GrantConsent(change),
        false => CustomerCommand::WithdrawConsent(change),
    })
}

/// Answers in the tenant's words. The answer is owed: it rests on the keyword, not on a consent.
pub(super) async fn answer(
    work: &mut Work,
    conversation: &mut Loaded<Conversation>,
    word: &Word,
) -> Result<()> {
    let tenant = work.tenant().clone();
    let content = tenant.settings.messaging.answer(word.keyword, &tenant.name);
    let key = work.subject(&conversation.id).await?;
    let send = Send {
        message_id: MessageId::new(work.new_id()),
        content: key.seal("MessageSent", "content", &content)?,
        subject: None,
        attachments: None,
        address: reseal_address(&key, conversation.state.require()?)?,
        sender_type: SenderType::System,
        sender_id: SENDER.to_owned(),
        purpose: Purpose::Transactional,
        canned_reply: None,
        after_message_id: None,
        owed_to: Some((word.message_id.clone(), word.keyword)),
        recipient: Recipient::default(),
        at: work.ctx.now,
    };
    work.execute(conversation, ConversationCommand::Send(Box::new(send)))
        .await
}
