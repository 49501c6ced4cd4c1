//! What a program asks a person for, looked through before the person is asked. What is wrong with the client or with where
//! the answer would go is said here and never sent on; what is wrong besides is sent back to the client.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use domain::refusal::Refusal;
use event_store::error::Error;
use identity::oauth::scopes::Scopes;
use identity::oauth::tokens::CHALLENGE_CHARS;
use identity::oauth::{clients, documents, redirects};
use identity::permissions::PermissionSet;
use identity::roles::Role;
use identity::sessions::Session;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::app::App;
use crate::http::problems::{Answer, Problem};

/// The longest `state` that is handed back.
const MAX_STATE_BYTES: usize = 2_000;

/// The parameters, as they came; others are ignored, as the RFC wants, and none may come twice.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Parameters {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_challenge: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_challenge_method: Option<String>,
}

/// Who asks.
#[derive(Clone, Debug)]
pub struct Asker {
    pub client_id: String,
    pub name: String,
    /// The host of the document that it describes itself by; `None` for one that the tenant has registered.
    pub described_at: Option<String>,
    /// What it may do at most, whoever it acts for.
    pub at_most: PermissionSet,
}

/// A request that a person can be asked about.
#[derive(Clone, Debug)]
pub struct Asked {
    pub asker: Asker,
    pub back: Back,
    /// Those of the scopes asked for that the person could give.
    pub scopes: Scopes,
    pub resource: String,
    pub code_challenge: String,
}

/// Where the answer goes.
#[derive(Clone, Debug)]
pub struct Back {
    pub redirect_uri: String,
    pub state: Option<String>,
    /// Who answers (RFC 9207).
    issuer: String,
}

/// Why a person is not asked.
pub enum Stop {
    /// For the person to see.
    Here(Problem),
    /// For the client to be told.
    Back(Back, &'static str, String),
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Here(Problem(error.into()))
    }
}

impl Back {
    /// Sends the browser to the client with these parameters.
    pub fn with(&self, parameters: &[(&str, &str)]) -> Answer {
        let mut all = parameters.to_vec();
        if let Some(state) = &self.state {
            all.push(("state", state.as_str()));
        }
        all.push(("iss", self.issuer.as_str()));
        let address = redirects::with(&self.redirect_uri, &all);
        let address =
            address.ok_or_else(|| Error::internal("a redirect_uri that was checked is none"))?;
        Ok(HttpResponse::SeeOther()
            .insert_header((LOCATION, address))
            .insert_header((CACHE_CONTROL, "no-store"))
            .finish())
    }
}

impl Parameters {
    /// Looks everything through for whoever has signed in.
    pub async fn check(&self, app: &App, session: &Session) -> Result<Asked, Stop> {
        let (asker, registered) = self.find_asker(app, session).await?;
        let redirect_uri = self.redirect_uri.as_deref().unwrap_or_default();
        if !redirects::is_registered(&registered, redirect_uri) {
            let detail =
                "the client has not named this redirect_uri beforehand: nothing is sent there";
            return Err(Refusal::malformed("redirect-uri-unknown", detail).into());
        }
        let back = Back {
            redirect_uri: redirect_uri.to_owned(),
            state: self
                .state
                .clone()
                .filter(|state| state.len() <= MAX_STATE_BYTES),
            issuer: app.oauth.issuer.name.clone(),
        };
        let stop = |code, why: &str| Err(Stop::Back(back.clone(), code, why.to_owned()));
        if self.response_type.as_deref() != Some("code") {
            return stop("unsupported_response_type", "response_type is code");
        }
        let challenge = self.code_challenge.as_deref().unwrap_or_default();
        let is_challenge = challenge.len() == CHALLENGE_CHARS
            && challenge
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if !is_challenge || self.code_challenge_method.as_deref() != Some("S256") {
            return stop(
                "invalid_request",
                "send a code_challenge, by the method S256",
            );
        }
        let Ok(resource) = app.oauth.resource_named(self.resource.as_deref()) else {
            return stop("invalid_target", "the resource is none of ours");
        };
        let scopes = match self.scope.as_deref().map(str::trim) {
            None | Some("") => Some(Scopes::usual()),
            Some(text) => Scopes::parse(text),
        };
        let Some(scopes) = scopes else {
            return stop(
                "invalid_scope",
                "a scope is none of ours; see scopes_supported",
            );
        };
        let (held, _) = session.permissions(OffsetDateTime::now_utc());
        let scopes = scopes.within(held.intersection(asker.at_most));
        if scopes.is_empty() {
            return stop(
                "invalid_scope",
                "nothing of this could be granted by whoever is signed in",
            );
        }
        Ok(Asked {
            asker,
            scopes,
            resource,
            code_challenge: challenge.to_owned(),
            back,
        })
    }

    /// Who asks, and where its answers may go.
    async fn find_asker(&self, app: &App, session: &Session) -> Result<(Asker, Vec<String>), Stop> {
        let client_id = self.client_id.as_deref().unwrap_or_default();
        if documents::is_address(client_id) {
            let described = app.oauth.describe(client_id).await?;
            let asker = Asker {
                client_id: client_id.to_owned(),
                name: described.name,
                described_at: Some(redirects::host(client_id)),
                at_most: Role::AiAgent.permissions(),
            };
            return Ok((asker, described.redirect_uris));
        }
        let found = clients::find(&app.store.pools.engine.get().await?, client_id).await?;
        let is_ours = |client: &clients::Client| {
            client.is_good() && !client.acts_for_itself() && client.tenant_id == session.tenant_id
        };
        let Some(client) = found.filter(is_ours) else {
            let detail = "this client is not known to your business, or was ended";
            return Err(Refusal::malformed("client-unknown", detail).into());
        };
        let asker = Asker {
            client_id: client.client_id,
            name: client.name,
            described_at: None,
            at_most: client.at_most,
        };
        Ok((asker, client.redirect_uris))
    }
}
