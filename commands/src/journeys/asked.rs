//! The bodies of commands that journeys send: names of facts in double braces are filled in, each as the whole of a text, so
//! that nothing a customer wrote can become anything but a value.

use domain::journeys::facts::{Facts, NAMES, Sort, Value as Fact};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The body with what is known in the place of names; what is not known is null.
pub(super) fn fill(body: &Value, facts: &Facts) -> Value {
    match body {
        Value::String(text) => match name_in(text) {
            Some(name) => facts.get(name).map_or(Value::Null, written),
            None => body.clone(),
        },
        Value::Array(list) => list.iter().map(|one| fill(one, facts)).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), fill(value, facts)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Null | Value::Bool(_) | Value::Number(_) => body.clone(),
    }
}

/// Something under every name, for looking whether a body would fit.
pub(super) fn samples() -> Facts {
    let mut facts = Facts::default();
    for (name, sort) in NAMES {
        let value = match sort {
            Sort::Flag => Fact::Flag(true),
            Sort::Number => Fact::Number(1),
            Sort::Text => Fact::Text("sample".to_owned()),
            Sort::Moment => Fact::Moment(OffsetDateTime::UNIX_EPOCH),
            Sort::Texts => Fact::Texts(Vec::new()),
        };
        facts.set(*name, value);
    }
    facts
}

fn name_in(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    Some(inner.trim())
}

fn written(fact: &Fact) -> Value {
    match fact {
        Fact::Flag(flag) => (*flag).into(),
        Fact::Number(number) => (*number).into(),
        Fact::Text(text) => text.as_str().into(),
        Fact::Moment(at) => at.format(&Rfc3339).unwrap_or_default().into(),
        Fact::Texts(texts) => texts.iter().map(String::as_str).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_filled_in_as_whole_values_and_never_within_words() {
        let mut facts = Facts::default();
        facts.set("customer.id", Fact::Text("ada".to_owned()));
        facts.set("booking.guests", Fact::Number(13));
        let body = json!({
            "customer_id": "{{ customer.id }}", "guests": ["{{booking.guests}}"], "zone": "{{ booking.zone }}",
            "text": "for {{ customer.id }}",
        });
        let filled = json!({
            "customer_id": "ada", "guests": [13], "zone": null, "text": "for {{ customer.id }}",
        });
        assert_eq!(fill(&body, &facts), filled);
    }
}
