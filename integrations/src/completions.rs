//! One answer of a language model, whichever provider runs it: what is asked, what comes back, and what it cost. Class P:
//! nothing changes outside, so a lost answer is asked for again, and every attempt is paid for.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

/// Longest whole call; a model may think for minutes.
pub const TIMEOUT: Duration = Duration::from_secs(300);
/// Most turns of one prompt.
pub const TURNS_LIMIT: usize = 1_000;
/// Most tools of one prompt; OpenAI's own limit.
pub const TOOLS_LIMIT: usize = 128;

/// What a model is asked. `Debug` shows sizes alone: the rest is personal.
#[derive(Clone, Default, PartialEq)]
pub struct Prompt {
    /// Ours; the same for every attempt. Sent along for the provider's support to find the call.
    pub message_id: String,
    pub model: String,
    pub system: Option<String>,
    pub turns: Vec<Turn>,
    pub tools: Vec<Tool>,
    pub tool_use: ToolUse,
    /// The answer ends there, with [`Ending::Length`].
    pub max_output_tokens: u32,
    /// Where the style has one; Anthropic's has none.
    pub temperature: Option<f64>,
}

impl fmt::Debug for Prompt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Prompt")
            .field("message_id", &self.message_id)
            .field("model", &self.model)
            .field("turns", &self.turns.len())
            .field("tools", &self.tools.len())
            .finish_non_exhaustive()
    }
}

#[derive(Clone, PartialEq)]
pub enum Turn {
    User(String),
    Assistant {
        text: String,
        calls: Vec<ToolCall>,
    },
    /// What a tool said to the call of this id.
    ToolResult {
        call_id: String,
        content: String,
        outcome: ToolOutcome,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolOutcome {
    Done,
    Failed,
}

/// A function that the model may ask to have called.
#[derive(Clone, Debug, PartialEq)]
pub struct Tool {
    pub name: String,
    pub description: String,
    /// JSON Schema of the arguments, an object.
    pub parameters: Value,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ToolUse {
    /// The model decides.
    #[default]
    Auto,
    Never,
    /// One tool at least.
    Required,
    /// This tool.
    Named(String),
}

/// A call that the model asks for. The arguments come from the model: they are data to be checked, never trusted.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCall {
    pub id: String,
    pub name: String,
    /// An object, or the text as it came where it is no JSON.
    pub arguments: Value,
}

/// A model's answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    pub text: String,
    pub calls: Vec<ToolCall>,
    pub ending: Ending,
    pub cost: Cost,
    /// What is left before the provider says 429.
    pub left: RateLeft,
}

/// Why the answer ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    Finished,
    ToolCalls,
    /// Cut off at `max_output_tokens`, or at the end of the model's context.
    Length,
    /// The model will not answer.
    Refused,
    /// The provider's filter took the answer away.
    Filtered,
    /// A long turn pauses; the same turns with this answer go on.
    Paused,
    /// A reason that we do not know yet.
    Other(String),
}

/// What one attempt used, for the account of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Cost {
    pub model_asked: String,
    pub model_answered: String,
    pub provider_request_id: Option<String>,
    /// All that went in, cached parts included.
    pub input_tokens: u64,
    /// Of these: read from the provider's cache, and written to it.
    pub cached_input_tokens: u64,
    pub cache_write_input_tokens: u64,
    pub output_tokens: u64,
    /// Of these: thought and not said.
    pub reasoning_tokens: u64,
    pub total_tokens: u64,
    pub service_tier: Option<String>,
    pub first_byte_ms: u64,
    /// The provider's own figures, whole, for what is not named above.
    pub usage: Value,
}

/// The provider's rate headers, where it sends them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLeft {
    pub requests: Option<u64>,
    pub tokens: Option<u64>,
    /// When the scarcer of both is full again.
    pub reset: Option<Duration>,
}

/// A duration as rate headers write it: `1s`, `6m0s`, `88ms`, `1h2m3.5s`; seconds where there is no unit.
pub(crate) fn parse_reset(text: &str) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest
            .find(|character: char| !character.is_ascii_digit() && character != '.')
            .filter(|digits| *digits > 0)?;
        let number: f64 = rest[..digits].parse().ok()?;
        let after = &rest[digits..];
        let unit_length = after
            .find(|character: char| character.is_ascii_digit())
            .unwrap_or(after.len());
        total += number
            * match &after[..unit_length] {
                "h" => 3_600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 0.001,
                _ => return None,
            };
        rest = &after[unit_length..];
    }
    (!text.is_empty()).then(|| Duration::try_from_secs_f64(total).ok())?
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::parse_reset;

    #[test]
    fn resets_are_read_in_every_form() {
        for (text, expected) in [
            ("1s", Some(1_000)),
            ("6m0s", Some(360_000)),
            ("88ms", Some(88)),
            ("1h2m3.5s", Some(3_723_500)),
            ("12", Some(12_000)),
            ("", None),
            ("soon", None),
            ("3d", None),
            ("m", None),
            ("-1", None),
        ] {
            assert_eq!(
                parse_reset(text),
                expected.map(Duration::from_millis),
                "{text}"
            );
        }
    }
}
