//! Anthropic's messages on the wire: our prompt as their request, their answer as ours.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::completions::{
    Completion, Cost, Ending, Prompt, RateLeft, TOOLS_LIMIT, TURNS_LIMIT, ToolCall, ToolOutcome,
    ToolUse, Turn,
};
use crate::outcome::{Failure, FailureKind};

pub(super) fn request(prompt: &Prompt) -> Result<Value, Failure> {
    if prompt.turns.len() > TURNS_LIMIT || prompt.tools.len() > TOOLS_LIMIT {
        let detail = format!("a prompt has at most {TURNS_LIMIT} turns and {TOOLS_LIMIT} tools");
        return Err(Failure::new(FailureKind::Refused, detail));
    }
    let mut body = json!({
        "model": prompt.model,
        "max_tokens": prompt.max_output_tokens,
        "messages": messages(&prompt.turns),
    });
    if let Some(system) = &prompt.system {
        body["system"] = system.as_str().into();
    }
    if !prompt.tools.is_empty() {
        body["tools"] = prompt
            .tools
            .iter()
            .map(|tool| {
                json!({"name": tool.name, "description": tool.description, "input_schema": tool.parameters})
            })
            .collect();
        body["tool_choice"] = match &prompt.tool_use {
            ToolUse::Auto => json!({"type": "auto"}),
            ToolUse::Never => json!({"type": "none"}),
            ToolUse::Required => json!({"type": "any"}),
            ToolUse::Named(name) => json!({"type": "tool", "name": name}),
        };
    }
    Ok(body)
}

/// Results of tools are a user's turn here, and all results of one turn must stand together in one.
fn messages(turns: &[Turn]) -> Vec<Value> {
    let mut messages: Vec<(&str, Vec<Value>)> = Vec::new();
    for turn in turns {
        let (role, blocks) = match turn {
            Turn::User(text) => ("user", vec![json!({"type": "text", "text": text})]),
            Turn::Assistant { text, calls } => ("assistant", assistant(text, calls)),
            Turn::ToolResult {
                call_id,
                content,
                outcome,
            } => {
                let block = json!({"type": "tool_result", "tool_use_id": call_id, "content": content,
                    "is_error": *outcome == ToolOutcome::Failed});
                ("user", vec![block])
            }
        };
        match messages.last_mut() {
            Some((last, known)) if *last == role => known.extend(blocks),
            _ => messages.push((role, blocks)),
        }
    }
    messages
        .into_iter()
        .filter(|(_, blocks)| !blocks.is_empty())
        .map(|(role, content)| json!({"role": role, "content": content}))
        .collect()
}

fn assistant(text: &str, calls: &[ToolCall]) -> Vec<Value> {
    let said = (!text.is_empty()).then(|| json!({"type": "text", "text": text}));
    let called = calls.iter().map(
        |call| json!({"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments}),
    );
    said.into_iter().chain(called).collect()
}

#[derive(Deserialize)]
pub(super) struct Answer {
    model: String,
    content: Vec<Block>,
    stop_reason: Option<String>,
    #[serde(default)]
    usage: Value,
}

/// Blocks of types that we did not ask for, such as thinking, are passed over.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block {
    Text {
        text: String,
    },
    ToolUse {
        id: String,
        name: String,
        input: Value,
    },
    #[serde(other)]
    Other,
}

pub(super) fn completion(prompt: &Prompt, answer: Answer) -> Completion {
    let ending = match answer.stop_reason.as_deref() {
        Some("end_turn" | "stop_sequence") | None => Ending::Finished,
        Some("tool_use") => Ending::ToolCalls,
        Some("max_tokens" | "model_context_window_exceeded") => Ending::Length,
        Some("refusal") => Ending::Refused,
        Some("pause_turn") => Ending::Paused,
        Some(other) => Ending::Other(other.to_owned()),
    };
    let (mut text, mut calls) = (String::new(), Vec::new());
    for block in answer.content {
        match block {
            Block::Text { text: more } => text.push_str(&more),
            Block::ToolUse { id, name, input } => calls.push(ToolCall {
                id,
                name,
                arguments: input,
            }),
            Block::Other => {}
        }
    }
    let usage = answer.usage;
    let figure = |path: &str| usage.pointer(path).and_then(Value::as_u64).unwrap_or(0);
    let (read, written) = (
        figure("/cache_read_input_tokens"),
        figure("/cache_creation_input_tokens"),
    );
    // Here, unlike elsewhere, cached tokens come on top.
    let input = figure("/input_tokens") + read + written;
    let output = figure("/output_tokens");
    Completion {
        text,
        calls,
        ending,
        cost: Cost {
            model_asked: prompt.model.clone(),
            model_answered: answer.model,
            input_tokens: input,
            cached_input_tokens: read,
            cache_write_input_tokens: written,
            output_tokens: output,
            reasoning_tokens: figure("/output_tokens_details/thinking_tokens"),
            total_tokens: input + output,
            service_tier: usage
                .get("service_tier")
                .and_then(Value::as_str)
                .map(str::to_owned),
            usage,
            ..Cost::default()
        },
        left: RateLeft::default(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{completion, messages, request};
    use crate::completions::{Ending, Prompt, ToolCall, ToolOutcome, Turn};

    fn result(id: &str) -> Turn {
        Turn::ToolResult {
            call_id: id.into(),
            content: "free".into(),
            outcome: ToolOutcome::Done,
        }
    }

    #[test]
    fn results_of_one_turn_stand_together() {
        let call = |id: &str| ToolCall {
            id: id.into(),
            name: "check".into(),
            arguments: json!({}),
        };
        let turns = [
            Turn::User("When?".into()),
            Turn::Assistant {
                text: "Let me see.".into(),
                calls: vec![call("c1"), call("c2")],
            },
            result("c1"),
            result("c2"),
        ];
        let messages = messages(&turns);
        assert_eq!(messages.len(), 3);
        assert_eq!(messages[1]["content"][2]["id"], "c2");
        assert_eq!(messages[2]["role"], "user");
        assert_eq!(messages[2]["content"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn cached_tokens_are_counted_in() {
        let answer = json!({"id": "msg_1", "model": "claude-haiku", "stop_reason": "tool_use", "content": [
            {"type": "thinking", "thinking": "…"}, {"type": "text", "text": "Let me see."},
            {"type": "tool_use", "id": "t1", "name": "check", "input": {"date": "2026-03-14"}}],
            "usage": {"input_tokens": 10, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 5,
                "output_tokens": 7, "service_tier": "standard"}});
        let read = completion(&Prompt::default(), serde_json::from_value(answer).unwrap());
        assert_eq!(
            (read.text.as_str(), read.ending),
            ("Let me see.", Ending::ToolCalls)
        );
        assert_eq!(read.calls[0].arguments["date"], "2026-03-14");
        assert_eq!((read.cost.input_tokens, read.cost.total_tokens), (115, 122));
        assert_eq!(read.cost.service_tier.as_deref(), Some("standard"));
    }

    #[test]
    fn a_prompt_beyond_the_limits_never_leaves() {
        let prompt = Prompt {
            turns: vec![Turn::User(String::new()); 1_001],
            ..Prompt::default()
        };
        assert!(request(&prompt).is_err());
    }
}
