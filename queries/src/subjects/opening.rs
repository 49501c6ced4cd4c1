//! Opens every sealed field of an event's payload, under the one key that it can be sealed with.

use domain::sealed::Sealed;
use event_store::vault::SubjectKey;
use serde_json::Value;

/// What stands where a field cannot be opened any more.
const ERASED: &str = "erased";
/// What every field that is sealed under a person's key begins with.
const ENVELOPE: &str = "v1:";
/// Parts of an envelope: version, event type, field, ciphertext.
const ENVELOPE_PARTS: usize = 4;

/// The payload in plain text. A field that holds JSON, as lists of attachments do, is shown as that.
pub(super) fn open(payload: Value, key: Option<&SubjectKey>) -> Value {
    match payload {
        Value::String(text) => open_text(text, key),
        Value::Array(items) => items.into_iter().map(|item| open(item, key)).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, open(value, key)))
            .collect(),
        other => other,
    }
}

fn open_text(text: String, key: Option<&SubjectKey>) -> Value {
    let mut parts = text.splitn(ENVELOPE_PARTS, ':');
    let is_sealed = text.starts_with(ENVELOPE) && parts.clone().count() == ENVELOPE_PARTS;
    let Some(field) = parts.nth(2).filter(|_| is_sealed) else {
        return Value::String(text);
    };
    let field = field.to_owned();
    let opened = key.and_then(|key| key.open(&field, &Sealed::new(text)));
    match opened {
        None => Value::String(ERASED.to_owned()),
        Some(plain) => match serde_json::from_str::<Value>(&plain) {
            Ok(nested @ (Value::Array(_) | Value::Object(_))) => nested,
            _ => Value::String(plain),
        },
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::TenantId;
    use event_store::vault::Vault;
    use serde_json::json;

    use super::*;

    #[test]
    fn sealed_fields_are_opened_wherever_they_stand_and_others_are_left_alone() {
        let vault = Vault::new(&[7; 32]);
        let tenant_id = TenantId::new("t1");
        vault.new_tenant(&tenant_id).unwrap();
        let tenant = vault.cached(&tenant_id).unwrap();
        let (ada, _) = tenant.new_subject("ada").unwrap();
        let seal = |field: &str, plain: &str| ada.seal("LeadCreated", field, plain).unwrap();
        let payload = json!({
            "details": { "email": seal("email", "ada@example.org"), "time_zone": "Europe/Vienna" },
            "attachments": seal("attachments", "[{\"name\":\"a.pdf\"}]"),
            "ratio": "1:2:3:4",
        });
        let opened = open(payload.clone(), Some(&ada));
        assert_eq!(
            opened,
            json!({
                "details": { "email": "ada@example.org", "time_zone": "Europe/Vienna" },
                "attachments": [{ "name": "a.pdf" }],
                "ratio": "1:2:3:4",
            })
        );
        assert_eq!(open(payload, None)["details"]["email"], "erased");
    }
}
