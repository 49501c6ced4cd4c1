//! Tokens that somebody else issues: an issuer outside whose keys are fetched and remembered, instead of our own. A token
//! names a person by a verified e-mail address and their business by its slug; what they may do follows as for our own.

use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::refusal::{Kind, Refusal};
use event_store::Result;
use event_store::error::Error;
use identity::oauth::bearers;
use identity::oauth::jwt::{ACCESS_TOKEN, Fault, Jwk, PublicKey, Registered, Unverified};
use identity::oauth::scopes::Scopes;
use identity::principals::Principal;
use integrations::documents::Documents;
use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;

use crate::app::App;

/// How long keys are remembered, and how seldom an unknown name of one makes us fetch them again.
const KEYS_FRESH: Duration = Duration::from_secs(600);
const FETCHED_AGAIN_AFTER: Duration = Duration::from_secs(60);
/// The largest document of an issuer, in bytes, and the most keys that are looked at.
const MAX_DOCUMENT_BYTES: usize = 64 * 1024;
const MAX_KEYS: usize = 50;

/// The address of an issuer, as it stands in its tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerAddress(pub String);

impl FromStr for IssuerAddress {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let is_loopback = ["http://127.0.0.1", "http://localhost", "http://[::1]"]
            .iter()
            .any(|start| text.starts_with(start));
        let is_plain = !text.contains(['?', '#', ' ']);
        match (text.starts_with("https://") || is_loopback) && is_plain {
            true => Ok(Self(text.to_owned())),
            false => Err("an issuer is an https:// address without ? and #".to_owned()),
        }
    }
}

/// Which issuer is trusted, and for what.
#[derive(Clone, Debug)]
pub struct Trust {
    pub issuer: IssuerAddress,
    /// Where its keys are; found by its metadata when absent.
    pub jwks_url: Option<String>,
    /// What its tokens call us, besides the addresses of our resources.
    pub audiences: Vec<String>,
}

/// What a token of theirs must say.
#[derive(Deserialize)]
struct Claims {
    #[serde(flatten)]
    registered: Registered,
    sub: String,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    email_verified: bool,
    /// The slug of the business.
    tenant: String,
    #[serde(default)]
    scope: Option<String>,
}

type Keys = Vec<(Option<String>, PublicKey)>;

/// The issuer, with its keys as far as they are known.
pub struct OutsideIssuer {
    trust: Trust,
    documents: Documents,
    known: Mutex<Option<(Keys, Instant)>>,
    fetching: tokio::sync::Mutex<()>,
}

impl OutsideIssuer {
    pub fn new(trust: Trust, documents: Documents) -> Self {
        Self {
            trust,
            documents,
            known: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
        }
    }

    /// Its address.
    pub fn name(&self) -> &str {
        &self.trust.issuer.0
    }

    /// Who acts with a token of theirs at this audience. Refused with 401 `token-invalid` or `token-expired`, 503
    /// `issuer-unreachable`.
    pub async fn authenticate(&self, app: &App, text: &str, audience: &str) -> Result<Principal> {
        let token = Unverified::parse(text).map_err(bearers::refused)?;
        let key = self.find(token.key_id()).await?;
        let key = key.ok_or_else(|| bearers::refused(Fault::Key))?;
        let claims: Claims = token
            .verify(&key, &[Some(ACCESS_TOKEN), Some("jwt"), None])
            .map_err(bearers::refused)?;
        let own = self.trust.audiences.iter().map(String::as_str);
        let audiences: Vec<&str> = own.chain([audience]).collect();
        let now = OffsetDateTime::now_utc();
        claims
            .registered
            .check(self.name(), &audiences, now.unix_timestamp())
            .map_err(bearers::refused)?;
        let unknown = || -> Error {
            Refusal::new(
                Kind::Unauthenticated,
                "token-invalid",
                "this token names nobody here: it needs `tenant`, and an `email` that is verified",
            )
            .into()
        };
        let email = claims.email.filter(|_| claims.email_verified);
        let email = email.ok_or_else(unknown)?;
        let tenant_id = app.store.directory.find_by_slug(&claims.tenant).await?;
        let tenant_id = tenant_id.ok_or_else(unknown)?;
        let rights = app.accounts.rights_of_email(&tenant_id, &email).await?;
        let rights = rights.ok_or_else(unknown)?;
        let scopes = Scopes::parse_known(claims.scope.as_deref().unwrap_or_default());
        // One subject of two issuers is two.
        let subject = format!("{} {}", self.name(), claims.sub);
        Ok(bearers::outside(tenant_id, rights, &scopes, &subject))
    }

    async fn find(&self, key_id: Option<&str>) -> Result<Option<PublicKey>> {
        if let Some(found) = self.remembered(key_id, KEYS_FRESH) {
            return Ok(Some(found));
        }
        let _one = self.fetching.lock().await;
        if let Some(found) = self.remembered(key_id, KEYS_FRESH) {
            return Ok(Some(found));
        }
        let is_recent = self
            .known()
            .as_ref()
            .is_some_and(|(_, since)| since.elapsed() < FETCHED_AGAIN_AFTER);
        if is_recent {
            return Ok(None);
        }
        let keys = self.fetch().await?;
        *self.known() = Some((keys, Instant::now()));
        Ok(self.remembered(key_id, KEYS_FRESH))
    }

    async fn fetch(&self) -> Result<Keys> {
        let url = match &self.trust.jwks_url {
            Some(url) => url.clone(),
            None => self.discover().await?,
        };
        let set = self.read(&url).await?;
        let members = set["keys"].as_array().into_iter().flatten();
        let keys = members
            .take(MAX_KEYS)
            .filter_map(|member| serde_json::from_value::<Jwk>(member.clone()).ok())
            .filter_map(|jwk| Some((jwk.kid.clone(), jwk.public_key()?)));
        Ok(keys.collect())
    }

    /// Where the keys are, by the metadata of OAuth or of OpenID Connect.
    async fn discover(&self) -> Result<String> {
        let issuer = self.name().trim_end_matches('/');
        for document in [
            ".well-known/openid-configuration",
            ".well-known/oauth-authorization-server",
        ] {
            let Ok(metadata) = self.read(&format!("{issuer}/{document}")).await else {
                continue;
            };
            let is_its_own = metadata["issuer"].as_str() == Some(self.name());
            if let (true, Some(url)) = (is_its_own, metadata["jwks_uri"].as_str()) {
                return Ok(url.to_owned());
            }
        }
        Err(unreachable())
    }

    async fn read(&self, url: &str) -> Result<Value> {
        let text = self.documents.fetch(url, MAX_DOCUMENT_BYTES).await;
        let text = text.map_err(|failure| {
            tracing::warn!(why = failure.detail, "the issuer of tokens cannot be read");
            unreachable()
        })?;
        serde_json::from_slice(&text).map_err(|_| unreachable())
    }

    fn remembered(&self, key_id: Option<&str>, fresh: Duration) -> Option<PublicKey> {
        let known = self.known();
        let (keys, since) = known.as_ref()?;
        if since.elapsed() >= fresh {
            return None;
        }
        let mut named = keys.iter().filter(|(name, _)| name.as_deref() == key_id);
        // A token that names no key is by the only one there is.
        match (key_id, keys.as_slice()) {
            (None, [(_, only)]) => Some(only.clone()),
            _ => named.next().map(|(_, key)| key.clone()),
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Option<(Keys, Instant)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unreachable() -> Error {
    Error::Busy {
        code: "issuer-unreachable",
        detail: "whoever issues tokens cannot be asked for its keys right now".to_owned(),
        retry_after: FETCHED_AGAIN_AFTER,
    }
}
