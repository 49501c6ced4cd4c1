//! The shapes of tools' arguments and answers, cut down to what a model needs: hosts drop tools whose schema begins with a
//! choice, and every byte of a listing is read anew in each conversation. `describe_schema` has the whole ones.

use serde_json::{Map, Value, json};

use super::words::beginning;

/// The longest description of a field.
const MAX_FIELD_CHARS: usize = 40;
/// What says that a schema's root is a choice.
const COMPOSITION: [&str; 6] = ["oneOf", "anyOf", "allOf", "if", "not", "enum"];

/// What a model can do without; the command checks it all the same, and `describe_schema` has it.
const NOT_NEEDED: &[&str] = &[
    "$schema",
    "additionalProperties",
    "default",
    "format",
    "maxLength",
    "minLength",
    "pattern",
    "title",
    "x-pii",
];

/// Fields that mean the same in every list, and are told once, in the instructions.
const EVERYWHERE: [&str; 3] = ["cursor", "limit", "sort"];

/// The argument that stands for the body of a command whose body cannot be spread out.
pub const BODY: &str = "body";

/// Whether a person may have to agree before a tool does what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    Never,
    Possible,
}

/// Whether the fields of a body can stand beside an idempotency key.
pub fn is_spread(schema: &Value) -> bool {
    schema["properties"].is_object() && COMPOSITION.iter().all(|word| schema.get(*word).is_none())
}

/// The arguments of a tool that writes: the command's fields, and what every writing tool has.
pub fn of_command(schema: &Value, approval: Approval) -> Value {
    let mut schema = if is_spread(schema) {
        schema.clone()
    } else {
        let mut inner = schema.clone();
        let definitions = inner
            .as_object_mut()
            .and_then(|inner| inner.remove("$defs"));
        let mut outer =
            json!({ "type": "object", "properties": { (BODY): inner }, "required": [BODY] });
        if let Some(definitions) = definitions {
            outer["$defs"] = definitions;
        }
        outer
    };
    shorten(&mut schema);
    add_key(&mut schema, approval);
    schema
}

/// The arguments of a tool that reads.
pub fn of_query(schema: &Value) -> Value {
    let mut schema = schema.clone();
    shorten(&mut schema);
    schema["type"] = "object".into();
    if !schema["properties"].is_object() {
        schema["properties"] = json!({});
    }
    schema
}

/// Adds `idempotency_key`, which is required, and `approval_id` where a person may have to agree.
pub fn add_key(schema: &mut Value, approval: Approval) {
    schema["properties"]["idempotency_key"] =
        json!({ "type": "string", "description": "New for each intent" });
    if approval == Approval::Possible {
        schema["properties"]["approval_id"] = json!({ "type": "string" });
    }
    let mut required = schema["required"].as_array().cloned().unwrap_or_default();
    required.push("idempotency_key".into());
    schema["required"] = required.into();
}

/// What a command answers, as far as a model needs it.
pub fn command_answer() -> Value {
    json!({ "type": "object", "properties": { "result": { "type": "object" } } })
}

/// What a query for a list answers.
pub fn list_answer() -> Value {
    json!({ "type": "object", "properties": { "items": { "type": "array" } } })
}

/// What a query for one thing answers.
pub fn item_answer() -> Value {
    json!({ "type": "object", "properties": { "item": { "type": "object" } } })
}

/// Takes out what models do not need: titles, dialects, and all but the beginning of descriptions.
fn shorten(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            for word in NOT_NEEDED {
                members.remove(*word);
            }
            forget_null(members);
            list_words(members);
            shorten_members(members);
        }
        Value::Array(items) => items.iter_mut().for_each(shorten),
        _ => {}
    }
}

/// What may be left out need not be said to be null as well.
fn forget_null(members: &mut Map<String, Value>) {
    if let Some(Value::Array(kinds)) = members.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [only] = kinds.as_slice() {
            let only = only.clone();
            members.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(choices)) = members.get_mut("anyOf") {
        choices.retain(|choice| choice["type"] != "null");
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            members.remove("anyOf");
            for (name, member) in only {
                members.entry(name).or_insert(member);
            }
        }
    }
}

/// A choice between words is said by the words alone.
fn list_words(members: &mut Map<String, Value>) {
    let Some(Value::Array(choices)) = members.get("oneOf") else {
        return;
    };
    let mut words = Vec::new();
    for choice in choices {
        match (choice.get("const"), choice.get("enum")) {
            (Some(word), _) => words.push(word.clone()),
            (None, Some(Value::Array(several))) => words.extend(several.iter().cloned()),
            _ => return,
        }
    }
    members.remove("oneOf");
    members.insert("type".to_owned(), "string".into());
    members.insert("enum".to_owned(), words.into());
}

fn shorten_members(members: &mut Map<String, Value>) {
    let is_root = members.contains_key("properties") && members.contains_key("description");
    if is_root {
        members.remove("description");
    }
    for (name, member) in members.iter_mut() {
        match (name.as_str(), member) {
            ("description", Value::String(text)) => {
                *text = beginning(text, MAX_FIELD_CHARS);
            }
            // A field may be called like a keyword: its schema is what stands under its name.
            ("properties" | "$defs", Value::Object(inner)) => {
                for (name, inner) in inner.iter_mut() {
                    shorten(inner);
                    if EVERYWHERE.contains(&name.as_str())
                        && let Some(inner) = inner.as_object_mut()
                    {
                        inner.remove("description");
                    }
                }
            }
            (_, member) => shorten(member),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_called_title_stays() {
        let schema = json!({ "$schema": "x", "title": "T", "type": "object",
            "properties": { "title": { "type": "string", "title": "U", "description": "One. Two." } } });
        assert_eq!(
            of_query(&schema),
            json!({ "type": "object", "properties": { "title": { "type": "string", "description": "One." } } })
        );
    }

    #[test]
    fn a_body_that_is_a_choice_stands_under_a_name_of_its_own() {
        let schema =
            json!({ "oneOf": [{ "$ref": "#/$defs/A" }], "$defs": { "A": { "type": "string" } } });
        let tool = of_command(&schema, Approval::Never);
        assert!(COMPOSITION.iter().all(|word| tool.get(*word).is_none()));
        assert_eq!(tool["required"], json!([BODY, "idempotency_key"]));
        assert_eq!(tool["$defs"]["A"], json!({ "type": "string" }));
    }
}
