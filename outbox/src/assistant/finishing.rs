//! How a run comes to an end: as a command of ours under the message's id, so that a second end changes nothing.

use commands::context::{Context, Mode};
use commands::dispatch::{Request, Run};
use domain::assistant_runs::{Engine, HandOverReason};
use domain::conversations::AiMode;
use domain::ids::CustomerId;
use event_store::error::Error;
use identity::principals::Principal;
use serde_json::{Value, json};
use uuid::Uuid;

use super::situation::Situation;
use super::tools::ToolUsed;
use crate::Result;
use crate::delivery::{Delivery, RELAY};
use crate::work::Job;

/// Why nothing is suggested any more until the tenant's next day.
const DAY_USED_UP: &str = "daily-budget-used-up";

/// What a run comes to.
pub(super) enum Ending {
    Say(String),
    HandOver {
        reason: HandOverReason,
        /// A word to the customer.
        text: Option<String>,
    },
    End {
        code: &'static str,
    },
    /// The tenant has used up its day: a person answers.
    UsedUp,
}

/// A run with all that it rests on.
pub(super) struct Finished {
    pub engine: Engine,
    pub ending: Ending,
    pub reasons: Vec<String>,
    pub draft: Option<String>,
    pub uses: Vec<ToolUsed>,
    pub actions: Vec<Value>,
    pub customer_id: Option<CustomerId>,
}

impl Ending {
    pub fn say(text: String) -> Self {
        Self::Say(text)
    }

    pub fn hand_over(reason: HandOverReason, text: Option<String>) -> Self {
        Self::HandOver { reason, text }
    }

    /// Without anything that it rests on.
    pub fn bare(self, engine: Engine) -> Finished {
        Finished {
            engine,
            ending: self,
            reasons: Vec::new(),
            draft: None,
            uses: Vec::new(),
            actions: Vec::new(),
            customer_id: None,
        }
    }
}

impl Delivery {
    pub(super) async fn finish(
        &self,
        job: &Job,
        situation: &Situation,
        finished: Finished,
    ) -> Result<()> {
        let run = run_of(situation, &finished.engine);
        let body = body(situation, &run, &finished);
        let outcome = body["outcome"].as_str().unwrap_or_default().to_owned();
        metrics::counter!("rapport_assistant_runs_total", "outcome" => outcome).increment(1);
        match self.bring_back(job, "finish-assistant-run", body).await {
            // It may not be said: the thread goes to nobody, and the run says why.
            Err(Error::Refused(refusal)) => {
                let body = json!({
                    "run": run,
                    "after_message_id": situation.newest,
                    "outcome": "end",
                    "code": refusal.code,
                });
                self.bring_back(job, "finish-assistant-run", body).await
            }
            outcome => outcome,
        }
    }

    /// A record of the run beside its end, under a key of its own.
    pub(super) async fn record(
        &self,
        job: &Job,
        (command, key): (&str, String),
        body: Value,
    ) -> Result<()> {
        let request = Request {
            ctx: Context {
                principal: Principal::service(job.tenant_id.clone(), RELAY),
                now: Context::clock(),
                mode: Mode::Live,
                command_id: Uuid::now_v7().to_string(),
                correlation_id: job.correlation_id.clone(),
                causation_id: job.causation_id.clone(),
                if_match: None,
                source_address: None,
            },
            name: command.to_owned(),
            body,
            key: Some(key),
            run: Run::Real,
        };
        self.dispatcher.dispatch(&request).await?;
        Ok(())
    }
}

/// Which run it is, as its commands name it.
pub(super) fn run_of(situation: &Situation, engine: &Engine) -> Value {
    json!({
        "thread_id": situation.thread_id,
        "message_id": situation.message_id,
        "ai_mode": situation.mode,
        "engine": engine,
    })
}

fn body(situation: &Situation, run: &Value, finished: &Finished) -> Value {
    let is_auto = situation.mode == AiMode::Auto;
    let (outcome, text, reason, code) = match &finished.ending {
        Ending::Say(text) if is_auto => ("answer", Some(text), None, None),
        Ending::Say(text) => ("suggest", Some(text), None, None),
        Ending::HandOver { reason, text } if is_auto => {
            ("hand_over", text.as_ref(), Some(reason), None)
        }
        // A person has the thread already: it is told that they had better use their own words.
        Ending::HandOver {
            reason,
            text: Some(text),
        } => ("suggest", Some(text), Some(reason), None),
        Ending::HandOver { reason, text: None } => {
            ("end", None, Some(reason), Some("left-to-a-person"))
        }
        Ending::UsedUp if is_auto => ("hand_over", None, Some(&HandOverReason::Budget), None),
        Ending::UsedUp => ("end", None, None, Some(DAY_USED_UP)),
        Ending::End { code } => ("end", None, None, Some(*code)),
    };
    let tools: Vec<Value> = finished
        .uses
        .iter()
        .map(|used| {
            json!({ "tool": used.tool, "outcome": used.outcome, "code": used.code, "detail": used.detail })
        })
        .collect();
    let actions = (!finished.actions.is_empty()).then(|| json!(finished.actions).to_string());
    json!({
        "run": run,
        "after_message_id": situation.newest,
        "outcome": outcome,
        "content": text,
        "reasons": finished.reasons,
        "tools": tools,
        "draft": finished.draft,
        "actions": actions,
        "reason": reason,
        "code": code,
        "customer_id": finished.customer_id,
    })
}
