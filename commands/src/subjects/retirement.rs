//! What a tenant's terms end: `retire-thread` destroys the key of a thread that has been silent for long enough, and those of
//! the threads that became part of it; `retire-lead` erases a customer who never booked. A hold keeps both.

use cqrs_es::Aggregate;
use domain::conversations::commands::ConversationCommand;
use domain::conversations::{Conversation, Thread, ThreadPrivacy};
use domain::customers::Customer;
use domain::ids::{ConversationId, CustomerId};
use event_store::commit::KeyChange;
use event_store::load::Load;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::erasure::begin_erasure;
use super::{SubjectSummary, find_subject};
use crate::Result;
use crate::bookings::answer_as;
use crate::command;
use crate::registry::{Command, Input, Risk};
use crate::work::{Facts, Loaded, Work};

/// Only the system sends them.
pub(super) fn commands() -> Vec<Command> {
    vec![
        command!(
            "retire-thread",
            retire_thread,
            RetireThread,
            Permission::ConversationsWrite,
            Risk::Destructive,
            internal
        ),
        command!(
            "retire-lead",
            retire_lead,
            RetireLead,
            Permission::CustomersWrite,
            Risk::Destructive,
            internal
        ),
    ]
}

/// # Retire a thread
///
/// Erases a thread whose newest message is older than `before`. Changes nothing when somebody has written since, when a hold
/// keeps it, or when it is erased already.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetireThread {
    pub thread_id: ConversationId,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    pub before: OffsetDateTime,
}

/// # Retire a lead
///
/// Erases a customer who never booked and of whom nothing was heard for long, as by `erase-subject`: the data rests at once,
/// and the erasure can be cancelled until its day. Changes nothing when a hold keeps the data, or when it rests already.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetireLead {
    pub customer_id: CustomerId,
}

#[derive(Serialize)]
pub struct RetirementSummary {
    pub thread_id: String,
    /// The threads that were erased, this one and those that had become part of it.
    pub erased: Vec<String>,
}

impl Input for RetireThread {
    fn wanted(&self, _: &Facts) -> Load {
        Load {
            streams: vec![(Conversation::TYPE, self.thread_id.to_string(), 0)],
            ..Load::default()
        }
    }
}

impl Input for RetireLead {
    fn wanted(&self, _: &Facts) -> Load {
        super::load_of(&self.customer_id)
    }
}

pub async fn retire_lead(work: &mut Work, input: RetireLead) -> Result<SubjectSummary> {
    let customer = find_subject(work, &input.customer_id).await?;
    let privacy = &customer.state.privacy;
    if privacy.hold.is_some() || !privacy.is_open() {
        answer_as(work, &customer)?;
        return Ok(SubjectSummary::of(&customer));
    }
    begin_erasure(work, customer).await
}

pub async fn retire_thread(work: &mut Work, input: RetireThread) -> Result<RetirementSummary> {
    let conversation = work.find::<Conversation>(input.thread_id.as_str()).await?;
    let mut family = vec![conversation];
    let mut erased = Vec::new();
    if let Some(thread) = family[0].state.thread.clone()
        && is_over(&thread, input.before)
        && !is_held(work, &thread).await?
    {
        for id in &thread.merged {
            family.push(work.load::<Conversation>(id.as_str()).await?);
        }
        for thread in &mut family {
            erase(work, thread, &mut erased).await?;
        }
    } else {
        answer_as(work, &family[0])?;
    }
    Ok(RetirementSummary {
        thread_id: input.thread_id.to_string(),
        erased,
    })
}

fn is_over(thread: &Thread, before: OffsetDateTime) -> bool {
    thread.privacy != ThreadPrivacy::Erased
        && thread.merged_into.is_none()
        && thread.last_message_at.is_some_and(|at| at < before)
}

/// Whether the data of whoever it is, or may be, must be kept.
async fn is_held(work: &mut Work, thread: &Thread) -> Result<bool> {
    let people: Vec<&CustomerId> = thread
        .customer_id
        .iter()
        .chain(&thread.candidates)
        .collect();
    let streams = people
        .iter()
        .map(|id| (Customer::TYPE, id.to_string(), 0))
        .collect();
    work.fetch(Load {
        streams,
        ..Load::default()
    })
    .await?;
    for id in people {
        let mut customer = work.load::<Customer>(id.as_str()).await?;
        if let Some(survivor_id) = customer.state.merged_into().cloned() {
            customer = work.load::<Customer>(survivor_id.as_str()).await?;
        }
        if customer.state.privacy.hold.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn erase(
    work: &mut Work,
    thread: &mut Loaded<Conversation>,
    erased: &mut Vec<String>,
) -> Result<()> {
    work.execute(thread, ConversationCommand::Erase).await?;
    work.change_key(KeyChange::Destroy(thread.id.clone()));
    erased.push(thread.id.clone());
    Ok(())
}
