//! The token endpoint's three ways to an access token: a code, a refresh token, a client's own credentials. Refusals carry
//! the codes of RFC 6749, 5.2, with dashes for underscores.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use deadpool_postgres::GenericClient;
use domain::ids::TenantId;
use domain::refusal::Refusal;
use event_store::Result;
use event_store::error::Error;
use event_store::store::Store;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use time::OffsetDateTime;
use uuid::Uuid;

use super::ACCESS_TOKEN_LASTS;
use super::clients::Client;
use super::grants::{self, Grant};
use super::jwt::{self, Audience, Registered};
use super::scopes::Scopes;
use super::signing::Keyring;
use crate::acts::{self, Act};
use crate::people::Standing;
use crate::sessions;
use crate::tokens::Token;

/// A verifier's length (RFC 7636, 4.1); a challenge has 43 letters.
pub const VERIFIER_CHARS: std::ops::RangeInclusive<usize> = 43..=128;
pub const CHALLENGE_CHARS: usize = 43;

/// What an access token says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    #[serde(flatten)]
    pub registered: Registered,
    /// Whose rights it uses: a person's, or the client's own.
    pub sub: String,
    pub client_id: String,
    pub jti: String,
    pub scope: String,
    pub tenant: String,
    /// The grant that it rests on; absent where the client acts for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
}

/// What the token endpoint answers.
#[derive(Clone, Debug, Serialize)]
pub struct Issued {
    pub access_token: String,
    pub token_type: &'static str,
    pub expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    pub scope: String,
}

/// A code as it is shown.
#[derive(Clone, Copy, Debug)]
pub struct ShownCode<'a> {
    pub code: &'a str,
    pub verifier: &'a str,
    pub redirect_uri: Option<&'a str>,
    pub resource: Option<&'a str>,
}

/// A refresh token as it is shown.
#[derive(Clone, Copy, Debug)]
pub struct ShownRefresh<'a> {
    pub token: &'a str,
    pub scopes: Option<&'a Scopes>,
    pub resource: Option<&'a str>,
}

/// Issues tokens; one a process.
pub struct Issuer {
    store: Store,
    pub keyring: Arc<Keyring>,
    /// Our own name as an issuer: the public URL.
    pub name: String,
}

impl Issuer {
    pub fn new(store: Store, name: &str) -> Self {
        Self {
            keyring: Arc::new(Keyring::new(store.clone())),
            store,
            name: name.to_owned(),
        }
    }

    /// For a code of a grant to this client. A code is used up even by a mistake, and a mistake ends the grant: nobody but
    /// a thief shows a code twice, elsewhere, or without its verifier. Refused with `invalid-grant` or `invalid-target`.
    pub async fn redeem(&self, client_id: &str, shown: ShownCode<'_>) -> Result<Issued> {
        let code = Token::parse(shown.code).ok_or_else(|| no_grant("the code is not known"))?;
        let mut client = self.store.pools.engine.get().await?;
        let found = grants::use_code(&client, &code).await?;
        let found = found.ok_or_else(|| no_grant("the code is not known"))?;
        let now = OffsetDateTime::now_utc();
        let grant = grants::find(&client, &found.tenant_id, &found.grant_id).await?;
        let grant = grant.ok_or_else(|| no_grant("the code is not known"))?;
        let why = if found.was_used {
            Some("the code was shown twice")
        } else if grant.client_id != client_id {
            Some("the code is another client's")
        } else if shown
            .redirect_uri
            .is_some_and(|uri| uri != found.redirect_uri)
        {
            Some("the code was sent to another redirect_uri")
        } else if !is_proven(&found.code_challenge, shown.verifier) {
            Some("the code_verifier does not fit")
        } else {
            None
        };
        if let Some(why) = why {
            end(&client, &grant, why).await?;
            return Err(no_grant(why).into());
        }
        self.require_active(&grant.tenant_id)?;
        if found.expires_at <= now {
            return Err(no_grant("the code is too old").into());
        }
        check_resource(&grant, shown.resource)?;
        let tx = client.transaction().await?;
        check_good(&tx, &grant, now).await?;
        let refresh = grants::next_refresh(&tx, &grant, now).await?;
        tx.commit().await?;
        self.issue_upon(&grant, &grant.scopes, Some(&refresh)).await
    }

    /// For a refresh token of a grant to this client: it is used up, and another comes with the answer. Refused with
    /// `invalid-grant`, `invalid-scope` or `invalid-target`.
    pub async fn refresh(&self, client_id: &str, shown: ShownRefresh<'_>) -> Result<Issued> {
        let unknown = || no_grant("the refresh token is not known");
        let token = Token::parse(shown.token).ok_or_else(unknown)?;
        let mut client = self.store.pools.engine.get().await?;
        let found = grants::find_refresh(&client, &token).await?;
        let found = found.ok_or_else(unknown)?;
        let grant = grants::find(&client, &found.tenant_id, &found.grant_id).await?;
        let grant = grant.ok_or_else(unknown)?;
        if grant.client_id != client_id {
            // Whoever else has it cannot use it, and cannot end it for its owner.
            return Err(unknown().into());
        }
        // The token is not used up: it is good again once the tenant is.
        self.require_active(&grant.tenant_id)?;
        let now = OffsetDateTime::now_utc();
        let asked = shown.scopes.unwrap_or(&grant.scopes);
        if !grant.scopes.cover(asked) {
            let detail = "more was asked for than was granted";
            return Err(Refusal::malformed("invalid-scope", detail).into());
        }
        check_resource(&grant, shown.resource)?;
        if found.expires_at <= now {
            return Err(no_grant("the refresh token is too old").into());
        }
        let tx = client.transaction().await?;
        if found.was_used || !grants::use_refresh(&tx, &grant.tenant_id, &token).await? {
            let why = "a refresh token was shown twice";
            end(&tx, &grant, why).await?;
            tx.commit().await?;
            return Err(no_grant(why).into());
        }
        check_good(&tx, &grant, now).await?;
        let next = grants::next_refresh(&tx, &grant, now).await?;
        tx.commit().await?;
        self.issue_upon(&grant, asked, Some(&next)).await
    }

    /// For a program that acts for itself, and has proven who it is. Refused with `invalid-grant` where its tenant lets nobody in.
    pub async fn issue_to(
        &self,
        client: &Client,
        scopes: &Scopes,
        resource: &str,
    ) -> Result<Issued> {
        self.require_active(&client.tenant_id)?;
        let subject = client.principal_id();
        let claims = self.claims((&subject, &client.client_id), scopes, resource);
        let claims = Claims {
            tenant: client.tenant_id.as_str().to_owned(),
            ..claims
        };
        self.sign(&claims, None).await
    }

    /// Nobody is given a token that would be refused wherever it is shown.
    fn require_active(&self, tenant_id: &TenantId) -> std::result::Result<(), Refusal> {
        let active = self.store.directory.require_active(tenant_id);
        active.map_err(|refusal| no_grant(&refusal.detail))
    }

    async fn issue_upon(
        &self,
        grant: &Grant,
        scopes: &Scopes,
        refresh: Option<&Token>,
    ) -> Result<Issued> {
        let subject = sessions::principal_id(&grant.person_id);
        let claims = self.claims((&subject, &grant.client_id), scopes, &grant.resource);
        let claims = Claims {
            tenant: grant.tenant_id.as_str().to_owned(),
            grant: Some(grant.grant_id.clone()),
            ..claims
        };
        self.sign(&claims, refresh).await
    }

    fn claims(&self, (sub, client_id): (&str, &str), scopes: &Scopes, resource: &str) -> Claims {
        let now = OffsetDateTime::now_utc().unix_timestamp();
        Claims {
            registered: Registered {
                iss: self.name.clone(),
                aud: Audience::One(resource.to_owned()),
                exp: now + ACCESS_TOKEN_LASTS.whole_seconds(),
                nbf: Some(now),
                iat: now,
            },
            sub: sub.to_owned(),
            client_id: client_id.to_owned(),
            jti: Uuid::now_v7().to_string(),
            scope: scopes.to_string(),
            tenant: String::new(),
            grant: None,
        }
    }

    async fn sign(&self, claims: &Claims, refresh: Option<&Token>) -> Result<Issued> {
        let key = self.keyring.signing().await?;
        Ok(Issued {
            access_token: jwt::sign(&key.pair, &key.key_id, claims)?,
            token_type: "Bearer",
            expires_in: ACCESS_TOKEN_LASTS.whole_seconds(),
            refresh_token: refresh.map(|token| token.expose().to_owned()),
            scope: claims.scope.clone(),
        })
    }

    /// What one of our own access tokens says, for this audience; any of them where none is named.
    pub async fn read(
        &self,
        text: &str,
        audiences: &[&str],
    ) -> Result<std::result::Result<Claims, jwt::Fault>> {
        let token = match jwt::Unverified::parse(text) {
            Ok(token) => token,
            Err(fault) => return Ok(Err(fault)),
        };
        let Some(key_id) = token.key_id() else {
            return Ok(Err(jwt::Fault::Key));
        };
        let Some(key) = self.keyring.find(key_id).await? else {
            return Ok(Err(jwt::Fault::Key));
        };
        let claims = token.verify::<Claims>(&key.public_key, &[Some(jwt::ACCESS_TOKEN)]);
        let now = OffsetDateTime::now_utc().unix_timestamp();
        Ok(claims.and_then(|claims| {
            claims.registered.check(&self.name, audiences, now)?;
            Ok(claims)
        }))
    }

    /// Ends the grant behind a refresh token, or behind one of our access tokens, of this client (RFC 7009); answers which,
    /// if there was one to end. Tokens without a grant end by themselves within minutes. Refused with
    /// `unsupported-token-type` for those.
    pub async fn revoke(
        &self,
        client_id: &str,
        text: &str,
        audiences: &[&str],
    ) -> Result<Option<String>> {
        let client = self.store.pools.engine.get().await?;
        let (tenant_id, grant_id) = match Token::parse(text) {
            Some(token) => match grants::find_refresh(&client, &token).await? {
                Some(found) => (found.tenant_id, found.grant_id),
                None => return Ok(None),
            },
            None => match self.read(text, audiences).await? {
                Ok(claims) if claims.client_id != client_id => return Ok(None),
                Ok(claims) => match claims.grant {
                    Some(grant_id) => (TenantId::new(claims.tenant), grant_id),
                    None => {
                        let detail = "this token rests on no grant: end the client itself";
                        return Err(Refusal::malformed("unsupported-token-type", detail).into());
                    }
                },
                Err(_) => return Ok(None),
            },
        };
        let Some(grant) = grants::find(&client, &tenant_id, &grant_id).await? else {
            return Ok(None);
        };
        if grant.client_id != client_id || grant.revoked_at.is_some() {
            return Ok(None);
        }
        end(&client, &grant, "the client gave it back").await?;
        Ok(Some(grant.grant_id))
    }
}

const FIND_STANDING: &str = "
    select p.standing, c.revoked_at is not null as client_is_gone
    from people p
    left join oauth_clients c on c.tenant_id = p.tenant_id and c.client_id = $3
    where p.tenant_id = $1 and p.person_id = $2";

/// Refused with `invalid-grant` where the grant, its person or its client is not good any more.
async fn check_good(client: &impl GenericClient, grant: &Grant, now: OffsetDateTime) -> Result<()> {
    if grant.revoked_at.is_some() || grant.ends_at <= now {
        return Err(no_grant("what was granted is over; ask again").into());
    }
    let tenant_id = grant.tenant_id.as_str();
    let row = client
        .query_opt(
            FIND_STANDING,
            &[&tenant_id, &grant.person_id, &grant.client_id],
        )
        .await?;
    let is_good = match row {
        Some(row) => {
            let standing: &str = row.try_get("standing")?;
            standing == Standing::Active.as_str() && !row.try_get::<_, bool>("client_is_gone")?
        }
        None => false,
    };
    match is_good {
        true => Ok(()),
        false => Err(no_grant("whoever granted it, or the client, is not here any more").into()),
    }
}

/// Ends a grant and writes down why.
async fn end(client: &impl GenericClient, grant: &Grant, why: &str) -> Result<()> {
    let ended = grants::revoke(client, (&grant.tenant_id, &grant.grant_id), None).await?;
    if !ended {
        return Ok(());
    }
    let act = Act {
        tenant_id: &grant.tenant_id,
        principal: "system",
        action: "end-grant",
        subject: &grant.grant_id,
        reason: Some(why),
        details: &json!({ "client_id": grant.client_id, "person_id": grant.person_id }),
    };
    acts::record(client, act).await
}

fn check_resource(grant: &Grant, asked: Option<&str>) -> std::result::Result<(), Refusal> {
    match asked.is_none_or(|asked| jwt::is_same(asked, &grant.resource)) {
        true => Ok(()),
        false => {
            let detail = format!("this was granted for {}", grant.resource);
            Err(Refusal::malformed("invalid-target", detail))
        }
    }
}

/// Whether a verifier is the one that was hashed (S256).
fn is_proven(challenge: &str, verifier: &str) -> bool {
    VERIFIER_CHARS.contains(&verifier.len())
        && URL_SAFE_NO_PAD
            .encode(Sha256::digest(verifier.as_bytes()))
            .as_bytes()
            .ct_eq(challenge.as_bytes())
            .into()
}

fn no_grant(detail: &str) -> Refusal {
    Refusal::malformed("invalid-grant", detail)
}

/// The RFC's code for an error of the endpoint, if it is the asker's.
pub fn code_of(error: &Error) -> Option<String> {
    const CODES: [&str; 7] = [
        "invalid-request",
        "invalid-client",
        "invalid-grant",
        "unauthorized-client",
        "unsupported-grant-type",
        "invalid-scope",
        "invalid-target",
    ];
    match error {
        Error::Refused(refusal) if refusal.code == "unsupported-token-type" => {
            Some("unsupported_token_type".to_owned())
        }
        Error::Refused(refusal) if CODES.contains(&refusal.code.as_str()) => {
            Some(refusal.code.replace('-', "_"))
        }
        Error::Refused(_) => Some("invalid_request".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verifier_of_the_rfc_proves_its_challenge() {
        // RFC 7636, appendix B.
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(is_proven(
            challenge,
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        ));
        assert!(!is_proven(challenge, challenge), "the plain method is none");
        assert!(!is_proven(challenge, ""));
    }
}
