//! Our stand-in for RingCentral under `/ringcentral`: sign-in by JWT, SMS, the message store, and webhooks of what people
//! write. As at RingCentral, no key keeps a repeated call from sending twice.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::form;
use crate::ringcentral::webhooks::VALIDATION_HEADER;
use crate::ringcentral::{BODY_LIMIT_CHARS, SUBSCRIPTION_SECONDS};
use crate::sandbox::entries::{Direction, Endpoint, Entry, Event, Text};
use crate::sandbox::pages;
use crate::sandbox::providers::Provider;
use crate::sandbox::state::State;
use crate::sandbox::store::{Shared, new_id, now_unix};
use crate::sandbox::trials::Trial;

/// What a token begins with; the account's id follows.
const TOKEN_PREFIX: &str = "sandbox-token-";
/// Seconds that a token is good for, by its own word.
const TOKEN_SECONDS: u64 = 3_600;
/// Messages in one page, at most and without `perPage`.
const PAGE_LIMIT: usize = 1_000;
const PAGE_DEFAULT: usize = 100;

/// A refusal in RingCentral's own shape: status, code, message.
struct RingCentralError(u16, &'static str, &'static str);

#[derive(Deserialize)]
struct NewSms {
    from: Party,
    to: Vec<Party>,
    text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Party {
    phone_number: String,
}

pub(super) fn routes(config: &mut web::ServiceConfig) {
    let extension = "/v1.0/account/~/extension/~";
    config.service(
        web::scope("/ringcentral/restapi")
            .route("/oauth/token", web::post().to(sign_in))
            .route(&format!("{extension}/sms"), web::post().to(send))
            .route(&format!("{extension}/message-store"), web::get().to(list))
            .route("/v1.0/subscription", web::post().to(subscribe))
            .route("/v1.0/subscription/{id}/renew", web::post().to(renew))
            .default_service(web::to(no_such_path)),
    );
}

async fn no_such_path() -> HttpResponse {
    refuse(&RingCentralError(404, "CMN-102", "Resource is not found"))
}

/// The account is the app's client id.
async fn sign_in(request: HttpRequest, shared: web::Data<Shared>, body: String) -> HttpResponse {
    let shared = shared.into_inner();
    let client_id = header(&request, "authorization")
        .and_then(|value| {
            BASE64_STANDARD
                .decode(value.strip_prefix("Basic ")?.trim())
                .ok()
        })
        .and_then(|decoded| String::from_utf8(decoded).ok())
        .and_then(|decoded| Some(decoded.split_once(':')?.0.to_owned()));
    let params = form::decode(&body);
    let has_jwt = params
        .iter()
        .any(|(name, value)| name == "assertion" && !value.is_empty());
    let Some(client_id) = client_id.filter(|_| has_jwt) else {
        return HttpResponse::BadRequest().json(json!({"error": "invalid_grant"}));
    };
    let account = Provider::RingCentral.account_id(&client_id);
    let trial = Trial::take(&shared, Provider::RingCentral, &account, "oauth/token");
    if let Some(response) = trial.before(&request).await {
        return response;
    }
    let answer = json!({"access_token": format!("{TOKEN_PREFIX}{account}"), "token_type": "bearer",
        "expires_in": TOKEN_SECONDS, "scope": "SMS ReadMessages"});
    trial.after(&request, HttpResponse::Ok().json(answer)).await
}

async fn send(request: HttpRequest, shared: web::Data<Shared>, body: web::Bytes) -> HttpResponse {
    execute(request, shared, "sms", move |state, account| {
        accept(state, account, &body)
    })
    .await
}

async fn list(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    let query = request.query_string().to_owned();
    execute(request, shared, "message-store", move |state, account| {
        Ok((Vec::new(), listed(state, account, &query)))
    })
    .await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewSubscription {
    delivery_mode: DeliveryMode,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeliveryMode {
    address: String,
    #[serde(default)]
    verification_token: String,
}

/// Asks the address first whether it agrees, as RingCentral does.
async fn subscribe(
    request: HttpRequest,
    shared: web::Data<Shared>,
    body: web::Bytes,
) -> HttpResponse {
    let new: Option<NewSubscription> = serde_json::from_slice(&body).ok();
    let mode = match new {
        Some(new) if agrees(&new.delivery_mode.address).await => new.delivery_mode,
        _ => {
            return refuse(&RingCentralError(
                400,
                "SUB-406",
                "The address does not agree",
            ));
        }
    };
    execute(request, shared, "subscription", move |state, account| {
        let known = endpoints_of(state, account).find(|endpoint| endpoint.url == mode.address);
        let endpoint = Endpoint {
            id: new_id("sub"),
            provider: Provider::RingCentral.name().to_owned(),
            account: account.to_owned(),
            url: mode.address,
            secret: mode.verification_token,
            merchant: known.and_then(|known| known.merchant.clone()),
            number: known.and_then(|known| known.number.clone()),
        };
        let answer = subscription(state, &endpoint.id);
        let replaced = known.map(|known| Entry::EndpointRemoved {
            id: known.id.clone(),
        });
        Ok((
            replaced
                .into_iter()
                .chain([Entry::Endpoint(endpoint)])
                .collect(),
            answer,
        ))
    })
    .await
}

async fn renew(
    request: HttpRequest,
    shared: web::Data<Shared>,
    id: web::Path<String>,
) -> HttpResponse {
    execute(request, shared, "subscription", move |state, account| {
        let id = id.into_inner();
        let is_known = endpoints_of(state, account).any(|endpoint| endpoint.id == id);
        if !is_known {
            return Err(RingCentralError(404, "CMN-102", "Resource is not found"));
        }
        Ok((Vec::new(), subscription(state, &id)))
    })
    .await
}

async fn agrees(address: &str) -> bool {
    let token = new_id("validation");
    let Ok(client) = crate::http::client() else {
        return false;
    };
    let asked = client
        .post(address)
        .timeout(crate::http::WEBHOOK_TIMEOUT)
        .header(VALIDATION_HEADER, &token)
        .send()
        .await;
    asked.is_ok_and(|answer| {
        let echoed = answer.headers().get(VALIDATION_HEADER);
        answer.status().is_success() && echoed.is_some_and(|echoed| echoed == token.as_str())
    })
}

fn endpoints_of<'a>(state: &'a State, account: &'a str) -> impl Iterator<Item = &'a Endpoint> {
    state.endpoints.values().filter(move |endpoint| {
        endpoint.provider == Provider::RingCentral.name() && endpoint.account == account
    })
}

fn subscription(state: &State, id: &str) -> Value {
    let ends = now_unix() + state.clock_offset_seconds + SUBSCRIPTION_SECONDS.cast_signed();
    json!({"id": id, "status": "Active", "expirationTime": date(ends), "expiresIn": SUBSCRIPTION_SECONDS})
}

async fn execute(
    request: HttpRequest,
    shared: web::Data<Shared>,
    path: &str,
    decide: impl FnOnce(&State, &str) -> Result<(Vec<Entry>, Value), RingCentralError> + Send + 'static,
) -> HttpResponse {
    let shared = shared.into_inner();
    let token = header(&request, "authorization").and_then(|value| value.strip_prefix("Bearer "));
    let Some(account) = token.and_then(|token| token.strip_prefix(TOKEN_PREFIX)) else {
        return refuse(&RingCentralError(401, "OAU-213", "Token not found"));
    };
    let account = account.to_owned();
    let trial = Trial::take(&shared, Provider::RingCentral, &account, path);
    if let Some(response) = trial.before(&request).await {
        return response;
    }
    let decided = shared
        .transact(move |store| match decide(store.state(), &account) {
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

fn accept(
    state: &State,
    account: &str,
    body: &[u8],
) -> Result<(Vec<Entry>, Value), RingCentralError> {
    let new: NewSms = serde_json::from_slice(body)
        .map_err(|_| RingCentralError(400, "CMN-101", "Parameter value is invalid"))?;
    let Some(to) = new
        .to
        .into_iter()
        .next()
        .filter(|to| to.phone_number.starts_with('+'))
    else {
        return Err(RingCentralError(
            400,
            "MSG-242",
            "Recipient phone number is invalid",
        ));
    };
    if !(1..=BODY_LIMIT_CHARS).contains(&new.text.chars().count()) {
        return Err(RingCentralError(
            400,
            "CMN-101",
            "Parameter [text] value is invalid",
        ));
    }
    let text = Text {
        id: (1_000_000 + state.texts.len()).to_string(),
        provider: Provider::RingCentral.name().to_owned(),
        account: account.to_owned(),
        direction: Direction::Out,
        from: new.from.phone_number,
        to: to.phone_number,
        body: new.text,
        service: None,
        created: now_unix(),
        message: None,
        callback: None,
    };
    let answer = wire(&text);
    let delivered = Entry::TextState {
        text: text.id.clone(),
        state: "delivered".to_owned(),
        error_code: None,
    };
    Ok((vec![Entry::Text(text), delivered], answer))
}

/// Newest first.
fn listed(state: &State, account: &str, query: &str) -> Value {
    let params = form::decode(query);
    let get = |name: &str| {
        let found = params.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    };
    let size = get("perPage").and_then(|size| size.parse().ok());
    let size = size.unwrap_or(PAGE_DEFAULT).clamp(1, PAGE_LIMIT);
    let page: usize = get("page").and_then(|page| page.parse().ok()).unwrap_or(1);
    let from = get("dateFrom").and_then(|from| OffsetDateTime::parse(from, &Rfc3339).ok());
    let records: Vec<Value> = state
        .texts
        .iter()
        .rev()
        .map(|row| &row.text)
        .filter(|text| text.provider == Provider::RingCentral.name() && text.account == account)
        .filter(|text| get("direction") != Some("Outbound") || text.direction == Direction::Out)
        .filter(|text| {
            get("phoneNumber").is_none_or(|number| text.to == number || text.from == number)
        })
        .filter(|text| from.is_none_or(|from| text.created >= from.unix_timestamp()))
        .skip(page.saturating_sub(1).saturating_mul(size))
        .take(size)
        .map(wire)
        .collect();
    json!({"records": records, "paging": {"page": page, "perPage": size}})
}

fn wire(text: &Text) -> Value {
    let direction = match text.direction {
        Direction::Out => "Outbound",
        Direction::In => "Inbound",
    };
    json!({"id": text.id, "type": "SMS", "direction": direction, "subject": text.body,
        "from": {"phoneNumber": text.from}, "to": [{"phoneNumber": text.to}],
        "creationTime": date(text.created), "messageStatus": "Delivered"})
}

/// A text that a person wrote, bound for the account's endpoint.
pub(super) fn inbound_event(text: &Text, endpoint: &Endpoint) -> Entry {
    let id = uuid::Uuid::new_v4().to_string();
    let event = "/restapi/v1.0/account/1/extension/1/message-store/instant?type=SMS";
    let body = json!({"uuid": id, "event": event, "timestamp": date(text.created), "subscriptionId": "sandbox",
        "body": wire(text)});
    Entry::Event(Event {
        id: new_id("rc"),
        account: text.account.clone(),
        event_type: "message.received".to_owned(),
        booking: None,
        body: body.to_string(),
        endpoints: vec![endpoint.id.clone()],
        url: None,
    })
}

fn date(unix: i64) -> Option<String> {
    let at = OffsetDateTime::from_unix_timestamp(unix).ok()?;
    at.format(&Rfc3339).ok()
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}

fn refuse(error: &RingCentralError) -> HttpResponse {
    let RingCentralError(status, code, message) = error;
    let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_REQUEST);
    HttpResponse::build(status).json(json!({"errorCode": code, "message": message, "errors": []}))
}
