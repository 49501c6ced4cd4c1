//! The flat arguments of `create_booking`, and the command's body that they stand for. What is wrong with the body is told by
//! the flat argument's name.

use domain::refusal::Refusal;
use event_store::error::Error;
use serde_json::{Map, Value, json};

/// Flat arguments by the place in the body that they go to.
const PLACES: &[(&str, &str)] = &[
    ("customer_first_name", "/customer/first_name"),
    ("customer_last_name", "/customer/last_name"),
    ("customer_email", "/customer/email"),
    ("customer_phone", "/customer/phone"),
    ("consent_sms", "/customer/consent_sms"),
    ("consent_email", "/customer/consent_email"),
    ("booking_date", "/booking/date"),
    ("booking_slot", "/booking/slot"),
    ("address", "/booking/address"),
    ("zone", "/booking/zone"),
    ("party_adults", "/booking/party/adults"),
    ("party_kids", "/booking/party/kids"),
    ("menu_items", "/booking/menu"),
    ("notes", "/booking/notes"),
    ("payment_preference", "/payment_preference"),
    ("channel_thread_id", "/channel_thread_id"),
    ("source", "/source"),
    ("metadata", "/metadata"),
];

/// Whether these are the command's own fields.
pub fn is_nested(arguments: &Map<String, Value>) -> bool {
    arguments.contains_key("customer") || arguments.contains_key("booking")
}

/// The command's body. Refused with 422 `validation-failed` for arguments that there are none of.
pub fn body(arguments: Map<String, Value>) -> Result<Value, Refusal> {
    let mut body = json!({ "source": "ai_chat", "customer": {}, "booking": { "party": {} } });
    for (name, value) in arguments {
        let Some((_, place)) = PLACES.iter().find(|(known, _)| *known == name) else {
            let known: Vec<&str> = PLACES.iter().map(|(name, _)| *name).collect();
            let message = format!("there is no such argument; there are {}", known.join(", "));
            return Err(Refusal::field(
                &format!("/{name}"),
                "field-unknown",
                message,
            ));
        };
        let value = if name == "menu_items" {
            menu(value)
        } else {
            value
        };
        if value.is_null() {
            continue;
        }
        put(&mut body, place, value);
    }
    Ok(body)
}

/// The refusal with its fields called as the caller called them.
pub fn explain(error: Error) -> Error {
    let Error::Refused(mut refusal) = error else {
        return error;
    };
    for field in &mut refusal.errors {
        let place = PLACES
            .iter()
            .find(|(_, place)| field.pointer.starts_with(place));
        if let Some((name, place)) = place {
            let flat = format!("/{name}{}", &field.pointer[place.len()..]);
            if let Some(rest) = refusal.detail.strip_prefix(field.pointer.as_str()) {
                refusal.detail = format!("{flat}{rest}");
            }
            field.pointer = flat;
        } else if let Some(rest) = missing_part(&field.pointer) {
            field.message = format!("{} ({rest} of the flat arguments)", field.message);
        }
    }
    Error::Refused(refusal)
}

/// Where a whole part lacks something: which arguments it is made of.
fn missing_part(pointer: &str) -> Option<String> {
    let base = match pointer {
        "/customer" | "/booking" | "/booking/party" => format!("{pointer}/"),
        _ => return None,
    };
    let names = PLACES.iter().filter(|(_, place)| place.starts_with(&base));
    Some(names.map(|(name, _)| *name).collect::<Vec<_>>().join(", "))
}

/// Dishes may be told by name alone.
fn menu(value: Value) -> Value {
    let Value::Array(items) = value else {
        return value;
    };
    let item = |item: Value| match item {
        Value::String(name) => json!({ "item": name, "quantity": 1 }),
        Value::Object(mut fields) => {
            fields.entry("quantity").or_insert_with(|| 1.into());
            Value::Object(fields)
        }
        other => other,
    };
    items.into_iter().map(item).collect()
}

fn put(body: &mut Value, place: &str, value: Value) {
    let mut at = body;
    for part in place.trim_start_matches('/').split('/') {
        at = &mut at[part];
    }
    *at = value;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_arguments_become_the_commands_body() {
        let flat = json!({ "customer_first_name": "Ada", "booking_date": "2030-01-02", "party_adults": 4, "party_kids": null,
            "menu_items": ["filet-mignon", { "item": "rice", "quantity": 3 }], "consent_sms": true });
        assert_eq!(
            body(flat.as_object().cloned().unwrap()).unwrap(),
            json!({ "source": "ai_chat", "customer": { "first_name": "Ada", "consent_sms": true },
                "booking": { "party": { "adults": 4 }, "date": "2030-01-02",
                    "menu": [{ "item": "filet-mignon", "quantity": 1 }, { "item": "rice", "quantity": 3 }] } })
        );
    }

    #[test]
    fn what_is_wrong_is_told_by_the_flat_name() {
        let refusal = Refusal::field("/booking/party/adults", "out-of-range", "at least one");
        let Error::Refused(told) = explain(refusal.into()) else {
            panic!("still a refusal");
        };
        assert_eq!(told.errors[0].pointer, "/party_adults");
        assert!(!told.detail.contains("/booking/"), "{}", told.detail);
    }

    #[test]
    fn an_unknown_argument_is_answered_with_the_known_ones() {
        let wrong = json!({ "guests": 4 }).as_object().cloned().unwrap();
        let refusal = body(wrong).unwrap_err();
        assert_eq!(refusal.errors[0].pointer, "/guests");
        assert!(refusal.detail.contains("party_adults"), "{refusal}");
    }
}
