//! Chat completions on the wire: our prompt as their request, their answer as ours.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::completions::{
    Completion, Cost, Ending, Prompt, RateLeft, TOOLS_LIMIT, TURNS_LIMIT, Tool, ToolCall,
    ToolOutcome, ToolUse, Turn,
};
use crate::outcome::{Failure, FailureKind};

pub(super) fn request(prompt: &Prompt) -> Result<Value, Failure> {
    if prompt.turns.len() > TURNS_LIMIT || prompt.tools.len() > TOOLS_LIMIT {
        let detail = format!("a prompt has at most {TURNS_LIMIT} turns and {TOOLS_LIMIT} tools");
        return Err(Failure::new(FailureKind::Refused, detail));
    }
    let system = prompt
        .system
        .iter()
        .map(|text| json!({"role": "system", "content": text}));
    let messages: Vec<Value> = system.chain(prompt.turns.iter().map(message)).collect();
    let mut body = json!({
        "model": prompt.model,
        "messages": messages,
        "max_completion_tokens": prompt.max_output_tokens,
    });
    if let Some(temperature) = prompt.temperature {
        body["temperature"] = temperature.into();
    }
    if !prompt.tools.is_empty() {
        body["tools"] = prompt.tools.iter().map(tool).collect();
        body["tool_choice"] = match &prompt.tool_use {
            ToolUse::Auto => "auto".into(),
            ToolUse::Never => "none".into(),
            ToolUse::Required => "required".into(),
            ToolUse::Named(name) => json!({"type": "function", "function": {"name": name}}),
        };
    }
    Ok(body)
}

fn message(turn: &Turn) -> Value {
    match turn {
        Turn::User(text) => json!({"role": "user", "content": text}),
        Turn::Assistant { text, calls } => {
            let content = if text.is_empty() {
                Value::Null
            } else {
                text.as_str().into()
            };
            let mut message = json!({"role": "assistant", "content": content});
            if !calls.is_empty() {
                message["tool_calls"] = calls
                    .iter()
                    .map(|call| {
                        json!({"id": call.id, "type": "function", "function":
                            {"name": call.name, "arguments": call.arguments.to_string()}})
                    })
                    .collect();
            }
            message
        }
        Turn::ToolResult {
            call_id,
            content,
            outcome,
        } => {
            let content = match outcome {
                ToolOutcome::Done => content.clone(),
                // This style has no place for it.
                ToolOutcome::Failed => format!("error: {content}"),
            };
            json!({"role": "tool", "tool_call_id": call_id, "content": content})
        }
    }
}

fn tool(tool: &Tool) -> Value {
    json!({"type": "function", "function":
        {"name": tool.name, "description": tool.description, "parameters": tool.parameters}})
}

#[derive(Deserialize)]
pub(super) struct Answer {
    model: String,
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Value,
    service_tier: Option<String>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    content: Option<String>,
    refusal: Option<String>,
    tool_calls: Option<Vec<Call>>,
}

#[derive(Deserialize)]
struct Call {
    id: String,
    function: Function,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    arguments: String,
}

pub(super) fn completion(prompt: &Prompt, answer: Answer) -> Result<Completion, Failure> {
    let choice =
        answer.choices.into_iter().next().ok_or_else(|| {
            Failure::new(FailureKind::Transient, "openai answered without a choice")
        })?;
    let ending = match choice.finish_reason.as_deref() {
        _ if choice.message.refusal.is_some() => Ending::Refused,
        Some("stop") | None => Ending::Finished,
        Some("tool_calls" | "function_call") => Ending::ToolCalls,
        Some("length") => Ending::Length,
        Some("content_filter") => Ending::Filtered,
        Some(other) => Ending::Other(other.to_owned()),
    };
    let calls = choice.message.tool_calls.unwrap_or_default();
    let usage = answer.usage;
    let figure = |path: &str| usage.pointer(path).and_then(Value::as_u64).unwrap_or(0);
    Ok(Completion {
        text: choice
            .message
            .content
            .or(choice.message.refusal)
            .unwrap_or_default(),
        calls: calls
            .into_iter()
            .map(|call| ToolCall {
                id: call.id,
                name: call.function.name,
                arguments: serde_json::from_str(&call.function.arguments)
                    .unwrap_or(Value::String(call.function.arguments)),
            })
            .collect(),
        ending,
        cost: Cost {
            model_asked: prompt.model.clone(),
            model_answered: answer.model,
            input_tokens: figure("/prompt_tokens"),
            cached_input_tokens: figure("/prompt_tokens_details/cached_tokens"),
            cache_write_input_tokens: figure("/prompt_tokens_details/cache_write_tokens"),
            output_tokens: figure("/completion_tokens"),
            reasoning_tokens: figure("/completion_tokens_details/reasoning_tokens"),
            total_tokens: figure("/total_tokens"),
            service_tier: answer.service_tier,
            usage,
            ..Cost::default()
        },
        left: RateLeft::default(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{completion, request};
    use crate::completions::{Ending, Prompt, Tool, ToolCall, ToolOutcome, ToolUse, Turn};

    fn prompt() -> Prompt {
        Prompt {
            message_id: "m1".into(),
            model: "gpt-4o".into(),
            system: Some("Be brief.".into()),
            turns: vec![
                Turn::User("When?".into()),
                Turn::Assistant {
                    text: String::new(),
                    calls: vec![ToolCall {
                        id: "c1".into(),
                        name: "check".into(),
                        arguments: json!({"date": "2026-03-14"}),
                    }],
                },
                Turn::ToolResult {
                    call_id: "c1".into(),
                    content: "no such date".into(),
                    outcome: ToolOutcome::Failed,
                },
            ],
            tools: vec![Tool {
                name: "check".into(),
                description: "Free slots".into(),
                parameters: json!({"type": "object"}),
            }],
            tool_use: ToolUse::Named("check".into()),
            max_output_tokens: 200,
            temperature: None,
        }
    }

    #[test]
    fn a_prompt_is_written_in_their_words() {
        let body = request(&prompt()).unwrap();
        assert_eq!(
            body["messages"][0],
            json!({"role": "system", "content": "Be brief."})
        );
        assert_eq!(
            body["messages"][2]["tool_calls"][0]["function"]["arguments"],
            r#"{"date":"2026-03-14"}"#
        );
        assert_eq!(body["messages"][3]["content"], "error: no such date");
        assert_eq!(body["tool_choice"]["function"]["name"], "check");
        assert_eq!(body["max_completion_tokens"], 200);
    }

    #[test]
    fn an_answer_is_read_with_what_it_cost() {
        let answer = json!({"id": "x", "model": "gpt-4o-2024", "choices": [{"index": 0, "finish_reason": "tool_calls",
            "message": {"role": "assistant", "content": null, "tool_calls": [
                {"id": "c2", "type": "function", "function": {"name": "check", "arguments": "{broken"}}]}}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15,
                "prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens_details": {"reasoning_tokens": 2}}});
        let read = completion(&prompt(), serde_json::from_value(answer).unwrap()).unwrap();
        assert_eq!(read.ending, Ending::ToolCalls);
        assert_eq!(read.calls[0].arguments, json!("{broken"));
        let cost = &read.cost;
        assert_eq!(
            [
                cost.input_tokens,
                cost.cached_input_tokens,
                cost.output_tokens,
                cost.reasoning_tokens,
                cost.total_tokens
            ],
            [10, 4, 5, 2, 15]
        );
    }

    #[test]
    fn a_refusal_is_told_apart() {
        let answer = json!({"model": "m", "choices": [{"finish_reason": "stop", "message": {"refusal": "No."}}]});
        let read = completion(&prompt(), serde_json::from_value(answer).unwrap()).unwrap();
        assert_eq!((read.ending, read.text.as_str()), (Ending::Refused, "No."));
    }
}
