//! What a test starts from, made through the API: a business like the demo's, chefs, customers and bookings.

use serde_json::{Value, json};
use time::{Date, Duration, OffsetDateTime};

use crate::client::Client;

/// The zone of `ADDRESS`.
pub const ZONE: &str = "central";
/// Another zone, which the chefs of most tests do not serve.
pub const OTHER_ZONE: &str = "westside";
/// An address in `ZONE`, which its postcode says.
pub const ADDRESS: &str = "12 Invented Street, Los Angeles, CA 90026";
/// A slot of the tenant.
pub const SLOT: &str = "18:00";
/// How far ahead tests book, so that no rule about short notice is touched.
const DAYS_AHEAD: i64 = 30;

/// What `create-tenant` is given.
pub fn settings() -> Value {
    json!({
        "time_zone": "America/Los_Angeles", "region": "US", "currency": "USD",
        "slots": ["12:00", "15:00", "18:00"], "party_minutes": 150,
        "zones": [
            { "zone": ZONE, "postcodes": ["90026", "90027"] },
            { "zone": OTHER_ZONE, "postcodes": ["904*"] },
        ],
        "hold_hours": 24,
        "refund_policy": [{ "hours_before": 72, "percent": 100 }, { "hours_before": 24, "percent": 50 }],
        "senders": { "email_name": "Fire & Rice", "email_from": "hello@fire.example" },
    })
}

/// The demo's prices.
pub fn price_book() -> Value {
    json!({
        "adult_minor": 5_500, "kid_minor": 3_000, "minimum_total_minor": 55_000, "deposit_minor": 10_000,
        "menu_upcharges_minor": { "filet-mignon": 1_000 }, "travel_fees_minor": { OTHER_ZONE: 2_500 },
    })
}

/// A day well ahead, the same for the same number within one run.
pub fn day(number: i64) -> String {
    date(number).to_string()
}

/// As `day`, to reckon with.
pub fn date(number: i64) -> Date {
    OffsetDateTime::now_utc().date() + Duration::days(DAYS_AHEAD + number)
}

/// A chef who works all week in `ZONE`; answers the id.
pub async fn chef(client: &Client, name: &str) -> String {
    chef_in(client, name, &[ZONE]).await
}

/// A chef who works all week in these zones.
pub async fn chef_in(client: &Client, name: &str, zones: &[&str]) -> String {
    let body = json!({ "name": name, "zones": zones, "hours": whole_week() });
    id_of(&client.accepted("add-chef", body).await)
}

/// Every day from eleven to eleven.
pub fn whole_week() -> Value {
    let days = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    days.iter()
        .map(|day| {
            (
                (*day).to_owned(),
                json!([{ "from": "11:00", "to": "23:00" }]),
            )
        })
        .collect::<Value>()
}

/// A customer by name, with an e-mail address of that name; answers the id.
pub async fn customer(client: &Client, first_name: &str) -> String {
    let body = json!({ "source": "web", "first_name": first_name, "last_name": "Tester", "email": email(first_name) });
    id_of(&client.accepted("create-lead", body).await)
}

pub fn email(first_name: &str) -> String {
    format!("{}@example.test", first_name.to_lowercase())
}

/// What an agent sends to book: the body of `create-booking`.
pub fn order(first_name: &str, date: &str, slot: &str) -> Value {
    json!({
        "source": "ai_chat",
        "customer": {
            "first_name": first_name, "last_name": "Tester", "email": email(first_name), "phone": "+12135550123",
            "consent_sms": true, "consent_email": true,
        },
        "booking": {
            "date": date, "slot": slot, "address": ADDRESS, "party": { "adults": 11, "kids": 2 }, "menu": [],
        },
        "payment_preference": "stripe_checkout",
    })
}

/// As `order`, to be paid in another way (`cash`, `invoice`): no deposit, no hold.
pub fn order_without_deposit(first_name: &str, date: &str, slot: &str) -> Value {
    let mut order = order(first_name, date, slot);
    order["payment_preference"] = "cash".into();
    order
}

/// Books; answers the command's `result`.
pub async fn booking(client: &Client, order: Value) -> Value {
    client.accepted("create-booking", order).await["result"].clone()
}

/// The id of the aggregate that answered.
pub fn id_of(answer: &Value) -> String {
    answer["aggregate_id"]
        .as_str()
        .expect("an answer names its aggregate")
        .to_owned()
}

/// A text field of a value, which must be there.
#[track_caller]
pub fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field]
        .as_str()
        .unwrap_or_else(|| panic!("no text {field} in {value}"))
}

/// A message from a customer; answers the command's `result`.
pub async fn message(client: &Client, channel: &str, from: &str, content: &str) -> Value {
    let body = json!({ "channel": channel, "from": from, "content": content });
    client.accepted("receive-message", body).await["result"].clone()
}

/// What one of ours sends into a thread: the body of `send-message`.
pub fn answer(thread_id: &Value, content: &str) -> Value {
    json!({ "thread_id": thread_id, "content": content, "sender_type": "human", "sender_id": "kim" })
}

/// A moment as callers write it.
pub fn instant(at: OffsetDateTime) -> String {
    at.format(&time::format_description::well_known::Rfc3339)
        .expect("an instant can be written")
}
