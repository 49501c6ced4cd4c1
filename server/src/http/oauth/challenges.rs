//! What a refused program is told about how to do better: where tokens for this resource come from (RFC 9728, 5.1), and
//! which scope was missing (RFC 6750, 3.1).

use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, WWW_AUTHENTICATE};
use actix_web::{HttpMessage, web};
use domain::refusal::Refusal;
use event_store::error::Error;
use identity::oauth::scopes::Scope;
use identity::permissions::Permission;

use crate::app::App;
use crate::http::problems::Problem;

/// Paths whose refusals are about other credentials than ours, or answer for themselves.
const APART: [&str; 2] = ["/webhooks/", "/auth/oauth/"];

/// Put into a request that came with an access token.
#[derive(Clone, Copy, Debug)]
pub struct WithToken;

/// Adds the challenge to an answer that refuses somebody for want of a credential or of a scope.
pub fn challenge<B>(response: &mut ServiceResponse<B>) {
    let is_apart = APART
        .iter()
        .any(|path| response.request().path().starts_with(path));
    let with_token = response.request().extensions().get::<WithToken>().is_some();
    let Some(refusal) = refusal_of(response) else {
        return;
    };
    let app = response.request().app_data::<web::Data<App>>().cloned();
    let (Some(app), false) = (app, is_apart) else {
        return;
    };
    let parameters = match response.status() {
        StatusCode::UNAUTHORIZED if with_token => {
            format!(
                ", error=\"invalid_token\", error_description=\"{}\"",
                refusal.code
            )
        }
        StatusCode::UNAUTHORIZED => String::new(),
        StatusCode::FORBIDDEN if with_token => match missing_scope(&refusal) {
            Some(scope) => format!(", error=\"insufficient_scope\", scope=\"{scope}\""),
            None => return,
        },
        _ => return,
    };
    let resource = app.oauth.resource_of(response.request().path());
    let path = resource
        .strip_prefix(app.oauth.issuer.name.as_str())
        .unwrap_or_default();
    let value = format!(
        "Bearer resource_metadata=\"{}/.well-known/oauth-protected-resource{path}\"{parameters}",
        app.oauth.issuer.name
    );
    if let Ok(value) = HeaderValue::from_str(&value) {
        response.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
}

/// The scope of the right that a refusal ends by naming.
fn missing_scope(refusal: &Refusal) -> Option<Scope> {
    if refusal.code != "permission-missing" {
        return None;
    }
    let name = refusal.detail.rsplit(' ').next()?;
    Permission::parse(name).map(Scope::of)
}

fn refusal_of<B>(response: &ServiceResponse<B>) -> Option<Refusal> {
    let error = response.response().error()?;
    match &error.as_error::<Problem>()?.0 {
        Error::Refused(refusal) => Some((**refusal).clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::TenantId;
    use identity::principals::Principal;

    use super::*;

    #[test]
    fn a_missing_right_is_told_by_its_scope() {
        let relay = Principal::service(TenantId::new("t"), "relay");
        let refusal = relay.require(Permission::KeysManage).unwrap_err();
        assert_eq!(missing_scope(&refusal), Some(Scope::Admin));
        let other = Refusal::forbidden("role-beyond-own", "this needs keys:manage");
        assert_eq!(missing_scope(&other), None);
    }
}
