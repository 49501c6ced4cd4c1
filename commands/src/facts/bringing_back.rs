//! What the relay brings back of a look at a conversation: checked against each field's schema, sealed, and taken in once.
//! What stands on the sheet already, or was rejected, is not taken in again.

use std::collections::HashMap;
use std::sync::LazyLock;

use cqrs_es::Aggregate;
use domain::assistant_runs::events::RunStarted;
use domain::assistant_runs::{AssistantRun, AssistantRunCommand, Engine, EngineKind};
use domain::conversations::{AiMode, Conversation, Thread};
use domain::facts::fields::FactField;
use domain::facts::{
    Evidence, Extraction, Fact, FactCommand, FactSheet, FactStanding, FoundFact, MAX_EXTRACTED,
    MAX_QUOTE_CHARS, WORTH_FROM_PERCENT,
};
use domain::ids::{ConversationId, FactId, MessageId};
use domain::sealed::Pii;
use event_store::load::Load;
use event_store::vault::SubjectKey;
use jsonschema::Validator;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::judging::FactsSummary;
use super::{QUOTE_FIELD, VALUE_FIELD, load_of};
use crate::Result;
use crate::registry::Input;
use crate::work::{Facts, Work};

const EVENT: &str = "FactsExtracted";
/// How a run that has looked for facts ends.
const RUN_CODE: &str = "looked-for-facts";

/// # Finish a look for facts
///
/// What was found, or why nothing could be.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FinishFactExtraction {
    pub thread_id: ConversationId,
    pub extraction_id: MessageId,
    pub engine: Engine,
    #[serde(default)]
    pub found: Vec<FoundInput>,
    /// What was left out before it came here, as codes.
    #[serde(default)]
    pub left_out: Vec<String>,
    /// Why the look failed.
    #[serde(default)]
    pub failed: Option<String>,
}

/// One fact.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FoundInput {
    pub field: FactField,
    /// As JSON text.
    pub value: Pii<String>,
    pub quote: Pii<String>,
    pub message_id: MessageId,
    pub evidence: Evidence,
    pub confidence_percent: u8,
}

impl Input for FinishFactExtraction {
    fn wanted(&self, _: &Facts) -> Load {
        let mut load = load_of(self.thread_id.as_str());
        let run = (AssistantRun::TYPE, self.extraction_id.to_string(), 0);
        load.streams.push(run);
        load
    }
}

/// The fields' schemas, built once; a field whose schema does not build takes nothing.
static SCHEMAS: LazyLock<HashMap<FactField, Validator>> = LazyLock::new(|| {
    let built = FactField::ALL.into_iter().filter_map(|field| {
        let options = jsonschema::options().should_validate_formats(true);
        Some((field, options.build(&field.schema()).ok()?))
    });
    built.collect()
});

pub async fn finish_fact_extraction(
    work: &mut Work,
    input: FinishFactExtraction,
) -> Result<FactsSummary> {
    let conversation = work.load::<Conversation>(input.thread_id.as_str()).await?;
    let thread = conversation.state.require_known()?.clone();
    let mut sheet = work.load::<FactSheet>(input.thread_id.as_str()).await?;
    let at = work.ctx.now;
    let command = match &input.failed {
        Some(code) => FactCommand::Fail {
            extraction_id: input.extraction_id.clone(),
            code: code.clone(),
            at,
        },
        None => {
            let key = work.subject(&conversation.id).await?;
            let (found, left_out) = checked(work, &input, (&key, &sheet.state))?;
            FactCommand::TakeIn(Box::new(Extraction {
                extraction_id: input.extraction_id.clone(),
                engine: input.engine.clone(),
                found,
                left_out,
                at,
            }))
        }
    };
    if input.engine.kind == EngineKind::Model {
        end_run(work, &input, &thread).await?;
    }
    work.execute(&mut sheet, command).await?;
    Ok(FactsSummary::of(sheet))
}

/// What a model was asked for facts stands with the assistant's runs, so that it counts wherever they do.
async fn end_run(work: &mut Work, input: &FinishFactExtraction, thread: &Thread) -> Result<()> {
    let mut run = work
        .load::<AssistantRun>(input.extraction_id.as_str())
        .await?;
    let at = work.ctx.now;
    let started = RunStarted {
        customer_id: thread.customer_id.clone(),
        ai_mode: AiMode::Suggest,
        engine: input.engine.clone(),
        ..RunStarted::new(input.thread_id.clone(), input.extraction_id.clone(), at)
    };
    work.execute(&mut run, AssistantRunCommand::Start(Box::new(started)))
        .await?;
    let code = RUN_CODE.to_owned();
    work.execute(&mut run, AssistantRunCommand::End { code, at })
        .await
}

/// The facts that can be taken in, and why others cannot.
fn checked(
    work: &Work,
    input: &FinishFactExtraction,
    (key, sheet): (&SubjectKey, &FactSheet),
) -> Result<(Vec<FoundFact>, Vec<String>)> {
    let mut left_out = input.left_out.clone();
    let mut found: Vec<FoundFact> = Vec::new();
    for fact in input.found.iter().take(MAX_EXTRACTED) {
        if let Some(code) = fault(fact, key, sheet) {
            left_out.push(code.to_owned());
            continue;
        }
        found.push(FoundFact {
            fact_id: FactId::new(work.new_id()),
            field: fact.field,
            value: key.seal(EVENT, VALUE_FIELD, fact.value.expose())?,
            quote: key.seal(EVENT, QUOTE_FIELD, fact.quote.expose())?,
            message_id: fact.message_id.clone(),
            evidence: fact.evidence,
            confidence_percent: fact.confidence_percent.min(100),
            standing: FactStanding::Review,
        });
    }
    left_out.truncate(MAX_EXTRACTED);
    Ok((found, left_out))
}

/// Why a fact is not taken in.
fn fault(fact: &FoundInput, key: &SubjectKey, sheet: &FactSheet) -> Option<&'static str> {
    let value: Value = serde_json::from_str(fact.value.expose()).unwrap_or_default();
    let fits = SCHEMAS
        .get(&fact.field)
        .is_some_and(|schema| schema.is_valid(&value));
    if !fits {
        return Some("value-invalid");
    }
    let quote_chars = fact.quote.expose().chars().count();
    if !(1..=MAX_QUOTE_CHARS).contains(&quote_chars) {
        return Some("quote-invalid");
    }
    if fact.confidence_percent < WORTH_FROM_PERCENT {
        return Some("too-uncertain");
    }
    let is_same = |known: &&Fact| {
        let plain = key.open(VALUE_FIELD, &known.value);
        let plain = plain.and_then(|plain| serde_json::from_str::<Value>(&plain).ok());
        known.field == fact.field && plain.as_ref() == Some(&value)
    };
    let stands = |known: &&Fact| {
        known.is_current
            || matches!(
                known.standing,
                FactStanding::Review | FactStanding::Rejected
            )
    };
    let known = sheet
        .facts
        .iter()
        .filter(stands)
        .any(|known| is_same(&known));
    known.then_some("known-already")
}
