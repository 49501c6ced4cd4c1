//! Why a command or query was turned down: a kind, a stable code, a sentence, and what would have been right.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The class of a refusal; the server maps each to one HTTP status and nothing else does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Malformed,
    Unauthenticated,
    Forbidden,
    NotFound,
    Conflict,
    Stale,
    Invalid,
    TooMany,
}

/// One field that is wrong, by JSON pointer (RFC 6901).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    pub pointer: String,
    pub code: String,
    pub message: String,
}

/// A refusal. `code` is kebab-case, part of the API, and never changes its meaning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    pub kind: Kind,
    pub code: String,
    pub detail: String,
    pub errors: Vec<FieldError>,
    /// What would be accepted instead, where a business rule refuses; filled in by the command, which may look around.
    pub alternatives: Vec<Value>,
    /// When to come back, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
}

impl Refusal {
    pub fn new(kind: Kind, code: &str, detail: impl Into<String>) -> Self {
        Self {
            kind,
            code: code.to_owned(),
            detail: detail.into(),
            errors: Vec::new(),
            alternatives: Vec::new(),
            retry_after_seconds: None,
        }
    }

    pub fn malformed(code: &str, detail: impl Into<String>) -> Self {
        Self::new(Kind::Malformed, code, detail)
    }

    pub fn forbidden(code: &str, detail: impl Into<String>) -> Self {
        Self::new(Kind::Forbidden, code, detail)
    }

    pub fn not_found(code: &str, detail: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, code, detail)
    }

    pub fn conflict(code: &str, detail: impl Into<String>) -> Self {
        Self::new(Kind::Conflict, code, detail)
    }

    pub fn invalid(code: &str, detail: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, code, detail)
    }

    /// A refusal for one field, with the same sentence as its detail.
    pub fn field(pointer: &str, code: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let mut refusal = Self::invalid("validation-failed", message.clone());
        refusal.errors.push(FieldError {
            pointer: pointer.to_owned(),
            code: code.to_owned(),
            message,
        });
        refusal
    }

    pub fn with_alternatives(mut self, alternatives: Vec<Value>) -> Self {
        self.alternatives = alternatives;
        self
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl std::error::Error for Refusal {}

/// Collects everything that is wrong with an input, so that a caller is told all of it at once.
#[derive(Default)]
pub struct Problems {
    errors: Vec<FieldError>,
}

impl Problems {
    /// Notes one wrong field.
    pub fn add(&mut self, pointer: &str, code: &str, message: impl Into<String>) {
        self.errors.push(FieldError {
            pointer: pointer.to_owned(),
            code: code.to_owned(),
            message: message.into(),
        });
    }

    /// Keeps a parsed value, or notes why it could not be parsed under `pointer`.
    pub fn check<T>(&mut self, pointer: &str, parsed: Result<T, Refusal>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(refusal) => {
                self.add(pointer, &refusal.code, refusal.detail);
                None
            }
        }
    }

    /// Everything noted so far as one refusal, or `Ok` when nothing was.
    pub fn finish(self) -> Result<(), Refusal> {
        if self.errors.is_empty() {
            return Ok(());
        }
        let detail = match self.errors.as_slice() {
            [only] => format!("{}: {}", only.pointer, only.message),
            many => format!("{} fields are wrong; see errors", many.len()),
        };
        Err(Refusal {
            errors: self.errors,
            ..Refusal::invalid("validation-failed", detail)
        })
    }
}
