//! The tenant's price book and the price of a party: pure arithmetic in minor units, with the lines a customer may ask
//! to see. The result goes into the event, so that later price changes never alter it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::money::{Currency, MAX_AMOUNT_MINOR, Money};
use crate::refusal::{Problems, Refusal};
use crate::values::{MAX_NAME_CHARS, MAX_ZONE_CHARS, Party, ServiceZone};

/// The highest price of one guest, one menu item or one trip, in minor units; keeps every sum far from overflow.
pub const MAX_UNIT_PRICE_MINOR: i64 = 100_000_000;
/// The most different items on a menu.
pub const MAX_MENU_ITEMS: usize = 200;
/// The most of one item in one order.
pub const MAX_ITEM_QUANTITY: u32 = 1_000;

/// What the tenant charges, in minor units of its currency.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceBook {
    /// Per adult.
    pub adult_minor: i64,
    /// Per kid.
    pub kid_minor: i64,
    /// Upcharge per piece of each menu item; an item that is not listed cannot be ordered.
    #[serde(default)]
    pub menu_upcharges_minor: BTreeMap<String, i64>,
    /// Fee for travelling to each zone; a zone that is not listed costs nothing.
    #[serde(default)]
    pub travel_fees_minor: BTreeMap<String, i64>,
    /// No booking costs less than this.
    #[serde(default)]
    pub minimum_total_minor: i64,
    /// Paid in advance to hold the chef; never more than the total.
    #[serde(default)]
    pub deposit_minor: i64,
}

/// So many of one menu item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MenuChoice {
    /// An item of the tenant's price book.
    #[schemars(length(min = 1, max = 100))]
    pub item: String,
    #[schemars(range(min = 1, max = 1000))]
    pub quantity: u32,
}

/// A menu item as booked, with the upcharge per piece at that time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MenuItem {
    pub item: String,
    pub quantity: u32,
    pub upcharge_minor: i64,
}

/// One line of a price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceLine {
    pub kind: PriceLineKind,
    /// The menu item or zone that the line is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    pub quantity: u32,
    pub unit_minor: i64,
    pub amount_minor: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceLineKind {
    Adults,
    Kids,
    MenuItem,
    Travel,
    /// What is missing to the minimum total.
    MinimumTopUp,
}

/// A price with its breakdown: the lines add up to the total, and `total ≥ deposit ≥ 0`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    pub lines: Vec<PriceLine>,
    pub total: Money,
    pub deposit: Money,
    /// The menu with the upcharges that were used.
    pub menu: Vec<MenuItem>,
}

impl PriceBook {
    /// Refuses negative and absurd amounts, all of them at once.
    pub fn check(&self) -> Result<(), Refusal> {
        let mut problems = Problems::default();
        let mut amount = |pointer: &str, minor: i64, max: i64| {
            if !(0..=max).contains(&minor) {
                problems.add(
                    pointer,
                    "amount-out-of-range",
                    format!("between 0 and {max} minor units"),
                );
            }
        };
        amount("/adult_minor", self.adult_minor, MAX_UNIT_PRICE_MINOR);
        amount("/kid_minor", self.kid_minor, MAX_UNIT_PRICE_MINOR);
        amount(
            "/minimum_total_minor",
            self.minimum_total_minor,
            MAX_AMOUNT_MINOR,
        );
        amount("/deposit_minor", self.deposit_minor, MAX_AMOUNT_MINOR);
        for (item, minor) in &self.menu_upcharges_minor {
            amount(
                &format!("/menu_upcharges_minor/{}", escape(item)),
                *minor,
                MAX_UNIT_PRICE_MINOR,
            );
        }
        for (zone, minor) in &self.travel_fees_minor {
            amount(
                &format!("/travel_fees_minor/{}", escape(zone)),
                *minor,
                MAX_UNIT_PRICE_MINOR,
            );
        }
        check_names(
            &mut problems,
            "/menu_upcharges_minor",
            self.menu_upcharges_minor.keys(),
            MAX_NAME_CHARS,
        );
        check_names(
            &mut problems,
            "/travel_fees_minor",
            self.travel_fees_minor.keys(),
            MAX_ZONE_CHARS,
        );
        problems.finish()
    }

    /// The price of a party, in `currency`. An item that the menu does not have is refused (`menu-item-unknown`), by
    /// its place in the list.
    pub fn price(
        &self,
        party: Party,
        menu: &[MenuChoice],
        zone: &ServiceZone,
        currency: &Currency,
    ) -> Result<Price, Refusal> {
        let menu = self.choose(menu)?;
        let mut lines = vec![line(
            PriceLineKind::Adults,
            None,
            u32::from(party.adults),
            self.adult_minor,
        )];
        if party.kids > 0 {
            lines.push(line(
                PriceLineKind::Kids,
                None,
                u32::from(party.kids),
                self.kid_minor,
            ));
        }
        for item in &menu {
            lines.push(line(
                PriceLineKind::MenuItem,
                Some(&item.item),
                item.quantity,
                item.upcharge_minor,
            ));
        }
        if let Some(fee_minor) = self
            .travel_fees_minor
            .get(zone.as_str())
            .filter(|fee_minor| **fee_minor > 0)
        {
            lines.push(line(
                PriceLineKind::Travel,
                Some(zone.as_str()),
                1,
                *fee_minor,
            ));
        }
        let sum_minor: i64 = lines.iter().map(|line| line.amount_minor).sum();
        if sum_minor < self.minimum_total_minor {
            lines.push(line(
                PriceLineKind::MinimumTopUp,
                None,
                1,
                self.minimum_total_minor - sum_minor,
            ));
        }
        let total_minor = sum_minor.max(self.minimum_total_minor);
        if total_minor > MAX_AMOUNT_MINOR {
            return Err(Refusal::invalid(
                "price-too-high",
                "the price is above what one booking may cost",
            ));
        }
        let deposit_minor = self.deposit_minor.min(total_minor);
        Ok(Price {
            lines,
            total: Money::new(total_minor, currency.clone()),
            deposit: Money::new(deposit_minor, currency.clone()),
            menu,
        })
    }

    fn choose(&self, menu: &[MenuChoice]) -> Result<Vec<MenuItem>, Refusal> {
        let mut problems = Problems::default();
        if menu.len() > MAX_MENU_ITEMS {
            problems.add(
                "",
                "menu-too-long",
                format!("at most {MAX_MENU_ITEMS} items"),
            );
        }
        let mut chosen = Vec::with_capacity(menu.len());
        for (index, choice) in menu.iter().enumerate().take(MAX_MENU_ITEMS) {
            if !(1..=MAX_ITEM_QUANTITY).contains(&choice.quantity) {
                let message = format!("between 1 and {MAX_ITEM_QUANTITY}");
                problems.add(
                    &format!("/{index}/quantity"),
                    "quantity-out-of-range",
                    message,
                );
            }
            match self.menu_upcharges_minor.get(&choice.item) {
                Some(upcharge_minor) => chosen.push(MenuItem {
                    item: choice.item.clone(),
                    quantity: choice.quantity,
                    upcharge_minor: *upcharge_minor,
                }),
                None => problems.add(
                    &format!("/{index}/item"),
                    "menu-item-unknown",
                    "the menu has no such item",
                ),
            }
        }
        problems.finish().map(|()| chosen)
    }
}

/// One token of a JSON pointer (RFC 6901, 3).
pub fn escape(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

fn line(kind: PriceLineKind, label: Option<&str>, quantity: u32, unit_minor: i64) -> PriceLine {
    let amount_minor = i64::from(quantity) * unit_minor;
    PriceLine {
        kind,
        label: label.map(str::to_owned),
        quantity,
        unit_minor,
        amount_minor,
    }
}

fn check_names<'a>(
    problems: &mut Problems,
    pointer: &str,
    names: impl ExactSizeIterator<Item = &'a String>,
    max_chars: usize,
) {
    if names.len() > MAX_MENU_ITEMS {
        problems.add(
            pointer,
            "list-too-long",
            format!("at most {MAX_MENU_ITEMS} entries"),
        );
    }
    for name in names {
        if name.trim() != name || name.is_empty() || name.chars().count() > max_chars {
            let pointer = format!("{pointer}/{}", escape(name));
            problems.add(
                &pointer,
                "name-invalid",
                format!("a trimmed name of 1 to {max_chars} characters"),
            );
        }
    }
}

#[cfg(test)]
mod tests;
