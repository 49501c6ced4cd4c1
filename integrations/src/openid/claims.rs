//! What a provider vouches for: the code that a browser brings back is exchanged, and the ID token that comes of it is judged
//! (OpenID Connect Core 1.0, 3.1.3.7): its signature by the provider's own keys, issuer, audience, times and nonce.

use std::time::{Duration, SystemTime};

use openidconnect::core::{CoreGenderClaim, CoreJwsSigningAlgorithm};
use openidconnect::{
    AccessTokenHash, AuthorizationCode, ClaimsVerificationError, Nonce, OAuth2TokenResponse,
    PkceCodeVerifier, RequestTokenError, SignatureVerificationError, TokenResponse, UserInfoClaims,
};
use serde_json::Value;
use time::OffsetDateTime;

use super::{MoreClaims, Once, OpenId, Registration, RelyingParty, Return, Tokens, relying_party};
use crate::outcome::{Failure, FailureKind};

/// How far a provider's clock may be from ours.
const LEEWAY: Duration = Duration::from_secs(60);
/// An ID token that was issued longer ago is not the answer to this sign-in.
const LONGEST_AGO: Duration = Duration::from_secs(600);
/// The longest subject (OpenID Connect Core 1.0, 2), name and address.
const MAX_SUBJECT_CHARS: usize = 255;
const MAX_TEXT_CHARS: usize = 320;
/// Only these count: all are by a key that the provider alone holds.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];
/// Whose claim `xms_edov` is believed.
const MICROSOFT: &str = "https://login.microsoftonline.com/";

/// Somebody, as the provider vouches for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vouched {
    /// Who they are at this issuer, for ever.
    pub subject: String,
    /// Only an address that the provider has verified.
    pub email: Option<String>,
    pub name: Option<String>,
    /// When they gave a second factor there that counts here.
    pub second_factor_at: Option<OffsetDateTime>,
}

/// Why nobody is vouched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The provider could not be asked, or its configuration here is wrong.
    Provider(Failure),
    /// It does not take the code: used already, too old, or not for us.
    Code,
    /// What it says does not hold; the word is for logs.
    Token(String),
}

impl OpenId {
    /// Exchanges the code, and judges what comes of it. `named`: the issuer that has sent the browser back, which it must
    /// say if its metadata promise that (RFC 9207).
    ///
    /// # Errors
    /// See [`Fault`].
    pub async fn redeem(
        &self,
        registration: &Registration,
        (code, named): (&str, Option<&str>),
        once: Once<'_>,
        back: Return<'_>,
    ) -> Result<Vouched, Fault> {
        let metadata = self
            .find(&registration.issuer)
            .await
            .map_err(Fault::Provider)?;
        let must_name = metadata
            .additional_metadata()
            .authorization_response_iss_parameter_supported;
        let is_theirs = match named {
            Some(named) => named == registration.issuer,
            None => !must_name,
        };
        if !is_theirs {
            return Err(Fault::Token("another issuer has answered".to_owned()));
        }
        let client = relying_party(&metadata, registration, back.url).map_err(Fault::Provider)?;
        let tokens = self.exchange(&client, code, once.verifier).await?;
        let judged = judge(&client, registration, &tokens, once.nonce);
        let (client, claimed) = match judged {
            // It may have changed its keys since.
            Err(Judged::Signature(_)) => {
                let renewed = self.discover(&registration.issuer).await;
                let renewed = renewed.map_err(Fault::Provider)?;
                let client =
                    relying_party(&renewed, registration, back.url).map_err(Fault::Provider)?;
                let judged = judge(&client, registration, &tokens, once.nonce);
                (client, judged.map_err(Judged::fault)?)
            }
            judged => (client, judged.map_err(Judged::fault)?),
        };
        self.complete(&client, registration, &tokens, claimed).await
    }

    async fn exchange(
        &self,
        client: &RelyingParty,
        code: &str,
        verifier: &str,
    ) -> Result<Tokens, Fault> {
        let asked = client.exchange_code(AuthorizationCode::new(code.to_owned()));
        let asked = asked.map_err(|_| {
            let detail = "the provider names no token endpoint";
            Fault::Provider(Failure::new(FailureKind::Refused, detail))
        })?;
        let call = self.caller.as_client();
        let answered = asked
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()))
            .request_async(&call)
            .await;
        answered.map_err(|error| match error {
            RequestTokenError::ServerResponse(said)
                if said.error().to_string() == "invalid_grant" =>
            {
                Fault::Code
            }
            RequestTokenError::ServerResponse(_) => Fault::Provider(Failure::new(
                FailureKind::Auth,
                "the provider refuses this installation; check client_id, client_secret and the redirect address",
            )),
            RequestTokenError::Request(failure) => Fault::Provider(failure),
            _ => Fault::Token("its answer for the code cannot be read".to_owned()),
        })
    }

    /// Asks for the address where the token does not say it: then the provider says it to whoever holds the access token.
    async fn complete(
        &self,
        client: &RelyingParty,
        registration: &Registration,
        tokens: &Tokens,
        claimed: Claimed,
    ) -> Result<Vouched, Fault> {
        let Claimed {
            mut vouched,
            has_email,
            subject,
        } = claimed;
        if has_email {
            return Ok(vouched);
        }
        let access_token = tokens.access_token().clone();
        let Ok(asked) = client.user_info(access_token, Some(subject)) else {
            return Ok(vouched);
        };
        let call = self.caller.as_client();
        let told: Result<UserInfoClaims<MoreClaims, CoreGenderClaim>, _> =
            asked.request_async(&call).await;
        let told = told.map_err(|error| match error {
            openidconnect::UserInfoError::Request(failure) => Fault::Provider(failure),
            other => Fault::Token(format!("its user info does not hold: {other}")),
        })?;
        let is_verified = is_verified(
            registration,
            told.email_verified(),
            told.additional_claims(),
        );
        vouched.email = told
            .email()
            .filter(|_| is_verified)
            .map(|email| bounded(email));
        if vouched.name.is_none() {
            vouched.name = told
                .name()
                .and_then(|name| name.get(None))
                .map(|name| bounded(name));
        }
        Ok(vouched)
    }
}

/// What a token claims, once it has been judged.
struct Claimed {
    vouched: Vouched,
    has_email: bool,
    subject: openidconnect::SubjectIdentifier,
}

enum Judged {
    /// By no key that is known.
    Signature(String),
    Otherwise(String),
}

impl Judged {
    fn fault(self) -> Fault {
        match self {
            Self::Signature(why) | Self::Otherwise(why) => Fault::Token(why),
        }
    }
}

fn judge(
    client: &RelyingParty,
    registration: &Registration,
    tokens: &Tokens,
    nonce: &str,
) -> Result<Claimed, Judged> {
    let otherwise = |why: &str| Judged::Otherwise(why.to_owned());
    let token = tokens
        .id_token()
        .ok_or_else(|| otherwise("there is no ID token; is `openid` among the scopes?"))?;
    let now = SystemTime::now();
    let verifier = client
        .id_token_verifier()
        .set_allowed_algs(ALGORITHMS)
        .set_time_fn(move || (now - LEEWAY).into())
        .set_issue_time_verifier_fn(move |issued| match SystemTime::from(issued) {
            issued if issued > now + LEEWAY => Err("issued in the future".to_owned()),
            issued if issued < now - LONGEST_AGO => Err("issued too long ago".to_owned()),
            _ => Ok(()),
        });
    let nonce = Nonce::new(nonce.to_owned());
    let claims = token
        .claims(&verifier, &nonce)
        .map_err(|error| match error {
            ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey
                | SignatureVerificationError::AmbiguousKeyId(_)
                | SignatureVerificationError::CryptoError(_),
            ) => Judged::Signature(error.to_string()),
            other => Judged::Otherwise(other.to_string()),
        })?;
    // Where the token says whose access token came along, it must be this one (3.1.3.8).
    if let Some(expected) = claims.access_token_hash() {
        let key = token
            .signing_key(&verifier)
            .map_err(|error| Judged::Otherwise(error.to_string()))?;
        let algorithm = token
            .signing_alg()
            .map_err(|error| Judged::Otherwise(error.to_string()))?;
        let actual = AccessTokenHash::from_token(tokens.access_token(), algorithm, key)
            .map_err(|error| Judged::Otherwise(error.to_string()))?;
        if actual != *expected {
            return Err(otherwise("the access token is another's"));
        }
    }
    let subject = claims.subject().clone();
    if subject.is_empty() || subject.chars().count() > MAX_SUBJECT_CHARS {
        return Err(otherwise("the subject is empty or too long"));
    }
    let methods = claims.auth_method_refs().into_iter().flatten();
    let methods = methods.map(|method| method.as_str());
    let context = claims.auth_context_ref().map(|context| context.as_str());
    let counts = methods
        .chain(context)
        .any(|value| registration.second_factors.iter().any(|one| one == value));
    // When it was given is known only where the provider says when the person was seen.
    let seen_at = claims.auth_time().filter(|_| counts);
    let second_factor_at = seen_at.map(|at| SystemTime::from(at).min(now).into());
    let is_verified = is_verified(
        registration,
        claims.email_verified(),
        claims.additional_claims(),
    );
    let email = claims.email().filter(|_| is_verified);
    let name = claims.name().and_then(|name| name.get(None));
    Ok(Claimed {
        vouched: Vouched {
            subject: subject.to_string(),
            email: email.map(|email| bounded(email)),
            name: name.map(|name| bounded(name)),
            second_factor_at,
        },
        has_email: claims.email().is_some(),
        subject,
    })
}

fn is_verified(registration: &Registration, said: Option<bool>, more: &MoreClaims) -> bool {
    let by_domain = match &more.xms_edov {
        Some(Value::Bool(is_owned)) => *is_owned,
        Some(Value::Number(number)) => number.as_i64() == Some(1),
        Some(Value::String(text)) => text == "1" || text == "true",
        _ => false,
    };
    said.unwrap_or(false) || by_domain && registration.issuer.starts_with(MICROSOFT)
}

fn bounded(text: &str) -> String {
    text.chars().take(MAX_TEXT_CHARS).collect()
}
