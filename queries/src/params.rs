//! Parameters as they arrive: text from a URL is read by the schema's types, and everything wrong is told at once.

use domain::refusal::{FieldError, Refusal};
use event_store::Result;
use event_store::error::Error;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::past;
use crate::registry::Query;
use crate::schema_errors::{Fault, faults};

/// Items of a list when the caller names no number.
pub const DEFAULT_LIMIT: u16 = 50;
/// Collects a URL's parameters; one given twice is refused with 400 `parameters-invalid`.
pub fn from_pairs<'a>(
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> std::result::Result<Map<String, Value>, Refusal> {
    let mut params = Map::new();
    let mut errors = Vec::new();
    for (name, value) in pairs {
        if params
            .insert(name.to_owned(), Value::String(value.to_owned()))
            .is_some()
        {
            errors.push(field_error(
                &pointer_to(name),
                "parameter-repeated",
                "this parameter was given twice",
            ));
        }
    }
    if errors.is_empty() {
        Ok(params)
    } else {
        Err(refuse(errors))
    }
}

/// Reads text by the schema's types and checks the whole against the schema. Refused with 400 `parameters-invalid`.
pub fn check(query: &Query, params: Map<String, Value>) -> Result<Value> {
    let validator = query
        .validator
        .as_ref()
        .map_err(|error| Error::internal(format!("the schema of {}: {error}", query.entry.name)))?;
    let properties = &query.params_schema["properties"];
    let typed = params.into_iter().map(|(name, value)| {
        let value = typed(&properties[&name], value);
        (name, value)
    });
    let typed = Value::Object(typed.collect());
    let mut errors = Vec::new();
    for (fault, mut error) in validator
        .iter_errors(&typed)
        .flat_map(|error| faults(&error, &query.params_schema))
    {
        if fault == Fault::Unknown && error.pointer == format!("/{}", past::PARAMETER) {
            error.message =
                "only a query for one thing that says so can look back; this one shows the present"
                    .to_owned();
        }
        error.code = match fault {
            Fault::Unknown => "parameter-unknown",
            Fault::Missing => "parameter-missing",
            Fault::Invalid => "parameter-invalid",
        }
        .to_owned();
        errors.push(error);
    }
    if errors.is_empty() {
        Ok(typed)
    } else {
        Err(refuse(errors).into())
    }
}

/// The checked parameters as the query's own type.
pub(crate) fn parse<T: DeserializeOwned>(params: Value) -> std::result::Result<T, Refusal> {
    serde_json::from_value(params)
        .map_err(|error| Refusal::malformed("parameters-invalid", error.to_string()))
}

/// A refusal of one parameter that the schema cannot see through, such as a date that does not exist.
pub(crate) fn refuse_one(name: &str, code: &str, message: &str) -> Refusal {
    refuse(vec![field_error(&pointer_to(name), code, message)])
}

fn typed(schema: &Value, value: Value) -> Value {
    let Value::String(text) = &value else {
        return value;
    };
    if accepts(schema, "integer") {
        return text.parse::<i64>().map_or(value, Value::from);
    }
    if accepts(schema, "boolean") {
        return text.parse::<bool>().map_or(value, Value::from);
    }
    value
}

/// Whether the schema's `type` is or includes `name`; texts that only look like numbers stay texts otherwise.
fn accepts(schema: &Value, name: &str) -> bool {
    match &schema["type"] {
        Value::String(one) => one == name,
        Value::Array(several) => several.iter().any(|one| one == name),
        _ => false,
    }
}

fn pointer_to(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn field_error(pointer: &str, code: &str, message: &str) -> FieldError {
    FieldError {
        pointer: pointer.to_owned(),
        code: code.to_owned(),
        message: message.to_owned(),
    }
}

fn refuse(errors: Vec<FieldError>) -> Refusal {
    let detail = match errors.as_slice() {
        [only] => format!("{}: {}", only.pointer, only.message),
        many => format!("{} parameters are wrong; see errors", many.len()),
    };
    Refusal {
        errors,
        ..Refusal::malformed("parameters-invalid", detail)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::registry;

    fn check_bookings(params: Value) -> std::result::Result<Value, Box<Refusal>> {
        let query = registry::find("bookings").unwrap();
        check(query, params.as_object().unwrap().clone()).map_err(|error| match error {
            Error::Refused(refusal) => refusal,
            other => panic!("{other}"),
        })
    }

    #[test]
    fn text_of_a_url_is_read_by_the_schema() {
        let read = check_bookings(json!({"limit": "20", "flagged": "true", "slot": "18"})).unwrap();
        assert_eq!(read, json!({"limit": 20, "flagged": true, "slot": "18"}));
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let refusal =
            check_bookings(json!({"limit": "201", "sort": "colour", "colour": "red"})).unwrap_err();
        let mut pointers: Vec<&str> = refusal
            .errors
            .iter()
            .map(|error| error.pointer.as_str())
            .collect();
        pointers.sort_unstable();
        assert_eq!(
            (refusal.code.as_str(), pointers),
            ("parameters-invalid", vec!["/colour", "/limit", "/sort"])
        );
    }

    #[test]
    fn a_message_never_repeats_what_was_sent() {
        let refusal = check_bookings(json!({"limit": "ada@example.org"})).unwrap_err();
        assert!(
            !refusal.errors[0].message.contains("ada@"),
            "{:?}",
            refusal.errors
        );
    }

    #[test]
    fn a_parameter_given_twice_is_refused() {
        let refusal = from_pairs([("status", "new"), ("status", "expired")]).unwrap_err();
        assert_eq!(refusal.errors[0].code, "parameter-repeated");
    }
}
