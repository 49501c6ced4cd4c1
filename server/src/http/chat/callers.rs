//! Who calls the chat, and from which page: the tenant must be open to the page's origin, and answers say so to the browser.

use std::sync::Arc;

use actix_web::http::header::{HOST, HeaderName, HeaderValue, ORIGIN};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, ResponseError};
use domain::ids::TenantId;
use domain::refusal::Refusal;
use domain::tenants::openings;
use event_store::vault::TenantKeys;
use queries::visitors::Visitor;
use time::OffsetDateTime;

use super::limits::{self, address_of};
use super::sessions::{self, Session};
use crate::app::App;
use crate::http::principals::header_text;
use crate::http::problems;
use crate::http::request_log::Asker;

const ALLOWED_HEADERS: &str = "authorization, content-type, last-event-id";
const PREFLIGHT_SECONDS: &str = "600";

/// Whoever has come in by an origin that the tenant is open to.
pub struct Caller {
    pub tenant_id: TenantId,
    pub keys: Arc<TenantKeys>,
    /// Counted by this.
    pub address: String,
    pub now: OffsetDateTime,
    origin: Option<String>,
    token: Option<String>,
}

impl Caller {
    /// 404 where there is no such tenant or it is open to nobody, 403 where it is not open to the page.
    pub async fn admit(
        app: &App,
        request: &HttpRequest,
        slug: &str,
    ) -> Result<Self, problems::Problem> {
        let tenant_id = app.store.directory.find_by_slug(slug).await?;
        let tenant_id = tenant_id.ok_or_else(unknown)?;
        app.store.directory.require_active(&tenant_id)?;
        let tenant = app.dispatcher.find_tenant(&tenant_id).await?;
        let open_to = tenant.settings.chat_openings();
        if open_to.is_empty() {
            return Err(unknown().into());
        }
        let origin = header_text(request, ORIGIN.as_str()).map(str::to_owned);
        if let Some(origin) = &origin
            && !openings::admit_origin(open_to, origin)
            && !is_our_own(request, origin)
        {
            let detail = "the tenant's setting chat_open_to, or else open_to, does not name the origin of this page";
            return Err(Refusal::forbidden("origin-not-allowed", detail).into());
        }
        request.extensions_mut().insert(Asker {
            tenant_id: tenant_id.as_str().to_owned(),
            principal: super::PRINCIPAL.to_owned(),
        });
        let bearer = header_text(request, "authorization");
        Ok(Self {
            keys: app.store.keys(&tenant_id).await?,
            tenant_id,
            address: address_of(request),
            now: OffsetDateTime::now_utc(),
            origin,
            token: bearer
                .and_then(|bearer| bearer.strip_prefix("Bearer "))
                .map(|token| token.trim().to_owned()),
        })
    }

    /// The session that the call carries, if any.
    pub fn find_session(&self) -> Result<Option<Session>, Refusal> {
        let now = self.now.unix_timestamp();
        let token = self.token.as_deref();
        token
            .map(|token| Session::read(&self.keys, token, now))
            .transpose()
    }

    /// The session that the call must carry.
    pub fn session(&self) -> Result<Session, Refusal> {
        self.find_session()?.ok_or_else(sessions::missing)
    }

    pub fn visitor(&self, session: &Session) -> Visitor {
        Visitor {
            tenant_id: self.tenant_id.clone(),
            name: session.visitor.clone(),
        }
    }

    /// Counts the call against its address.
    pub fn count(&self, app: &App) -> Result<(), Refusal> {
        app.chat.take(limits::CALLS, &self.address)
    }

    /// The answer, or the problem, such that the page may read it.
    pub fn answer(&self, answer: problems::Answer) -> problems::Answer {
        let mut response = answer.unwrap_or_else(|problem| problem.error_response());
        self.share(&mut response);
        Ok(response)
    }

    /// What a browser asks before it calls from another origin.
    pub fn preflight(&self) -> HttpResponse {
        let mut response = HttpResponse::NoContent()
            .insert_header(("access-control-allow-methods", "GET, POST"))
            .insert_header(("access-control-allow-headers", ALLOWED_HEADERS))
            .insert_header(("access-control-max-age", PREFLIGHT_SECONDS))
            .finish();
        self.share(&mut response);
        response
    }

    fn share(&self, response: &mut HttpResponse) {
        let mut set = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                let name = HeaderName::from_static(name);
                response.headers_mut().insert(name, value);
            }
        };
        set("vary", "origin");
        set("cache-control", "no-store");
        if let Some(origin) = &self.origin {
            set("access-control-allow-origin", origin);
            set("access-control-expose-headers", "retry-after");
        }
    }
}

/// One answer for all that is not there.
fn unknown() -> Refusal {
    let detail = "no such tenant, or its setting chat_open_to, or else open_to, names nobody";
    Refusal::not_found("chat-unknown", detail)
}

/// Whether the page is our own, such as `/chat/{tenant}`.
fn is_our_own(request: &HttpRequest, origin: &str) -> bool {
    let host = origin.split_once("://").map(|(_, host)| host);
    host.is_some() && host == header_text(request, HOST.as_str())
}
