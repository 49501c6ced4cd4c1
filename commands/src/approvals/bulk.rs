//! One command for many by an agent: ruled on as a whole before the first of them is sent, since a thousand small commands
//! are no small matter. Each of them is ruled on by itself as well. An approval is bound to the command, its fields and the
//! very ids, so that nobody agrees to a list that changes meanwhile.

use domain::approvals::{Approval, ApprovalCommand, LIFETIME};
use domain::ids::MessageId;
use domain::refusal::Refusal;
use domain::sealed::Pii;
use domain::tenants::Tenant;
use domain::tenants::agents::{AgentPolicy, Verdict};
use event_store::load::Load;
use event_store::readings;
use identity::principals::{Principal, PrincipalKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{ApprovalSummary, ProposeApproval, gate, load_of, propose_approval, taint};
use crate::Result;
use crate::bookings::answer_as;
use crate::canonical::canonical;
use crate::context::Context;
use crate::dispatch::{Dispatcher, Request, Run};
use crate::registry::{self, Input, Risk};
use crate::work::{Facts, Work};

/// The command that rules, and what an approval says that it is for.
const RULE: &str = "rule-on-bulk";
pub const BULK: &str = "bulk";
/// The namespace of approvals' ids and of the rulings' keys; it must never change.
const NAMESPACE: Uuid = Uuid::from_u128(0x7261_7070_6f72_745f_6275_6c6b_0000_0002);

/// One command for many, as it is about to be sent.
pub struct Bulk<'r> {
    pub command: &'static str,
    /// What the command has beside the id.
    pub body: &'r Value,
    pub ids: &'r [String],
    /// The request's idempotency key.
    pub key: &'r str,
    /// The approval that it is sent under.
    pub approval_id: Option<&'r str>,
}

/// # Rule on one command for many
///
/// Decides whether an agent may send it, asks a person where one must agree, and uses up the approval that it is sent under.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleOnBulk {
    /// The agent.
    pub agent: String,
    /// As whom it has read what it has read.
    pub reader: String,
    #[serde(default)]
    pub run_id: Option<MessageId>,
    /// The command that is to be sent for each.
    pub command: String,
    /// For how many.
    pub records: i64,
    /// `{command, body, ids}` as canonical JSON text.
    pub arguments: Pii<String>,
    pub key: String,
    #[serde(default)]
    pub approval_id: Option<String>,
}

/// Whether it goes ahead; if not, what a person is asked.
#[derive(Serialize, Deserialize)]
pub struct BulkRuling {
    asked: Option<ApprovalSummary>,
}

#[derive(Deserialize)]
struct Answered {
    result: BulkRuling,
}

impl Input for RuleOnBulk {
    fn wanted(&self, _: &Facts) -> Load {
        self.approval_id
            .as_deref()
            .map_or_else(Load::default, load_of)
    }
}

/// Lets an agent go ahead with one command for many. People and programs are not asked.
///
/// Refused with 403 `approval-required`, which names the approval to send it under; with 403 `agent-not-allowed` and
/// `records-too-many`; and as an approval is that does not fit or is used up.
pub async fn require_leave(dispatcher: &Dispatcher, ctx: &Context, bulk: Bulk<'_>) -> Result<()> {
    let agent = &ctx.principal;
    if agent.kind != PrincipalKind::Agent {
        return Ok(());
    }
    let arguments = json!({ "command": bulk.command, "body": bulk.body, "ids": bulk.ids });
    let records = i64::try_from(bulk.ids.len()).unwrap_or(i64::MAX);
    let body = json!({
        "agent": agent.id, "reader": agent.reader(), "run_id": agent.run_id, "command": bulk.command, "records": records,
        "arguments": canonical(&arguments), "key": bulk.key, "approval_id": bulk.approval_id,
    });
    let mut asking = ctx.clone();
    asking.principal = Principal::service(agent.tenant_id.clone(), "approvals");
    asking.causation_id.clone_from(&ctx.command_id);
    asking.command_id = Uuid::now_v7().to_string();
    asking.if_match = None;
    // An approval is used up once, and the same request again is the same use; who has none is always asked anew.
    let key = match bulk.approval_id {
        Some(approval_id) => {
            let name = format!("{}\n{}\n{approval_id}", agent.id, bulk.key);
            Uuid::new_v5(&NAMESPACE, name.as_bytes()).to_string()
        }
        None => asking.command_id.clone(),
    };
    let request = Request {
        ctx: asking,
        name: RULE.to_owned(),
        body,
        key: Some(format!("bulk-ruling:{key}")),
        run: Run::Real,
    };
    let answer = dispatcher.dispatch(&request).await?;
    let answered: Answered = serde_json::from_str(&answer.body)?;
    match answered.result.asked {
        None => Ok(()),
        Some(summary) => Err(gate::told(&summary).into()),
    }
}

pub async fn rule_on_bulk(work: &mut Work, input: RuleOnBulk) -> Result<BulkRuling> {
    let policy = work.tenant().settings.agents.clone();
    let allowed = policy.limits.records_per_call;
    if let Some(allowed) = allowed.filter(|allowed| input.records > *allowed) {
        let detail = format!(
            "this would change {} records; one call of an agent changes at most {allowed}",
            input.records
        );
        return Err(Refusal::forbidden("records-too-many", detail).into());
    }
    require_each(&input.command, &policy)?;
    let mut why = "policy";
    let mut verdict = match policy.bulk {
        Verdict::Approve if input.records <= policy.bulk_free_records => Verdict::Allow,
        verdict => verdict,
    };
    if verdict == Verdict::Allow && has_read_words(work, &input.reader).await? {
        (verdict, why) = (Verdict::Approve, taint::UNTRUSTED);
    }
    match verdict {
        Verdict::Allow => {
            // The business itself answers where nobody had to.
            let tenant_id = work.ctx.tenant_id().to_string();
            let tenant = work.find::<Tenant>(&tenant_id).await?;
            answer_as(work, &tenant)?;
            Ok(BulkRuling { asked: None })
        }
        Verdict::Deny => {
            let detail = "this business lets no agent send commands for many at once; send them one by one, or hand over \
                to a person";
            Err(Refusal::forbidden("agent-not-allowed", detail).into())
        }
        Verdict::Approve => under_approval(work, input, (&policy, why)).await,
    }
}

/// What needs an agreement by itself is not agreed to a thousand times at once.
fn require_each(command: &str, policy: &AgentPolicy) -> Result<()> {
    let risk = registry::find(command).map_or(Risk::Bulk, |command| command.risk);
    let verdict = match risk {
        Risk::Read => Verdict::Allow,
        Risk::Write => policy.write,
        Risk::Outward => policy.outward,
        Risk::Destructive => policy.destructive,
        Risk::Money => policy.money,
        Risk::Bulk => policy.bulk,
        Risk::Key => policy.key,
    };
    if verdict == Verdict::Allow {
        return Ok(());
    }
    let detail = format!(
        "an agent does not send {command} by itself here, and so not for many; send it one by one, or hand over to a person"
    );
    Err(Refusal::forbidden("agent-not-allowed", detail).into())
}

/// Whether words of customers could have made the agent ask for this.
async fn has_read_words(work: &Work, reader: &str) -> Result<bool> {
    let engine = &work.store().pools.engine;
    let read = readings::list(engine, work.ctx.tenant_id(), reader).await?;
    Ok(!read.is_empty())
}

async fn under_approval(
    work: &mut Work,
    input: RuleOnBulk,
    (policy, why): (&AgentPolicy, &str),
) -> Result<BulkRuling> {
    let bound = json!({
        "tenant": work.ctx.tenant_id().as_str(), "command": BULK, "arguments": input.arguments.expose(),
        "principal": input.agent, "policy": policy,
    });
    let digest = work.keys()?.fingerprint("approval", &canonical(&bound));
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    if let Some(approval_id) = &input.approval_id {
        let mut approval = work.find::<Approval>(approval_id).await?;
        let execute = ApprovalCommand::Execute {
            by: input.agent,
            digest,
            command_id: work.ctx.command_id.clone(),
            at: work.ctx.now,
        };
        work.execute(&mut approval, execute).await?;
        return Ok(BulkRuling { asked: None });
    }
    let name = format!(
        "{}\n{}\n{}\n{digest}",
        work.ctx.tenant_id(),
        input.agent,
        input.key
    );
    let proposal = ProposeApproval {
        approval_id: Uuid::new_v5(&NAMESPACE, name.as_bytes()).to_string(),
        command: BULK.to_owned(),
        risk: BULK.to_owned(),
        why: vec![why.to_owned()],
        digest,
        proposer: input.agent,
        run_id: input.run_id,
        approvers: policy.approvers,
        arguments: input.arguments,
        expires_at: work.ctx.now + LIFETIME,
    };
    work.fetch(proposal.needed()).await?;
    let asked = propose_approval(work, proposal).await?;
    Ok(BulkRuling { asked: Some(asked) })
}
