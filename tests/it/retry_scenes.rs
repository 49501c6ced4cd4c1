//! The scenes of `retries`: for each refusal code that a retry cures, the state and the command that is refused so.

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::client::Client;
use tests::given::{self, OTHER_ZONE, SLOT, day, text};
use tests::retrying::Call;
use time::{Duration, OffsetDateTime};

/// Makes the state in which a command is refused so.
pub type Scene = for<'a> fn(&'a Stage<'a>) -> BoxFuture<'a, Call>;

/// Where a scene is played.
pub struct Stage<'a> {
    pub app: &'a TestApp,
    pub owner: &'a Client,
    /// Of each scene its own: names, days and numbers follow from it.
    pub number: usize,
}

impl Stage<'_> {
    pub fn name(&self, what: &str) -> String {
        format!("{what}{}", self.number)
    }

    pub fn day(&self) -> String {
        day(i64::try_from(self.number).unwrap())
    }

    pub fn order(&self) -> Value {
        given::order_without_deposit(&self.name("Ada"), &self.day(), SLOT)
    }

    pub async fn booked(&self, order: Value) -> String {
        text(&given::booking(self.owner, order).await, "booking_id").to_owned()
    }

    pub async fn wrote(&self, channel: &str, from: &str) -> Value {
        given::message(self.owner, channel, &self.name(from), "Hello").await
    }

    pub async fn customer(&self, first_name: &str) -> String {
        given::customer(self.owner, &self.name(first_name)).await
    }
}

macro_rules! scene {
    (|$stage:ident| $body:expr) => {{
        fn play<'a>(
            $stage: &'a $crate::retry_scenes::Stage<'a>,
        ) -> futures_util::future::BoxFuture<'a, tests::retrying::Call> {
            Box::pin(async move { $body })
        }
        play as $crate::retry_scenes::Scene
    }};
}

pub(crate) use scene;

/// Codes that a retry cures, each with a command that is refused so. A code of a field is that of its first error.
pub fn shown() -> Vec<(&'static str, Scene)> {
    let mut shown = bookings();
    shown.extend(people());
    shown.extend(talks());
    shown.extend(crate::retry_fields::fields());
    shown.extend(crate::retry_journeys::journeys());
    shown
}

fn bookings() -> Vec<(&'static str, Scene)> {
    [bookings_made(), bookings_changed(), bookings_kept()]
        .into_iter()
        .flatten()
        .collect()
}

fn bookings_made() -> Vec<(&'static str, Scene)> {
    vec![
        (
            "slot-unavailable",
            scene!(|stage| {
                while stage
                    .owner
                    .command("create-booking", stage.order())
                    .await
                    .status
                    == 200
                {}
                Call::new("create-booking", stage.order())
            }),
        ),
        (
            "booking-date-past",
            scene!(|stage| {
                let mut order = stage.order();
                order["booking"]["date"] = "2021-03-14".into();
                Call::new("create-booking", order)
            }),
        ),
        (
            "booking-date-too-far",
            scene!(|stage| {
                let mut order = stage.order();
                order["booking"]["date"] =
                    (given::date(0) + Duration::days(1_000)).to_string().into();
                Call::new("create-booking", order)
            }),
        ),
        (
            "booking-too-soon",
            scene!(|stage| {
                let order = given::order(&stage.name("Ada"), &stage.day(), "15:00");
                let booking_id = stage.booked(stage.order()).await;
                let booking = stage.owner.item(&format!("booking?id={booking_id}")).await;
                // The slot before is three hours earlier.
                let starts_at = instant(text(&booking, "starts_at")) - Duration::hours(3);
                let at = Some(starts_at - Duration::minutes(10));
                Call {
                    at,
                    ..Call::new("create-booking", order)
                }
            }),
        ),
        (
            "booking-deposit-unpaid",
            scene!(|stage| {
                let order = given::order(&stage.name("Ada"), &stage.day(), SLOT);
                Call::new(
                    "confirm-booking",
                    json!({ "booking_id": stage.booked(order).await }),
                )
            }),
        ),
    ]
}

fn bookings_changed() -> Vec<(&'static str, Scene)> {
    vec![
        (
            "booking-not-confirmed",
            scene!(|stage| {
                Call::new(
                    "complete-booking",
                    json!({ "booking_id": stage.booked(stage.order()).await }),
                )
            }),
        ),
        (
            "booking-not-started",
            scene!(|stage| {
                let body = json!({ "booking_id": stage.booked(stage.order()).await });
                stage.owner.accepted("confirm-booking", body.clone()).await;
                Call::new("mark-no-show", body)
            }),
        ),
        (
            "chef-unavailable",
            scene!(|stage| {
                let elsewhere =
                    given::chef_in(stage.owner, &stage.name("Noor"), &["westside"]).await;
                let booking_id = stage.booked(stage.order()).await;
                Call::new(
                    "assign-chef",
                    json!({ "booking_id": booking_id, "chef_id": elsewhere }),
                )
            }),
        ),
        (
            "chef-zone-mismatch",
            scene!(|stage| {
                let only_here = given::chef(stage.owner, &stage.name("Omar")).await;
                given::chef_in(stage.owner, &stage.name("Pia"), &["central", "westside"]).await;
                let booking_id = stage.booked(stage.order()).await;
                let assign = json!({ "booking_id": booking_id, "chef_id": only_here });
                stage.owner.accepted("assign-chef", assign).await;
                Call::new(
                    "update-booking",
                    json!({ "booking_id": booking_id, "zone": OTHER_ZONE }),
                )
            }),
        ),
        (
            "chef-time-off-conflicts",
            scene!(|stage| {
                let chef_id = given::chef(stage.owner, &stage.name("Rio")).await;
                let booking_id = stage.booked(stage.order()).await;
                let assign = json!({ "booking_id": booking_id, "chef_id": chef_id });
                stage.owner.accepted("assign-chef", assign).await;
                let off = json!([{ "from": stage.day(), "to": stage.day() }]);
                Call::new(
                    "set-chef-time-off",
                    json!({ "chef_id": chef_id, "days_off": off }),
                )
            }),
        ),
    ]
}

fn bookings_kept() -> Vec<(&'static str, Scene)> {
    vec![
        (
            "payment-already-matched",
            scene!(|stage| {
                let booking_id = stage.booked(stage.order()).await;
                let other = day(i64::try_from(stage.number).unwrap() + 200);
                let other = given::order_without_deposit(&stage.name("Ada"), &other, SLOT);
                let other = stage.booked(other).await;
                let body = json!({ "amount_minor": 5_000, "booking_id": booking_id });
                let payment = stage.owner.accepted("record-payment", body).await;
                let payment_id = &payment["result"]["payment_id"];
                Call::new(
                    "link-payment-to-booking",
                    json!({ "payment_id": payment_id, "booking_id": other }),
                )
            }),
        ),
        (
            "refund-exceeds-payment",
            scene!(|stage| {
                let payment = stage
                    .owner
                    .accepted("record-payment", json!({ "amount_minor": 5_000 }))
                    .await;
                let payment_id = &payment["result"]["payment_id"];
                Call::new(
                    "refund-payment",
                    json!({ "payment_id": payment_id, "amount_minor": 5_001 }),
                )
            }),
        ),
    ]
}

fn people() -> Vec<(&'static str, Scene)> {
    [people_known(), people_met()]
        .into_iter()
        .flatten()
        .collect()
}

fn people_known() -> Vec<(&'static str, Scene)> {
    vec![
        (
            "customer-merged",
            scene!(|stage| {
                let (stays, goes) = (stage.customer("Sol").await, stage.customer("Tess").await);
                let both = json!({ "survivor_id": stays, "merged_id": goes });
                stage.owner.accepted("merge-customers", both).await;
                Call::new(
                    "tag-customer",
                    json!({ "customer_id": goes, "tag": "regular" }),
                )
            }),
        ),
        (
            "customer-email-taken",
            scene!(|stage| {
                let (one, _) = (stage.customer("Uma").await, stage.customer("Vic").await);
                let email = given::email(&stage.name("Vic"));
                Call::new(
                    "update-customer",
                    json!({ "customer_id": one, "email": email }),
                )
            }),
        ),
        (
            "customer-has-merged",
            scene!(|stage| {
                let (stays, goes) = (stage.customer("Wim").await, stage.customer("Xia").await);
                let both = json!({ "survivor_id": stays, "merged_id": goes });
                stage.owner.accepted("merge-customers", both).await;
                let third = stage.customer("Yan").await;
                Call::new(
                    "merge-customers",
                    json!({ "survivor_id": third, "merged_id": stays }),
                )
            }),
        ),
        (
            "sequence-mismatch",
            scene!(|stage| {
                let body = json!({ "customer_id": stage.customer("Zoe").await, "tag": "regular" });
                Call {
                    if_match: Some(7),
                    ..Call::new("tag-customer", body)
                }
            }),
        ),
        (
            "command-unknown",
            scene!(|stage| {
                let body = json!({ "customer_id": stage.customer("Abe").await, "tag": "regular" });
                Call::new("tag_customers", body)
            }),
        ),
    ]
}

fn people_met() -> Vec<(&'static str, Scene)> {
    vec![
        (
            "idempotency-key-reused",
            scene!(|stage| {
                let customer_id = stage.customer("Bea").await;
                let key = Some("the-same".to_owned());
                let body = json!({ "customer_id": customer_id, "tag": "regular" });
                stage
                    .owner
                    .command_under("the-same", "tag-customer", &body)
                    .await
                    .ok();
                Call {
                    key,
                    ..Call::new(
                        "tag-customer",
                        json!({ "customer_id": customer_id, "tag": "new" }),
                    )
                }
            }),
        ),
        (
            "idempotency-key-missing",
            scene!(|stage| {
                let body = json!({ "customer_id": stage.customer("Cal").await, "tag": "regular" });
                Call {
                    key: Some(String::new()),
                    ..Call::new("tag-customer", body)
                }
            }),
        ),
    ]
}

fn talks() -> Vec<(&'static str, Scene)> {
    [talks_held(), talks_sent()].into_iter().flatten().collect()
}

fn talks_held() -> Vec<(&'static str, Scene)> {
    vec![
        (
            "thread-merged",
            scene!(|stage| {
                let (stays, goes) = (
                    stage.wrote("web_chat", "one").await,
                    stage.wrote("web_chat", "two").await,
                );
                let body =
                    json!({ "survivor_id": stays["thread_id"], "merged_id": goes["thread_id"] });
                stage.owner.command("merge-threads", body).await.ok();
                Call::new("send-message", given::answer(&goes["thread_id"], "Hello"))
            }),
        ),
        (
            "thread-has-merged",
            scene!(|stage| {
                let (stays, goes) = (
                    stage.wrote("web_chat", "three").await,
                    stage.wrote("web_chat", "four").await,
                );
                let body =
                    json!({ "survivor_id": stays["thread_id"], "merged_id": goes["thread_id"] });
                stage.owner.command("merge-threads", body).await.ok();
                let third = stage.wrote("web_chat", "five").await;
                let body =
                    json!({ "survivor_id": third["thread_id"], "merged_id": stays["thread_id"] });
                Call::new("merge-threads", body)
            }),
        ),
        (
            "customers-differ",
            scene!(|stage| {
                let home = given::message(stage.owner, "email", "ada@home.test", "From home").await;
                let work = given::message(stage.owner, "email", "ada@work.test", "From work").await;
                let body =
                    json!({ "survivor_id": home["thread_id"], "merged_id": work["thread_id"] });
                Call::new("merge-threads", body)
            }),
        ),
        (
            "thread-of-another-customer",
            scene!(|stage| {
                let from = given::email(&stage.name("Dee"));
                let thread = given::message(stage.owner, "email", &from, "Hello").await;
                let (owner, other) = (thread["customer_id"].clone(), stage.customer("Eli").await);
                let moved = json!({ "thread_id": thread["thread_id"], "customer_id": other });
                stage.owner.accepted("move-thread", moved).await;
                Call::new(
                    "start-thread",
                    json!({ "customer_id": owner, "channel": "email" }),
                )
            }),
        ),
    ]
}

fn talks_sent() -> Vec<(&'static str, Scene)> {
    vec![
        (
            "thread-closed",
            scene!(|stage| {
                let thread_id = stage.wrote("web_chat", "six").await["thread_id"].clone();
                stage
                    .owner
                    .accepted("close-thread", json!({ "thread_id": thread_id }))
                    .await;
                let until = given::instant(OffsetDateTime::now_utc() + Duration::days(1));
                Call::new(
                    "snooze-thread",
                    json!({ "thread_id": thread_id, "until": until }),
                )
            }),
        ),
        (
            "reply-collision",
            scene!(|stage| {
                let first = stage.wrote("web_chat", "seven").await;
                stage.wrote("web_chat", "seven").await;
                let mut body = given::answer(&first["thread_id"], "Hello");
                body["after_message_id"] = first["message_id"].clone();
                Call::new("send-message", body)
            }),
        ),
        (
            "channel-cannot-send",
            scene!(|stage| {
                let phone = "+12135550177";
                let lead = json!({ "source": "web", "first_name": "Flo", "phone": phone });
                let customer_id = given::id_of(&stage.owner.accepted("create-lead", lead).await);
                let consent = json!({
                    "customer_id": customer_id, "channel": "sms", "purpose": "transactional", "standing": "granted",
                    "source": "phone", "wording": "said so",
                });
                stage.owner.accepted("update-consent", consent).await;
                let thread = json!({ "customer_id": customer_id, "channel": "phone" });
                let thread = stage.owner.accepted("start-thread", thread).await["result"].clone();
                let body = given::answer(&thread["thread_id"], "We call back");
                Call::new("send-message", body)
            }),
        ),
        (
            "sender-type-forbidden",
            scene!(|stage| {
                let thread_id = stage.wrote("web_chat", "eight").await["thread_id"].clone();
                let body = given::answer(&thread_id, "Hello");
                Call {
                    by_agent: true,
                    ..Call::new("send-message", body)
                }
            }),
        ),
    ]
}

fn instant(text: &str) -> OffsetDateTime {
    let format = time::format_description::well_known::Rfc3339;
    OffsetDateTime::parse(text, &format).unwrap()
}
