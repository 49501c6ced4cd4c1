//! Messages: taken on, sent and delivered at once unless the number says otherwise, and listed for a look-up.

use actix_web::http::StatusCode;
use serde_json::json;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Date, OffsetDateTime};

use super::{Call, Decision, TwilioError, wire};
use crate::form;
use crate::sandbox::entries::{Direction, Entry, Text};
use crate::sandbox::providers::Provider;
use crate::sandbox::state::{State, TextRow};
use crate::sandbox::store::{new_id, now_unix};
use crate::texts::MESSAGE_PARAMETER;
use crate::twilio::{API_VERSION, BODY_LIMIT_CHARS};

/// Messages in one page, at most and without `PageSize`.
const PAGE_LIMIT: usize = 1_000;
const PAGE_DEFAULT: usize = 50;
const DAY: &[BorrowedFormatItem<'static>] = format_description!("[year]-[month]-[day]");
/// Longest address of a status callback.
const URL_LIMIT_CHARS: usize = 2_000;

/// Numbers that fail, after Twilio's own test numbers, and how.
const REFUSED_NUMBERS: [(&str, u32, &str); 4] = [
    ("+15005550001", 21_211, "Invalid 'To' Phone Number"),
    (
        "+15005550002",
        21_612,
        "The 'To' phone number is not currently reachable via SMS",
    ),
    (
        "+15005550004",
        21_610,
        "Attempt to send to unsubscribed recipient",
    ),
    (
        "+15005550009",
        21_614,
        "'To' number is not a valid mobile number",
    ),
];
/// Taken on and never delivered.
const UNREACHABLE_NUMBER: &str = "+15005550003";
const UNREACHABLE_CODE: u32 = 30_003;

pub(super) fn create(state: &State, call: &Call) -> Result<Decision, TwilioError> {
    let to = call
        .get("To")
        .ok_or_else(|| TwilioError::invalid(21_604, "A 'To' phone number is required."))?;
    if !is_e164(to) {
        return Err(TwilioError::invalid(21_211, "Invalid 'To' Phone Number"));
    }
    if let Some((_, code, message)) = REFUSED_NUMBERS.iter().find(|(number, ..)| *number == to) {
        return Err(TwilioError::invalid(*code, *message));
    }
    let body = call
        .get("Body")
        .ok_or_else(|| TwilioError::invalid(21_602, "Message body is required."))?;
    if body.chars().count() > BODY_LIMIT_CHARS {
        return Err(TwilioError::invalid(
            21_617,
            "The concatenated message body exceeds the 1600 character limit",
        ));
    }
    let service = call.get("MessagingServiceSid");
    let from = match (call.get("From"), service) {
        (Some(number), _) if is_e164(number) => number.to_owned(),
        (Some(_), _) => {
            return Err(TwilioError::invalid(21_212, "Invalid 'From' Phone Number"));
        }
        (None, Some(service)) => pool_number(state, call, service),
        (None, None) => {
            return Err(TwilioError::invalid(
                21_603,
                "A 'From' phone number is required.",
            ));
        }
    };
    let callback = call.get("StatusCallback").map(str::to_owned);
    if callback.as_deref().is_some_and(|url| !is_url(url)) {
        return Err(TwilioError::invalid(21_609, "Invalid 'StatusCallback' URL"));
    }
    let text = Text {
        id: new_id("SM").replacen('_', "", 1),
        provider: Provider::Twilio.name().to_owned(),
        account: call.account.clone(),
        direction: Direction::Out,
        from,
        to: to.to_owned(),
        body: body.to_owned(),
        service: service.map(str::to_owned),
        created: now_unix(),
        message: callback.as_deref().and_then(message_of),
        callback,
    };
    let answer = wire::message(&text, "queued", None);
    Ok(Decision {
        status: StatusCode::CREATED,
        entries: journey(state, text),
        answer,
    })
}

/// The message and all that becomes of it; the callbacks tell of it one by one.
fn journey(state: &State, text: Text) -> Vec<Entry> {
    let last = if text.to == UNREACHABLE_NUMBER {
        ("undelivered", Some(UNREACHABLE_CODE))
    } else {
        ("delivered", None)
    };
    let mut entries = vec![Entry::Text(text.clone())];
    for (step, error_code) in [("sent", None), last] {
        entries.push(Entry::TextState {
            text: text.id.clone(),
            state: step.to_owned(),
            error_code,
        });
        entries.extend(wire::status_event(state, &text, step, error_code));
    }
    entries
}

pub(super) fn fetch(state: &State, call: &Call) -> Result<Decision, TwilioError> {
    let row = state
        .text(&call.id)
        .filter(|row| is_of(row, call))
        .ok_or_else(|| TwilioError::not_found(&format!("/Messages/{}.json", call.id)))?;
    Ok(read(wire::message(&row.text, &row.state, row.error_code)))
}

/// Newest first, as at Twilio.
pub(super) fn list(state: &State, call: &Call) -> Result<Decision, TwilioError> {
    let size = number(call, "PageSize")
        .unwrap_or(PAGE_DEFAULT)
        .clamp(1, PAGE_LIMIT);
    let page = number(call, "Page").unwrap_or(0);
    let (exactly, from, until) = (
        day(call, "DateSent")?,
        day(call, "DateSent>")?,
        day(call, "DateSent<")?,
    );
    let mut found = state
        .texts
        .iter()
        .rev()
        .filter(|row| is_of(row, call))
        .filter(|row| call.get("To").is_none_or(|to| row.text.to == to))
        .filter(|row| {
            call.get("From")
                .is_none_or(|number| row.text.from == number)
        })
        .filter(|row| {
            let sent = OffsetDateTime::from_unix_timestamp(row.text.created).map(|at| at.date());
            sent.is_ok_and(|sent| {
                exactly.is_none_or(|day| sent == day)
                    && from.is_none_or(|day| sent >= day)
                    && until.is_none_or(|day| sent <= day)
            })
        })
        .skip(page.saturating_mul(size));
    let messages: Vec<_> = found
        .by_ref()
        .take(size)
        .map(|row| wire::message(&row.text, &row.state, row.error_code))
        .collect();
    let path = format!("/{API_VERSION}/Accounts/{}/Messages.json", call.account);
    let address = |page: usize| {
        let mut query = form::Form::default();
        let named = call
            .params
            .iter()
            .filter(|(name, _)| name != "Page" && name != "PageSize");
        for (name, value) in named {
            query.add(name, value);
        }
        query.add("PageSize", size.to_string());
        query.add("Page", page.to_string());
        format!("{path}?{}", query.encode())
    };
    let next = found.next().is_some().then(|| address(page + 1));
    Ok(read(json!({
        "messages": messages,
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": (page * size + messages.len()).saturating_sub(1),
        "uri": address(page),
        "first_page_uri": address(0),
        "previous_page_uri": page.checked_sub(1).map(address),
        "next_page_uri": next,
    })))
}

fn read(answer: serde_json::Value) -> Decision {
    Decision {
        status: StatusCode::OK,
        entries: Vec::new(),
        answer,
    }
}

fn is_of(row: &TextRow, call: &Call) -> bool {
    row.text.provider == Provider::Twilio.name() && row.text.account == call.account
}

/// The number of a pool that somebody is written to from: the account's registered one, or one made from the pool's name.
fn pool_number(state: &State, call: &Call, service: &str) -> String {
    let registered = state
        .endpoints
        .values()
        .filter(|endpoint| endpoint.account == call.account)
        .find_map(|endpoint| endpoint.number.clone());
    registered.unwrap_or_else(|| {
        let digits = service.bytes().fold(0_u32, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(u32::from(byte)) % 10_000
        });
        format!("+1555010{digits:04}")
    })
}

/// Our own id of the message, from the query of its callback.
fn message_of(callback: &str) -> Option<String> {
    let (_, query) = callback.split_once('?')?;
    form::decode(query)
        .into_iter()
        .find(|(name, _)| name == MESSAGE_PARAMETER)
        .map(|(_, value)| value)
}

fn is_e164(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn is_url(url: &str) -> bool {
    (url.starts_with("http://") || url.starts_with("https://")) && url.len() <= URL_LIMIT_CHARS
}

fn number(call: &Call, name: &str) -> Option<usize> {
    call.get(name)?.parse().ok()
}

fn day(call: &Call, name: &str) -> Result<Option<Date>, TwilioError> {
    let Some(text) = call.get(name) else {
        return Ok(None);
    };
    // A time of day is allowed and counts for nothing, as Twilio documents it.
    let day = text.get(..10).unwrap_or(text);
    Date::parse(day, DAY)
        .map(Some)
        .map_err(|_| TwilioError::invalid(20_001, format!("{name} is no date")))
}
