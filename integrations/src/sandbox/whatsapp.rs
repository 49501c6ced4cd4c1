//! Our stand-in for WhatsApp Business Cloud under `/whatsapp`: texts within a day of the person's last one, templates
//! whenever, and webhooks in batches. As at WhatsApp, no key keeps a repeated call from sending twice.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::form;
use crate::sandbox::entries::{Direction, Endpoint, Entry, Event, Text};
use crate::sandbox::pages;
use crate::sandbox::providers::Provider;
use crate::sandbox::state::State;
use crate::sandbox::store::{Shared, new_id, now_unix};
use crate::sandbox::trials::Trial;
use crate::texts::MESSAGE_PARAMETER;
use crate::whatsapp::{API_VERSION, BODY_LIMIT_CHARS, CALLBACK_DATA_LIMIT_CHARS};

/// How long after a person's last text one may be answered with a text.
const WINDOW_SECONDS: i64 = 24 * 60 * 60;
/// Taken on and never delivered.
const UNREACHABLE_NUMBER: &str = "+15005550003";
const UNREACHABLE_CODE: u32 = 131_026;

/// A refusal in the Graph API's own shape: status, code, message.
struct GraphError(u16, u32, &'static str);

#[derive(Deserialize)]
struct NewMessage {
    messaging_product: String,
    to: String,
    #[serde(rename = "type")]
    kind: String,
    text: Option<TextBody>,
    template: Option<TemplateBody>,
    #[serde(default)]
    biz_opaque_callback_data: String,
}

#[derive(Deserialize)]
struct TextBody {
    body: String,
}

#[derive(Deserialize)]
struct TemplateBody {
    name: String,
    #[serde(default)]
    components: Vec<Value>,
}

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::scope("/whatsapp")
            .route("/{version}/{number}/messages", web::post().to(send))
            .default_service(web::to(no_such_path)),
    );
}

async fn no_such_path() -> HttpResponse {
    refuse(&GraphError(404, 100, "Unsupported request."))
}

async fn send(
    request: HttpRequest,
    shared: web::Data<Shared>,
    path: web::Path<(String, String)>,
    body: web::Bytes,
) -> HttpResponse {
    let shared = shared.into_inner();
    let (version, account) = path.into_inner();
    let token = request
        .headers()
        .get("authorization")
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    if token.is_none_or(str::is_empty) {
        return refuse(&GraphError(401, 190, "Invalid OAuth access token."));
    }
    if version != API_VERSION {
        return refuse(&GraphError(
            400,
            2_635,
            "You are calling another version of the API.",
        ));
    }
    let trial = Trial::take(&shared, Provider::WhatsApp, &account, "messages");
    if let Some(response) = trial.before(&request).await {
        return response;
    }
    let decided = shared
        .transact(move |store| match accept(store.state(), &account, &body) {
            Ok((entries, answer)) => {
                store.commit(entries)?;
                Ok(Ok(answer))
            }
            Err(error) => Ok(Err(error)),
        })
        .await;
    let response = match decided {
        Ok(Ok(answer)) => HttpResponse::Ok().json(answer),
        Ok(Err(error)) => refuse(&error),
        Err(error) => pages::failed(&error),
    };
    trial.after(&request, response).await
}

fn accept(state: &State, account: &str, body: &[u8]) -> Result<(Vec<Entry>, Value), GraphError> {
    let new: NewMessage = serde_json::from_slice(body)
        .map_err(|_| GraphError(400, 131_008, "Required parameter is missing."))?;
    let is_number =
        (7..=15).contains(&new.to.len()) && new.to.bytes().all(|byte| byte.is_ascii_digit());
    if new.messaging_product != "whatsapp" || !is_number {
        return Err(GraphError(400, 131_009, "Parameter value is not valid."));
    }
    if new.biz_opaque_callback_data.len() > CALLBACK_DATA_LIMIT_CHARS {
        return Err(GraphError(
            400,
            131_009,
            "biz_opaque_callback_data is too long.",
        ));
    }
    let to = format!("+{}", new.to);
    let said = match (new.kind.as_str(), new.text, new.template) {
        ("text", Some(text), _) if (1..=BODY_LIMIT_CHARS).contains(&text.body.chars().count()) => {
            if !is_in_window(state, account, &to) {
                return Err(GraphError(400, 131_047, "Re-engagement message"));
            }
            text.body
        }
        ("template", _, Some(template)) => {
            format!("[{}] {}", template.name, json!(template.components))
        }
        _ => return Err(GraphError(400, 131_051, "Unsupported message type.")),
    };
    let endpoint = endpoint_of(state, account);
    let text = Text {
        id: message_id(),
        provider: Provider::WhatsApp.name().to_owned(),
        account: account.to_owned(),
        direction: Direction::Out,
        from: endpoint
            .and_then(|endpoint| endpoint.number.clone())
            .unwrap_or_else(|| account.to_owned()),
        to,
        body: said,
        service: None,
        created: now_unix(),
        message: form::decode(&new.biz_opaque_callback_data)
            .into_iter()
            .find(|(name, _)| name == MESSAGE_PARAMETER)
            .map(|(_, value)| value),
        callback: Some(new.biz_opaque_callback_data),
    };
    let answer = json!({
        "messaging_product": "whatsapp",
        "contacts": [{"input": new.to, "wa_id": new.to}],
        "messages": [{"id": text.id}],
    });
    Ok((journey(text, endpoint), answer))
}

/// The message and all that becomes of it.
fn journey(text: Text, endpoint: Option<&Endpoint>) -> Vec<Entry> {
    let steps: &[(&str, Option<u32>)] = if text.to == UNREACHABLE_NUMBER {
        &[("failed", Some(UNREACHABLE_CODE))]
    } else {
        &[("sent", None), ("delivered", None)]
    };
    let mut entries = vec![Entry::Text(text.clone())];
    for (step, error_code) in steps {
        entries.push(Entry::TextState {
            text: text.id.clone(),
            state: (*step).to_owned(),
            error_code: *error_code,
        });
        let mut status = json!({"id": text.id, "status": step, "timestamp": now_unix().to_string(),
            "recipient_id": text.to.trim_start_matches('+'), "biz_opaque_callback_data": text.callback});
        if let Some(code) = error_code {
            status["errors"] = json!([{"code": code, "title": "Message undeliverable"}]);
        }
        entries.extend(endpoint.map(|endpoint| event(&text, endpoint, step, "statuses", &status)));
    }
    entries
}

/// A text that a person wrote, bound for the account's endpoint.
pub(super) fn inbound_event(text: &Text, endpoint: &Endpoint) -> Entry {
    let message = json!({"id": text.id, "from": text.from.trim_start_matches('+'),
        "timestamp": text.created.to_string(), "type": "text", "text": {"body": text.body}});
    event(text, endpoint, "received", "messages", &message)
}

pub(super) fn message_id() -> String {
    new_id("wamid").replacen('_', ".", 1)
}

fn event(text: &Text, endpoint: &Endpoint, kind: &str, list: &str, item: &Value) -> Entry {
    let number = endpoint.number.as_deref().unwrap_or_default();
    let mut value = json!({"messaging_product": "whatsapp",
        "metadata": {"display_phone_number": number, "phone_number_id": text.account}});
    value[list] = json!([item]);
    let body = json!({"object": "whatsapp_business_account",
        "entry": [{"id": "sandbox", "changes": [{"field": "messages", "value": value}]}]});
    Entry::Event(Event {
        id: new_id("wh"),
        account: text.account.clone(),
        event_type: format!("message.{kind}"),
        booking: None,
        body: body.to_string(),
        endpoints: vec![endpoint.id.clone()],
        url: None,
    })
}

fn is_in_window(state: &State, account: &str, person: &str) -> bool {
    let now = now_unix() + state.clock_offset_seconds;
    state.texts.iter().rev().any(|row| {
        let text = &row.text;
        text.direction == Direction::In
            && text.account == account
            && text.from == person
            && now - text.created < WINDOW_SECONDS
    })
}

fn endpoint_of<'a>(state: &'a State, account: &str) -> Option<&'a Endpoint> {
    state.endpoints.values().find(|endpoint| {
        endpoint.provider == Provider::WhatsApp.name() && endpoint.account == account
    })
}

fn refuse(error: &GraphError) -> HttpResponse {
    let GraphError(status, code, message) = error;
    let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_REQUEST);
    HttpResponse::build(status).json(json!({"error": {"message": message, "type": "OAuthException",
        "code": code, "error_data": {"messaging_product": "whatsapp", "details": message}, "fbtrace_id": "sandbox"}}))
}
