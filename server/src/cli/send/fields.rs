//! A body made of `name=value` pairs: the command's schema says whether `12` is a number or a text.

use domain::refusal::{Problems, Refusal};
use serde_json::{Map, Value};

/// How far references between schemas are followed.
const MAX_DEPTH: usize = 16;

/// Builds the body; everything wrong with the pairs is told at once.
pub fn collect(schema: &Value, pairs: &[String]) -> Result<Value, Refusal> {
    let mut body = Value::Object(Map::new());
    let mut problems = Problems::default();
    for pair in pairs {
        let Some((name, text)) = pair.split_once('=') else {
            problems.add(
                "",
                "field-malformed",
                format!("a field is name=value, not {pair:?}"),
            );
            continue;
        };
        let path: Vec<&str> = name.split('.').collect();
        let place = path
            .iter()
            .try_fold(schema, |place, step| below(schema, place, step, MAX_DEPTH));
        let value = value_of(schema, place, text);
        if !insert(&mut body, &path, value) {
            problems.add(
                &format!("/{}", path.join("/")),
                "field-repeated",
                format!("{name} is given twice"),
            );
        }
    }
    problems.finish()?;
    Ok(body)
}

/// The schema with its references followed; `None` where they lead nowhere.
pub fn resolve<'s>(root: &'s Value, schema: &'s Value) -> Option<&'s Value> {
    let mut found = schema;
    for _ in 0..MAX_DEPTH {
        match found.get("$ref").and_then(Value::as_str) {
            Some(reference) => found = root.pointer(reference.strip_prefix('#')?)?,
            None => return Some(found),
        }
    }
    None
}

/// The alternatives that a schema allows: itself, or the members of `anyOf` and the like, however nested.
pub fn alternatives<'s>(root: &'s Value, schema: &'s Value) -> Vec<&'s Value> {
    let mut found = Vec::new();
    collect_alternatives(root, schema, MAX_DEPTH, &mut found);
    found
}

fn collect_alternatives<'s>(
    root: &'s Value,
    schema: &'s Value,
    depth: usize,
    found: &mut Vec<&'s Value>,
) {
    let Some(schema) = resolve(root, schema).filter(|_| depth > 0) else {
        return;
    };
    let members = ["anyOf", "oneOf"]
        .iter()
        .find_map(|keyword| schema.get(keyword)?.as_array());
    match members {
        Some(members) => {
            for member in members {
                collect_alternatives(root, member, depth - 1, found);
            }
        }
        None => found.push(schema),
    }
}

fn below<'s>(root: &'s Value, schema: &'s Value, step: &str, depth: usize) -> Option<&'s Value> {
    if depth == 0 {
        return None;
    }
    alternatives(root, schema).into_iter().find_map(|schema| {
        schema
            .get("properties")
            .and_then(|properties| properties.get(step))
            .or_else(|| {
                schema
                    .get("additionalProperties")
                    .filter(|schema| schema.is_object())
            })
    })
}

/// JSON where the schema takes such a value at this place, else the text itself; the command's own check follows.
fn value_of(root: &Value, place: Option<&Value>, text: &str) -> Value {
    match serde_json::from_str::<Value>(text) {
        Ok(value) if place.is_none_or(|place| accepts(root, place, &value)) => value,
        _ => Value::String(text.to_owned()),
    }
}

fn accepts(root: &Value, schema: &Value, value: &Value) -> bool {
    alternatives(root, schema)
        .into_iter()
        .any(|schema| match schema.get("type") {
            Some(Value::String(name)) => is_a(value, name),
            Some(Value::Array(names)) => names
                .iter()
                .filter_map(Value::as_str)
                .any(|name| is_a(value, name)),
            _ => match (
                schema.get("const"),
                schema.get("enum").and_then(Value::as_array),
            ) {
                (Some(only), _) => only == value,
                (None, Some(several)) => several.contains(value),
                (None, None) => true,
            },
        })
}

fn is_a(value: &Value, name: &str) -> bool {
    match name {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "null" => value.is_null(),
        _ => false,
    }
}

/// Puts the value where the path leads; answers whether that place was free.
fn insert(body: &mut Value, path: &[&str], value: Value) -> bool {
    let Some((last, before)) = path.split_last() else {
        return false;
    };
    let mut place = body;
    for step in before {
        let Value::Object(fields) = place else {
            return false;
        };
        place = fields
            .entry(*step)
            .or_insert_with(|| Value::Object(Map::new()));
    }
    match place {
        Value::Object(fields) => fields.insert((*last).to_owned(), value).is_none(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({
            "type": "object",
            "properties": {
                "postcode": { "type": "string" },
                "note": { "type": ["string", "null"] },
                "guests": { "type": ["integer", "null"] },
                "party": { "anyOf": [{ "$ref": "#/$defs/Party" }, { "type": "null" }] },
                "tags": { "type": "array", "items": { "type": "string" } },
                "source": { "anyOf": [{ "$ref": "#/$defs/Source" }, { "type": "null" }] },
                "secrets": { "type": "object", "additionalProperties": { "type": "string" } },
            },
            "$defs": {
                "Source": { "oneOf": [{ "const": "phone" }, { "const": "web" }] }, "Party": { "type": "object", "properties": { "adults": { "type": "integer" } } } },
        })
    }

    fn collected(pairs: &[&str]) -> Result<Value, Refusal> {
        collect(
            &schema(),
            &pairs
                .iter()
                .map(|pair| (*pair).to_owned())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn the_schema_decides_what_a_value_is() {
        let body = collected(&[
            "postcode=94110",
            "note=null",
            "guests=12",
            "party.adults=3",
            "tags=[\"a\"]",
            "source=phone",
            "secrets.key=1",
        ]);
        let expected = json!({
            "postcode": "94110", "note": null, "guests": 12, "party": { "adults": 3 }, "tags": ["a"],
            "source": "phone", "secrets": { "key": "1" },
        });
        assert_eq!(body.unwrap(), expected);
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_left_to_the_commands_own_check() {
        assert_eq!(
            collected(&["guests=many"]).unwrap(),
            json!({ "guests": "many" })
        );
        assert_eq!(collected(&["unknown=1"]).unwrap(), json!({ "unknown": 1 }));
    }

    #[test]
    fn a_value_may_hold_the_equals_sign_and_be_empty() {
        assert_eq!(
            collected(&["note=a=b", "postcode="]).unwrap(),
            json!({ "note": "a=b", "postcode": "" })
        );
    }

    #[test]
    fn everything_wrong_with_the_pairs_is_told_at_once() {
        let refusal = collected(&["guests", "note=a", "note=b", "note.more=c"]).unwrap_err();
        let codes: Vec<&str> = refusal
            .errors
            .iter()
            .map(|error| error.code.as_str())
            .collect();
        assert_eq!(
            codes,
            ["field-malformed", "field-repeated", "field-repeated"]
        );
    }
}
