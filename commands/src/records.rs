//! What is written of a command beside its events: the answer that every repetition gets, and who asked for what.

use event_store::commit::CommandRecord;
use event_store::error::Error;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::Result;
use crate::answer::StoredBody;
use crate::context::Mode;
use crate::dispatch::SOURCE_ADDRESS_PURPOSE;
use crate::registry::Command;
use crate::work::Work;

/// The answer as it is stored.
pub(crate) fn body_of(work: &Work, result: &Value) -> Result<StoredBody> {
    let (aggregate_type, aggregate_id, sequence) = work
        .decided
        .clone()
        .ok_or_else(|| Error::internal("a command that nothing decided"))?;
    Ok(StoredBody {
        command_id: work.ctx.command_id.clone(),
        aggregate_type: aggregate_type.to_owned(),
        aggregate_id,
        sequence,
        events: work.kept.summaries.clone(),
        result: RawValue::from_string(result.to_string())?,
    })
}

/// Who asked for what, under which key, and what was answered.
pub(crate) fn record_of(
    work: &Work,
    command: &Command,
    key: &str,
    fingerprint: Vec<u8>,
    answer: String,
) -> Result<CommandRecord> {
    let ctx = &work.ctx;
    let source_address = match &ctx.source_address {
        Some(address) => Some(
            work.keys()?
                .seal_ingest(SOURCE_ADDRESS_PURPOSE, address.as_bytes())?,
        ),
        None => None,
    };
    let mut metadata = serde_json::Map::new();
    metadata.insert("command".to_owned(), command.name.into());
    metadata.insert("actor_kind".to_owned(), ctx.principal.kind.as_str().into());
    if let Some(model) = &ctx.principal.model {
        metadata.insert("model".to_owned(), model.clone().into());
    }
    if ctx.mode == Mode::Import {
        metadata.insert("imported".to_owned(), true.into());
    }
    Ok(CommandRecord {
        command_id: ctx.command_id.clone(),
        name: command.name.to_owned(),
        principal: ctx.principal.id.clone(),
        key: key.to_owned(),
        fingerprint,
        answer,
        position_floor: 0,
        correlation_id: ctx.correlation_id.clone(),
        causation_id: ctx.causation_id.clone(),
        occurred_at: ctx.now,
        source_address,
        metadata: Value::Object(metadata).to_string(),
    })
}
