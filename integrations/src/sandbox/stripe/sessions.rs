//! Checkout sessions: made by the API, paid or left on the hosted page, ended by the API or by time. Every function here
//! decides over the state and answers with the entries to commit.

use serde_json::{Value, json};

use crate::sandbox::entries::{Charge, Entry, Session, SessionStatus, booking_of};
use crate::sandbox::state::State;
use crate::sandbox::store::{new_id, now_unix};
use crate::sandbox::stripe::errors::StripeError;
use crate::sandbox::stripe::{Call, Decision, wire};
use crate::stripe::objects::{SESSION_LIFE_MAX_SECONDS, SESSION_LIFE_MIN_SECONDS};

/// Parameters of Stripe's that we know or can ignore without harm.
const KNOWN_PARAMETERS: [&str; 14] = [
    "mode",
    "line_items",
    "success_url",
    "cancel_url",
    "customer_email",
    "client_reference_id",
    "expires_at",
    "metadata",
    "payment_intent_data",
    "payment_method_types",
    "locale",
    "submit_type",
    "customer_creation",
    "ui_mode",
];
/// Positions of one order, as at Stripe.
const LINE_ITEMS_LIMIT: usize = 100;
/// Sessions in one page, without `limit` and at most.
const LIST_DEFAULT: i64 = 10;
const LIST_LIMIT: i64 = 100;
/// Clocks of caller and sandbox may differ by this much around Stripe's limits of a session's life.
const CLOCK_SKEW_SECONDS: i64 = 60;

/// What the payer did on the hosted page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum Method {
    Card,
    /// Settles later, or fails to.
    BankDebit,
}

/// How a payment that settles later ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum Settlement {
    Succeeded,
    Failed,
}

pub(super) fn create(state: &State, call: &Call) -> Result<Decision, StripeError> {
    let params = &call.params;
    params.only(&KNOWN_PARAMETERS)?;
    if params.required("mode")? != "payment" {
        return Err(StripeError::invalid(
            "parameter_invalid_empty",
            "The sandbox knows only mode=payment.",
        )
        .at("mode"));
    }
    let (amount, currency) = total(call)?;
    let now = now_unix();
    let id = new_id("cs_test");
    let session = Session {
        url: format!("{}/checkout/{id}", call.base_url),
        id,
        account: call.account.clone(),
        status: SessionStatus::Open,
        created: now,
        expires_at: end(call, now)?,
        born_offset_seconds: state.clock_offset_seconds,
        amount,
        currency,
        product_name: params
            .required("line_items[0][price_data][product_data][name]")?
            .to_owned(),
        product_description: params.owned("line_items[0][price_data][product_data][description]"),
        customer_email: email(call)?,
        client_reference_id: params.owned("client_reference_id"),
        success_url: params.owned("success_url"),
        cancel_url: params.owned("cancel_url"),
        payment_intent: None,
        metadata: params.metadata("metadata")?,
        payment_metadata: params.metadata("payment_intent_data[metadata]")?,
    };
    Ok(Decision {
        answer: wire::session(&session),
        entries: vec![Entry::Session(session)],
    })
}

pub(super) fn retrieve(state: &State, call: &Call) -> Result<Decision, StripeError> {
    own(state, call).map(|session| Decision::read(wire::session(session)))
}

/// Newest first, as at Stripe.
pub(super) fn list(state: &State, call: &Call) -> Result<Decision, StripeError> {
    call.params.only(&["limit"])?;
    let limit = call.params.amount("limit")?.unwrap_or(LIST_DEFAULT);
    if !(1..=LIST_LIMIT).contains(&limit) {
        let message = "A page has a limit from 1 to 100.";
        return Err(StripeError::invalid("parameter_invalid_integer", message).at("limit"));
    }
    let limit = usize::try_from(limit).unwrap_or_default();
    let mut own: Vec<&Session> = state
        .sessions
        .values()
        .filter(|session| session.account == call.account)
        .collect();
    own.sort_unstable_by_key(|session| std::cmp::Reverse(session.created));
    let has_more = own.len() > limit;
    let page: Vec<Value> = own.into_iter().take(limit).map(wire::session).collect();
    Ok(Decision::read(json!({
        "object": "list", "url": "/v1/checkout/sessions", "data": page, "has_more": has_more,
    })))
}

pub(super) fn expire(state: &State, call: &Call) -> Result<Decision, StripeError> {
    let session = own(state, call)?;
    if session.status != SessionStatus::Open {
        return Err(StripeError::invalid(
            "resource_already_exists",
            "Only Checkout Sessions with a status in [\"open\"] can be expired.",
        )
        .at("session"));
    }
    let (entries, answer) = expiry(state, session);
    Ok(Decision { entries, answer })
}

/// Entries that end every open session whose time has come.
pub(in crate::sandbox) fn expire_due(state: &State, now_unix: i64) -> Vec<Entry> {
    state
        .sessions_due(now_unix)
        .iter()
        .filter_map(|id| state.sessions.get(id))
        .flat_map(|session| expiry(state, session).0)
        .collect()
}

/// The payer pressed the button: charges once, however often it is pressed.
pub(in crate::sandbox) fn pay(state: &State, session: &Session, method: Method) -> Vec<Entry> {
    if session.status != SessionStatus::Open {
        return Vec::new();
    }
    match method {
        Method::Card => {
            let charge = new_charge(session, new_id("pi"), "card");
            charged(state, session, charge, "checkout.session.completed")
        }
        Method::BankDebit => {
            let pending = Session {
                status: SessionStatus::Pending,
                payment_intent: Some(new_id("pi")),
                ..session.clone()
            };
            vec![
                Entry::SessionPending {
                    session: pending.id.clone(),
                    payment_intent: pending.payment_intent.clone().unwrap_or_default(),
                },
                session_event(state, &pending, "checkout.session.completed"),
            ]
        }
    }
}

/// A payment that settles later settled, or did not.
pub(in crate::sandbox) fn settle(
    state: &State,
    session: &Session,
    settlement: Settlement,
) -> Vec<Entry> {
    if session.status != SessionStatus::Pending {
        return Vec::new();
    }
    match settlement {
        Settlement::Succeeded => {
            let intent = session.payment_intent.clone().unwrap_or_default();
            let charge = new_charge(session, intent, "us_bank_account");
            let event_type = "checkout.session.async_payment_succeeded";
            charged(state, session, charge, event_type)
        }
        Settlement::Failed => {
            let failed = Session {
                status: SessionStatus::Failed,
                ..session.clone()
            };
            let event_type = "checkout.session.async_payment_failed";
            vec![
                Entry::PaymentFailed {
                    session: failed.id.clone(),
                },
                session_event(state, &failed, event_type),
            ]
        }
    }
}

fn charged(state: &State, session: &Session, charge: Charge, event_type: &str) -> Vec<Entry> {
    let paid = Session {
        status: SessionStatus::Paid,
        payment_intent: Some(charge.payment_intent.clone()),
        ..session.clone()
    };
    let about_charge = |event_type: &str, object: &Value| {
        let booking = charge.booking.clone();
        wire::event(state, &charge.account, event_type, booking, object)
    };
    let mut entries = vec![
        session_event(state, &paid, event_type),
        about_charge("payment_intent.succeeded", &wire::payment_intent(&charge)),
        about_charge("charge.succeeded", &wire::charge(&charge)),
    ];
    entries.insert(0, Entry::Charge(charge));
    entries
}

fn new_charge(session: &Session, payment_intent: String, method: &str) -> Charge {
    Charge {
        id: new_id("ch"),
        payment_intent,
        session: session.id.clone(),
        account: session.account.clone(),
        created: now_unix(),
        amount: session.amount,
        amount_refunded: 0,
        disputed: false,
        currency: session.currency.clone(),
        method: method.to_owned(),
        booking: booking_of(&session.payment_metadata).or_else(|| booking_of(&session.metadata)),
        metadata: session.payment_metadata.clone(),
    }
}

fn expiry(state: &State, session: &Session) -> (Vec<Entry>, Value) {
    let expired = Session {
        status: SessionStatus::Expired,
        ..session.clone()
    };
    let entries = vec![
        Entry::SessionExpired {
            session: expired.id.clone(),
        },
        session_event(state, &expired, "checkout.session.expired"),
    ];
    (entries, wire::session(&expired))
}

fn session_event(state: &State, session: &Session, event_type: &str) -> Entry {
    let object = wire::session(session);
    wire::event(
        state,
        &session.account,
        event_type,
        session.booking(),
        &object,
    )
}

fn own<'a>(state: &'a State, call: &Call) -> Result<&'a Session, StripeError> {
    state
        .sessions
        .get(&call.id)
        .filter(|session| session.account == call.account)
        .ok_or_else(|| StripeError::missing("checkout.session", &call.id))
}

fn total(call: &Call) -> Result<(i64, String), StripeError> {
    let params = &call.params;
    let currency = params.required("line_items[0][price_data][currency]")?;
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_lowercase()) {
        let message = format!("Invalid currency: {currency}.");
        return Err(StripeError::invalid("parameter_invalid_empty", message).at("currency"));
    }
    let mut total = 0_i64;
    for index in 0..LINE_ITEMS_LIMIT {
        let name = format!("line_items[{index}][price_data][unit_amount]");
        let Some(amount) = params.amount(&name)? else {
            break;
        };
        let quantity = params
            .amount(&format!("line_items[{index}][quantity]"))?
            .unwrap_or(1);
        total = total.saturating_add(amount.saturating_mul(quantity));
    }
    if total == 0 {
        params.required("line_items[0][price_data][unit_amount]")?;
    }
    Ok((total, currency.to_owned()))
}

fn end(call: &Call, now: i64) -> Result<i64, StripeError> {
    let Some(end) = call.params.integer("expires_at")? else {
        return Ok(now + SESSION_LIFE_MAX_SECONDS);
    };
    let shortest = now + SESSION_LIFE_MIN_SECONDS - CLOCK_SKEW_SECONDS;
    let longest = now + SESSION_LIFE_MAX_SECONDS + CLOCK_SKEW_SECONDS;
    if !(shortest..=longest).contains(&end) {
        return Err(StripeError::invalid(
            "parameter_invalid_integer",
            "The `expires_at` timestamp must be 30 minutes to 24 hours from Checkout Session creation.",
        )
        .at("expires_at"));
    }
    Ok(end)
}

fn email(call: &Call) -> Result<Option<String>, StripeError> {
    match call.params.owned("customer_email") {
        Some(email) if !email.contains('@') => Err(StripeError::invalid(
            "email_invalid",
            format!("Invalid email address: {email}"),
        )
        .at("customer_email")),
        email => Ok(email),
    }
}
