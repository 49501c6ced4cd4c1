//! What a JSON Schema finds wrong, as field errors: each points at the field itself and says what would be right. What was
//! sent is never repeated, for it may be somebody's e-mail and messages are logged.

use domain::refusal::FieldError;
use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
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
        ValidationErrorKind::Enum { options } => {
            vec![(
                Fault::Invalid,
                fault(place.to_owned(), "value-not-allowed", one_of(options)),
            )]
        }
        _ => vec![(
            Fault::Invalid,
            fault(
                place.to_owned(),
                "value-invalid",
                error.masked().to_string(),
            ),
        )],
    }
}

fn one_of(options: &Value) -> String {
    let options: Vec<String> = options
        .as_array()
        .into_iter()
        .flatten()
        .filter(|option| !option.is_null())
        .map(Value::to_string)
        .collect();
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
}
