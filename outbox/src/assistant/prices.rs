//! What calls to models cost, as far as their prices are known: a tenant's own figures first, then those that providers
//! publish. Prices change; what a run cost is written down when it happens.

use domain::tenants::assistant::Assistant;
use integrations::completions::Cost;

/// US cents for a million tokens in and out, by how a model's name begins; longer beginnings first.
const PRICES: [(&str, u64, u64); 8] = [
    ("gpt-4o-mini", 15, 60),
    ("gpt-4o", 250, 1_000),
    ("gpt-4.1-nano", 10, 40),
    ("gpt-4.1-mini", 40, 160),
    ("gpt-4.1", 200, 800),
    ("claude-haiku-4-5", 100, 500),
    ("claude-sonnet-4", 300, 1_500),
    ("claude-opus-4-5", 500, 2_500),
];
/// Cents for a million tokens are hundredths of a millionth of a dollar for one.
const CENTS_TO_MICROS: u64 = 100;

/// Millionths of a US dollar; `None` where nobody knows the price.
pub(super) fn cost_micros(settings: &Assistant, cost: &Cost) -> Option<u64> {
    let own = settings.input_price_cents.zip(settings.output_price_cents);
    let own = own.map(|(input, output)| (u64::from(input), u64::from(output)));
    let listed = || {
        let name = match cost.model_answered.as_str() {
            "" => cost.model_asked.as_str(),
            answered => answered,
        };
        let mut prices = PRICES.iter();
        let found = prices.find(|(begins, ..)| name.starts_with(begins))?;
        Some((found.1, found.2))
    };
    let (input, output) = own.or_else(listed)?;
    let cents = cost
        .input_tokens
        .saturating_mul(input)
        .saturating_add(cost.output_tokens.saturating_mul(output));
    Some(cents.div_ceil(CENTS_TO_MICROS))
}

/// What a call takes of the day's money: what nobody knows the price of counts as the dearest that is listed, so that a
/// budget never fails to hold.
pub(super) fn charged_micros(settings: &Assistant, cost: &Cost) -> u64 {
    cost_micros(settings, cost).unwrap_or_else(|| {
        let most = |pick: fn(&(&str, u64, u64)) -> u64| PRICES.iter().map(pick).max().unwrap_or(0);
        let input = cost.input_tokens.saturating_mul(most(|price| price.1));
        let output = cost.output_tokens.saturating_mul(most(|price| price.2));
        input.saturating_add(output).div_ceil(CENTS_TO_MICROS)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenants_own_price_wins_and_an_unknown_model_has_none() {
        let cost = |model: &str| Cost {
            model_asked: model.to_owned(),
            input_tokens: 1_000,
            output_tokens: 100,
            ..Cost::default()
        };
        let usual = Assistant::default();
        assert_eq!(cost_micros(&usual, &cost("gpt-4o-2024-08-06")), Some(3_500));
        assert_eq!(cost_micros(&usual, &cost("gpt-4o-mini")), Some(210));
        assert_eq!(cost_micros(&usual, &cost("llama")), None);
        assert_eq!(charged_micros(&usual, &cost("llama")), 7_500);
        assert_eq!(charged_micros(&usual, &cost("gpt-4o-mini")), 210);
        let own = Assistant {
            input_price_cents: Some(100),
            output_price_cents: Some(0),
            ..usual
        };
        assert_eq!(cost_micros(&own, &cost("llama")), Some(1_000));
    }
}
