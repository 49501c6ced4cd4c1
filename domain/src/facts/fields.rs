//! Which facts there are, and the JSON Schema of each one's value.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::values::{MAX_ADDRESS_CHARS, MAX_NAME_CHARS};

/// What people can and cannot eat.
pub const DIETS: [&str; 10] = [
    "vegetarian",
    "vegan",
    "gluten_free",
    "dairy_free",
    "nut_allergy",
    "shellfish_allergy",
    "egg_allergy",
    "halal",
    "kosher",
    "no_pork",
];

/// A kind of fact.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum FactField {
    /// The day of the party.
    Date,
    Party,
    Address,
    Diet,
    Name,
    Email,
    Phone,
    Budget,
}

impl FactField {
    pub const ALL: [Self; 8] = [
        Self::Date,
        Self::Party,
        Self::Address,
        Self::Diet,
        Self::Name,
        Self::Email,
        Self::Phone,
        Self::Budget,
    ];

    /// The wire name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Party => "party",
            Self::Address => "address",
            Self::Diet => "diet",
            Self::Name => "name",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Budget => "budget",
        }
    }

    /// Whether several values stand beside each other.
    pub const fn is_many(self) -> bool {
        matches!(self, Self::Diet)
    }

    /// JSON Schema (2020-12) of a value.
    pub fn schema(self) -> Value {
        let object = |properties: Value, required: Value| json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false });
        let text = |most: usize| json!({ "type": "string", "minLength": 1, "maxLength": most });
        match self {
            Self::Date => json!({ "type": "string", "format": "date", "maxLength": 10 }),
            Self::Party => object(
                json!({
                    "adults": { "type": "integer", "minimum": 0, "maximum": 1_000 },
                    "kids": { "type": "integer", "minimum": 0, "maximum": 1_000 },
                }),
                json!(["adults"]),
            ),
            Self::Address => text(MAX_ADDRESS_CHARS),
            Self::Diet => json!({ "enum": DIETS }),
            Self::Name => object(
                json!({ "first": text(MAX_NAME_CHARS), "last": text(MAX_NAME_CHARS) }),
                json!(["first"]),
            ),
            Self::Email => json!({ "type": "string", "format": "email", "maxLength": 254 }),
            Self::Phone => json!({ "type": "string", "pattern": "^\\+[1-9][0-9]{6,14}$" }),
            Self::Budget => object(
                json!({
                    "amount_minor": { "type": "integer", "minimum": 1, "maximum": 1_000_000_000_000_i64 },
                    "currency": { "type": "string", "pattern": "^[A-Z]{3}$" },
                }),
                json!(["amount_minor", "currency"]),
            ),
        }
    }
}
