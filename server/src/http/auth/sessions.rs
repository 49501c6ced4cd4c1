//! The sessions of whoever asks.

use actix_web::{HttpRequest, web};
use serde_json::json;

use super::{answer, done, session_of, views};
use crate::app::App;
use crate::http::problems;

/// `GET /auth/session`
pub async fn find_session(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let session = session_of(&app, &request).await?;
    Ok(answer(views::session(&app, &session).await?))
}

/// `GET /auth/sessions`: those that are not over, the newest first.
pub async fn list_sessions(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let session = session_of(&app, &request).await?;
    let listed = app.accounts.list_sessions(&session).await?;
    let items: Vec<_> = listed
        .iter()
        .map(|one| {
            json!({
                "id": one.session_id, "is_current": one.session_id == session.session_id, "agent": one.agent,
                "created_at": views::instant(Some(one.created_at)),
                "last_used_at": views::instant(Some(one.last_used_at)),
                "second_factor_at": views::instant(one.second_factor_at),
                "expires_at": views::instant(Some(one.expires_at)),
            })
        })
        .collect();
    Ok(answer(json!({ "items": items })))
}

/// `DELETE /auth/sessions/{id}`
pub async fn end_session(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> problems::Answer {
    let session = session_of(&app, &request).await?;
    app.accounts.end_session(&session, &id).await?;
    Ok(done())
}
