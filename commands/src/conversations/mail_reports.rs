//! `record-mail-report`: a mail of ours was called spam, or came back for good. That is a word on consent, or on the address;
//! the mail itself may be a message of a thread or a letter about a booking.

use domain::conversations::Conversation;
use domain::conversations::{MESSAGE_SCOPE, message_value};
use domain::customers::consents::{Channel, Purpose, SaidIn, Source, Suspension};
use domain::customers::{ConsentChange, Customer, CustomerCommand};
use domain::ids::{ConversationId, CustomerId, MessageId};
use domain::refusal::Refusal;
use event_store::load::Load;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::recipients::{find_customer, load_all};
use super::statuses::kept_code;
use crate::Result;
use crate::bookings::answer_as;
use crate::command;
use crate::registry::{Command, Input, Risk};
use crate::work::{Facts, Loaded, Work};

/// The command of this file; only the system sends it.
pub fn commands() -> Vec<Command> {
    vec![command!(
        "record-mail-report",
        record_mail_report,
        RecordMailReport,
        Permission::ConversationsWrite,
        Risk::Write,
        internal
    )]
}

/// # Record a report about a mail
///
/// Names the customer whom a letter went to, or a message of a thread by its own ids or by the provider's. A complaint
/// withdraws consent to marketing by e-mail, and to whatever the mail was for. A mail that came back for good suspends
/// the address until it is corrected.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordMailReport {
    pub report: MailReport,
    /// Whom a letter went to.
    #[serde(default)]
    pub customer_id: Option<CustomerId>,
    /// With `message_id`.
    #[serde(default)]
    pub thread_id: Option<ConversationId>,
    #[serde(default)]
    pub message_id: Option<MessageId>,
    /// With `provider_message_id`.
    #[serde(default)]
    pub provider: Option<String>,
    #[serde(default)]
    pub provider_message_id: Option<String>,
    /// The provider's code.
    #[serde(default)]
    pub code: Option<String>,
}

/// What is said of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailReport {
    /// Its recipient calls it spam.
    Complained,
    /// The recipient's server has refused it for good.
    Bounced,
}

/// Whom it was about.
#[derive(Serialize)]
pub struct MailReportSummary {
    pub report: MailReport,
    /// Null while nobody knows whose address it is.
    pub customer_id: Option<String>,
}

/// The mail, as far as it is remembered.
struct About {
    customer_id: Option<CustomerId>,
    purpose: Purpose,
    said_in: Option<SaidIn>,
}

impl Input for RecordMailReport {
    fn wanted(&self, _: &Facts) -> Load {
        match (&self.customer_id, &self.thread_id) {
            (Some(customer_id), _) => load_all(std::slice::from_ref(customer_id)),
            (None, Some(thread_id)) => super::load_of(thread_id.as_str()),
            (None, None) => Load::default(),
        }
    }
}

pub async fn record_mail_report(
    work: &mut Work,
    input: RecordMailReport,
) -> Result<MailReportSummary> {
    let about = find_mail(work, &input).await?;
    let Some(customer_id) = &about.customer_id else {
        return Ok(MailReportSummary {
            report: input.report,
            customer_id: None,
        });
    };
    work.fetch(load_all(std::slice::from_ref(customer_id)))
        .await?;
    let mut customer = find_customer(work, customer_id).await?;
    match input.report {
        MailReport::Complained => complain(work, &mut customer, &about).await?,
        MailReport::Bounced => {
            let suspension = Suspension {
                channel: Channel::Email,
                code: kept_code(input.code.as_deref()),
                at: work.ctx.now,
            };
            let command = CustomerCommand::SuspendChannel(suspension);
            work.execute(&mut customer, command).await?;
        }
    }
    Ok(MailReportSummary {
        report: input.report,
        customer_id: Some(customer.id),
    })
}

/// Whoever calls a letter about their own booking spam wants no such letters either.
async fn complain(work: &mut Work, customer: &mut Loaded<Customer>, about: &About) -> Result<()> {
    let purposes: &[Purpose] = match about.purpose {
        Purpose::Marketing => &[Purpose::Marketing],
        Purpose::Transactional => &[Purpose::Marketing, Purpose::Transactional],
    };
    let key = work.subject(&customer.id).await?;
    let email = customer.state.email.as_ref();
    let email = email.and_then(|email| key.open("email", &email.sealed));
    for purpose in purposes {
        let address = email
            .as_ref()
            .map(|email| key.seal("ConsentWithdrawn", "address", email));
        let change = ConsentChange {
            channel: Channel::Email,
            purpose: *purpose,
            source: Source::Provider,
            wording: "The recipient has called a mail of ours spam".to_owned(),
            at: work.ctx.now,
            address: address.transpose()?,
            said_in: about.said_in.clone(),
        };
        let command = CustomerCommand::WithdrawConsent(Box::new(change));
        work.execute(customer, command).await?;
    }
    Ok(())
}

async fn find_mail(work: &mut Work, input: &RecordMailReport) -> Result<About> {
    if let Some(customer_id) = &input.customer_id {
        return Ok(About {
            customer_id: Some(customer_id.clone()),
            purpose: Purpose::Transactional,
            said_in: None,
        });
    }
    let thread_id = match (
        &input.thread_id,
        &input.provider,
        &input.provider_message_id,
    ) {
        (Some(thread_id), _, _) => thread_id.to_string(),
        (None, Some(provider), Some(id)) => {
            let owner = work
                .find_claim(MESSAGE_SCOPE, &message_value(provider, id))
                .await?;
            owner.ok_or_else(|| {
                let detail = format!("no mail of ours is known to {provider} by this id");
                Refusal::not_found("message-unknown", detail)
            })?
        }
        _ => {
            let detail = "name the customer, the thread and its message, or provider and provider_message_id";
            return Err(Refusal::invalid("message-unnamed", detail).into());
        }
    };
    let conversation = work.load::<Conversation>(&thread_id).await?;
    let thread = conversation.state.require_known()?;
    if thread.customer_id.is_none() {
        answer_as(work, &conversation)?;
    }
    let mut recent = thread.recent.iter().rev();
    let message = recent.find(|message| match &input.message_id {
        Some(message_id) => message.message_id == *message_id,
        None => message.provider_message_id == input.provider_message_id,
    });
    Ok(About {
        customer_id: thread.customer_id.clone(),
        // What it was for is remembered no more: less is withdrawn, then, not more.
        purpose: message
            .and_then(|message| message.purpose)
            .unwrap_or(Purpose::Marketing),
        said_in: message.map(|message| SaidIn {
            conversation_id: ConversationId::new(conversation.id.clone()),
            message_id: message.message_id.clone(),
        }),
    })
}
