//! The demo's two businesses as data: where they work, with whom, and what they charge. Both are invented.

use std::collections::BTreeMap;

use domain::tenants::price_book::PriceBook;
use serde_json::{Value, json};

const LOOPBACK: [&str; 2] = ["127.0.0.0/8", "::1"];

/// A business and how much happened to it.
pub(super) struct Business {
    pub slug: &'static str,
    /// Whether the paths that name no tenant lead to this one, and are open on this machine.
    pub is_bound: bool,
    pub name: &'static str,
    pub time_zone: &'static str,
    pub slots: &'static [&'static str],
    pub party_minutes: u16,
    pub zones: &'static [Zone],
    pub chefs: &'static [Cook],
    /// Area codes; with 555-0100 to 555-0199 behind them the numbers are set aside for fiction.
    pub area_codes: &'static [&'static str],
    pub adult_minor: i64,
    pub kid_minor: i64,
    pub minimum_total_minor: i64,
    pub deposit_minor: i64,
    /// Upcharge per piece.
    pub menu: &'static [(&'static str, i64)],
    /// What came onto the menu last.
    pub newest_dish: (&'static str, i64),
    /// How far its history goes back.
    pub history_days: i64,
    /// How far ahead people book.
    pub days_ahead: i64,
    /// How many bookings come in on a day, by weight.
    pub pace: &'static [(usize, usize)],
    /// In how many of a hundred days somebody only asks.
    pub lead_percent: usize,
    pub seed: u64,
}

pub(super) struct Zone {
    pub name: &'static str,
    pub postcodes: &'static [&'static str],
    pub travel_fee_minor: i64,
    /// City and state, and a postcode of the zone.
    pub places: &'static [(&'static str, &'static str)],
}

pub(super) struct Cook {
    pub name: &'static str,
    pub zones: &'static [&'static str],
    pub days: &'static [&'static str],
    pub from: &'static str,
    pub to: &'static str,
    /// First and last day off, counted from the day of the first fill.
    pub days_off: &'static [(i64, i64)],
}

const WHOLE_WEEK: &[&str] = &[
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
const LONG_WEEKEND: &[&str] = &["thursday", "friday", "saturday", "sunday"];
const NOT_MONDAY: &[&str] = &[
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

pub(super) const FIRE_AND_RICE: Business = Business {
    slug: "fire-and-rice",
    is_bound: true,
    name: "Fire & Rice Hibachi",
    time_zone: "America/Los_Angeles",
    slots: &["12:00", "15:00", "18:00"],
    party_minutes: 150,
    zones: &[
        Zone {
            name: "central",
            postcodes: &[
                "90004", "90012", "90026", "90027", "90028", "90036", "90038", "90046", "90069",
            ],
            travel_fee_minor: 0,
            places: &[
                ("Los Angeles, CA", "90026"),
                ("Los Angeles, CA", "90027"),
                ("Los Angeles, CA", "90036"),
                ("West Hollywood, CA", "90069"),
            ],
        },
        Zone {
            name: "westside",
            postcodes: &[
                "90024", "90025", "90034", "90049", "90064", "90066", "90210", "90230", "90232",
                "90291", "904*",
            ],
            travel_fee_minor: 2_500,
            places: &[
                ("Santa Monica, CA", "90403"),
                ("Culver City, CA", "90232"),
                ("Beverly Hills, CA", "90210"),
                ("Los Angeles, CA", "90066"),
            ],
        },
        Zone {
            name: "beach-cities",
            postcodes: &["90245", "90254", "90266", "90277", "90278", "905*"],
            travel_fee_minor: 5_000,
            places: &[
                ("Manhattan Beach, CA", "90266"),
                ("Redondo Beach, CA", "90277"),
                ("Hermosa Beach, CA", "90254"),
                ("Torrance, CA", "90503"),
            ],
        },
        Zone {
            name: "san-fernando-valley",
            postcodes: &["913*", "914*", "915*", "916*"],
            travel_fee_minor: 4_000,
            places: &[
                ("Burbank, CA", "91505"),
                ("Sherman Oaks, CA", "91403"),
                ("Encino, CA", "91436"),
                ("Woodland Hills, CA", "91367"),
            ],
        },
        Zone {
            name: "san-gabriel-valley",
            postcodes: &["910*", "911*", "917*", "918*"],
            travel_fee_minor: 4_500,
            places: &[
                ("Pasadena, CA", "91105"),
                ("Arcadia, CA", "91007"),
                ("Alhambra, CA", "91801"),
                ("San Gabriel, CA", "91776"),
            ],
        },
    ],
    chefs: &[
        Cook {
            name: "Kenji Morita",
            zones: &["central", "westside", "beach-cities"],
            days: WHOLE_WEEK,
            from: "11:00",
            to: "22:00",
            days_off: &[(-33, -31), (12, 13)],
        },
        Cook {
            name: "Luz Herrera",
            zones: &["central", "san-fernando-valley", "san-gabriel-valley"],
            days: NOT_MONDAY,
            from: "11:00",
            to: "22:00",
            days_off: &[(-47, -41)],
        },
        Cook {
            name: "Andre Whitfield",
            zones: &["westside", "beach-cities"],
            days: NOT_MONDAY,
            from: "11:30",
            to: "21:30",
            days_off: &[(-20, -19), (5, 6)],
        },
        Cook {
            name: "Mina Seo",
            zones: &["central", "san-gabriel-valley"],
            days: LONG_WEEKEND,
            from: "11:00",
            to: "22:30",
            days_off: &[(-12, -10)],
        },
        Cook {
            name: "Theo Barsamian",
            zones: &["san-fernando-valley"],
            days: WHOLE_WEEK,
            from: "11:00",
            to: "21:00",
            days_off: &[(-54, -52), (17, 21)],
        },
        Cook {
            name: "Paulo Tavares",
            zones: &[
                "central",
                "westside",
                "beach-cities",
                "san-fernando-valley",
                "san-gabriel-valley",
            ],
            days: LONG_WEEKEND,
            from: "11:00",
            to: "23:00",
            days_off: &[],
        },
    ],
    area_codes: &["213", "310", "323", "424", "626", "818"],
    adult_minor: 5_500,
    kid_minor: 3_000,
    minimum_total_minor: 55_000,
    deposit_minor: 10_000,
    menu: &[
        ("filet-mignon", 1_000),
        ("gyoza-platter", 1_500),
        ("lobster-tail", 1_500),
        ("scallops", 800),
        ("yakisoba-noodles", 500),
    ],
    newest_dish: ("king-salmon", 900),
    history_days: 66,
    days_ahead: 21,
    pace: &[(12, 2), (22, 3), (26, 4), (14, 5)],
    lead_percent: 40,
    seed: 0x00f1_4ead_41ce,
};

pub(super) const SEA_AND_SMOKE: Business = Business {
    slug: "sea-and-smoke",
    is_bound: false,
    name: "Sea & Smoke Clambakes",
    time_zone: "America/New_York",
    slots: &["13:00", "17:30"],
    party_minutes: 210,
    zones: &[
        Zone {
            name: "harbor",
            postcodes: &["021*", "022*", "024*"],
            travel_fee_minor: 0,
            places: &[
                ("Boston, MA", "02114"),
                ("Cambridge, MA", "02139"),
                ("Brookline, MA", "02446"),
            ],
        },
        Zone {
            name: "south-shore",
            postcodes: &["020*", "023*"],
            travel_fee_minor: 6_000,
            places: &[
                ("Cohasset, MA", "02025"),
                ("Duxbury, MA", "02332"),
                ("Plymouth, MA", "02360"),
            ],
        },
    ],
    chefs: &[
        Cook {
            name: "Nora Haskell",
            zones: &["harbor", "south-shore"],
            days: LONG_WEEKEND,
            from: "12:00",
            to: "22:00",
            days_off: &[(8, 9)],
        },
        Cook {
            name: "Silas Mbeki",
            zones: &["harbor"],
            days: WHOLE_WEEK,
            from: "12:00",
            to: "22:00",
            days_off: &[],
        },
    ],
    area_codes: &["617", "508"],
    adult_minor: 7_200,
    kid_minor: 3_600,
    minimum_total_minor: 70_000,
    deposit_minor: 15_000,
    menu: &[("chowder", 600), ("corn-and-slaw", 300), ("lobster", 2_400)],
    newest_dish: ("oysters", 1_200),
    history_days: 45,
    days_ahead: 18,
    pace: &[(70, 0), (30, 1)],
    lead_percent: 6,
    seed: 0x0005_ea5a_0cea,
};

impl Business {
    /// The price book of most of its history.
    pub(super) fn price_book(&self) -> PriceBook {
        PriceBook {
            adult_minor: self.adult_minor,
            kid_minor: self.kid_minor,
            menu_upcharges_minor: self
                .menu
                .iter()
                .map(|(item, minor)| ((*item).to_owned(), *minor))
                .collect(),
            travel_fees_minor: self.travel_fees(),
            minimum_total_minor: self.minimum_total_minor,
            deposit_minor: self.deposit_minor,
        }
    }

    /// The price book of today.
    pub(super) fn price_book_of_today(&self) -> PriceBook {
        let mut price_book = self.price_book();
        let (item, minor) = self.newest_dish;
        price_book
            .menu_upcharges_minor
            .insert(item.to_owned(), minor);
        price_book
    }

    /// What its settings have become: in the business that the demo is about, the assistant answers whoever begins to write.
    pub(super) fn settings_of_today(&self) -> Option<Value> {
        self.is_bound
            .then(|| json!({ "messaging": { "ai_mode": "auto" } }))
    }

    /// The number that customers write to.
    pub(super) fn number(&self) -> String {
        format!("+1{}5550100", self.area_codes[0])
    }

    /// The address that customers answer to.
    pub(super) fn answer_address(&self) -> String {
        format!("hello@{}.example", self.slug)
    }

    /// The body of `create-tenant`.
    pub(super) fn opening(&self) -> Value {
        let zone = |zone: &Zone| json!({ "zone": zone.name, "postcodes": zone.postcodes });
        let host = format!("{}.example", self.slug);
        json!({
            "slug": self.slug,
            "name": self.name,
            "modules": ["catering"],
            "settings": {
                "time_zone": self.time_zone,
                "region": "US",
                "currency": "USD",
                "slots": self.slots,
                "party_minutes": self.party_minutes,
                "zones": self.zones.iter().map(zone).collect::<Vec<_>>(),
                "hold_hours": 24,
                "refund_policy": [
                    { "hours_before": 168, "percent": 100 },
                    { "hours_before": 48, "percent": 50 },
                ],
                "senders": {
                    "email_name": self.name,
                    "email_from": format!("bookings@{host}"),
                    "email_reply_to": self.answer_address(),
                    "sms_from": self.number(),
                },
                "webhook_alias": self.is_bound.then_some(self.slug),
                "open_to": if self.is_bound { &LOOPBACK[..] } else { &[] },
            },
        })
    }

    fn travel_fees(&self) -> BTreeMap<String, i64> {
        self.zones
            .iter()
            .map(|zone| (zone.name.to_owned(), zone.travel_fee_minor))
            .collect()
    }
}

impl Cook {
    /// The body of `add-chef`.
    pub(super) fn joining(&self) -> Value {
        json!({ "name": self.name, "zones": self.zones, "hours": self.hours() })
    }

    /// Weekly working hours.
    pub(super) fn hours(&self) -> Value {
        let stretch = json!([{ "from": self.from, "to": self.to }]);
        let days = self
            .days
            .iter()
            .map(|day| ((*day).to_owned(), stretch.clone()));
        Value::Object(days.collect())
    }
}
