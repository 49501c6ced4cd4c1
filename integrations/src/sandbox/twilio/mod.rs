//! Our stand-in for Twilio's Messages API under `/twilio`: authentication, errors and lists as Twilio has them. Twilio's
//! own client libraries can be pointed at it. As at Twilio, no key keeps a repeated call from sending twice.

use std::io;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::sandbox::entries::Entry;
use crate::sandbox::providers::Provider;
use crate::sandbox::state::State;
use crate::sandbox::store::Shared;
use crate::sandbox::trials::Trial;

mod messages;
pub(super) mod wire;

/// One authenticated call.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub account: String,
    pub params: Vec<(String, String)>,
    /// Of the message that the path names, or empty.
    pub id: String,
}

impl Call {
    fn get(&self, name: &str) -> Option<&str> {
        self.params
            .iter()
            .find(|(known, value)| known == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }
}

/// What a call does and answers.
struct Decision {
    status: StatusCode,
    entries: Vec<Entry>,
    answer: Value,
}

/// An error in Twilio's own shape.
struct TwilioError {
    status: StatusCode,
    code: u32,
    message: String,
}

impl TwilioError {
    fn invalid(code: u32, message: impl Into<String>) -> TwilioError {
        TwilioError {
            status: StatusCode::BAD_REQUEST,
            code,
            message: message.into(),
        }
    }

    fn not_found(path: &str) -> TwilioError {
        TwilioError {
            status: StatusCode::NOT_FOUND,
            code: 20_404,
            message: format!("The requested resource {path} was not found"),
        }
    }

    fn body(&self) -> Value {
        json!({
            "code": self.code,
            "message": self.message,
            "more_info": format!("https://www.twilio.com/docs/errors/{}", self.code),
            "status": self.status.as_u16(),
        })
    }
}

type Decide = fn(&State, &Call) -> Result<Decision, TwilioError>;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::scope("/twilio/2010-04-01/Accounts/{account}")
            .route("/Messages.json", web::post().to(create_message))
            .route("/Messages.json", web::get().to(list_messages))
            .route("/Messages/{id}.json", web::get().to(fetch_message))
            .default_service(web::to(no_such_path)),
    );
}

async fn create_message(
    request: HttpRequest,
    shared: web::Data<Shared>,
    body: String,
) -> HttpResponse {
    execute(&request, shared.into_inner(), &body, messages::create).await
}

async fn list_messages(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    let query = request.query_string().to_owned();
    execute(&request, shared.into_inner(), &query, messages::list).await
}

async fn fetch_message(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    execute(&request, shared.into_inner(), "", messages::fetch).await
}

async fn no_such_path(request: HttpRequest) -> HttpResponse {
    refuse(&TwilioError::not_found(request.path()))
}

/// The way of every call: who, which fault, and only then what.
async fn execute(
    request: &HttpRequest,
    shared: Arc<Shared>,
    params: &str,
    decide: Decide,
) -> HttpResponse {
    let call = match read_call(request, params) {
        Ok(call) => call,
        Err(error) => return refuse(&error),
    };
    let path = request.match_info().unprocessed().trim_start_matches('/');
    let path = if path.is_empty() { "Messages" } else { path };
    let trial = Trial::take(&shared, Provider::Twilio, &call.account, path);
    if let Some(response) = trial.before(request).await {
        return response;
    }
    let decided = shared
        .transact(move |store| match decide(store.state(), &call) {
            Ok(decision) => {
                store.commit(decision.entries)?;
                Ok(Ok((decision.status, decision.answer)))
            }
            Err(error) => Ok(Err(error)),
        })
        .await;
    let response = match decided {
        Ok(Ok((status, answer))) => HttpResponse::build(status).json(answer),
        Ok(Err(error)) => refuse(&error),
        Err(error) => broken(&error),
    };
    trial.after(request, response).await
}

fn read_call(request: &HttpRequest, params: &str) -> Result<Call, TwilioError> {
    let account = request.match_info().get("account").unwrap_or_default();
    let unauthenticated = || TwilioError {
        status: StatusCode::UNAUTHORIZED,
        code: 20_003,
        message: "Authenticate".to_owned(),
    };
    let user = user(request).ok_or_else(unauthenticated)?;
    // An account signs in with its own sid, or with an API key of any name.
    if user != account && !user.starts_with("SK") {
        return Err(unauthenticated());
    }
    Ok(Call {
        account: account.to_owned(),
        params: crate::form::decode(params),
        id: request
            .match_info()
            .get("id")
            .unwrap_or_default()
            .to_owned(),
    })
}

/// The user of basic authentication; the password may be anything but nothing.
fn user(request: &HttpRequest) -> Option<String> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let encoded = header.strip_prefix("Basic ")?;
    let decoded = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    (!password.is_empty()).then(|| user.to_owned())
}

fn refuse(error: &TwilioError) -> HttpResponse {
    HttpResponse::build(error.status).json(error.body())
}

fn broken(error: &io::Error) -> HttpResponse {
    tracing::error!(%error, "the sandbox cannot write its ledger");
    let error = TwilioError {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        code: 20_500,
        message: "The ledger cannot be written.".to_owned(),
    };
    refuse(&error)
}
