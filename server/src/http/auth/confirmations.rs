//! Second factors: giving one, enrolling one.

use actix_web::{HttpRequest, web};
use serde::Deserialize;
use serde_json::json;

use super::sign_in::{welcome, with_cookie};
use super::{answer, body_of, now, session_of, views};
use crate::app::App;
use crate::http::problems;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Code {
    code: String,
}

/// `POST /auth/second-factor`: a code of the app, or a recovery code.
pub async fn give_factor(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> problems::Answer {
    let session = session_of(&app, &request).await?;
    let body: Code = body_of(&request, payload).await?;
    app.tries.take(&request, &session.person_id)?;
    match app
        .accounts
        .give_factor(&session, &body.code, now())
        .await?
    {
        Some(signed_in) => welcome(&app, &request, &signed_in).await,
        None => {
            let session = session_of(&app, &request).await?;
            let shown = views::session(&app, &session).await?;
            Ok(answer(
                json!({ "second_factor": views::step(&session), "session": shown }),
            ))
        }
    }
}

/// `POST /auth/second-factor/enrol`
pub async fn enrol(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let session = session_of(&app, &request).await?;
    let tenant = app.dispatcher.find_tenant(&session.tenant_id).await?;
    let enrolment = app.accounts.enrol(&session, &tenant.name, now()).await?;
    Ok(answer(
        json!({ "secret": enrolment.secret, "otpauth_url": enrolment.otpauth_url }),
    ))
}

/// `POST /auth/second-factor/confirm`
pub async fn confirm(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
) -> problems::Answer {
    let session = session_of(&app, &request).await?;
    let body: Code = body_of(&request, payload).await?;
    app.tries.take(&request, &session.person_id)?;
    let (codes, renewed) = app
        .accounts
        .confirm_enrolment(&session, &body.code, now())
        .await?;
    match renewed {
        Some(signed_in) => {
            let mut body = views::signed_in(&app, &signed_in).await?;
            body["recovery_codes"] = json!(codes);
            Ok(with_cookie(&app, answer(body), &signed_in))
        }
        None => {
            let session = session_of(&app, &request).await?;
            let shown = views::session(&app, &session).await?;
            Ok(answer(json!({
                "recovery_codes": codes, "second_factor": views::step(&session), "session": shown,
            })))
        }
    }
}
