//! Twilio's JSON for a message, and the forms that its webhooks post.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::form::Form;
use crate::sandbox::entries::{Direction, Endpoint, Entry, Event, Text};
use crate::sandbox::providers::Provider;
use crate::sandbox::state::State;
use crate::sandbox::store::new_id;
use crate::twilio::API_VERSION;

/// Characters of one segment; the exact figure depends on the alphabet and is of no use here.
const SEGMENT_CHARS: usize = 153;

pub(super) fn message(text: &Text, status: &str, error_code: Option<u32>) -> Value {
    let at = date(text.created);
    let direction = match text.direction {
        Direction::Out => "outbound-api",
        Direction::In => "inbound",
    };
    let uri = format!(
        "/{API_VERSION}/Accounts/{}/Messages/{}.json",
        text.account, text.id
    );
    json!({
        "account_sid": text.account,
        "api_version": API_VERSION,
        "body": text.body,
        "date_created": at,
        "date_sent": at,
        "date_updated": at,
        "direction": direction,
        "error_code": error_code,
        "error_message": null,
        "from": text.from,
        "messaging_service_sid": text.service,
        "num_media": "0",
        "num_segments": segments(text),
        "price": null,
        "price_unit": "USD",
        "sid": text.id,
        "status": status,
        "subresource_uris": {"media": uri.replace(".json", "/Media.json")},
        "to": text.to,
        "uri": uri,
    })
}

/// News of a message, bound for its callback; none where it names no callback, or nobody has told us the account's token.
pub(super) fn status_event(
    state: &State,
    text: &Text,
    status: &str,
    error_code: Option<u32>,
) -> Option<Entry> {
    let url = text.callback.clone()?;
    let endpoint = endpoint_of(state, text)?;
    let mut form = Form::default();
    form.add("ApiVersion", API_VERSION);
    form.add("MessageSid", &text.id);
    form.add("SmsSid", &text.id);
    form.add("SmsStatus", status);
    form.add("MessageStatus", status);
    form.add("AccountSid", &text.account);
    form.add("From", &text.from);
    form.add("To", &text.to);
    form.add_some("MessagingServiceSid", text.service.as_ref());
    form.add_some(
        "ErrorCode",
        error_code.map(|code| code.to_string()).as_ref(),
    );
    Some(Entry::Event(Event {
        id: new_id("EV"),
        account: text.account.clone(),
        event_type: format!("message.{status}"),
        booking: None,
        body: form.encode(),
        endpoints: vec![endpoint.id.clone()],
        url: Some(url),
    }))
}

/// A text that a person wrote, bound for the account's endpoint.
pub(in crate::sandbox) fn inbound_event(text: &Text, endpoint: &Endpoint) -> Entry {
    let mut form = Form::default();
    form.add("ToCountry", "US");
    form.add("MessageSid", &text.id);
    form.add("SmsSid", &text.id);
    form.add("SmsMessageSid", &text.id);
    form.add("SmsStatus", "received");
    form.add("NumMedia", "0");
    form.add("NumSegments", segments(text));
    form.add("AccountSid", &text.account);
    form.add("From", &text.from);
    form.add("To", &text.to);
    form.add("Body", &text.body);
    form.add("ApiVersion", API_VERSION);
    Entry::Event(Event {
        id: new_id("EV"),
        account: text.account.clone(),
        event_type: "message.received".to_owned(),
        booking: None,
        body: form.encode(),
        endpoints: vec![endpoint.id.clone()],
        url: None,
    })
}

fn endpoint_of<'a>(state: &'a State, text: &Text) -> Option<&'a Endpoint> {
    state.endpoints.values().find(|endpoint| {
        endpoint.provider == Provider::Twilio.name() && endpoint.account == text.account
    })
}

fn segments(text: &Text) -> String {
    text.body
        .chars()
        .count()
        .div_ceil(SEGMENT_CHARS)
        .max(1)
        .to_string()
}

fn date(unix: i64) -> Option<String> {
    let at = OffsetDateTime::from_unix_timestamp(unix).ok()?;
    at.format(&Rfc2822).ok()
}
