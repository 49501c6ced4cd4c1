//! What people do with facts: have them looked for, accept, reject, and take a whole extraction back.

use cqrs_es::Aggregate;
use domain::conversations::Conversation;
use domain::facts::{FactCommand, FactSheet};
use domain::ids::{ConversationId, FactId, MessageId};
use domain::refusal::Refusal;
use event_store::load::Load;
use identity::principals::PrincipalKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::load_of;
use crate::Result;
use crate::registry::Input;
use crate::work::{Facts, Loaded, Work};

/// # Look for facts in a conversation
///
/// Date, party, address, diet, name, e-mail, phone and budget are read in what the customer wrote, each with the words it
/// rests on. It takes a moment; the query `facts` shows what was found. Closing a thread does the same.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtractFacts {
    pub thread_id: ConversationId,
}

/// # Accept a fact
///
/// It is right, and nothing that is read later replaces it by itself.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptFact {
    pub thread_id: ConversationId,
    /// As the query `facts` shows it.
    pub fact_id: FactId,
}

/// # Reject a fact
///
/// It is wrong, and is not proposed again.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectFact {
    pub thread_id: ConversationId,
    /// As the query `facts` shows it.
    pub fact_id: FactId,
}

/// # Take an extraction back
///
/// All facts that came with it go, accepted ones too, and what counted before counts again.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UndoFacts {
    pub thread_id: ConversationId,
    /// As facts name it.
    pub extraction_id: MessageId,
}

/// How the facts of the thread stand.
#[derive(Serialize)]
pub struct FactsSummary {
    pub thread_id: String,
    /// Facts that count now.
    pub current: usize,
    /// Facts that wait for a person.
    pub in_review: usize,
    /// Whether the conversation is being looked at.
    pub requested: bool,
}

impl FactsSummary {
    pub(super) fn of(sheet: Loaded<FactSheet>) -> Self {
        let is_current = |fact: &&domain::facts::Fact| fact.is_current;
        Self {
            current: sheet.state.facts.iter().filter(is_current).count(),
            in_review: sheet.state.in_review(),
            requested: sheet.state.requested,
            thread_id: sheet.id,
        }
    }
}

fn sheet_alone(thread_id: &ConversationId) -> Load {
    Load {
        streams: vec![(FactSheet::TYPE, thread_id.to_string(), 0)],
        ..Load::default()
    }
}

impl Input for ExtractFacts {
    fn wanted(&self, _: &Facts) -> Load {
        load_of(self.thread_id.as_str())
    }
}

impl Input for AcceptFact {
    fn wanted(&self, _: &Facts) -> Load {
        sheet_alone(&self.thread_id)
    }
}

impl Input for RejectFact {
    fn wanted(&self, _: &Facts) -> Load {
        sheet_alone(&self.thread_id)
    }
}

impl Input for UndoFacts {
    fn wanted(&self, _: &Facts) -> Load {
        sheet_alone(&self.thread_id)
    }
}

pub async fn extract_facts(work: &mut Work, input: ExtractFacts) -> Result<FactsSummary> {
    let conversation = work.load::<Conversation>(input.thread_id.as_str()).await?;
    conversation.state.require()?;
    // Where nobody may read it any more, nothing is looked for.
    work.subject(&conversation.id).await?;
    let mut sheet = work.load::<FactSheet>(input.thread_id.as_str()).await?;
    let by = work.ctx.principal.id.clone();
    work.execute(&mut sheet, FactCommand::Request { by })
        .await?;
    Ok(FactsSummary::of(sheet))
}

pub async fn accept_fact(work: &mut Work, input: AcceptFact) -> Result<FactsSummary> {
    require_person(work)?;
    let by = work.ctx.principal.id.clone();
    let fact_id = input.fact_id;
    decide(work, &input.thread_id, FactCommand::Accept { fact_id, by }).await
}

pub async fn reject_fact(work: &mut Work, input: RejectFact) -> Result<FactsSummary> {
    let by = work.ctx.principal.id.clone();
    let fact_id = input.fact_id;
    decide(work, &input.thread_id, FactCommand::Reject { fact_id, by }).await
}

pub async fn undo_facts(work: &mut Work, input: UndoFacts) -> Result<FactsSummary> {
    let by = work.ctx.principal.id.clone();
    let extraction_id = input.extraction_id;
    let undo = FactCommand::Undo { extraction_id, by };
    decide(work, &input.thread_id, undo).await
}

async fn decide(
    work: &mut Work,
    thread_id: &ConversationId,
    command: FactCommand,
) -> Result<FactsSummary> {
    let mut sheet = work.load::<FactSheet>(thread_id.as_str()).await?;
    work.execute(&mut sheet, command).await?;
    Ok(FactsSummary::of(sheet))
}

/// What a machine has read, another machine does not vouch for.
fn require_person(work: &Work) -> Result<()> {
    if work.ctx.principal.kind == PrincipalKind::Agent {
        let detail = "an agent does not accept facts; a person does";
        return Err(Refusal::forbidden("person-required", detail).into());
    }
    Ok(())
}
