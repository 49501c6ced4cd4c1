//! What a JSON Schema finds wrong, as field errors: each points at the field itself and says what would be right. What was
//! sent is never repeated, for it may be somebody's e-mail and messages are logged.

use domain::refusal::FieldError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, ValidationError};
use serde_json::Value;

/// What is wrong with a field, apart from where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Unknown,
    Missing,
    Invalid,
}

/// The field errors of one finding: one for each field that is unknown or missing.
pub fn faults(error: &ValidationError<'_>) -> Vec<(Fault, FieldError)> {
    let place = error.instance_path().as_str();
    let at = |name: &str| format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"));
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => unexpected
            .iter()
            .map(|name| {
                (
                    Fault::Unknown,
                    fault(
                        at(name),
                        "field-unknown",
                        "there is no such field".to_owned(),
                    ),
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
                None => fault(
                    place.to_owned(),
                    "value-invalid",
                    error.masked().to_string(),
                ),
            },
        )],
    }
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
            .flat_map(|error| faults(&error))
            .map(|(_, error)| error)
            .collect();
        found.sort_by(|one, two| one.pointer.cmp(&two.pointer));
        let pointers: Vec<&str> = found.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/adults", "/a~1b", "/slot", "/source"]);
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
            let found = &faults(&error)[0].1;
            assert_eq!(found.code, "value-not-allowed");
            assert_eq!(found.message, "one of \"web\", \"phone\"");
        }
    }
}
