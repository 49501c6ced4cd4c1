//! Commands about facts: have a conversation looked at, accept, reject, take an extraction back; and what the relay brings
//! back of a look.

mod bringing_back;
mod judging;

use cqrs_es::Aggregate;
use domain::facts::FactSheet;
use event_store::load::Load;
use identity::permissions::Permission;

use crate::command;
use crate::registry::{Command, Risk};

/// The field that values are sealed as.
pub const VALUE_FIELD: &str = "value";
/// The field that quotes are sealed as.
pub const QUOTE_FIELD: &str = "quote";

/// The commands of this noun.
pub fn commands() -> Vec<Command> {
    const WRITE: Permission = Permission::ConversationsWrite;
    vec![
        command!(
            "extract-facts",
            judging::extract_facts,
            judging::ExtractFacts,
            WRITE,
            Risk::Write
        ),
        command!(
            "accept-fact",
            judging::accept_fact,
            judging::AcceptFact,
            WRITE,
            Risk::Write
        ),
        command!(
            "reject-fact",
            judging::reject_fact,
            judging::RejectFact,
            WRITE,
            Risk::Write
        ),
        command!(
            "undo-facts",
            judging::undo_facts,
            judging::UndoFacts,
            WRITE,
            Risk::Write
        ),
        command!(
            "finish-fact-extraction",
            bringing_back::finish_fact_extraction,
            bringing_back::FinishFactExtraction,
            WRITE,
            Risk::Write,
            internal
        ),
    ]
}

/// The conversation, its facts and the key to both.
fn load_of(thread_id: &str) -> Load {
    let mut load = crate::conversations::load_of(thread_id);
    load.streams
        .insert(0, (FactSheet::TYPE, thread_id.to_owned(), 0));
    load
}
