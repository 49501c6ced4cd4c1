//! A thread turns out to be somebody else's, or two threads turn out to be one.

use domain::conversations::Conversation;
use domain::conversations::commands::ConversationCommand;
use domain::conversations::events::ThreadsMerged;
use domain::customers::Customer;
use domain::ids::{ConversationId, CustomerId};
use domain::refusal::Refusal;
use event_store::load::Load;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::addresses;
use super::recipients::find_customer;
use crate::Result;
use crate::registry::Input;
use crate::work::{Facts, Loaded, Work};

/// # Move a thread
///
/// The thread belongs to this customer from now on: it was nobody's, or somebody else's by mistake.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveThread {
    pub thread_id: ConversationId,
    /// Whose it is.
    pub customer_id: CustomerId,
}

/// # Merge threads
///
/// Two threads of one customer on one channel become one. The survivor shows the messages of both, and what is written
/// to either address comes in there.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeThreads {
    /// The one that stays.
    pub survivor_id: ConversationId,
    /// The one that goes.
    pub merged_id: ConversationId,
}

#[derive(Serialize)]
pub struct MovedSummary {
    pub thread_id: String,
    pub customer_id: String,
}

#[derive(Serialize)]
pub struct MergedSummary {
    pub survivor_id: String,
    pub merged_id: String,
}

impl Input for MoveThread {
    fn wanted(&self, _: &Facts) -> Load {
        use cqrs_es::Aggregate;
        let mut load = super::load_of(self.thread_id.as_str());
        let customer = (Customer::TYPE, self.customer_id.to_string(), 0);
        load.streams.push(customer);
        load
    }
}

impl Input for MergeThreads {
    fn wanted(&self, _: &Facts) -> Load {
        let mut load = super::load_of(self.survivor_id.as_str());
        let merged = super::load_of(self.merged_id.as_str());
        load.streams.extend(merged.streams);
        load.subjects.extend(merged.subjects);
        load
    }
}

pub async fn move_thread(work: &mut Work, input: MoveThread) -> Result<MovedSummary> {
    let mut conversation = super::find_thread(work, &input.thread_id).await?;
    let customer = work.find::<Customer>(input.customer_id.as_str()).await?;
    customer.state.require_living()?;
    let customer_id = input.customer_id;
    let command = ConversationCommand::Move {
        customer_id: customer_id.clone(),
    };
    work.execute(&mut conversation, command).await?;
    Ok(MovedSummary {
        thread_id: conversation.id,
        customer_id: customer_id.to_string(),
    })
}

pub async fn merge_threads(work: &mut Work, input: MergeThreads) -> Result<MergedSummary> {
    if input.survivor_id == input.merged_id {
        let detail = "a thread is not merged into itself";
        return Err(Refusal::field("/merged_id", "threads-equal", detail).into());
    }
    let mut survivor = super::find_thread(work, &input.survivor_id).await?;
    let mut merged = work.load::<Conversation>(input.merged_id.as_str()).await?;
    check_alike(work, &survivor, &merged).await?;
    let absorb = absorb(work, &survivor, &merged).await?;
    let orphaned = survivor.state.require()?.customer_id.is_none();
    let customer_id = merged.state.require_known()?.customer_id.clone();
    work.execute(&mut survivor, ConversationCommand::Absorb(Box::new(absorb)))
        .await?;
    if let Some(customer_id) = customer_id.filter(|_| orphaned) {
        work.execute(&mut survivor, ConversationCommand::Move { customer_id })
            .await?;
    }
    let survivor_id = input.survivor_id;
    let command = ConversationCommand::MergeInto {
        survivor_id: survivor_id.clone(),
    };
    work.execute(&mut merged, command).await?;
    Ok(MergedSummary {
        survivor_id: survivor_id.to_string(),
        merged_id: merged.id,
    })
}

/// Threads of different channels answer in different ways, and threads of different people are not for each other's eyes.
async fn check_alike(
    work: &mut Work,
    survivor: &Loaded<Conversation>,
    merged: &Loaded<Conversation>,
) -> Result<()> {
    let (one, other) = (survivor.state.require()?, merged.state.require_known()?);
    if one.channel != other.channel {
        let detail = "threads of different channels stay apart; both show with their customer";
        return Err(Refusal::conflict("channels-differ", detail).into());
    }
    let (Some(one), Some(other)) = (&one.customer_id, &other.customer_id) else {
        return Ok(());
    };
    let owner = find_customer(work, one).await?.id;
    let other_owner = find_customer(work, other).await?.id;
    if owner != other_owner {
        let detail =
            "the threads belong to different customers; merge the customers or move a thread first";
        let owners =
            json!({ "first": "merge-customers", "survivor_id": owner, "merged_id": other_owner });
        let refusal = Refusal::conflict("customers-differ", detail);
        return Err(refusal.with_alternatives(vec![owners]).into());
    }
    Ok(())
}

/// What the survivor takes over, the address under its own key.
async fn absorb(
    work: &mut Work,
    survivor: &Loaded<Conversation>,
    merged: &Loaded<Conversation>,
) -> Result<ThreadsMerged> {
    let thread = merged.state.require_known()?;
    let (keys, theirs) = (work.keys()?, work.subject(&merged.id).await?);
    let ours = work.subject(&survivor.id).await?;
    let plain = thread
        .address
        .as_ref()
        .and_then(|address| theirs.open("address", address));
    let address =
        plain.map(|plain| addresses::seal(&keys, &ours, "ThreadsMerged", (thread.channel, &plain)));
    Ok(ThreadsMerged {
        merged_id: ConversationId::new(merged.id.clone()),
        address: address.transpose()?,
        message_count: thread.message_count,
        unread_count: thread.unread_count,
        last_inbound: thread.last_inbound.clone(),
        opted_out: thread.opted_out.clone(),
    })
}
