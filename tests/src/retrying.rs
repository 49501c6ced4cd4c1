//! A caller who knows the published schemas and nothing else, and builds the next call from the answer to the last: what an
//! agent has to be able to do with every refusal.

use serde_json::{Map, Value};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// A command as it is sent.
#[derive(Clone, Debug, Default)]
pub struct Call {
    pub name: String,
    pub body: Value,
    /// When, where that is not now.
    pub at: Option<OffsetDateTime>,
    pub if_match: Option<i64>,
    pub key: Option<String>,
    /// Whether it is sent by an agent.
    pub by_agent: bool,
}

impl Call {
    pub fn new(name: &str, body: Value) -> Self {
        Self {
            name: name.to_owned(),
            body,
            ..Self::default()
        }
    }

    /// What the answer says has to be sent before.
    pub fn first(&self, problem: &Value) -> Option<Self> {
        let best = best(problem)?;
        let name = best.get("first")?.as_str()?;
        let command = commands::registry::find(name).expect("what is to be sent first exists");
        let schema = command.json_schema().expect("its schema can be built");
        let fields = schema["properties"].as_object().expect("it has fields");
        let known = |field: &String| {
            let value = best.get(field).or_else(|| self.body.get(field))?;
            Some((field.clone(), value.clone()))
        };
        let body: Map<String, Value> = fields.keys().filter_map(known).collect();
        Some(Self::new(name, body.into()))
    }

    /// The same once more, as the answer says it would be right; `found` is what came of what was sent before.
    /// Errors: what the answer does not say.
    pub fn again(&self, problem: &Value, found: &Value) -> Result<Self, String> {
        let mut next = self.clone();
        next.key = None;
        if let Some(best) = best(problem) {
            next.take(best);
        }
        if let Some(found) = found.as_object() {
            replace(&mut next.body, found);
        }
        let detail = problem["detail"].as_str().unwrap_or_default();
        if detail.contains("the other way round") {
            let (one, other) = (
                next.body["survivor_id"].clone(),
                next.body["merged_id"].clone(),
            );
            (next.body["survivor_id"], next.body["merged_id"]) = (other, one);
        }
        if problem["code"] == "chef-time-off-conflicts" {
            // The days that are in the way stay working days.
            next.body["days_off"] = Value::Array(Vec::new());
        }
        for error in problem["errors"].as_array().into_iter().flatten() {
            mend(&mut next.body, error)?;
        }
        Ok(next)
    }

    fn take(&mut self, best: &Map<String, Value>) {
        let instant = |field: &str| {
            let text = best.get(field)?.as_str()?;
            Some(OffsetDateTime::parse(text, &Rfc3339).expect("an instant"))
        };
        let own = best.contains_key("first");
        self.at = instant("again_at").or(self.at);
        self.if_match = best
            .get("sequence")
            .and_then(Value::as_i64)
            .or(self.if_match);
        if let Some(name) = best.get("command").and_then(Value::as_str) {
            self.name = name.to_owned();
        }
        let mut fields = best.clone();
        if let Some(after) = instant("after") {
            let day = (after + Duration::days(2)).date().to_string();
            fields.insert("date".to_owned(), day.into());
        }
        if let Some(until) = instant("until") {
            let day = (until - Duration::days(2)).date().to_string();
            fields.insert("date".to_owned(), day.into());
        }
        if let Some(newest) = best.get("message_id") {
            fields.insert("after_message_id".to_owned(), newest.clone());
        }
        // What stands beside `first` belongs to that command.
        if !own {
            replace(&mut self.body, &fields);
        }
    }
}

/// The alternative to take: the first one, and of messages the newest.
fn best(problem: &Value) -> Option<&Map<String, Value>> {
    let all = problem["alternatives"].as_array()?;
    let chosen = match problem["code"].as_str() {
        Some("reply-collision") => all.last(),
        _ => all.first(),
    };
    chosen?.as_object()
}

/// Every field that the body has already is as `fields` say.
fn replace(body: &mut Value, fields: &Map<String, Value>) {
    let Some(known) = body.as_object_mut() else {
        return;
    };
    for (name, value) in known.iter_mut() {
        match fields.get(name) {
            Some(better) => *value = better.clone(),
            None => replace(value, fields),
        }
    }
}

/// One field, as its message says.
fn mend(body: &mut Value, error: &Value) -> Result<(), String> {
    let (pointer, message) = (
        error["pointer"].as_str().expect("a place"),
        error["message"].as_str().expect("a sentence"),
    );
    if matches!(
        error["code"].as_str(),
        Some("field-unknown" | "unknown-field")
    ) {
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        let parent = body.pointer_mut(parent).expect("it was sent");
        parent.as_object_mut().expect("an object").remove(name);
        return Ok(());
    }
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    let Some(place) = body.pointer_mut(parent).map(|parent| &mut parent[name]) else {
        return Ok(());
    };
    *place = right(message, place)?;
    Ok(())
}

/// A value that the message names or bounds.
fn right(message: &str, sent: &Value) -> Result<Value, String> {
    for lead in ["such as ", "looks like ", "international ("] {
        if let Some((_, example)) = message.split_once(lead) {
            let example = example.split(")").next().unwrap_or_default();
            let example = example.split(" or ").next().unwrap_or_default();
            return Ok(example.into());
        }
    }
    for lead in ["the slots ", "name one of ", "the zones are ", "one of "] {
        if let Some((_, listed)) = message.split_once(lead) {
            let one = listed.rsplit(", ").next().unwrap_or_default();
            return Ok(one.trim_matches('"').into());
        }
    }
    if message.contains("not be empty") {
        return Ok("Something".into());
    }
    if message.contains("at least one") {
        return Ok(1.into());
    }
    let number = message
        .split(|c: char| !c.is_ascii_digit() && c != ',')
        .map(|word| word.replace(',', ""))
        .find_map(|word| word.parse::<usize>().ok());
    Ok(match (sent, number) {
        (Value::String(text), Some(most)) => text.chars().take(most).collect::<String>().into(),
        (Value::String(text), None) => {
            let kept = text.chars().filter(|c| !c.is_control());
            kept.collect::<String>().into()
        }
        (Value::Number(_), Some(most)) => most.into(),
        _ => {
            return Err(format!(
                "{message:?} does not say what would be right instead of {sent}"
            ));
        }
    })
}
