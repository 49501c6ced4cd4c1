//! What the demo's stories are made of: one command at one moment. Ids that only an answer brings are written as
//! references (`@booking-17`), so that a whole history can be planned before any of it is told.

use std::collections::HashMap;

use serde_json::Value;
use time::OffsetDateTime;

/// What a reference begins with; no text of the demo begins with it otherwise.
const REFERENCE: char = '@';

/// One command.
#[derive(Clone, Debug)]
pub(super) struct Deed {
    pub at: OffsetDateTime,
    /// Deeds of one lane are done in order; those of others may be done beside them on the same day.
    pub lane: String,
    /// Stable, so that a fill that was interrupted goes on where it stopped.
    pub key: String,
    pub command: &'static str,
    pub body: Value,
    /// Fields of the answer's result, and what they are called from then on.
    pub yields: Vec<(&'static str, String)>,
}

/// The deeds of one lane.
pub(super) struct Story {
    lane: String,
    pub deeds: Vec<Deed>,
}

impl Story {
    pub(super) fn new(lane: impl Into<String>) -> Self {
        Self {
            lane: lane.into(),
            deeds: Vec::new(),
        }
    }

    pub(super) fn lane(&self) -> &str {
        &self.lane
    }

    /// Goes on with a command whose answer nobody needs.
    pub(super) fn then(&mut self, at: OffsetDateTime, command: &'static str, body: Value) {
        self.then_naming(at, command, body, &[]);
    }

    /// Goes on with a command whose answer is referred to later.
    pub(super) fn then_naming(
        &mut self,
        at: OffsetDateTime,
        command: &'static str,
        body: Value,
        yields: &[(&'static str, &str)],
    ) {
        self.deeds.push(Deed {
            at,
            lane: self.lane.clone(),
            key: format!("demo:{}:{}", self.lane, self.deeds.len()),
            command,
            body,
            yields: yields
                .iter()
                .map(|(field, name)| (*field, (*name).to_owned()))
                .collect(),
        });
    }
}

/// How later deeds refer to a name.
pub(super) fn reference(name: &str) -> String {
    format!("{REFERENCE}{name}")
}

/// The body with its references replaced, or the first name that nothing is known of.
pub(super) fn resolve(body: &Value, known: &HashMap<String, Value>) -> Result<Value, String> {
    match body {
        Value::String(text) => match text.strip_prefix(REFERENCE) {
            Some(name) => known.get(name).cloned().ok_or_else(|| name.to_owned()),
            None => Ok(body.clone()),
        },
        Value::Array(items) => Ok(Value::Array(
            items
                .iter()
                .map(|item| resolve(item, known))
                .collect::<Result<_, _>>()?,
        )),
        Value::Object(fields) => {
            let resolved = fields
                .iter()
                .map(|(name, field)| Ok((name.clone(), resolve(field, known)?)));
            Ok(Value::Object(resolved.collect::<Result<_, String>>()?))
        }
        other => Ok(other.clone()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_replaced_wherever_they_stand() {
        let known = HashMap::from([("booking-1".to_owned(), json!("0199"))]);
        let body = json!({ "booking_id": "@booking-1", "list": [{ "id": "@booking-1", "email": "a@example.com" }] });
        let resolved = resolve(&body, &known).unwrap();
        assert_eq!(
            resolved,
            json!({ "booking_id": "0199", "list": [{ "id": "0199", "email": "a@example.com" }] })
        );
    }

    #[test]
    fn an_unknown_name_is_named() {
        assert_eq!(
            resolve(&json!({ "id": "@chef-9" }), &HashMap::new()).unwrap_err(),
            "chef-9"
        );
    }

    #[test]
    fn keys_count_up_within_a_lane() {
        let mut story = Story::new("customer-3");
        story.then(OffsetDateTime::UNIX_EPOCH, "add-note", json!({}));
        story.then(OffsetDateTime::UNIX_EPOCH, "add-note", json!({}));
        let keys: Vec<_> = story.deeds.iter().map(|deed| deed.key.as_str()).collect();
        assert_eq!(keys, ["demo:customer-3:0", "demo:customer-3:1"]);
    }
}
