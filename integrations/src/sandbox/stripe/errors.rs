//! Errors in Stripe's own shape, so that Stripe's client libraries raise what they would raise.

use serde_json::{Value, json};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sandbox) struct StripeError {
    pub status: u16,
    /// Stripe's `type`.
    pub kind: &'static str,
    pub code: Option<&'static str>,
    pub param: Option<String>,
    pub message: String,
    /// The header `Stripe-Should-Retry`, where Stripe would send it.
    pub should_retry: Option<&'static str>,
}

impl StripeError {
    pub(in crate::sandbox) fn invalid(
        code: &'static str,
        message: impl Into<String>,
    ) -> StripeError {
        StripeError {
            status: 400,
            kind: "invalid_request_error",
            code: Some(code),
            param: None,
            message: message.into(),
            should_retry: None,
        }
    }

    pub(in crate::sandbox) fn at(mut self, param: impl Into<String>) -> StripeError {
        self.param = Some(param.into());
        self
    }

    pub(in crate::sandbox) fn missing(what: &str, id: &str) -> StripeError {
        StripeError {
            status: 404,
            ..StripeError::invalid("resource_missing", format!("No such {what}: '{id}'"))
        }
        .at("id")
    }

    pub(in crate::sandbox) fn unauthenticated() -> StripeError {
        StripeError {
            status: 401,
            code: None,
            ..StripeError::invalid(
                "",
                "You did not provide an API key. Send it as a bearer token that begins with sk_ or rk_.",
            )
        }
    }

    /// The same key came with other parameters.
    pub(in crate::sandbox) fn other_parameters() -> StripeError {
        StripeError {
            status: 400,
            kind: "idempotency_error",
            code: None,
            param: None,
            message: "Keys for idempotent requests can only be used with the same parameters they were first used with."
                .to_owned(),
            should_retry: Some("false"),
        }
    }

    /// The same key is being worked on.
    pub(in crate::sandbox) fn key_in_use() -> StripeError {
        StripeError {
            status: 409,
            kind: "idempotency_error",
            code: Some("idempotency_key_in_use"),
            param: None,
            message: "There is currently another in-progress request using this idempotency key."
                .to_owned(),
            should_retry: Some("true"),
        }
    }

    pub(in crate::sandbox) fn body(&self) -> Value {
        let mut error = json!({"type": self.kind, "message": self.message});
        if let Some(code) = self.code {
            error["code"] = code.into();
        }
        if let Some(param) = &self.param {
            error["param"] = param.as_str().into();
        }
        json!({ "error": error })
    }
}
