//! The assistant in the inbox: looks at a customer's message, by a language model where the tenant has one and by rules
//! else, and brings back a suggestion, an answer or a hand-over. Its tools are our own commands and queries, under rights
//! that are cut, for the thread's own customer alone. It changes nothing outside by itself, so a lost run begins again.

mod approvals;
mod arguments;
mod budget;
mod fact_prompt;
mod facts;
mod finishing;
mod model;
mod prices;
mod prompt;
mod questions;
mod rules;
mod situation;
mod tools;

use domain::assistant_runs::{AssistantRun, HandOverReason};
use domain::conversations::AiMode;
use domain::ids::{BookingId, ConversationId, MessageId};
use integrations::catalogue::{self, Capability};
use serde_json::json;

use self::finishing::Ending;
use self::situation::{Seen, Situation};
use crate::Result;
use crate::deliver::{Delivered, Undelivered};
use crate::delivery::Delivery;
use crate::work::Job;

impl Delivery {
    /// One run over one message.
    pub(crate) async fn run_assistant(
        &self,
        job: &Job,
        conversation_id: &ConversationId,
        message_id: &MessageId,
    ) -> std::result::Result<Delivered, Undelivered> {
        let situation = match self.look(job, conversation_id, message_id).await? {
            Seen::Ready(situation) => situation,
            Seen::Nothing(why) => return Ok(Delivered::Withheld(why)),
        };
        if situation.is_late() {
            self.leave(job, &situation).await?;
            return Ok(Delivered::Withheld("the message has waited too long"));
        }
        let ending = match chosen(&situation) {
            Chosen::Model(provider) => self.think_by_model(job, &situation, provider).await?,
            Chosen::Rules => self.think_by_rules(job, &situation).await?,
        };
        self.finish(job, &situation, ending).await?;
        Ok(Delivered::Done)
    }

    /// The run will not be tried again: in a thread where it answers, a person has to.
    pub(crate) async fn give_assistant_up(
        &self,
        job: &Job,
        conversation_id: &ConversationId,
        message_id: &MessageId,
    ) -> Result<()> {
        let Seen::Ready(situation) = self.look(job, conversation_id, message_id).await? else {
            return Ok(());
        };
        self.leave(job, &situation).await
    }

    /// Leaves the thread to a person without having looked at it.
    async fn leave(&self, job: &Job, situation: &Situation) -> Result<()> {
        let ending = match situation.mode {
            AiMode::Auto => Ending::hand_over(HandOverReason::Unavailable, None),
            AiMode::Suggest | AiMode::Off => Ending::End {
                code: "unavailable",
            },
        };
        let engine = match &situation.run.started {
            Some(started) => started.engine.clone(),
            None => rules::engine(situation),
        };
        self.finish(job, situation, ending.bare(engine)).await
    }

    pub(crate) async fn bring_payment_link(
        &self,
        job: &Job,
        conversation_id: &ConversationId,
        booking_id: &BookingId,
    ) -> std::result::Result<Delivered, Undelivered> {
        let streams = [("conversation", conversation_id.as_str())];
        let read = self.read(&job.tenant_id, &streams).await?;
        let conversation: domain::conversations::Conversation =
            crate::delivery::fold(&read, conversation_id.as_str())?;
        if conversation.thread.is_none() {
            return Ok(Delivered::Withheld("there is no such thread"));
        }
        let body = json!({ "thread_id": conversation_id, "booking_id": booking_id });
        self.bring_back(job, "send-payment-link", body).await?;
        Ok(Delivered::Done)
    }
}

/// Who thinks for the tenant.
enum Chosen {
    /// By the provider of this name.
    Model(&'static str),
    Rules,
}

fn chosen(situation: &Situation) -> Chosen {
    let providers = &situation.tenant.providers;
    let settings_of = |name: &str| Some(&providers.get(name)?.settings);
    match catalogue::choose(Capability::Complete, settings_of) {
        Some(entry) => Chosen::Model(entry.name),
        None => Chosen::Rules,
    }
}

/// Whether the run may ask a model once more.
fn has_budget(run: &AssistantRun, situation: &Situation) -> bool {
    run.tokens() < situation.tenant.settings.assistant.max_tokens
        && run.calls < domain::assistant_runs::MAX_CALLS
}
