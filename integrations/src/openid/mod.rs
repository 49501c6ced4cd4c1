//! Signing people in by an OpenID Connect provider: the authorization code flow with PKCE (OpenID Connect Core 1.0, 3.1;
//! RFC 7636). Here is how a tenant is registered with its provider, what a browser is sent there with, and what the provider
//! then vouches for. Everything is fetched without redirects, up to a limit, and never from a machine of ours.

mod calls;
pub mod claims;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClaimName, CoreClaimType,
    CoreClientAuthMethod, CoreErrorResponseType, CoreGenderClaim, CoreGrantType, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm,
    CoreResponseMode, CoreResponseType, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreSubjectIdentifierType, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AdditionalProviderMetadata, AuthType, Client, ClientId, ClientSecret,
    CsrfToken, DiscoveryError, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, IdTokenFields, IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier,
    ProviderMetadata, RedirectUrl, Scope, StandardErrorResponse, StandardTokenResponse,
};
use serde::{Deserialize, Serialize};

use crate::catalogue::Configured;
use crate::documents::judged;
use crate::http::{build, builder};
use crate::outcome::{Failure, FailureKind};
use crate::secret::Secret;
use crate::webhooks_out::{Guarded, MayReach};

use calls::Caller;

/// The name of the provider in the tenant's settings.
pub const PROVIDER: &str = "openid";
/// The longest call to a provider.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long a provider's metadata and keys are remembered; a key that is not among them is looked for at once.
const FRESH: Duration = Duration::from_secs(600);
/// Providers remembered at once; beyond it all are asked anew.
const MAX_KNOWN: usize = 500;
/// Domains, and values of a second factor, that a tenant may list.
const MAX_LISTED: usize = 50;

/// What a provider says of itself beyond OpenID Connect Discovery.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct MoreMetadata {
    /// Whether it names itself when it sends a browser back (RFC 9207).
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for MoreMetadata {}

/// What a provider says of a person beyond the standard claims.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct MoreClaims {
    /// Microsoft's word for an address whose domain the person's organisation has proved to own.
    #[serde(default)]
    xms_edov: Option<serde_json::Value>,
}

impl AdditionalClaims for MoreClaims {}

type Metadata = ProviderMetadata<
    MoreMetadata,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;
type Tokens = StandardTokenResponse<
    IdTokenFields<
        MoreClaims,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;
type RelyingParty = Client<
    MoreClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// How a tenant is registered with its provider, and whom it lets in.
#[derive(Clone, Debug)]
pub struct Registration {
    pub issuer: String,
    /// The name on the button.
    pub title: String,
    /// In lower case; any when empty.
    pub email_domains: Vec<String>,
    /// The role of whoever comes uninvited.
    pub new_people_role: Option<String>,
    /// Values of `amr` or `acr` that stand for a second factor.
    pub second_factors: Vec<String>,
    client_id: String,
    client_secret: Option<Secret>,
}

/// What one sign-in is bound by; each is random and good once.
#[derive(Clone, Copy)]
pub struct Once<'a> {
    pub state: &'a str,
    pub nonce: &'a str,
    /// Of PKCE: 43 to 128 characters.
    pub verifier: &'a str,
}

/// Where a browser is sent back with an answer, and for how long ago the provider may have seen the person, in seconds, where
/// its second factor counts.
#[derive(Clone, Copy)]
pub struct Return<'a> {
    pub url: &'a str,
    pub max_age_seconds: u64,
}

/// Talks to providers; one a process.
pub struct OpenId {
    caller: Caller,
    known: Mutex<HashMap<String, (Arc<Metadata>, Instant)>>,
}

impl Registration {
    /// The registration that a tenant has configured.
    ///
    /// # Errors
    /// `Auth`, saying what is missing or wrong.
    pub fn of(configured: &Configured<'_>) -> Result<Self, Failure> {
        let wrong = |detail: String| Err(Failure::new(FailureKind::Auth, detail));
        let issuer = configured.setting("issuer")?.to_owned();
        let Ok(parsed) = IssuerUrl::new(issuer.clone()) else {
            return wrong("issuer is no address; copy it from the provider's pages".to_owned());
        };
        if issuer.contains(['?', '#']) {
            return wrong("issuer must hold neither ? nor #".to_owned());
        }
        let host = parsed.url().host_str().unwrap_or_default().to_owned();
        let title = configured.optional_setting("title");
        let email_domains: Vec<String> = listed(configured, "email_domains")?
            .into_iter()
            .map(|domain| domain.trim_start_matches('@').to_lowercase())
            .collect();
        let new_people_role = configured.optional_setting("new_people_role");
        if new_people_role.is_some() && email_domains.is_empty() {
            let detail = "new_people_role needs email_domains: else anybody with an account there could come in";
            return wrong(detail.to_owned());
        }
        Ok(Self {
            title: title.unwrap_or(&host).to_owned(),
            issuer,
            email_domains,
            new_people_role: new_people_role.map(str::to_owned),
            second_factors: listed(configured, "second_factors")?,
            client_id: configured.setting("client_id")?.to_owned(),
            client_secret: configured.secrets.get("client_secret").cloned(),
        })
    }
}

/// A setting that is a list, or a text with commas or spaces in between.
fn listed(configured: &Configured<'_>, name: &str) -> Result<Vec<String>, Failure> {
    use serde_json::Value;
    let texts: Vec<&str> = match configured.settings.get(name) {
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(text)) => vec![text],
        _ => Vec::new(),
    };
    let words = texts
        .iter()
        .flat_map(|text| text.split([',', ' ']))
        .map(str::trim)
        .filter(|word| !word.is_empty());
    let words: Vec<String> = words.map(str::to_owned).collect();
    if words.len() > MAX_LISTED {
        let detail = format!("{name} lists at most {MAX_LISTED}");
        return Err(Failure::new(FailureKind::Auth, detail));
    }
    Ok(words)
}

impl OpenId {
    /// # Errors
    /// When no TLS set-up can be built.
    pub fn new(may_reach: MayReach) -> Result<Self, Failure> {
        let client = build(|| {
            builder()
                .timeout(TIMEOUT)
                .dns_resolver(Guarded { may_reach })
        })?;
        Ok(Self {
            caller: Caller::new(client, may_reach),
            known: Mutex::default(),
        })
    }

    /// Whether the provider can be found, and has keys.
    ///
    /// # Errors
    /// As [`OpenId::authorization_url`].
    pub async fn look_up(&self, registration: &Registration) -> Result<usize, Failure> {
        let metadata = self.discover(&registration.issuer).await?;
        judged(
            metadata.authorization_endpoint().as_str(),
            self.caller.may_reach,
        )?;
        Ok(metadata.jwks().keys().len())
    }

    /// Where a browser is sent to sign in.
    ///
    /// # Errors
    /// `NotSent` when the provider cannot be reached, `Refused` when what it says of itself cannot be used.
    pub async fn authorization_url(
        &self,
        registration: &Registration,
        once: Once<'_>,
        back: Return<'_>,
    ) -> Result<String, Failure> {
        let metadata = self.find(&registration.issuer).await?;
        judged(
            metadata.authorization_endpoint().as_str(),
            self.caller.may_reach,
        )?;
        let client = relying_party(&metadata, registration, back.url)?;
        let verifier = PkceCodeVerifier::new(once.verifier.to_owned());
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
        let (state, nonce) = (once.state.to_owned(), once.nonce.to_owned());
        let asked = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            .add_scope(Scope::new("email".to_owned()))
            .add_scope(Scope::new("profile".to_owned()))
            .set_pkce_challenge(challenge);
        // A second factor that was given long ago is none; with this the provider must say when it was.
        let asked = match registration.second_factors.is_empty() {
            true => asked,
            false => asked.set_max_age(Duration::from_secs(back.max_age_seconds)),
        };
        Ok(asked.url().0.into())
    }

    /// Metadata and keys, remembered or fetched.
    async fn find(&self, issuer: &str) -> Result<Arc<Metadata>, Failure> {
        let remembered = self.known().get(issuer).cloned();
        match remembered {
            Some((metadata, since)) if since.elapsed() < FRESH => Ok(metadata),
            _ => self.discover(issuer).await,
        }
    }

    /// Metadata and keys as they are now (OpenID Connect Discovery 1.0, 4).
    async fn discover(&self, issuer: &str) -> Result<Arc<Metadata>, Failure> {
        let url = IssuerUrl::new(issuer.to_owned())
            .map_err(|_| Failure::new(FailureKind::Auth, "the issuer is no address"))?;
        let call = self.caller.as_client();
        let found = Metadata::discover_async(url, &call).await;
        let found = found.map_err(|error| match error {
            DiscoveryError::Request(failure) => failure,
            DiscoveryError::Validation(_) => Failure::new(
                FailureKind::Auth,
                "the provider calls itself something else than the configured issuer; copy the issuer from \
                 its /.well-known/openid-configuration",
            ),
            _ => Failure::new(
                FailureKind::Refused,
                "there is no OpenID Connect provider at the issuer: /.well-known/openid-configuration or its keys \
                 cannot be read",
            ),
        })?;
        let metadata = Arc::new(found);
        let mut known = self.known();
        if known.len() >= MAX_KNOWN {
            known.clear();
        }
        known.insert(issuer.to_owned(), (metadata.clone(), Instant::now()));
        Ok(metadata)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Arc<Metadata>, Instant)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn relying_party(
    metadata: &Metadata,
    registration: &Registration,
    redirect_url: &str,
) -> Result<RelyingParty, Failure> {
    let redirect_url = RedirectUrl::new(redirect_url.to_owned())
        .map_err(|_| Failure::new(FailureKind::Auth, "the public address is no address"))?;
    let secret = registration.client_secret.as_ref();
    let secret = secret.map(|secret| ClientSecret::new(secret.expose().to_owned()));
    let methods = metadata.token_endpoint_auth_methods_supported();
    let takes = |method| methods.is_some_and(|methods| methods.contains(&method));
    let by_body = takes(CoreClientAuthMethod::ClientSecretPost)
        && !takes(CoreClientAuthMethod::ClientSecretBasic);
    let auth_type = match by_body {
        true => AuthType::RequestBody,
        false => AuthType::BasicAuth,
    };
    let client_id = ClientId::new(registration.client_id.clone());
    Ok(
        RelyingParty::from_provider_metadata(metadata.clone(), client_id, secret)
            .set_redirect_uri(redirect_url)
            .set_auth_type(auth_type),
    )
}
