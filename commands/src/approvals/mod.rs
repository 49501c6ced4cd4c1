//! Commands about approvals: a person decides, who asked may take it back, the system proposes and lets run out.

pub(crate) mod budgets;
pub mod bulk;
pub(crate) mod gate;
mod taint;

use cqrs_es::Aggregate;
use domain::approvals::{
    Approval, ApprovalCommand, Decision, MAX_NOTE_CHARS, MAX_PENDING, PENDING_SCOPE, Proposal,
    Standing,
};
use domain::ids::MessageId;
use domain::refusal::Refusal;
use domain::sealed::Pii;
use event_store::load::Load;
use identity::permissions::Permission;
use identity::principals::{Principal, PrincipalKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::Result;
use crate::command;
use crate::registry::{Command, Input, Risk};
use crate::work::{Facts, Loaded, Work};

/// The field that the arguments are sealed as.
pub const ARGUMENTS_FIELD: &str = "arguments";
/// The field that a note is sealed as.
pub const NOTE_FIELD: &str = "note";

/// The commands of this noun.
pub fn commands() -> Vec<Command> {
    vec![
        command!(
            "decide-approval",
            decide_approval,
            DecideApproval,
            Permission::ApprovalsDecide,
            Risk::Write
        )
        .with_fresh_factor(),
        command!(
            "withdraw-approval",
            withdraw_approval,
            WithdrawApproval,
            Permission::ApprovalsRead,
            Risk::Write
        ),
        command!(
            "propose-approval",
            propose_approval,
            ProposeApproval,
            Permission::ApprovalsRead,
            Risk::Write,
            internal
        ),
        command!(
            "rule-on-bulk",
            bulk::rule_on_bulk,
            bulk::RuleOnBulk,
            Permission::ApprovalsRead,
            Risk::Write,
            internal
        ),
        command!(
            "expire-approval",
            expire_approval,
            ExpireApproval,
            Permission::ApprovalsRead,
            Risk::Write,
            internal
        ),
    ]
}

/// # Decide on an approval
///
/// Agrees to exactly the call that an agent asked for, or refuses it. Only a person can, and never the one who asked. Once
/// agreed to, by two people where the business wants that, the agent sends its call again and it is carried out, once, before the approval runs out.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideApproval {
    /// The approval's id.
    #[schemars(length(min = 1, max = 64))]
    pub approval_id: String,
    /// Yes or no.
    pub decision: Decision,
    /// Why, for the record; at most 1,000 characters.
    #[serde(default)]
    pub note: Option<Pii<String>>,
}

/// # Withdraw an approval
///
/// Takes back an approval that you asked for yourself and that was not used yet.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawApproval {
    /// The approval's id.
    #[schemars(length(min = 1, max = 64))]
    pub approval_id: String,
}

/// # Propose an approval
///
/// Notes what an agent wants to do. Asking for the same again changes nothing.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeApproval {
    pub approval_id: String,
    pub command: String,
    pub risk: String,
    pub why: Vec<String>,
    pub digest: String,
    pub proposer: String,
    /// The run of our own assistant that asks.
    #[serde(default)]
    pub run_id: Option<MessageId>,
    pub approvers: u8,
    /// As JSON text.
    pub arguments: Pii<String>,
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "String")]
    pub expires_at: OffsetDateTime,
}

/// # Let an approval run out
///
/// Does nothing unless its time has come.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpireApproval {
    pub approval_id: String,
}

/// How an approval stands.
#[derive(Debug, Serialize, Deserialize)]
pub struct ApprovalSummary {
    pub approval_id: String,
    pub standing: Standing,
    /// Why a person is asked: `policy`, `untrusted-text` or `foreign-link`.
    #[serde(default)]
    pub why: Vec<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
}

impl ApprovalSummary {
    fn of(approval: &Loaded<Approval>, at: OffsetDateTime) -> Result<Self> {
        let proposal = approval.state.require()?;
        Ok(Self {
            approval_id: approval.id.clone(),
            standing: approval.state.standing_at(at),
            why: proposal.why.clone(),
            expires_at: proposal.expires_at,
        })
    }
}

impl Input for DecideApproval {
    fn wanted(&self, _: &Facts) -> Load {
        load_of(&self.approval_id)
    }
}

impl Input for WithdrawApproval {
    fn wanted(&self, _: &Facts) -> Load {
        load_of(&self.approval_id)
    }
}

impl Input for ProposeApproval {
    fn wanted(&self, _: &Facts) -> Load {
        self.needed()
    }
}

impl ProposeApproval {
    fn needed(&self) -> Load {
        Load {
            handles: vec![(PENDING_SCOPE, self.proposer.clone())],
            ..load_of(&self.approval_id)
        }
    }
}

impl Input for ExpireApproval {
    fn wanted(&self, _: &Facts) -> Load {
        load_of(&self.approval_id)
    }
}

pub async fn decide_approval(work: &mut Work, input: DecideApproval) -> Result<ApprovalSummary> {
    require_person(&work.ctx.principal)?;
    let mut approval = work.find::<Approval>(&input.approval_id).await?;
    let note = match input.note {
        Some(note) if note.expose().chars().count() > MAX_NOTE_CHARS => {
            let message = format!("at most {MAX_NOTE_CHARS} characters");
            return Err(Refusal::field("/note", "text-too-long", message).into());
        }
        Some(note) => {
            let event_type = match input.decision {
                Decision::Approve if !approval.state.is_last_word() => "ApprovalEndorsed",
                Decision::Approve => "ApprovalGranted",
                Decision::Reject => "ApprovalRejected",
            };
            let key = work.subject(&approval.id).await?;
            Some(key.seal(event_type, NOTE_FIELD, note.expose())?)
        }
        None => None,
    };
    let decide = ApprovalCommand::Decide {
        by: work.ctx.principal.id.clone(),
        decision: input.decision,
        note,
        at: work.ctx.now,
    };
    work.execute(&mut approval, decide).await?;
    ApprovalSummary::of(&approval, work.ctx.now)
}

pub async fn withdraw_approval(
    work: &mut Work,
    input: WithdrawApproval,
) -> Result<ApprovalSummary> {
    let mut approval = work.find::<Approval>(&input.approval_id).await?;
    let by = work.ctx.principal.id.clone();
    work.execute(&mut approval, ApprovalCommand::Withdraw { by })
        .await?;
    ApprovalSummary::of(&approval, work.ctx.now)
}

pub async fn propose_approval(work: &mut Work, input: ProposeApproval) -> Result<ApprovalSummary> {
    let mut approval = work.load::<Approval>(&input.approval_id).await?;
    if !approval.exists()
        && work.wanted_handles(PENDING_SCOPE, &input.proposer).len() >= MAX_PENDING
    {
        let detail =
            format!("{MAX_PENDING} of your approvals wait for a person; withdraw some, or wait");
        return Err(
            Refusal::new(domain::refusal::Kind::TooMany, "approvals-too-many", detail).into(),
        );
    }
    let arguments = if approval.exists() {
        domain::sealed::Sealed::default()
    } else {
        let key = work.new_subject(&input.approval_id)?;
        key.seal(
            "ApprovalProposed",
            ARGUMENTS_FIELD,
            input.arguments.expose(),
        )?
    };
    let proposal = Proposal {
        command: input.command,
        risk: input.risk,
        why: input.why,
        digest: input.digest,
        proposer: input.proposer,
        run_id: input.run_id,
        approvers: input.approvers,
        arguments,
        expires_at: input.expires_at,
    };
    work.execute(&mut approval, ApprovalCommand::Propose(Box::new(proposal)))
        .await?;
    ApprovalSummary::of(&approval, work.ctx.now)
}

pub async fn expire_approval(work: &mut Work, input: ExpireApproval) -> Result<ApprovalSummary> {
    let mut approval = work.find::<Approval>(&input.approval_id).await?;
    let at = work.ctx.now;
    work.execute(&mut approval, ApprovalCommand::Expire { at })
        .await?;
    ApprovalSummary::of(&approval, at)
}

/// A person decides, and nobody else: an agent or a program must not be able to agree to what another one wants. Whether
/// the second factor of a session is fresh enough is asked here too, once sessions are known.
fn require_person(principal: &Principal) -> Result<()> {
    if principal.kind == PrincipalKind::Person {
        return Ok(());
    }
    let detail = "only a person can decide on an approval";
    Err(Refusal::forbidden("person-required", detail).into())
}

fn load_of(approval_id: &str) -> Load {
    Load {
        streams: vec![(Approval::TYPE, approval_id.to_owned(), 0)],
        ..Load::default()
    }
}
