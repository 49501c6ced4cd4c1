//! What people cannot or will not eat, and what they want to spend, as they write it.

use super::words::Words;
use crate::facts::fields::DIETS;

/// Words one after the other, and the need they tell of.
const PHRASES: [(&[&str], &str); 35] = [
    (&["vegetarian"], "vegetarian"),
    (&["vegetarians"], "vegetarian"),
    (&["veggie"], "vegetarian"),
    (&["vegan"], "vegan"),
    (&["vegans"], "vegan"),
    (&["gluten", "free"], "gluten_free"),
    (&["gluten-free"], "gluten_free"),
    (&["no", "gluten"], "gluten_free"),
    (&["celiac"], "gluten_free"),
    (&["coeliac"], "gluten_free"),
    (&["dairy", "free"], "dairy_free"),
    (&["dairy-free"], "dairy_free"),
    (&["no", "dairy"], "dairy_free"),
    (&["lactose"], "dairy_free"),
    (&["lactose-intolerant"], "dairy_free"),
    (&["nut", "allergy"], "nut_allergy"),
    (&["nut", "allergies"], "nut_allergy"),
    (&["peanut", "allergy"], "nut_allergy"),
    (&["allergic", "to", "nuts"], "nut_allergy"),
    (&["allergic", "to", "peanuts"], "nut_allergy"),
    (&["no", "nuts"], "nut_allergy"),
    (&["shellfish", "allergy"], "shellfish_allergy"),
    (&["shrimp", "allergy"], "shellfish_allergy"),
    (&["allergic", "to", "shellfish"], "shellfish_allergy"),
    (&["allergic", "to", "shrimp"], "shellfish_allergy"),
    (&["no", "shellfish"], "shellfish_allergy"),
    (&["egg", "allergy"], "egg_allergy"),
    (&["allergic", "to", "eggs"], "egg_allergy"),
    (&["halal"], "halal"),
    (&["kosher"], "kosher"),
    (&["no", "pork"], "no_pork"),
    (&["without", "pork"], "no_pork"),
    (&["don't", "eat", "pork"], "no_pork"),
    (&["doesn't", "eat", "pork"], "no_pork"),
    (&["pork-free"], "no_pork"),
];
/// Before a need they say that nobody has it.
const DENIALS: [&str; 7] = ["no", "not", "nobody", "none", "isn't", "aren't", "without"];
/// Words before a need that a denial may stand in.
const DENIED_WITHIN: usize = 3;
/// Words around an amount that make it a budget.
const BUDGET_WORDS: [&str; 6] = [
    "budget",
    "spend",
    "afford",
    "spending",
    "budgeted",
    "budgeting",
];
/// An amount with one of these behind it is not the whole.
const SHARES: [&str; 6] = ["per", "each", "a", "pp", "/person", "person"];
const MAX_BUDGET: u64 = 10_000_000;

/// A need, and the words that tell of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Diet {
    pub need: &'static str,
    pub first: usize,
    pub last: usize,
}

/// What the words tell of; each need once.
pub(super) fn find(words: &Words) -> Vec<Diet> {
    let mut found: Vec<Diet> = Vec::new();
    for first in 0..words.len() {
        for (phrase, need) in PHRASES {
            let fits = phrase
                .iter()
                .enumerate()
                .all(|(offset, word)| words.any(first + offset) == Some(word));
            let is_known = found.iter().any(|diet| diet.need == need);
            if fits && !is_known && !is_denied(words, first) && DIETS.contains(&need) {
                let last = first + phrase.len() - 1;
                found.push(Diet { need, first, last });
            }
        }
    }
    found
}

/// A denial before it, in the same part of the sentence.
fn is_denied(words: &Words, first: usize) -> bool {
    let from = first.saturating_sub(DENIED_WITHIN);
    let mut before = (from..first).rev();
    let near = before.by_ref().take_while(|index| !words.0[*index].ends);
    near.filter_map(|index| words.any(index))
        .any(|word| DENIALS.contains(&word))
}

/// What is to be spent in all, and the words that say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Budget {
    pub amount_minor: u64,
    pub first: usize,
    pub last: usize,
}

pub(super) fn budget(words: &Words) -> Option<Budget> {
    let lead = (0..words.len()).find(|index| {
        words
            .any(*index)
            .is_some_and(|word| BUDGET_WORDS.contains(&word))
    })?;
    let amounts = (0..words.len()).filter_map(|index| Some((index, amount(words, index)?)));
    let (at, (amount, count)) = amounts.min_by_key(|(index, _)| index.abs_diff(lead))?;
    let is_share = words
        .any(at + count)
        .is_some_and(|next| SHARES.contains(&next));
    let last = at + count - 1;
    (!is_share).then(|| Budget {
        amount_minor: amount * 100,
        first: lead.min(at),
        last: lead.max(last),
    })
}

/// `$1,200`, `1200 dollars`, `2k`; whole units, and how many words.
fn amount(words: &Words, index: usize) -> Option<(u64, usize)> {
    let word = words.low(index)?;
    let has_sign = word.starts_with('$');
    let digits = word.trim_start_matches('$').replace(',', "");
    let (digits, thousands) = match digits.strip_suffix('k') {
        Some(digits) => (digits.to_owned(), 1_000),
        None => (digits, 1),
    };
    let number: u64 = digits.split('.').next()?.parse().ok()?;
    let is_named = matches!(
        words.any(index + 1),
        Some("dollars" | "dollar" | "usd" | "bucks")
    );
    let is_money = has_sign || is_named || thousands > 1;
    let amount = number.checked_mul(thousands)?;
    let is_fit = is_money && (1..=MAX_BUDGET).contains(&amount);
    is_fit.then_some((amount, 1 + usize::from(is_named)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_are_read_and_denials_are_heard() {
        let read = |text: &str| {
            let found = find(&Words::of(text));
            found.into_iter().map(|diet| diet.need).collect::<Vec<_>>()
        };
        assert_eq!(
            read("two vegetarians and one vegan"),
            ["vegetarian", "vegan"]
        );
        assert_eq!(
            read("My son has a nut allergy, no pork please"),
            ["nut_allergy", "no_pork"]
        );
        assert_eq!(read("We are not vegan"), [""; 0]);
        assert_eq!(read("Not many, one vegan"), ["vegan"]);
        assert_eq!(read("I am allergic to shellfish"), ["shellfish_allergy"]);
    }

    #[test]
    fn a_budget_is_the_whole_and_not_a_share() {
        let read = |text: &str| budget(&Words::of(text)).map(|budget| budget.amount_minor);
        assert_eq!(read("Our budget is about $1,200"), Some(120_000));
        assert_eq!(read("we can spend 900 dollars"), Some(90_000));
        assert_eq!(read("budget: 2k"), Some(200_000));
        assert_eq!(read("budget is $60 per person"), None);
        assert_eq!(read("is it $60?"), None);
        assert_eq!(read("a budget for 12 people"), None);
    }
}
