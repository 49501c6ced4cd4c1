//! A JSON Schema as help: one row for each field, with what it takes and whether it must be there.

use serde_json::Value;

use super::fields::{alternatives, resolve};
use crate::cli::Outcome;
use crate::cli::output::{self, Format};

/// How deep objects within objects are shown.
const MAX_DEPTH: usize = 4;
/// The most values that are listed for a choice.
const MAX_CHOICES: usize = 12;

/// Prints the fields of a command or the parameters of a query; as JSON the schema itself.
pub fn show(name: &str, description: &str, schema: &Value, format: Format) -> Outcome {
    if format == Format::Json {
        return output::document(schema);
    }
    let mut rows = Vec::new();
    collect(schema, schema, "", MAX_DEPTH, &mut rows);
    output::line(name)?;
    if !description.is_empty() {
        output::line(description)?;
    }
    output::line("")?;
    Ok(output::table(
        &["field", "takes", "", "meaning"],
        rows,
        "It takes no fields.",
    )?)
}

fn collect(root: &Value, schema: &Value, prefix: &str, depth: usize, rows: &mut Vec<Vec<String>>) {
    let objects = alternatives(root, schema);
    let object = objects
        .iter()
        .find_map(|schema| Some((schema, schema.get("properties")?.as_object()?)));
    let Some((schema, properties)) = object.filter(|_| depth > 0) else {
        return;
    };
    let required = schema.get("required").and_then(Value::as_array);
    for (name, field) in properties {
        let must = required.is_some_and(|names| names.iter().any(|required| required == name));
        let name = format!("{prefix}{name}");
        let about = about(root, field);
        let must = if must { "required" } else { "" };
        rows.push(vec![
            name.clone(),
            takes(root, field),
            must.to_owned(),
            about,
        ]);
        collect(root, field, &format!("{name}."), depth - 1, rows);
        let item = alternatives(root, field)
            .into_iter()
            .find_map(|schema| schema.get("items"));
        if let Some(item) = item {
            collect(root, item, &format!("{name}[]."), depth - 1, rows);
        }
    }
}

/// The field's own description, else that of what it refers to.
fn about(root: &Value, field: &Value) -> String {
    let own = field.get("description").and_then(Value::as_str);
    let referred = || {
        alternatives(root, field)
            .into_iter()
            .find_map(|schema| schema.get("description")?.as_str())
    };
    own.or_else(referred).unwrap_or_default().replace('\n', " ")
}

/// What a field takes, in a word or as its choices.
fn takes(root: &Value, field: &Value) -> String {
    let mut words: Vec<String> = Vec::new();
    for schema in alternatives(root, field) {
        for word in words_of(root, schema) {
            if !words.contains(&word) {
                words.push(word);
            }
        }
    }
    match words.len() {
        0 => "anything".to_owned(),
        1..=MAX_CHOICES => words.join("|"),
        more => format!("{}|… ({more})", words[..MAX_CHOICES].join("|")),
    }
}

fn words_of(root: &Value, schema: &Value) -> Vec<String> {
    let choice = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    if let Some(only) = schema.get("const") {
        return vec![choice(only)];
    }
    if let Some(several) = schema.get("enum").and_then(Value::as_array) {
        return several.iter().map(choice).collect();
    }
    let names: Vec<&str> = match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let word = |name: &str| match name {
        "string" => schema
            .get("format")
            .and_then(Value::as_str)
            .unwrap_or("text")
            .to_owned(),
        "boolean" => "true|false".to_owned(),
        "array" => match schema.get("items").and_then(|items| resolve(root, items)) {
            Some(items) => format!("list of {}", takes(root, items)),
            None => "list".to_owned(),
        },
        other => other.to_owned(),
    };
    names.into_iter().map(word).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_shown_with_what_they_take_however_deep() {
        let schema = json!({
            "type": "object",
            "required": ["party"],
            "properties": {
                "party": { "$ref": "#/$defs/Party", "description": "Who comes." },
                "menu": { "type": ["array", "null"], "items": { "$ref": "#/$defs/Item" } },
                "source": { "type": "string", "enum": ["phone", "web"] },
            },
            "$defs": {
                "Party": { "type": "object", "required": ["adults"], "properties": { "adults": { "type": "integer" } } },
                "Item": { "type": "object", "properties": { "item": { "type": "string" } } },
            },
        });
        let mut rows = Vec::new();
        collect(&schema, &schema, "", MAX_DEPTH, &mut rows);
        let expected = [
            ["party", "object", "required", "Who comes."],
            ["party.adults", "integer", "required", ""],
            ["menu", "list of object|null", "", ""],
            ["menu[].item", "text", "", ""],
            ["source", "phone|web", "", ""],
        ];
        assert_eq!(rows, expected.map(|row| row.map(str::to_owned).to_vec()));
    }
}
