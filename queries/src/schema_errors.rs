//! What a JSON Schema finds wrong, as field errors: each points at the field itself and says what would be right. What was
//! sent is never repeated, for it may be somebody's e-mail and messages are logged.

use domain::refusal::FieldError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, ValidationError};
use serde_json::Value;

/// The most fields that are named to whoever sent one that there is not.
const MAX_NAMED: usize = 40;

/// What a pattern of ours wants, in words.
const PATTERNS: &[(&str, &str)] = &[
    (r"^\d{2}:\d{2}$", "a time of day such as 18:00"),
    (r"^[A-Z]{3}$", "a currency such as USD"),
];

/// What is wrong with a field, apart from where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Unknown,
    Missing,
    Invalid,
}

/// The field errors of one finding by this schema: one for each field that is unknown or missing.
pub fn faults(error: &ValidationError<'_>, schema: &Value) -> Vec<(Fault, FieldError)> {
    let place = error.instance_path().as_str();
    let at = |name: &str| format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"));
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => unexpected
            .iter()
            .map(|name| {
                (
                    Fault::Unknown,
                    fault(at(name), "field-unknown", no_such_field(place, schema)),
                )
            })
            .collect(),
        ValidationErrorKind::Required { property } => {
            let pointer = at(property.as_str().unwrap_or_default());
            vec![(
                Fault::Missing,
                fault(
                    pointer,
                    "field-missing",
                    "this field is required".to_owned(),
                ),
            )]
        }
        kind => vec![(
            Fault::Invalid,
            match options(kind) {
                Some(options) => fault(place.to_owned(), "value-not-allowed", one_of(&options)),
                None => {
                    let message =
                        in_words(kind).map_or_else(|| error.masked().to_string(), str::to_owned);
                    fault(place.to_owned(), "value-invalid", message)
                }
            },
        )],
    }
}

/// At the top, with the fields that there are; further down, the schema of the place is not at hand.
fn no_such_field(place: &str, schema: &Value) -> String {
    let fields = schema["properties"]
        .as_object()
        .filter(|fields| place.is_empty() && !fields.is_empty() && fields.len() <= MAX_NAMED);
    let Some(fields) = fields else {
        return "there is no such field".to_owned();
    };
    let names: Vec<&str> = fields.keys().map(String::as_str).collect();
    format!("there is no such field; there are {}", names.join(", "))
}

fn in_words(kind: &ValidationErrorKind) -> Option<&'static str> {
    let ValidationErrorKind::Pattern { pattern } = kind else {
        return None;
    };
    let known = PATTERNS.iter().find(|(known, _)| known == pattern);
    known.map(|(_, words)| *words)
}

/// The values that would be right, where there are only so many: a list, or schemas each of one value.
fn options(kind: &ValidationErrorKind) -> Option<Vec<Value>> {
    match kind {
        ValidationErrorKind::Enum { options } => options.as_array().cloned(),
        ValidationErrorKind::Constant { expected_value } => {
            Some(vec![Value::clone(expected_value)])
        }
        ValidationErrorKind::OneOfNotValid { context } | ValidationErrorKind::AnyOf { context } => {
            // Nothing at all is another of the ways in which an optional field may stand.
            let ways = context.iter().filter(|way| !is_nothing(way));
            let named = ways.map(|way| way.iter().find_map(|error| options(error.kind())));
            let named: Vec<Value> = named.collect::<Option<Vec<_>>>()?.concat();
            (!named.is_empty()).then_some(named)
        }
        _ => None,
    }
}

/// Whether a schema wants `null` and nothing else.
fn is_nothing(way: &[ValidationError<'_>]) -> bool {
    let is_null = |kind: &ValidationErrorKind| {
        let ValidationErrorKind::Type { kind } = kind else {
            return false;
        };
        matches!(kind, TypeKind::Single(JsonType::Null))
    };
    matches!(way, [only] if is_null(only.kind()))
}

fn one_of(options: &[Value]) -> String {
    let options = options.iter().filter(|option| !option.is_null());
    let options: Vec<String> = options.map(Value::to_string).collect();
    format!("one of {}", options.join(", "))
}

fn fault(pointer: String, code: &str, message: String) -> FieldError {
    FieldError {
        pointer,
        code: code.to_owned(),
        message,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_fault_points_at_its_field_and_repeats_nothing_that_was_sent() {
        let schema = json!({
            "type": "object", "required": ["slot"], "additionalProperties": false,
            "properties": { "slot": {}, "source": { "enum": ["web", "phone"] }, "adults": { "minimum": 1 } },
        });
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        let sent = json!({ "source": "secret", "adults": 0, "a/b": 1 });
        let mut found: Vec<FieldError> = validator
            .iter_errors(&sent)
            .flat_map(|error| faults(&error, &schema))
            .map(|(_, error)| error)
            .collect();
        found.sort_by(|one, two| one.pointer.cmp(&two.pointer));
        let pointers: Vec<&str> = found.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/adults", "/a~1b", "/slot", "/source"]);
        assert_eq!(
            found[1].message,
            "there is no such field; there are slot, source, adults"
        );
        assert_eq!(found[3].message, "one of \"web\", \"phone\"");
        assert!(found.iter().all(|error| !error.message.contains("secret")));
    }

    #[test]
    fn values_that_are_listed_one_by_one_are_named() {
        let listed =
            json!([{ "type": "string", "const": "web" }, { "type": "string", "enum": ["phone"] }]);
        let schema = json!({ "anyOf": [{ "oneOf": listed }, { "type": "null" }] });
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        for sent in [json!("secret"), json!(7)] {
            let error = validator.iter_errors(&sent).next().unwrap();
            let found = &faults(&error, &schema)[0].1;
            assert_eq!(found.code, "value-not-allowed");
            assert_eq!(found.message, "one of \"web\", \"phone\"");
        }
    }

    #[test]
    fn patterns_are_told_in_words() {
        let schema = json!({ "type": "string", "pattern": r"^\d{2}:\d{2}$" });
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        let sent = json!("6pm");
        let error = validator.iter_errors(&sent).next().unwrap();
        let found = &faults(&error, &schema)[0].1;
        assert_eq!(found.message, "a time of day such as 18:00");
    }
}
