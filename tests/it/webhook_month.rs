//! A month of webhooks of every kind, once as it happened and once shuffled, with nearly a third of it repeated: both end in
//! the same read tables.

use integrations::standard_webhooks::{STANDARD, sign};
use integrations::stripe;
use integrations::twilio::signatures as twilio;
use integrations::whatsapp::signatures as whatsapp;
use reqwest::Method;
use serde_json::{Value, json};
use tests::app::TestApp;
use tests::conformance::seeds::{Dice, Seed};
use tests::given::{self, SLOT, day, text};
use tests::tenants::Tenant;
use tests::webhooks::{event, paid_session};
use tests::{scale, wait};
use time::OffsetDateTime;

const APP_SECRET: &str = "whsec_c2VjcmV0IG9mIGEgdGVzdCBvZiBhIG1vbnRo";
const NUMBER: &str = "+12015550100";
/// Of all webhooks so many in a hundred come twice.
const REPEATED_PERCENT: u64 = 30;
/// The first of the month, in seconds since 1970.
const MONTH_BEGAN: usize = 1_771_000_000;
const HOUR: usize = 3_600;

/// One webhook, to be signed when it is sent.
#[derive(Clone, Debug)]
enum News {
    Stripe(Value),
    /// The message's own address, and what is said of it.
    Twilio(String, String),
    WhatsApp(Value),
    App(String, Value),
}

/// A business, and what is already under way in it when the month begins.
struct Business<'a> {
    app: &'a TestApp,
    tenant: &'a Tenant,
    bookings: Vec<String>,
    /// How each text of ours is named where Twilio calls back.
    texts: Vec<String>,
}

impl<'a> Business<'a> {
    async fn open(app: &'a TestApp, tenant: &'a Tenant, size: usize) -> Self {
        let owner = &tenant.owner;
        for (provider, settings, secrets) in [
            (
                "twilio",
                json!({ "account_sid": "AC000000000000000000000000000000d1", "from": NUMBER }),
                json!({ "auth_token": "token" }),
            ),
            (
                "whatsapp",
                json!({ "phone_number_id": "100" }),
                json!({ "access_token": "t", "app_secret": "secret", "verify_token": "word" }),
            ),
            ("app", json!({}), json!({ "webhook_secret": APP_SECRET })),
        ] {
            let body = json!({ "provider": provider, "settings": settings, "secrets": secrets });
            owner.accepted("configure-provider", body).await;
        }
        given::chef(owner, "Kenji").await;
        let mut business = Self {
            app,
            tenant,
            bookings: Vec::new(),
            texts: Vec::new(),
        };
        for number in 0..size {
            business.book(number).await;
            business.text(number).await;
        }
        app.settle().await;
        business
    }

    async fn book(&mut self, number: usize) {
        let ahead = i64::try_from(number).unwrap();
        let mut order = given::order(&format!("Booker{number}"), &day(ahead), SLOT);
        order["customer"]["phone"] = format!("+1213555{:04}", 1_000 + number).into();
        let booked = given::booking(&self.tenant.agent, order).await;
        self.bookings.push(text(&booked, "booking_id").to_owned());
    }

    async fn text(&mut self, number: usize) {
        let owner = &self.tenant.owner;
        let from = format!("+1213555{:04}", 3_000 + number);
        let thread = given::message(owner, "sms", &from, "Are you there?").await;
        let answer = given::answer(&thread["thread_id"], "We are.");
        let sent = owner.accepted("send-message", answer).await["result"].clone();
        let (thread_id, message_id) = (text(&sent, "thread_id"), text(&sent, "message_id"));
        let query = format!("thread_id={thread_id}&message_id={message_id}");
        self.texts.push(query);
    }

    /// The month as it happened.
    fn month(&self) -> Vec<News> {
        let mut news = Vec::new();
        for (number, booking_id) in self.bookings.iter().enumerate() {
            news.extend(of_booking(number, booking_id));
        }
        for (number, query) in self.texts.iter().enumerate() {
            let states: &[&str] = match number % 4 {
                0 => &["queued", "sent", "delivered"],
                1 => &["sent", "undelivered"],
                2 => &["sent", "delivered", "read"],
                _ => &["queued", "sent"],
            };
            let told = |state: &&str| format!("MessageSid=SM{number}&MessageStatus={state}");
            let told = states.iter().map(told);
            news.extend(told.map(|form| News::Twilio(query.clone(), form)));
        }
        for number in 0..self.bookings.len() {
            news.extend((0..3).map(|nth| of_writer(number, nth)));
            let name = format!("Lead{number}");
            let data = json!({ "first_name": name, "email": given::email(&name), "source": "web" });
            let body = json!({ "type": "lead.created", "timestamp": "2026-03-14T18:00:00Z", "data": data });
            news.push(News::App(format!("app-{number}"), body));
        }
        news
    }

    async fn deliver(&self, news: &News) {
        let slug = &self.tenant.slug;
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let (path, headers, body) = match news {
            News::Stripe(event) => {
                let body = event.to_string();
                let signed =
                    stripe::signatures::sign(body.as_bytes(), &self.tenant.webhook_secret, now);
                (
                    "stripe".to_owned(),
                    vec![(stripe::signatures::HEADER, signed)],
                    body,
                )
            }
            News::Twilio(query, form) => {
                let url = format!("{}/webhooks/{slug}/twilio?{query}", self.app.base_url);
                let signed = twilio::Signed {
                    url: &url,
                    body: form.as_bytes(),
                    content: twilio::Content::Form,
                };
                let signed = twilio::sign(signed, twilio::Algorithm::Sha1, "token");
                let kind = "application/x-www-form-urlencoded".to_owned();
                let headers = vec![("content-type", kind), (twilio::HEADER, signed)];
                (format!("twilio?{query}"), headers, form.clone())
            }
            News::WhatsApp(batch) => {
                let body = batch.to_string();
                let signed = whatsapp::sign(body.as_bytes(), "secret");
                (
                    "whatsapp".to_owned(),
                    vec![(whatsapp::HEADER, signed)],
                    body,
                )
            }
            News::App(id, said) => {
                let body = said.to_string();
                let signed = sign(body.as_bytes(), id, now, &[APP_SECRET]);
                let headers = vec![
                    (STANDARD.id, id.clone()),
                    (STANDARD.timestamp, now.to_string()),
                    (STANDARD.signature, signed),
                ];
                ("app".to_owned(), headers, body)
            }
        };
        let owner = &self.tenant.owner;
        let mut request = owner.anonymous(Method::POST, &format!("/webhooks/{slug}/{path}"));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let reply = owner.send(request.body(body)).await;
        assert_eq!(reply.status, 200, "{news:?}: {}", reply.text);
    }

    async fn live_through(&self, news: &[News]) {
        for one in news {
            self.deliver(one).await;
        }
        let waiting = "select count(*) from webhook_inbox where handled_at is null";
        let handled = wait::for_answer(wait::PATIENCE * 4, async || {
            (self.app.count(waiting).await == 0).then_some(())
        });
        assert!(handled.await.is_some(), "webhooks are left unhandled");
        self.app.settle().await;
    }

    /// What the read tables show, without ids that chance has made and times of our own.
    async fn picture(&self) -> Vec<String> {
        let owner = &self.tenant.owner;
        let mut lines = Vec::new();
        for (query, fields) in [
            (
                "bookings",
                &[
                    "customer_name",
                    "date",
                    "slot",
                    "status",
                    "paid",
                    "balance",
                    "flagged",
                ][..],
            ),
            (
                "payments-feed",
                &[
                    "customer_name",
                    "provider_id",
                    "status",
                    "amount",
                    "refunded",
                    "match_reason",
                    "flags",
                ],
            ),
            (
                "customers",
                &["first_name", "last_name", "email", "phone", "source"],
            ),
            (
                "inbox",
                &[
                    "address",
                    "channel",
                    "status",
                    "last_message",
                    "unread_count",
                    "message_count",
                    "opted_out",
                ],
            ),
        ] {
            for item in owner.items(&format!("{query}?limit=200")).await {
                lines.push(format!("{query} {}", shown(&item, fields)));
            }
        }
        for thread in owner.items("inbox?limit=200").await {
            let item = owner
                .item(&format!("thread?id={}", text(&thread, "thread_id")))
                .await;
            let messages = item["messages"].as_array().unwrap().iter();
            let said: Vec<String> = messages
                .map(|one| shown(one, &["direction", "content", "status", "failure"]))
                .collect();
            lines.push(format!("thread {} {}", item["address"], said.join(" ")));
        }
        lines.sort();
        lines
    }
}

fn shown(item: &Value, fields: &[&str]) -> String {
    let fields = fields.iter().map(|field| item[field].to_string());
    fields.collect::<Vec<_>>().join(" ")
}

/// Paid; paid in part back; never paid; or paid in the last moment, while it was being closed.
fn of_booking(number: usize, booking_id: &str) -> Vec<News> {
    let (session, intent) = (format!("cs_{number}"), format!("pi_{number}"));
    let paid = paid_session(booking_id, &session, &intent);
    let mut closed = paid.clone();
    (closed["status"], closed["payment_status"]) = ("expired".into(), "unpaid".into());
    closed["payment_intent"] = Value::Null;
    let refund = json!({
        "id": format!("re_{number}"), "object": "refund", "amount": 4_000, "currency": "usd", "payment_intent": intent,
        "status": "succeeded", "metadata": {}, "created": 1,
    });
    let paid = event(
        &format!("evt_paid_{number}"),
        "checkout.session.completed",
        &paid,
    );
    let closed = event(
        &format!("evt_closed_{number}"),
        "checkout.session.expired",
        &closed,
    );
    let refund = event(&format!("evt_refund_{number}"), "refund.updated", &refund);
    let news = match number % 4 {
        0 => vec![paid],
        1 => vec![paid, refund],
        2 => vec![closed],
        _ => vec![paid, closed],
    };
    news.into_iter().map(News::Stripe).collect()
}

/// One of three messages of a person who writes by WhatsApp.
fn of_writer(number: usize, nth: usize) -> News {
    let from = format!("1213555{:04}", 5_000 + number);
    let at = MONTH_BEGAN + (number * 3 + nth) * HOUR;
    let message = json!({ "id": format!("wamid.{number}.{nth}"), "from": from, "timestamp": at.to_string(), "type": "text",
        "text": { "body": format!("Message {nth} of {number}") } });
    let value = json!({ "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "1 201-555-0100", "phone_number_id": "100" }, "messages": [message] });
    let change = json!({ "field": "messages", "value": value });
    News::WhatsApp(
        json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [change] }] }),
    )
}

fn shuffle(mut news: Vec<News>, dice: &mut Dice) -> Vec<News> {
    let repeated: Vec<News> = news
        .iter()
        .filter(|_| dice.roll(100) < REPEATED_PERCENT)
        .cloned()
        .collect();
    assert!(!repeated.is_empty());
    news.extend(repeated);
    for last in (1..news.len()).rev() {
        news.swap(last, dice.pick(last + 1));
    }
    news
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_of_webhooks_ends_alike_in_order_and_shuffled_with_repetitions() {
    let seed = Seed::choose("a month of webhooks");
    let size = scale::size(8, 60);
    let app = TestApp::start().await;
    let another = app.another_tenant("moon-and-tide").await;
    let in_order = Business::open(&app, &app.tenant, size).await;
    let shuffled = Business::open(&app, &another, size).await;
    in_order.live_through(&in_order.month()).await;
    let news = shuffle(shuffled.month(), &mut seed.dice());
    shuffled.live_through(&news).await;
    let (one, other) = (in_order.picture().await, shuffled.picture().await);
    let only = |these: &[String], those: &[String]| -> Vec<String> {
        let missing = these.iter().filter(|line| !those.contains(line));
        missing.cloned().collect()
    };
    let (gone, new) = (only(&one, &other), only(&other, &one));
    assert!(
        one == other,
        "only in order:\n{}\nonly shuffled:\n{}",
        gone.join("\n"),
        new.join("\n")
    );
    let all = one.join("\n");
    for word in [
        "confirmed",
        "deposit_pending",
        "delivered",
        "failed",
        "Message 2 of 3",
        "Lead3",
    ] {
        assert!(
            all.contains(word),
            "nothing is {word}, so little is shown:\n{all}"
        );
    }
}
