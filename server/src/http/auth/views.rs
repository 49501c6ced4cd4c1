//! Sessions, people and keys as `/auth` shows them.

use event_store::Result;
use identity::accounts::Card;
use identity::accounts::sign_in::SignedIn;
use identity::sessions::{Session, Step};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::app::App;

/// The session as its person sees it: who they are, what they may do, and how long.
pub async fn session(app: &App, session: &Session) -> Result<Value> {
    let now = OffsetDateTime::now_utc();
    let card = app
        .accounts
        .find(&session.tenant_id, &session.person_id)
        .await?;
    let tenant = app.dispatcher.find_tenant(&session.tenant_id).await?;
    let (permissions, _) = session.permissions(now);
    Ok(json!({
        "session_id": session.session_id,
        "person": { "id": session.person_id, "name": card.name, "email": card.email },
        "tenant": { "id": session.tenant_id, "slug": tenant.slug, "name": tenant.name },
        "role": card.person.permission_set.as_deref().unwrap_or(session.rights.role.as_str()),
        "is_operator": session.rights.is_operator,
        "permissions": permissions,
        "second_factor": step(session),
        "is_enrolled": session.is_enrolled,
        "second_factor_at": instant(session.second_factor_at),
        "second_factor_fresh_until": instant(session.factor().fresh_until(now)),
        "expires_at": instant(Some(session.expires_at())),
    }))
}

/// What comes of signing in: the next step, and the session.
pub async fn signed_in(app: &App, signed_in: &SignedIn) -> Result<Value> {
    let shown = session(app, &signed_in.session).await?;
    Ok(json!({ "second_factor": step(&signed_in.session), "session": shown }))
}

/// The step that stands between a session and its rights.
pub fn step(session: &Session) -> Step {
    session.step()
}

/// Somebody, as those see them who may change their role.
pub fn person(card: &Card) -> Value {
    let person = &card.person;
    json!({
        "id": person.person_id, "name": card.name, "email": card.email, "role": person.permission_set.as_deref().unwrap_or(person.rights.role.as_str()),
        "is_operator": person.rights.is_operator, "standing": person.standing, "second_factor": person.is_enrolled,
        "created_at": instant(Some(person.created_at)), "signed_in_at": instant(person.signed_in_at),
    })
}

/// RFC 3339, or null.
pub fn instant(at: Option<OffsetDateTime>) -> Option<String> {
    at.and_then(|at| at.format(&Rfc3339).ok())
}
