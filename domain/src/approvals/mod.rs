//! Approvals: one exact call of an agent's that a person has to agree to before it happens, once. What was asked is bound by
//! a digest, so that nothing else can be done under it.

pub mod events;
pub mod rules;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use self::events::ApprovalEvent;
use crate::effects::{Call, Effect, Timer};
use crate::ids::{ApprovalId, MessageId};
use crate::noun::{ClaimChanges, Key, Noun};
use crate::refusal::Refusal;
use crate::sealed::Sealed;

/// Handle: the approvals that wait for a person, under the principal who asked.
pub const PENDING_SCOPE: &str = "approval-pending";
/// Approvals of one principal that wait at once.
pub const MAX_PENDING: usize = 50;
/// How long a person has, and the agent after that, to go ahead.
pub const LIFETIME: Duration = Duration::hours(24);
/// The same where money moves.
pub const MONEY_LIFETIME: Duration = Duration::minutes(15);
/// The longest note to a decision.
pub const MAX_NOTE_CHARS: usize = 1_000;

/// An approval as its events tell it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    pub standing: Standing,
    pub proposal: Option<Proposal>,
    /// Who has agreed while another person still has to.
    #[serde(default)]
    pub endorsed_by: Vec<String>,
    /// Who agreed or refused in the end.
    pub decided_by: Option<String>,
    pub note: Option<Sealed>,
    /// The command that was carried out under it.
    pub command_id: Option<String>,
}

/// How it stands.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Never heard of.
    #[default]
    Unknown,
    /// Waits for a person.
    Proposed,
    /// Waits for the agent to send its call again.
    Approved,
    Rejected,
    Withdrawn,
    /// Used up.
    Executed,
    Expired,
}

/// What an agent wants to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// The command's name.
    pub command: String,
    /// The class of risk, by its wire name.
    pub risk: String,
    /// Why it is not simply done, as codes: `policy`, `untrusted-text`, `foreign-link`.
    pub why: Vec<String>,
    /// Keyed SHA-256 over the canonical JSON of tenant, command, raw arguments, principal and policy; hex.
    pub digest: String,
    /// The principal who asks.
    pub proposer: String,
    /// The run of our own assistant that asks: once decided on, it is carried out and told of by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<MessageId>,
    /// How many different people have to agree.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub approvers: u8,
    /// The raw arguments as JSON text, under a key of the approval's own.
    pub arguments: Sealed,
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
}

fn one() -> u8 {
    1
}

/// As serde asks it.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_one(approvers: &u8) -> bool {
    *approvers == one()
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    Approve,
    Reject,
}

/// What can be asked of an approval; `at` is when.
#[derive(Clone, Debug, PartialEq)]
pub enum ApprovalCommand {
    Propose(Box<Proposal>),
    Decide {
        by: String,
        decision: Decision,
        note: Option<Sealed>,
        at: OffsetDateTime,
    },
    Withdraw {
        by: String,
    },
    /// Carries it out, in the commit of the command that it is for.
    Execute {
        by: String,
        digest: String,
        command_id: String,
        at: OffsetDateTime,
    },
    Expire {
        at: OffsetDateTime,
    },
}

impl Aggregate for Approval {
    const TYPE: &'static str = "approval";
    type Command = ApprovalCommand;
    type Event = ApprovalEvent;
    type Error = Refusal;
    type Services = ();

    async fn handle(
        &mut self,
        command: ApprovalCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Refusal> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: ApprovalEvent) {
        match event {
            ApprovalEvent::ApprovalProposed(proposal) => {
                self.standing = Standing::Proposed;
                self.proposal = Some(*proposal);
            }
            ApprovalEvent::ApprovalEndorsed { by, .. } => self.endorsed_by.push(by),
            ApprovalEvent::ApprovalGranted { by, note } => {
                self.standing = Standing::Approved;
                (self.decided_by, self.note) = (Some(by), note);
            }
            ApprovalEvent::ApprovalRejected { by, note } => {
                self.standing = Standing::Rejected;
                (self.decided_by, self.note) = (Some(by), note);
            }
            ApprovalEvent::ApprovalWithdrawn {} => self.standing = Standing::Withdrawn,
            ApprovalEvent::ApprovalExecuted { command_id } => {
                self.standing = Standing::Executed;
                self.command_id = Some(command_id);
            }
            ApprovalEvent::ApprovalExpired {} => self.standing = Standing::Expired,
        }
    }
}

impl Noun for Approval {
    fn claims(&self, _id: &str, event: &ApprovalEvent) -> ClaimChanges {
        match event {
            ApprovalEvent::ApprovalProposed(proposal) => ClaimChanges {
                handles: vec![Key::new(PENDING_SCOPE, proposal.proposer.as_str())],
                ..ClaimChanges::default()
            },
            ApprovalEvent::ApprovalGranted { .. }
            | ApprovalEvent::ApprovalRejected { .. }
            | ApprovalEvent::ApprovalWithdrawn {}
            | ApprovalEvent::ApprovalExpired {} => ClaimChanges {
                drop_handles: vec![PENDING_SCOPE],
                ..ClaimChanges::default()
            },
            ApprovalEvent::ApprovalExecuted { .. } | ApprovalEvent::ApprovalEndorsed { .. } => {
                ClaimChanges::default()
            }
        }
    }

    fn effects(&self, id: &str, event: &ApprovalEvent) -> Vec<Effect> {
        let approval_id = ApprovalId::new(id);
        let is_assistants = || {
            let run_id = self.proposal.as_ref().map(|proposal| &proposal.run_id);
            run_id.is_some_and(Option::is_some)
        };
        match event {
            ApprovalEvent::ApprovalProposed(proposal) => {
                let timer = Timer::ExpireApproval { approval_id };
                vec![Effect::timer("approval-expiry", proposal.expires_at, timer)]
            }
            ApprovalEvent::ApprovalGranted { .. } | ApprovalEvent::ApprovalRejected { .. }
                if is_assistants() =>
            {
                vec![Effect {
                    name: "follow-approval",
                    call: Call::FollowApproval { approval_id },
                    due: None,
                    order_key: Some(id.to_owned()),
                    expires_at: None,
                }]
            }
            _ => Vec::new(),
        }
    }
}
