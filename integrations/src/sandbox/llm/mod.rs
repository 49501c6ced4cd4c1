//! Our stand-ins for language models: both wire forms over one that says what a test has scripted, or repeats what it was
//! told. Tokens are counted by a rule of thumb, always the same.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::sandbox::control::refuse;
use crate::sandbox::entries::{Completion, Entry};
use crate::sandbox::pages;
use crate::sandbox::providers::Provider;
use crate::sandbox::store::{Shared, new_id};

mod anthropic;
mod openai;

/// Scripted answers kept.
const SCRIPTS_LIMIT: usize = 1_000;
/// Characters of one token, roughly.
const TOKEN_CHARS: usize = 4;
/// Longest id that a caller names its message by.
const MESSAGE_LIMIT_CHARS: usize = 255;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/sandbox/answers", web::get().to(list_scripts))
        .route("/sandbox/answers", web::post().to(add_script))
        .route("/sandbox/answers", web::delete().to(clear_scripts))
        .configure(openai::routes)
        .configure(anthropic::routes);
}

/// What a model says when it is asked something.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Script {
    /// Part of what the user said last, in any case; empty fits everything.
    #[serde(default)]
    when: String,
    #[serde(default)]
    say: String,
    call: Option<ScriptedCall>,
    /// Further calls in the same answer.
    #[serde(default)]
    calls: Vec<ScriptedCall>,
    /// The model will not answer.
    #[serde(default)]
    refuses: bool,
    /// How often; for ever when absent.
    times: Option<u32>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct ScriptedCall {
    name: String,
    /// An object; text stands on the wire as it is, however broken, where the style has text there.
    arguments: Value,
}

/// The first script that fits is the one that speaks.
#[derive(Debug, Default, Serialize)]
pub(super) struct Scripts {
    scripts: VecDeque<Script>,
}

impl Scripts {
    fn take(&mut self, said: &str) -> Option<Script> {
        let said = said.to_lowercase();
        let index = self
            .scripts
            .iter()
            .position(|script| said.contains(&script.when.to_lowercase()))?;
        let script = self.scripts.get_mut(index)?;
        let taken = script.clone();
        if let Some(times) = &mut script.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                self.scripts.remove(index);
            }
        }
        Some(taken)
    }
}

async fn list_scripts(shared: web::Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().json(&*shared.scripts())
}

async fn add_script(shared: web::Data<Shared>, script: web::Json<Script>) -> HttpResponse {
    {
        let mut scripts = shared.scripts();
        if scripts.scripts.len() >= SCRIPTS_LIMIT {
            return refuse("too many answers are scripted");
        }
        scripts.scripts.push_back(script.into_inner());
    }
    list_scripts(shared).await
}

async fn clear_scripts(shared: web::Data<Shared>) -> HttpResponse {
    *shared.scripts() = Scripts::default();
    HttpResponse::NoContent().finish()
}

/// What a model was asked, in whatever wire form.
struct Asked {
    account: String,
    model: String,
    /// What the user, or a tool, said last.
    last: String,
    /// Characters of everything that went in.
    input_chars: usize,
    max_output_tokens: u64,
    /// The caller's own id.
    message: Option<String>,
}

/// What the model says.
struct Said {
    text: String,
    calls: Vec<(String, Value)>,
    refuses: bool,
    is_cut_off: bool,
    input_tokens: u64,
    output_tokens: u64,
}

/// Answers, and writes the answer into the ledger.
async fn say(shared: &Arc<Shared>, provider: Provider, asked: Asked) -> io::Result<Said> {
    let script = shared.scripts().take(&asked.last);
    let (mut text, calls, refuses) = match script {
        Some(script) => {
            let calls = script.call.into_iter().chain(script.calls);
            let calls = calls.map(|call| (call.name, call.arguments)).collect();
            (script.say, calls, script.refuses)
        }
        None => (format!("You said: {}", asked.last), Vec::new(), false),
    };
    let limit = usize::try_from(asked.max_output_tokens).unwrap_or(usize::MAX);
    let limit_chars = limit.saturating_mul(TOKEN_CHARS);
    let is_cut_off = text.chars().count() > limit_chars;
    if is_cut_off {
        text = text.chars().take(limit_chars).collect();
    }
    let called_chars: usize = calls
        .iter()
        .map(|(name, arguments): &(String, Value)| name.len() + arguments.to_string().len())
        .sum();
    let said = Said {
        input_tokens: tokens(asked.input_chars),
        output_tokens: tokens(text.chars().count() + called_chars),
        text,
        calls,
        refuses,
        is_cut_off,
    };
    let entry = Entry::Completion(Completion {
        id: new_id("completion"),
        provider: provider.name().to_owned(),
        account: asked.account,
        model: asked.model,
        message: asked.message,
        input_tokens: said.input_tokens,
        output_tokens: said.output_tokens,
    });
    shared
        .transact(move |store| store.commit(vec![entry]))
        .await?;
    Ok(said)
}

fn tokens(chars: usize) -> u64 {
    chars.div_ceil(TOKEN_CHARS).max(1) as u64
}

/// Text of a message's content: a string, or blocks of which those with text count.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => {
            let texts: Vec<String> = blocks
                .iter()
                .map(
                    |block| match block.get("text").or_else(|| block.get("content")) {
                        Some(inner) => text_of(inner),
                        None => String::new(),
                    },
                )
                .filter(|text| !text.is_empty())
                .collect();
            texts.join("\n")
        }
        _ => String::new(),
    }
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request
        .headers()
        .get(name)?
        .to_str()
        .ok()
        .filter(|value| !value.is_empty())
}

fn message(request: &HttpRequest) -> Option<String> {
    let id = header(request, "x-client-request-id")?;
    (id.len() <= MESSAGE_LIMIT_CHARS).then(|| id.to_owned())
}

fn broken(error: &io::Error) -> HttpResponse {
    pages::failed(error)
}

/// A conversation, as both wire forms have it.
#[derive(Deserialize)]
struct Messages {
    model: String,
    messages: Vec<Message>,
    #[serde(default)]
    tools: Vec<Value>,
    system: Option<Value>,
    #[serde(alias = "max_completion_tokens")]
    max_tokens: Option<u64>,
    #[serde(default)]
    stream: Option<Value>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    #[serde(default)]
    content: Value,
}

impl Messages {
    fn asked(&self, account: String, message: Option<String>) -> Asked {
        let system = self.system.as_ref().map(text_of).unwrap_or_default();
        let turns: usize = self
            .messages
            .iter()
            .map(|message| text_of(&message.content).chars().count())
            .sum();
        Asked {
            account,
            model: self.model.clone(),
            last: self
                .messages
                .last()
                .map(|message| text_of(&message.content))
                .unwrap_or_default(),
            input_chars: system.chars().count() + turns + json!(self.tools).to_string().len(),
            max_output_tokens: self.max_tokens.unwrap_or(u64::MAX),
            message,
        }
    }

    /// What is wrong with it, if anything.
    fn fault(&self, roles: &[&str]) -> Option<&'static str> {
        if self.messages.is_empty() {
            return Some("messages: at least one message is required");
        }
        if self
            .messages
            .iter()
            .any(|message| !roles.contains(&message.role.as_str()))
        {
            return Some("messages: a role is not known");
        }
        if self.stream.as_ref() == Some(&Value::Bool(true)) {
            return Some("stream: the sandbox answers whole");
        }
        None
    }
}
