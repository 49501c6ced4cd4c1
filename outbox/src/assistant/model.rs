//! A run by a language model: asked, given its tools' answers, and asked again, within rounds, tokens and time. Every call
//! is on record before its answer is used. What the model says is checked before it is said: nothing cut off, no link that
//! no tool has given, nothing longer than the channel takes.

use std::time::{Duration, Instant};

use commands::conversations::sending_limit;
use domain::assistant_runs::{AssistantRun, Engine, EngineKind, HandOverReason};
use domain::booking_talk::ToolAnswer;
use domain::tenants::assistant::Assistant;
use integrations::completions::{Completion, Ending as AnswerEnding, ToolCall, ToolOutcome, Turn};
use integrations::outcome::Failure;
use integrations::senders::Completer;
use serde_json::{Value, json};

use super::finishing::{Ending, Finished, run_of};
use super::prices::{charged_micros, cost_micros};
use super::prompt::{self, HAND_OVER, Told};
use super::situation::Situation;
use super::tools::Toolbox;
use super::{has_budget, tools};
use crate::deliver::Undelivered;
use crate::delivery::Delivery;
use crate::senders::Configuration;
use crate::work::Job;

/// The longest that one run thinks, well within the longest call that the relay waits for.
const LONGEST_RUN: Duration = Duration::from_secs(120);
/// Tools that a model may use in one round.
const MAX_CALLS_A_ROUND: usize = 8;
/// A word to the customer that a model gives along when it hands over.
const MAX_FAREWELL_CHARS: usize = 500;

/// One run under way.
struct Thinking<'a> {
    job: &'a Job,
    situation: &'a Situation,
    engine: Engine,
    told: Told,
    completer: std::sync::Arc<Completer>,
    /// As the record will have it: what this attempt and earlier ones have used.
    run: AssistantRun,
    turns: Vec<Turn>,
}

impl Delivery {
    pub(super) async fn think_by_model(
        &self,
        job: &Job,
        situation: &Situation,
        provider: &'static str,
    ) -> std::result::Result<Finished, Undelivered> {
        let told = prompt::told(situation);
        let keys = self.dispatcher.store.keys(&job.tenant_id).await?;
        let completer = self.senders.completions(Configuration {
            tenant_id: &job.tenant_id,
            tenant: &situation.tenant,
            keys: &keys,
        })?;
        let settings = &situation.tenant.settings.assistant;
        let model = settings.model.clone();
        let engine = Engine {
            kind: EngineKind::Model,
            provider: Some(provider.to_owned()),
            model: model.unwrap_or_else(|| completer.model().to_owned()),
            settings_version: settings.version,
            prompt_digest: Some(told.digest.clone()),
        };
        let mut thinking = Thinking {
            job,
            situation,
            told,
            completer,
            run: situation.run.clone(),
            turns: prompt::turns(situation),
            engine: engine.clone(),
        };
        let mut tools = Toolbox::new(self, job, situation, Some(engine.model.clone()));
        tools.note_reading().await?;
        let ending = self.converse(&mut thinking, &mut tools).await?;
        let used_up = matches!(ending, Ending::UsedUp).then_some("daily-budget-used-up");
        Ok(Finished {
            engine,
            ending,
            reasons: std::iter::once("model")
                .chain(used_up)
                .map(str::to_owned)
                .collect(),
            draft: None,
            uses: tools.uses,
            actions: tools.actions,
            customer_id: tools.customer_id,
        })
    }

    async fn converse(
        &self,
        thinking: &mut Thinking<'_>,
        tools: &mut Toolbox<'_>,
    ) -> std::result::Result<Ending, Undelivered> {
        let until = Instant::now() + LONGEST_RUN;
        let rounds = thinking.situation.tenant.settings.assistant.max_rounds;
        for round in 1..=rounds {
            if !has_budget(&thinking.run, thinking.situation) || Instant::now() >= until {
                return Ok(Ending::hand_over(HandOverReason::Budget, None));
            }
            let tenant = &thinking.situation.tenant;
            if self.is_day_used_up(&thinking.job.tenant_id, tenant).await? {
                return Ok(Ending::UsedUp);
            }
            let completion = self.ask_model(thinking, round, until).await?;
            match &completion.ending {
                AnswerEnding::ToolCalls => {
                    if let Some(ending) = use_tools(thinking, tools, completion).await? {
                        return Ok(ending);
                    }
                }
                AnswerEnding::Paused => thinking.turns.push(Turn::Assistant {
                    text: completion.text,
                    calls: Vec::new(),
                }),
                AnswerEnding::Finished => {
                    return Ok(judge(thinking.situation, tools, completion.text));
                }
                AnswerEnding::Refused | AnswerEnding::Filtered => {
                    return Ok(Ending::hand_over(HandOverReason::Policy, None));
                }
                // Half a sentence is not sent to anybody.
                AnswerEnding::Length | AnswerEnding::Other(_) => {
                    return Ok(Ending::hand_over(HandOverReason::Unsure, None));
                }
            }
        }
        Ok(Ending::hand_over(HandOverReason::Budget, None))
    }

    /// Asks once, and writes down what that used, answered or not.
    async fn ask_model(
        &self,
        thinking: &mut Thinking<'_>,
        round: u32,
        until: Instant,
    ) -> std::result::Result<Completion, Undelivered> {
        let (job, situation) = (thinking.job, thinking.situation);
        let turns = thinking.turns.clone();
        let prompt = prompt::prompt(situation, &thinking.told, &job.message_id, turns);
        let began = Instant::now();
        let call = thinking.completer.complete(&prompt);
        let left = until.saturating_duration_since(began);
        let outcome = tokio::time::timeout(left, call).await;
        let outcome = outcome.unwrap_or_else(|_| Err(too_slow()));
        let name = if outcome.is_ok() {
            "answered"
        } else {
            "failed"
        };
        metrics::counter!("rapport_assistant_calls_total", "outcome" => name).increment(1);
        let latency_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut body = match &outcome {
            Ok(completion) => answered(&situation.tenant.settings.assistant, completion),
            Err(failure) => {
                json!({ "model": thinking.engine.model, "failure_kind": failure.kind.as_str() })
            }
        };
        body["run"] = run_of(situation, &thinking.engine);
        body["round"] = round.into();
        body["attempt"] = job.attempt.into();
        body["latency_ms"] = latency_ms.into();
        let key = format!("{}:call:{}:{round}", job.message_id, job.lease_no);
        self.record(job, ("record-assistant-call", key), body)
            .await?;
        thinking.run.calls += 1;
        if let Ok(completion) = &outcome {
            thinking.run.input_tokens += completion.cost.input_tokens;
            thinking.run.output_tokens += completion.cost.output_tokens;
        }
        // A run that has failed this often has cost enough.
        match outcome {
            Err(failure) if has_budget(&thinking.run, situation) => Err(failure.into()),
            Err(failure) => Err(Failure::new(
                integrations::outcome::FailureKind::Refused,
                failure.detail,
            )
            .into()),
            Ok(completion) => Ok(completion),
        }
    }
}

fn count(completion: &Completion, settings: &Assistant) {
    let cost = &completion.cost;
    for (direction, tokens) in [("in", cost.input_tokens), ("out", cost.output_tokens)] {
        metrics::counter!("rapport_assistant_tokens_total", "direction" => direction)
            .increment(tokens);
    }
    let micros = cost_micros(settings, cost).unwrap_or(0);
    metrics::counter!("rapport_assistant_cost_micros_total").increment(micros);
}

/// What a call comes to that nobody waits for any longer.
pub(super) fn too_slow() -> Failure {
    let kind = integrations::outcome::FailureKind::Transient;
    Failure::new(kind, "the model did not answer within the run's time")
}

/// What is kept of a call that was answered.
pub(super) fn answered(settings: &Assistant, completion: &Completion) -> Value {
    let cost = &completion.cost;
    let model = match cost.model_answered.as_str() {
        "" => &cost.model_asked,
        answered => answered,
    };
    count(completion, settings);
    let ending = serde_json::to_value(&completion.ending).unwrap_or_default();
    let ending = match ending.as_str() {
        Some(name) => name.to_owned(),
        None => "other".to_owned(),
    };
    json!({
        "model": model,
        "provider_request_id": cost.provider_request_id,
        "input_tokens": cost.input_tokens,
        "cached_input_tokens": cost.cached_input_tokens,
        "output_tokens": cost.output_tokens,
        "cost_micros": cost_micros(settings, cost),
        "charged_micros": charged_micros(settings, cost),
        "ending": ending,
    })
}

/// Uses the tools that the model asks for; an ending when one of them ends the run.
async fn use_tools(
    thinking: &mut Thinking<'_>,
    tools: &mut Toolbox<'_>,
    completion: Completion,
) -> std::result::Result<Option<Ending>, Undelivered> {
    let calls: Vec<ToolCall> = completion
        .calls
        .into_iter()
        .take(MAX_CALLS_A_ROUND)
        .collect();
    if calls.is_empty() {
        return Ok(Some(Ending::hand_over(HandOverReason::Unsure, None)));
    }
    if let Some(call) = calls.iter().find(|call| call.name == HAND_OVER) {
        return Ok(Some(farewell(thinking.situation, tools, &call.arguments)));
    }
    thinking.turns.push(Turn::Assistant {
        text: completion.text,
        calls: calls.iter().map(readable).collect(),
    });
    for call in calls {
        let answer = tools.call(&call.name, &call.arguments).await?;
        if is_over(&answer) {
            return Ok(Some(Ending::End { code: "taken-over" }));
        }
        let (outcome, content) = match answer {
            ToolAnswer::Done(result) => (ToolOutcome::Done, result),
            ToolAnswer::Proposed(result) => (
                ToolOutcome::Done,
                json!({ "would_be": result, "note": "not done yet: a person of the business does it" }),
            ),
            ToolAnswer::Refused {
                code,
                fields,
                alternatives,
            } => (
                ToolOutcome::Failed,
                json!({ "code": code, "wrong_fields": fields, "alternatives": alternatives }),
            ),
        };
        thinking.turns.push(Turn::ToolResult {
            call_id: call.id,
            content: content.to_string(),
            outcome,
        });
    }
    Ok(None)
}

/// A call as it may be repeated to the provider, which takes none whose arguments are broken.
fn readable(call: &ToolCall) -> ToolCall {
    let mut call = call.clone();
    if !call.arguments.is_object() {
        call.arguments = json!({});
    }
    call
}

fn is_over(answer: &ToolAnswer) -> bool {
    matches!(answer, ToolAnswer::Refused { code, .. } if code == "thread-taken-over")
}

fn farewell(situation: &Situation, tools: &Toolbox<'_>, arguments: &Value) -> Ending {
    let reason = serde_json::from_value(arguments["reason"].clone());
    let reason = reason.unwrap_or(HandOverReason::Unsure);
    let text = arguments["message"].as_str().map(str::trim);
    let text: Option<String> = text
        .filter(|text| !text.is_empty() && !has_strange_link(text, &tools.uses))
        .map(|text| text.chars().take(MAX_FAREWELL_CHARS).collect());
    let text = text.map(|text| fitted(situation, text));
    Ending::hand_over(reason, text)
}

/// What the model would say, if it may.
fn judge(situation: &Situation, tools: &Toolbox<'_>, text: String) -> Ending {
    let text = text.trim().to_owned();
    if text.is_empty() {
        return Ending::hand_over(HandOverReason::Unsure, None);
    }
    if has_strange_link(&text, &tools.uses) {
        return Ending::hand_over(HandOverReason::Policy, None);
    }
    Ending::say(fitted(situation, text))
}

/// A link that no tool of this run has given.
fn has_strange_link(text: &str, uses: &[tools::ToolUsed]) -> bool {
    let low = text.to_lowercase();
    let links = low
        .split(|letter: char| letter.is_whitespace() || "<>()[]\"'".contains(letter))
        .filter(|word| word.contains("://") || word.starts_with("www."))
        .map(|word| word.trim_end_matches(['.', ',', ';', '!', '?']).to_owned());
    let mut strange = links.filter(|link| {
        let given = uses
            .iter()
            .any(|used| used.code.is_none() && used.detail.to_lowercase().contains(link));
        !given
    });
    strange.next().is_some()
}

/// Cut to what the channel takes, at the end of a sentence where there is one.
fn fitted(situation: &Situation, text: String) -> String {
    let limit = sending_limit(situation.thread.channel);
    if text.chars().count() <= limit {
        return text;
    }
    let cut: String = text.chars().take(limit).collect();
    match cut.rfind(['.', '!', '?']) {
        Some(end) => cut[..=end].to_owned(),
        None => cut,
    }
}
