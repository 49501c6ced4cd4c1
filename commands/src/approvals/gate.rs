//! Whether an agent's command may go ahead: the one place that asks. It is asked after the command has been decided and
//! before anything is written, so that people are asked only for what would work, and for exactly that.

use domain::approvals::{Approval, ApprovalCommand, LIFETIME, MONEY_LIFETIME, Standing};
use domain::refusal::Refusal;
use domain::tenants::agents::{AgentPolicy, Verdict};
use identity::principals::{Principal, PrincipalKind};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::{ApprovalSummary, budgets, taint};
use crate::Result;
use crate::canonical::canonical;
use crate::dispatch::{Request, Run};
use crate::registry::{Command, Risk};
use crate::work::Work;

/// The namespace of approvals' ids; it must never change.
const APPROVAL_NAMESPACE: Uuid = Uuid::from_u128(0x7261_7070_6f72_745f_6170_7072_6f76_0001);

/// Why a person is asked, where it is for a link in a message.
const FOREIGN_LINK: &str = "foreign-link";

/// What becomes of a command that has been decided.
pub(crate) enum Ruling {
    /// It is written.
    Go,
    /// It is not written; a person is asked, by the body of `propose-approval`.
    Ask(Value),
}

/// Rules on the command that `work` has decided. Under an approval, uses it up in the same commit.
pub(crate) async fn rule(
    work: &mut Work,
    command: &Command,
    request: &Request,
    (key, result): (&str, &Value),
) -> Result<Ruling> {
    if work.ctx.principal.kind != PrincipalKind::Agent {
        return Ok(Ruling::Go);
    }
    let policy = work.tenant().settings.agents.clone();
    budgets::charge(work, &policy.limits, &request.body, result)?;
    let mut verdict = verdict(work, command.risk, &policy);
    let mut why = "policy";
    if verdict == Verdict::Allow
        && taint::could_be_ordered(work, command, (&request.body, result)).await?
    {
        (verdict, why) = (Verdict::Approve, taint::UNTRUSTED);
    }
    if verdict == Verdict::Allow && leads_elsewhere(command, &request.body, &policy) {
        (verdict, why) = (Verdict::Approve, FOREIGN_LINK);
    }
    match verdict {
        Verdict::Allow => Ok(Ruling::Go),
        Verdict::Deny => {
            let detail = format!(
                "this business lets no agent send {}; hand over to a person",
                command.name
            );
            Err(Refusal::forbidden("agent-not-allowed", detail).into())
        }
        Verdict::Approve => {
            let digest = digest(work, command, request, &policy)?;
            match &request.run {
                Run::Approved(approval_id) => {
                    let mut approval = work.find::<Approval>(approval_id).await?;
                    let execute = ApprovalCommand::Execute {
                        by: work.ctx.principal.id.clone(),
                        digest,
                        command_id: work.ctx.command_id.clone(),
                        at: work.ctx.now,
                    };
                    work.execute(&mut approval, execute).await?;
                    Ok(Ruling::Go)
                }
                Run::Real | Run::Dry => Ok(Ruling::Ask(ask(
                    work,
                    (command, why),
                    request,
                    (key, &digest, policy.approvers),
                )?)),
            }
        }
    }
}

/// Whether it would send a link to a place that the business has not named.
fn leads_elsewhere(command: &Command, body: &Value, policy: &AgentPolicy) -> bool {
    let content = body["content"].as_str().unwrap_or_default();
    command.risk == Risk::Outward && policy.leads_elsewhere(content)
}

/// What the tenant's policy says of this class, and of what the command would move. Our own assistant takes nothing away
/// and spends nothing by itself, whatever the policy lets other agents do: it talks to anybody who writes.
fn verdict(work: &Work, risk: Risk, policy: &AgentPolicy) -> Verdict {
    let is_grave = !matches!(risk, Risk::Read | Risk::Write | Risk::Outward);
    match by_policy(work, risk, policy) {
        Verdict::Allow if is_grave && work.ctx.principal.is_ours() => Verdict::Approve,
        verdict => verdict,
    }
}

fn by_policy(work: &Work, risk: Risk, policy: &AgentPolicy) -> Verdict {
    match risk {
        Risk::Read => Verdict::Allow,
        Risk::Write => policy.write,
        Risk::Outward => policy.outward,
        Risk::Destructive => policy.destructive,
        Risk::Money if policy.money == Verdict::Approve && is_small(work, policy) => Verdict::Allow,
        Risk::Money => policy.money,
        Risk::Bulk => policy.bulk,
        Risk::Key => policy.key,
    }
}

/// Whether the command gives money back, and no more of it than needs no approval.
fn is_small(work: &Work, policy: &AgentPolicy) -> bool {
    let moved = refunded_minor(work);
    moved > 0 && moved <= policy.money_free_minor
}

/// What the command would give back, in minor units. Every refund begins with one of these.
pub(crate) fn refunded_minor(work: &Work) -> i64 {
    let requested = work.kept.events_of("RefundRequested");
    let amounts = requested.filter_map(|payload| {
        let payload: Value = serde_json::from_str(payload).ok()?;
        payload["RefundRequested"]["amount"]["amount_minor"].as_i64()
    });
    amounts.fold(0, i64::saturating_add)
}

/// Keyed SHA-256 of exactly what is asked, by whom, under which policy.
fn digest(
    work: &Work,
    command: &Command,
    request: &Request,
    policy: &AgentPolicy,
) -> Result<String> {
    let bound = json!({
        "tenant": work.ctx.tenant_id().as_str(), "command": command.name, "arguments": request.body,
        "principal": work.ctx.principal.id, "policy": policy,
    });
    let digest = work.keys()?.fingerprint("approval", &canonical(&bound));
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The body of `propose-approval`. Its id follows from who asks, for what, under which key: asking again asks nobody anew.
fn ask(
    work: &Work,
    (command, why): (&Command, &str),
    request: &Request,
    (key, digest, approvers): (&str, &str, u8),
) -> Result<Value> {
    let ctx = &work.ctx;
    let name = format!("{}\n{}\n{key}\n{digest}", ctx.tenant_id(), ctx.principal.id);
    let lifetime = match command.risk {
        Risk::Money => MONEY_LIFETIME,
        _ => LIFETIME,
    };
    Ok(json!({
        "approval_id": Uuid::new_v5(&APPROVAL_NAMESPACE, name.as_bytes()).to_string(),
        "command": command.name, "risk": command.risk, "why": [why], "digest": digest,
        "proposer": ctx.principal.id, "run_id": ctx.principal.run_id, "approvers": approvers, "arguments": canonical(&request.body), "expires_at": written(ctx.now + lifetime),
    }))
}

/// The command that asks, by a principal of our own.
pub(crate) fn proposal_of(request: &Request, body: Value) -> Request {
    let mut ctx = request.ctx.clone();
    ctx.principal = Principal::service(ctx.principal.tenant_id.clone(), "approvals");
    ctx.causation_id.clone_from(&ctx.command_id);
    ctx.command_id = Uuid::now_v7().to_string();
    ctx.if_match = None;
    let key = format!("proposal:{}", ctx.command_id);
    Request {
        ctx,
        name: "propose-approval".to_owned(),
        body,
        key: Some(key),
        run: Run::Real,
    }
}

/// What the agent is told: whom it waits for, and what to do then.
pub(crate) fn told(summary: &ApprovalSummary) -> Refusal {
    let id = &summary.approval_id;
    let again =
        format!("send the same call again with X-Approval-Id (for tools: approval_id) {id}");
    let detail = match summary.standing {
        Standing::Proposed => {
            let since = match summary.why.first().map(String::as_str) {
                Some(taint::UNTRUSTED) => {
                    "you have read words of customers, who could have asked for it"
                }
                Some(FOREIGN_LINK) => "its link leads where this business has named no domain",
                _ => "this business wants it so",
            };
            format!(
                "a person must agree to this first, since {since}; once approval {id} is approved, {again}"
            )
        }
        Standing::Approved => format!("a person has agreed; {again}"),
        standing => return standing.refusal(),
    };
    let approval = json!({
        "approval_id": id, "standing": summary.standing, "why": summary.why, "expires_at": written(summary.expires_at),
        "see": format!("/queries/approval?id={id}"),
    });
    Refusal::forbidden("approval-required", detail).with_alternatives(vec![approval])
}

fn written(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}
