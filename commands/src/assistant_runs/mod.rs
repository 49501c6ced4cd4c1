//! Commands about the assistant: what people do with its suggestions, how a thread is left to a person, and what the
//! relay brings back of its runs.

mod bringing_back;
mod links;
mod outcomes;
mod suggestions;

use identity::permissions::Permission;

use crate::command;
use crate::registry::{Command, Risk};

/// The commands of this noun.
pub fn commands() -> Vec<Command> {
    const WRITE: Permission = Permission::ConversationsWrite;
    vec![
        command!(
            "accept-suggestion",
            suggestions::accept_suggestion,
            suggestions::AcceptSuggestion,
            WRITE,
            Risk::Outward
        ),
        command!(
            "dismiss-suggestion",
            suggestions::dismiss_suggestion,
            suggestions::DismissSuggestion,
            WRITE,
            Risk::Write
        ),
        command!(
            "hand-over-thread",
            suggestions::hand_over_thread,
            suggestions::HandOverThread,
            WRITE,
            Risk::Write
        ),
        command!(
            "tell-of-approval",
            outcomes::tell_of_approval,
            outcomes::TellOfApproval,
            WRITE,
            Risk::Write,
            internal
        ),
        command!(
            "record-assistant-call",
            bringing_back::record_assistant_call,
            bringing_back::RecordAssistantCall,
            WRITE,
            Risk::Write,
            internal
        ),
        command!(
            "finish-assistant-run",
            bringing_back::finish_assistant_run,
            bringing_back::FinishAssistantRun,
            WRITE,
            Risk::Outward,
            internal
        ),
        command!(
            "send-payment-link",
            links::send_payment_link,
            links::SendPaymentLink,
            WRITE,
            Risk::Outward,
            internal
        ),
    ]
}
