//! `/auth/oauth/*`: an authorization server (OAuth 2.1) for programs that act for people or for themselves, and what tells
//! them where to find it. `docs/identity.md` says what it promises.

mod asked;
mod authorize;
pub mod challenges;
mod clients;
pub mod described;
mod metadata;
mod pages;
mod token;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::HttpRequest;
use actix_web::web::{self, ServiceConfig, delete, get, post};
use domain::refusal::Refusal;
use domain::webhook_endpoints::reach::Reach;
use event_store::store::Store;
use identity::oauth::bearers::Bearers;
use identity::oauth::documents::{self, Described};
use identity::oauth::jwt;
use identity::oauth::tokens::Issuer;
use integrations::documents::Documents;
use outbox::delivery::may_reach;
use tokio::sync::Semaphore;

use super::{only, problems};
use crate::app::App;
use crate::database::Reason;
use crate::issuers::OutsideIssuer;

/// Where programs of agents come in.
const MCP_PATH: &str = "/mcp";
/// How long a client's metadata document is remembered, how many are, and how many are fetched at once.
const DOCUMENT_FRESH: Duration = Duration::from_secs(600);
const MAX_DOCUMENTS: usize = 1_000;
const MAX_FETCHES: usize = 4;

/// What the endpoints and the door share; one a process.
pub struct OAuth {
    pub issuer: Arc<Issuer>,
    pub bearers: Bearers,
    /// Somebody else who issues tokens, instead of us.
    pub outside: Option<OutsideIssuer>,
    documents: Documents,
    described: Mutex<HashMap<String, (Described, Instant)>>,
    fetches: Semaphore,
}

impl OAuth {
    pub fn new(
        store: Store,
        public_url: &str,
        reach: Reach,
        outside: Option<OutsideIssuer>,
    ) -> Result<Self, Reason> {
        let issuer = Arc::new(Issuer::new(store, public_url));
        Ok(Self {
            bearers: Bearers::new(issuer.clone()),
            issuer,
            outside,
            documents: documents_of(reach)?,
            described: Mutex::default(),
            fetches: Semaphore::new(MAX_FETCHES),
        })
    }

    /// The resources that tokens can be for: everything but `/mcp`, and that.
    pub fn resources(&self) -> [String; 2] {
        [
            self.issuer.name.clone(),
            format!("{}{MCP_PATH}", self.issuer.name),
        ]
    }

    /// The resource that a path belongs to.
    pub fn resource_of(&self, path: &str) -> String {
        let [api, mcp] = self.resources();
        match path == MCP_PATH {
            true => mcp,
            false => api,
        }
    }

    /// The resource by this name; the API where none is named. Refused with 400 `invalid-target`.
    fn resource_named(&self, asked: Option<&str>) -> Result<String, Refusal> {
        let [api, mcp] = self.resources();
        let Some(asked) = asked else {
            return Ok(api);
        };
        let mut known = [&api, &mcp].into_iter();
        match known.find(|known| jwt::is_same(known, asked)) {
            Some(known) => Ok(known.clone()),
            None => {
                let detail = format!("`resource` is {api} or {mcp}");
                Err(Refusal::malformed("invalid-target", detail))
            }
        }
    }

    /// A client as the document at its address tells of it. Refused with 400 `client-document-invalid`.
    async fn describe(&self, client_id: &str) -> Result<Described, Refusal> {
        if let Some((described, since)) = self.known().get(client_id)
            && since.elapsed() < DOCUMENT_FRESH
        {
            return Ok(described.clone());
        }
        let refuse = |why: &str| {
            let detail = format!("the client's metadata document cannot be used: {why}");
            Refusal::malformed("client-document-invalid", detail)
        };
        let Ok(_place) = self.fetches.try_acquire() else {
            return Err(refuse(
                "too many are fetched right now; try again in a moment",
            ));
        };
        let text = self.documents.fetch(client_id, documents::MAX_BYTES).await;
        let text = text.map_err(|failure| refuse(&failure.detail))?;
        let described = documents::read(client_id, &text)?;
        let mut known = self.known();
        if known.len() >= MAX_DOCUMENTS {
            known.retain(|_, (_, since)| since.elapsed() < DOCUMENT_FRESH);
        }
        if known.len() >= MAX_DOCUMENTS {
            known.clear();
        }
        known.insert(client_id.to_owned(), (described.clone(), Instant::now()));
        Ok(described)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Described, Instant)>> {
        self.described
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// What fetches documents that strangers have named, as far as webhooks may reach.
pub fn documents_of(reach: Reach) -> Result<Documents, Reason> {
    Ok(Documents::new(may_reach(reach))?)
}

/// Every route of it. With an issuer elsewhere all but the metadata of resources answer 404.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(only(
        "/.well-known/oauth-authorization-server",
        get().to(metadata::get_server),
    ))
    .service(only(
        "/.well-known/oauth-protected-resource",
        get().to(metadata::get_resource),
    ))
    .service(only(
        "/.well-known/oauth-protected-resource/mcp",
        get().to(metadata::get_mcp_resource),
    ))
    .service(only("/auth/oauth/jwks", get().to(metadata::get_keys)))
    .service(only("/auth/oauth/keys", post().to(clients::rotate_keys)))
    .service(only(
        "/auth/oauth/authorize",
        get().to(authorize::get_authorize),
    ))
    .service(only("/auth/oauth/sign-in", post().to(authorize::sign_in)))
    .service(only("/auth/oauth/consent", post().to(authorize::consent)))
    .service(only("/auth/oauth/token", post().to(token::post_token)))
    .service(only("/auth/oauth/revoke", post().to(token::post_revoke)))
    .service(
        web::resource("/auth/clients")
            .route(get().to(clients::list_clients))
            .route(post().to(clients::register_client))
            .default_service(web::to(problems::wrong_method)),
    )
    .service(only(
        "/auth/clients/{id}",
        delete().to(clients::revoke_client),
    ))
    .service(only("/auth/grants", get().to(clients::list_grants)))
    .service(only("/auth/grants/{id}", delete().to(clients::end_grant)));
}

/// Refused with 404 `path-unknown` where somebody else issues the tokens.
fn check_ours(app: &App, request: &HttpRequest) -> Result<(), Refusal> {
    match app.oauth.outside {
        None => Ok(()),
        Some(_) => {
            let detail = format!(
                "there is nothing at {}: tokens are issued elsewhere, see /.well-known/oauth-protected-resource",
                request.path()
            );
            Err(Refusal::not_found("path-unknown", detail))
        }
    }
}
