//! The named schemas of the OpenAPI document. Every command and query brings a schema with definitions of its own; here
//! they are moved under `components/schemas`, equal ones once, so that all references lead somewhere.

use serde_json::{Map, Value};

/// Where a schema's own definitions stand, and where they stand in the document.
const OWN: &str = "#/$defs/";
const SHARED: &str = "#/components/schemas/";

/// Gathers named schemas.
pub(super) struct Components {
    schemas: Map<String, Value>,
}

impl Components {
    /// Begins with the document's own schemas.
    pub fn new(schemas: Map<String, Value>) -> Self {
        Self { schemas }
    }

    /// Takes over a schema's definitions and answers the schema as it stands in the document.
    pub fn adopt(&mut self, operation: &str, mut schema: Value) -> Value {
        let definitions = match schema.as_object_mut() {
            Some(members) => {
                members.remove("$schema");
                members.remove("$defs")
            }
            None => None,
        };
        let Some(Value::Object(definitions)) = definitions else {
            return schema;
        };
        let names: Vec<(String, String)> = definitions
            .iter()
            .map(|(name, definition)| (name.clone(), self.name_for(operation, name, definition)))
            .collect();
        for (own, definition) in definitions {
            let shared = find(&names, &own).unwrap_or(&own).to_owned();
            self.schemas.insert(shared, repoint(definition, &names));
        }
        repoint(schema, &names)
    }

    pub fn into_schemas(self) -> Map<String, Value> {
        self.schemas
    }

    /// The plain name, unless another definition has it already.
    fn name_for(&self, operation: &str, name: &str, definition: &Value) -> String {
        let plain = [(name.to_owned(), name.to_owned())];
        match self.schemas.get(name) {
            Some(known) if *known != repoint(definition.clone(), &plain) => {
                format!("{operation}.{name}")
            }
            _ => name.to_owned(),
        }
    }
}

fn find<'a>(names: &'a [(String, String)], own: &str) -> Option<&'a str> {
    names
        .iter()
        .find(|(name, _)| name == own)
        .map(|(_, shared)| shared.as_str())
}

/// Points every reference to a definition of one's own at where that stands now.
fn repoint(value: Value, names: &[(String, String)]) -> Value {
    match value {
        Value::Object(members) => {
            let repointed =
                members
                    .into_iter()
                    .map(|(key, member)| match (key.as_str(), &member) {
                        ("$ref", Value::String(target)) => {
                            let own = target.strip_prefix(OWN).unwrap_or_default();
                            let shared = match target.strip_prefix(OWN) {
                                Some(_) => format!("{SHARED}{}", find(names, own).unwrap_or(own)),
                                None => target.clone(),
                            };
                            (key, Value::String(shared))
                        }
                        _ => (key, repoint(member, names)),
                    });
            Value::Object(repointed.collect())
        }
        Value::Array(items) => {
            Value::Array(items.into_iter().map(|item| repoint(item, names)).collect())
        }
        scalar => scalar,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn equal_definitions_are_shared_and_others_keep_apart() {
        let mut components = Components::new(Map::new());
        let schema = |kind: &str| {
            json!({ "$schema": "x", "properties": { "a": { "$ref": "#/$defs/Money" } },
                "$defs": { "Money": { "type": kind, "items": { "$ref": "#/$defs/Money" } } } })
        };
        let one = components.adopt("one", schema("object"));
        let two = components.adopt("two", schema("object"));
        let other = components.adopt("other", schema("string"));
        assert_eq!(
            one,
            json!({ "properties": { "a": { "$ref": "#/components/schemas/Money" } } })
        );
        assert_eq!(one, two);
        assert_eq!(
            other["properties"]["a"]["$ref"],
            "#/components/schemas/other.Money"
        );
        assert_eq!(
            components.into_schemas().keys().collect::<Vec<_>>(),
            ["Money", "other.Money"]
        );
    }
}
