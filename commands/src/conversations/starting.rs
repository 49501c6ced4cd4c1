//! The thread with a customer on a channel: found by the customer's address there, or opened.

use domain::conversations::commands::ConversationCommand;
use domain::conversations::events::ThreadOpened;
use domain::conversations::{ADDRESS_SCOPE, Conversation};
use domain::customers::Customer;
use domain::customers::consents::Channel;
use domain::ids::CustomerId;
use domain::refusal::Refusal;
use event_store::load::Load;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::addresses::{self, Address};
use super::recipients::{find_customer, load_all};
use crate::Result;
use crate::bookings::answer_as;
use crate::registry::Input;
use crate::work::{Facts, Loaded, Work};

/// # Start a thread
///
/// Finds the thread with a customer on a channel, or opens it. Nothing is sent.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StartThread {
    pub customer_id: CustomerId,
    /// `sms`, `whatsapp`, `phone` or `email`; the customer must have an address there.
    pub channel: Channel,
}

#[derive(Serialize)]
pub struct StartedSummary {
    pub thread_id: String,
    pub customer_id: String,
    pub thread_created: bool,
}

impl Input for StartThread {
    fn wanted(&self, _: &Facts) -> Load {
        load_all(std::slice::from_ref(&self.customer_id))
    }
}

pub async fn start_thread(work: &mut Work, input: StartThread) -> Result<StartedSummary> {
    let customer = find_customer(work, &input.customer_id).await?;
    let conversation = thread_on(work, &customer, input.channel).await?;
    let thread_created = conversation.sequence == 1;
    if !thread_created {
        answer_as(work, &conversation)?;
    }
    Ok(StartedSummary {
        thread_id: conversation.id,
        customer_id: customer.id,
        thread_created,
    })
}

/// The thread at the customer's own address on `channel`.
pub(super) async fn thread_on(
    work: &mut Work,
    customer: &Loaded<Customer>,
    channel: Channel,
) -> Result<Loaded<Conversation>> {
    let address = find_address(work, customer, channel).await?;
    let keys = work.keys()?;
    let index = addresses::index(&keys, channel, address.as_str());
    if let Some(thread_id) = work.find_claim(ADDRESS_SCOPE, &index).await? {
        work.fetch(super::load_of(&thread_id)).await?;
        let conversation = work.load::<Conversation>(&thread_id).await?;
        let owner = &conversation.state.require()?.customer_id;
        if owner.as_ref().map(CustomerId::as_str) != Some(customer.id.as_str()) {
            let detail = "the thread at this address belongs to somebody else, or to nobody yet; move it first";
            let refusal = Refusal::conflict("thread-of-another-customer", detail);
            let there =
                json!({ "first": "move-thread", "thread_id": thread_id, "owner_id": owner });
            return Err(refusal.with_alternatives(vec![there]).into());
        }
        return Ok(conversation);
    }
    let thread_id = work.new_id();
    let key = work.new_subject(&thread_id)?;
    let mut conversation = work.create::<Conversation>(&thread_id);
    let address = addresses::seal(&keys, &key, "ThreadOpened", (channel, address.as_str()))?;
    let opened = ThreadOpened {
        channel,
        customer_id: Some(CustomerId::new(customer.id.clone())),
        candidates: Vec::new(),
        address: Some(address),
        subject: None,
        ai_mode: work.tenant().settings.messaging.ai_mode,
    };
    work.execute(
        &mut conversation,
        ConversationCommand::Open(Box::new(opened)),
    )
    .await?;
    Ok(conversation)
}

async fn find_address(
    work: &mut Work,
    customer: &Loaded<Customer>,
    channel: Channel,
) -> Result<Address> {
    customer.state.require_living()?;
    let (field, known) = match channel {
        Channel::Email => ("email", &customer.state.email),
        Channel::Sms | Channel::Whatsapp | Channel::Phone => ("phone", &customer.state.phone),
        Channel::WebChat => ("visitor", &None),
    };
    let key = work.subject(&customer.id).await?;
    let plain = known
        .as_ref()
        .and_then(|known| key.open(field, &known.sealed));
    let region = &work.tenant().settings.region;
    let address = plain.and_then(|plain| Address::parse(channel, &plain, region).ok());
    address.ok_or_else(|| {
        let detail = "the customer has no address on this channel";
        Refusal::conflict("address-missing", detail).into()
    })
}
