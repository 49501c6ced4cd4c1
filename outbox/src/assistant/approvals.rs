//! What becomes of a call that the assistant has asked a person for: agreed to, it is carried out once, as the assistant and
//! under the approval; and the customer is told in the thread where they asked.

use commands::approvals::ARGUMENTS_FIELD;
use commands::context::{Context, Mode};
use commands::dispatch::{Request, Run};
use cqrs_es::Aggregate;
use domain::approvals::{Approval, Decision, Proposal, Standing};
use domain::assistant_runs::AssistantRun;
use domain::ids::{ApprovalId, MessageId};
use event_store::error::Error;
use serde_json::{Value, json};
use uuid::Uuid;

use super::tools::agent;
use crate::Result;
use crate::deliver::{Delivered, Undelivered};
use crate::delivery::{Delivery, fold};
use crate::work::Job;

impl Delivery {
    /// Carries out what was agreed to, or passes the no on.
    pub(crate) async fn follow_approval(
        &self,
        job: &Job,
        approval_id: &ApprovalId,
    ) -> std::result::Result<Delivered, Undelivered> {
        let id = approval_id.as_str();
        let read = self.read(&job.tenant_id, &[(Approval::TYPE, id)]).await?;
        let approval: Approval = fold(&read, id)?;
        let asked = approval.proposal.as_ref();
        let Some((proposal, run_id)) =
            asked.and_then(|proposal| Some((proposal, proposal.run_id.as_ref()?)))
        else {
            return Ok(Delivered::Withheld(
                "no run of the assistant has asked for it",
            ));
        };
        let Some(arguments) = self.arguments(job, id, proposal).await? else {
            return Ok(Delivered::Withheld("what was asked for has been erased"));
        };
        let decision = match approval.standing {
            // Used already: an earlier attempt has got as far as that.
            Standing::Approved | Standing::Executed => Decision::Approve,
            Standing::Rejected => Decision::Reject,
            _ => return Ok(Delivered::Withheld("it is not decided any more")),
        };
        if decision == Decision::Approve
            && !self
                .carry_out_approved(job, (id, run_id), proposal, &arguments)
                .await?
        {
            return Ok(Delivered::Withheld(
                "what was agreed to cannot be done any more",
            ));
        }
        self.tell_of_approval(job, run_id, decision, &arguments)
            .await
    }

    /// As they were asked for; `None` where nobody can read them any more.
    async fn arguments(&self, job: &Job, id: &str, proposal: &Proposal) -> Result<Option<Value>> {
        let store = &self.dispatcher.store;
        let keys = store.subject_keys(&job.tenant_id, &[id]).await?;
        let key = keys.into_iter().next().map(|(_, key)| key);
        let plain = key.and_then(|key| key.open(ARGUMENTS_FIELD, &proposal.arguments));
        Ok(plain.as_deref().map(serde_json::from_str).transpose()?)
    }

    /// Answers whether it is done; a refusal stands, for the person who has the thread to see to.
    async fn carry_out_approved(
        &self,
        job: &Job,
        (approval_id, run_id): (&str, &MessageId),
        proposal: &Proposal,
        arguments: &Value,
    ) -> Result<bool> {
        let request = Request {
            ctx: Context {
                principal: agent(&job.tenant_id, None, run_id),
                now: Context::clock(),
                mode: Mode::Live,
                command_id: Uuid::now_v7().to_string(),
                correlation_id: job.correlation_id.clone(),
                causation_id: job.causation_id.clone(),
                if_match: None,
                source_address: None,
            },
            name: proposal.command.clone(),
            body: arguments.clone(),
            key: Some(format!("{}:{}", job.message_id, proposal.command)),
            run: Run::Approved(approval_id.to_owned()),
        };
        match self.dispatcher.dispatch(&request).await {
            Ok(_) => Ok(true),
            Err(Error::Refused(refusal)) => {
                tracing::info!(
                    approval = approval_id,
                    code = refusal.code,
                    "what a person agreed to is refused"
                );
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    async fn tell_of_approval(
        &self,
        job: &Job,
        run_id: &MessageId,
        decision: Decision,
        arguments: &Value,
    ) -> std::result::Result<Delivered, Undelivered> {
        let streams = [(AssistantRun::TYPE, run_id.as_str())];
        let read = self.read(&job.tenant_id, &streams).await?;
        let run: AssistantRun = fold(&read, run_id.as_str())?;
        let Some(started) = run.started else {
            // The decision was quicker than the run that asked for it.
            return Err(
                Error::busy("run-unfinished", "the run has not come to its end yet").into(),
            );
        };
        let body = json!({
            "thread_id": started.conversation_id,
            "booking_id": arguments["booking_id"],
            "decision": decision,
        });
        match self.bring_back(job, "tell-of-approval", body).await {
            Ok(()) => Ok(Delivered::Done),
            Err(Error::Refused(_)) => Ok(Delivered::Withheld("the customer may not be written to")),
            Err(error) => Err(error.into()),
        }
    }
}
