//! Money as 64-bit minor units with an ISO 4217 currency; no floats anywhere.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;

/// The largest amount we accept, in minor units; far above any booking and far below overflow when summed.
pub const MAX_AMOUNT_MINOR: i64 = 100_000_000_000;

/// An ISO 4217 alphabetic code, upper case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Currency(#[schemars(regex(pattern = r"^[A-Z]{3}$"))] String);

impl Currency {
    pub fn parse(code: &str) -> Result<Self, Refusal> {
        let code = code.trim().to_ascii_uppercase();
        if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Ok(Self(code));
        }
        Err(Refusal::invalid(
            "currency-invalid",
            "a currency is a three-letter ISO 4217 code such as USD",
        ))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Digits after the decimal point (ISO 4217 minor units).
    pub fn decimals(&self) -> u32 {
        match self.0.as_str() {
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF"
            | "UGX" | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            _ => 2,
        }
    }

    fn symbol(&self) -> Option<&'static str> {
        match self.0.as_str() {
            "USD" => Some("$"),
            "EUR" => Some("€"),
            "GBP" => Some("£"),
            _ => None,
        }
    }
}

impl Default for Currency {
    fn default() -> Self {
        Self("USD".to_owned())
    }
}

/// An amount of one currency in its minor units (cents).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    pub amount_minor: i64,
    pub currency: Currency,
}

impl Money {
    pub fn new(amount_minor: i64, currency: Currency) -> Self {
        Self {
            amount_minor,
            currency,
        }
    }
}

impl std::fmt::Display for Money {
    /// `$665.00`, `-$5.00`, `12.500 KWD`, `1200 JPY`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let decimals = self.currency.decimals();
        let unit = 10_u64.pow(decimals);
        let amount = self.amount_minor.unsigned_abs();
        let sign = if self.amount_minor < 0 { "-" } else { "" };
        let number = match decimals {
            0 => amount.to_string(),
            _ => format!(
                "{}.{:0width$}",
                amount / unit,
                amount % unit,
                width = decimals as usize
            ),
        };
        match self.currency.symbol() {
            Some(symbol) => write!(f, "{sign}{symbol}{number}"),
            None => write!(f, "{sign}{number} {}", self.currency.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_prints_as_people_write_it() {
        let print = |amount, code: &str| Money::new(amount, Currency(code.to_owned())).to_string();
        assert_eq!(print(66_500, "USD"), "$665.00");
        assert_eq!(print(-5, "EUR"), "-€0.05");
        assert_eq!(print(1200, "JPY"), "1200 JPY");
        assert_eq!(print(12_500, "KWD"), "12.500 KWD");
    }
}
