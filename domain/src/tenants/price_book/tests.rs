//! What parties cost.

use super::*;

fn book() -> PriceBook {
    PriceBook {
        adult_minor: 5_500,
        kid_minor: 3_000,
        menu_upcharges_minor: BTreeMap::from([("lobster".to_owned(), 1_500)]),
        travel_fees_minor: BTreeMap::from([("north bay".to_owned(), 4_000)]),
        minimum_total_minor: 55_000,
        deposit_minor: 10_000,
    }
}

fn price(party: Party, menu: &[MenuChoice], zone: &str) -> Result<Price, Refusal> {
    book().price(
        party,
        menu,
        &ServiceZone::parse(zone).unwrap(),
        &Currency::default(),
    )
}

#[test]
fn eleven_adults_and_two_kids_cost_what_the_contract_says() {
    let price = price(Party::new(11, 2).unwrap(), &[], "east bay").unwrap();
    assert_eq!(
        (price.total.to_string(), price.deposit.to_string()),
        ("$665.00".into(), "$100.00".into())
    );
}

#[test]
fn a_small_party_pays_the_minimum_and_sees_why() {
    let price = price(Party::new(4, 0).unwrap(), &[], "east bay").unwrap();
    assert_eq!(price.total.amount_minor, 55_000);
    assert_eq!(
        price.lines.last().unwrap().kind,
        PriceLineKind::MinimumTopUp
    );
    assert_eq!(
        price
            .lines
            .iter()
            .map(|line| line.amount_minor)
            .sum::<i64>(),
        price.total.amount_minor
    );
}

#[test]
fn upcharges_and_travel_add_up() {
    let menu = [MenuChoice {
        item: "lobster".to_owned(),
        quantity: 3,
    }];
    let price = price(Party::new(11, 2).unwrap(), &menu, "north bay").unwrap();
    assert_eq!(price.total.amount_minor, 66_500 + 4_500 + 4_000);
    assert_eq!(price.menu[0].upcharge_minor, 1_500);
}

#[test]
fn the_deposit_is_never_more_than_the_total() {
    let cheap = PriceBook {
        adult_minor: 500,
        deposit_minor: 10_000,
        ..PriceBook::default()
    };
    let party = Party::new(1, 0).unwrap();
    let price = cheap
        .price(party, &[], &ServiceZone::default(), &Currency::default())
        .unwrap();
    assert_eq!(price.deposit.amount_minor, 500);
}

#[test]
fn every_unknown_item_is_named_by_its_place() {
    let menu = ["squid", "lobster", "snail"].map(|item| MenuChoice {
        item: item.to_owned(),
        quantity: 1,
    });
    let refusal = price(Party::new(2, 0).unwrap(), &menu, "east bay").unwrap_err();
    let pointers: Vec<_> = refusal
        .errors
        .iter()
        .map(|error| error.pointer.as_str())
        .collect();
    assert_eq!(pointers, ["/0/item", "/2/item"]);
}

#[test]
fn the_largest_party_cannot_overflow() {
    let dear = PriceBook {
        adult_minor: MAX_UNIT_PRICE_MINOR,
        kid_minor: MAX_UNIT_PRICE_MINOR,
        ..book()
    };
    let party = Party::new(500, 500).unwrap();
    let price = dear
        .price(party, &[], &ServiceZone::default(), &Currency::default())
        .unwrap();
    assert_eq!(price.total.amount_minor, 1_000 * MAX_UNIT_PRICE_MINOR);
}

#[test]
fn every_wrong_amount_is_reported_at_once() {
    let wrong = PriceBook {
        adult_minor: -1,
        deposit_minor: -1,
        menu_upcharges_minor: BTreeMap::from([("a/b".to_owned(), -1)]),
        ..book()
    };
    let refusal = wrong.check().unwrap_err();
    let pointers: Vec<_> = refusal
        .errors
        .iter()
        .map(|error| error.pointer.as_str())
        .collect();
    assert_eq!(
        pointers,
        [
            "/adult_minor",
            "/deposit_minor",
            "/menu_upcharges_minor/a~1b"
        ]
    );
}
