//! The parameters of a call, as strict as Stripe's own reading: unknown names, missing values and metadata beyond the
//! limits are refused, so that a wrong call fails here and not in production.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::form;
use crate::sandbox::entries::Metadata;
use crate::sandbox::stripe::errors::StripeError;

/// Stripe's limits on metadata.
const METADATA_ENTRIES_LIMIT: usize = 50;
const METADATA_KEY_LIMIT_CHARS: usize = 40;
const METADATA_VALUE_LIMIT_CHARS: usize = 500;

#[derive(Clone, Debug, Default)]
pub(in crate::sandbox) struct Params {
    values: BTreeMap<String, String>,
}

impl Params {
    pub(super) fn parse(body: &str) -> Params {
        Params {
            values: form::decode(body).into_iter().collect(),
        }
    }

    /// Refuses names whose root (`metadata` in `metadata[a]`) is not listed; `expand` is always allowed.
    pub(super) fn only(&self, roots: &[&str]) -> Result<(), StripeError> {
        for name in self.values.keys() {
            let root = name.split('[').next().unwrap_or_default();
            if root != "expand" && !roots.contains(&root) {
                let message = format!("Received unknown parameter: {root}");
                return Err(StripeError::invalid("parameter_unknown", message).at(root));
            }
        }
        Ok(())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    pub(super) fn owned(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, StripeError> {
        self.get(name).ok_or_else(|| {
            StripeError::invalid(
                "parameter_missing",
                format!("Missing required param: {name}."),
            )
            .at(name)
        })
    }

    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, StripeError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        value.parse().map(Some).map_err(|_| {
            StripeError::invalid(
                "parameter_invalid_integer",
                format!("Invalid integer: {value}"),
            )
            .at(name)
        })
    }

    /// An amount of money above zero.
    pub(super) fn amount(&self, name: &str) -> Result<Option<i64>, StripeError> {
        match self.integer(name)? {
            Some(amount) if amount < 1 => Err(StripeError::invalid(
                "parameter_invalid_integer",
                "This value must be greater than or equal to 1.",
            )
            .at(name)),
            amount => Ok(amount),
        }
    }

    /// Every `name[key]`, within Stripe's limits.
    pub(super) fn metadata(&self, name: &str) -> Result<Metadata, StripeError> {
        let mut metadata = Metadata::new();
        for (full, value) in &self.values {
            let key = full
                .strip_prefix(name)
                .and_then(|rest| rest.strip_prefix('['))
                .and_then(|rest| rest.strip_suffix(']'));
            let Some(key) = key else { continue };
            if key.chars().count() > METADATA_KEY_LIMIT_CHARS
                || value.chars().count() > METADATA_VALUE_LIMIT_CHARS
                || metadata.len() >= METADATA_ENTRIES_LIMIT
            {
                return Err(StripeError::invalid(
                    "parameter_invalid_string_blank",
                    "Metadata is limited to 50 keys of 40 characters and values of 500 characters.",
                )
                .at(full));
            }
            metadata.insert(key.to_owned(), value.clone());
        }
        Ok(metadata)
    }

    /// The same for the same parameters in any order.
    pub(super) fn fingerprint(&self, method: &str, path: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(format!("{method} {path}"));
        for (name, value) in &self.values {
            hash.update(format!("\n{}:{name}={}:{value}", name.len(), value.len()));
        }
        hash.finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Params;

    #[test]
    fn nested_names_are_read() {
        let params = Params::parse(
            "metadata[booking_id]=b1&metadata%5Bx%5D=y&payment_intent_data[metadata][z]=1",
        );
        let metadata = params.metadata("metadata").unwrap();
        assert_eq!(metadata.len(), 2);
        assert_eq!(metadata["booking_id"], "b1");
        assert_eq!(
            params.metadata("payment_intent_data[metadata]").unwrap()["z"],
            "1"
        );
    }

    #[test]
    fn unknown_missing_and_wrong_parameters_are_refused() {
        let params = Params::parse("amuont=5&amount=x");
        assert_eq!(
            params.only(&["amount"]).unwrap_err().code,
            Some("parameter_unknown")
        );
        assert_eq!(
            params.required("payment_intent").unwrap_err().code,
            Some("parameter_missing")
        );
        assert!(params.amount("amount").is_err());
        assert!(Params::parse("amount=0").amount("amount").is_err());
    }

    #[test]
    fn metadata_beyond_the_limits_is_refused() {
        let long = format!("metadata[k]={}", "v".repeat(501));
        assert!(Params::parse(&long).metadata("metadata").is_err());
        let many: Vec<String> = (0..51)
            .map(|index| format!("metadata[k{index}]=v"))
            .collect();
        assert!(Params::parse(&many.join("&")).metadata("metadata").is_err());
    }

    #[test]
    fn the_fingerprint_ignores_order_and_nothing_else() {
        let of = |body: &str| Params::parse(body).fingerprint("POST", "refunds");
        assert_eq!(of("a=1&b=2"), of("b=2&a=1"));
        assert_ne!(of("a=1&b=2"), of("a=1&b=3"));
        assert_ne!(of("a=1&b=2"), of("a=1"));
    }
}
