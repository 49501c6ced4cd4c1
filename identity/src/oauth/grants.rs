//! What people have let clients do for them. A grant is a family: its one code, its chain of refresh tokens and every access
//! token upon it end together, and whoever shows a code or a refresh token twice ends it, because one of the two has stolen it.

use deadpool_postgres::GenericClient;
use domain::ids::TenantId;
use domain::refusal::Refusal;
use event_store::Result;
use serde::Serialize;
use time::OffsetDateTime;
use tokio_postgres::Row;
use uuid::Uuid;

use super::scopes::Scopes;
use super::{CODE_LASTS, GRANT_LASTS, REFRESH_TOKEN_LASTS};
use crate::tokens::{Token, TokenHash};

/// Grants shown by one listing.
pub const MAX_LISTED: i64 = 200;
/// How long what is over stays on record, and how much is forgotten at once.
const KEPT_DAYS: i32 = 30;
const FORGET_LIMIT: i64 = 5_000;

/// Something to be granted.
#[derive(Clone, Copy, Debug)]
pub struct NewGrant<'a> {
    pub tenant_id: &'a TenantId,
    pub person_id: &'a str,
    pub client_id: &'a str,
    pub client_name: &'a str,
    pub scopes: &'a Scopes,
    pub resource: &'a str,
    pub redirect_uri: &'a str,
    /// BASE64URL(SHA-256(verifier)).
    pub code_challenge: &'a str,
}

/// What was granted.
#[derive(Clone, Debug)]
pub struct Grant {
    pub tenant_id: TenantId,
    pub grant_id: String,
    pub client_id: String,
    pub client_name: String,
    pub person_id: String,
    pub scopes: Scopes,
    pub resource: String,
    pub ends_at: OffsetDateTime,
    pub revoked_at: Option<OffsetDateTime>,
}

/// A grant as its person is shown it.
#[derive(Debug, Serialize)]
pub struct Listed {
    pub grant_id: String,
    pub client_id: String,
    pub client_name: String,
    pub scopes: Vec<String>,
    pub resource: String,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_used_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    pub ends_at: OffsetDateTime,
}

/// A code that was shown.
#[derive(Debug)]
pub struct Code {
    pub tenant_id: TenantId,
    pub grant_id: String,
    pub redirect_uri: String,
    pub code_challenge: String,
    pub expires_at: OffsetDateTime,
    /// Whether it had been shown before.
    pub was_used: bool,
}

/// A refresh token that was shown.
#[derive(Debug)]
pub struct Refresh {
    pub tenant_id: TenantId,
    pub grant_id: String,
    pub expires_at: OffsetDateTime,
    pub was_used: bool,
}

const INSERT_GRANT: &str = "
    insert into oauth_grants (tenant_id, grant_id, client_id, client_name, person_id, scopes, resource, ends_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8)";
const INSERT_CODE: &str = "
    insert into oauth_codes (tenant_id, code_hash, grant_id, redirect_uri, code_challenge, expires_at)
    values ($1, $2, $3, $4, $5, $6)";

/// Writes a grant down; answers its id and the code that it can be claimed by.
pub async fn begin(
    tx: &impl GenericClient,
    new: &NewGrant<'_>,
    now: OffsetDateTime,
) -> Result<(String, Token)> {
    let (code, grant_id) = (Token::generate()?, Uuid::now_v7().to_string());
    let tenant_id = new.tenant_id.as_str();
    tx.execute(
        INSERT_GRANT,
        &[
            &tenant_id,
            &grant_id,
            &new.client_id,
            &new.client_name,
            &new.person_id,
            &new.scopes.names(),
            &new.resource,
            &(now + GRANT_LASTS),
        ],
    )
    .await?;
    tx.execute(
        INSERT_CODE,
        &[
            &tenant_id,
            &code.hash().as_slice(),
            &grant_id,
            &new.redirect_uri,
            &new.code_challenge,
            &(now + CODE_LASTS),
        ],
    )
    .await?;
    Ok((grant_id, code))
}

/// The row is locked, so of two who show one code only the first finds it unused.
const USE_CODE: &str = "
    update oauth_codes c set used_at = coalesce(c.used_at, clock_timestamp())
    from (select tenant_id, code_hash, used_at from oauth_codes where code_hash = $1 for update) before
    where c.tenant_id = before.tenant_id and c.code_hash = before.code_hash
    returning c.tenant_id, c.grant_id, c.redirect_uri, c.code_challenge, c.expires_at, before.used_at is not null as was_used";

/// Uses a code up, whatever comes of it.
pub async fn use_code(client: &impl GenericClient, code: &Token) -> Result<Option<Code>> {
    let hash: TokenHash = code.hash();
    let row = client.query_opt(USE_CODE, &[&hash.as_slice()]).await?;
    let read = |row: Row| -> Result<Code> {
        Ok(Code {
            tenant_id: TenantId::new(row.try_get::<_, String>("tenant_id")?),
            grant_id: row.try_get("grant_id")?,
            redirect_uri: row.try_get("redirect_uri")?,
            code_challenge: row.try_get("code_challenge")?,
            expires_at: row.try_get("expires_at")?,
            was_used: row.try_get("was_used")?,
        })
    };
    row.map(read).transpose()
}

const FIND_REFRESH: &str = "
    select tenant_id, grant_id, expires_at, used_at is not null as was_used
    from oauth_refresh_tokens
    where token_hash = $1";

/// Whose refresh token this is, without using it up.
pub async fn find_refresh(client: &impl GenericClient, token: &Token) -> Result<Option<Refresh>> {
    let hash: TokenHash = token.hash();
    let row = client.query_opt(FIND_REFRESH, &[&hash.as_slice()]).await?;
    let read = |row: Row| -> Result<Refresh> {
        Ok(Refresh {
            tenant_id: TenantId::new(row.try_get::<_, String>("tenant_id")?),
            grant_id: row.try_get("grant_id")?,
            expires_at: row.try_get("expires_at")?,
            was_used: row.try_get("was_used")?,
        })
    };
    row.map(read).transpose()
}

const USE_REFRESH: &str = "
    update oauth_refresh_tokens set used_at = clock_timestamp()
    where tenant_id = $1 and token_hash = $2 and used_at is null";
const INSERT_REFRESH: &str = "
    insert into oauth_refresh_tokens (tenant_id, token_hash, grant_id, expires_at) values ($1, $2, $3, $4)";
const TOUCH: &str = "
    update oauth_grants set last_used_at = clock_timestamp() where tenant_id = $1 and grant_id = $2";

/// Uses a refresh token up; answers whether this was the first time.
pub async fn use_refresh(
    tx: &impl GenericClient,
    tenant_id: &TenantId,
    token: &Token,
) -> Result<bool> {
    let hash: TokenHash = token.hash();
    let used = tx
        .execute(USE_REFRESH, &[&tenant_id.as_str(), &hash.as_slice()])
        .await?;
    Ok(used == 1)
}

/// The next refresh token of a grant, which ends with it at the latest.
pub async fn next_refresh(
    tx: &impl GenericClient,
    grant: &Grant,
    now: OffsetDateTime,
) -> Result<Token> {
    let (token, tenant_id) = (Token::generate()?, grant.tenant_id.as_str());
    let expires_at = (now + REFRESH_TOKEN_LASTS).min(grant.ends_at);
    let hash = token.hash();
    tx.execute(
        INSERT_REFRESH,
        &[&tenant_id, &hash.as_slice(), &grant.grant_id, &expires_at],
    )
    .await?;
    tx.execute(TOUCH, &[&tenant_id, &grant.grant_id]).await?;
    Ok(token)
}

const FIND: &str = "
    select tenant_id, grant_id, client_id, client_name, person_id, scopes, resource, ends_at, revoked_at
    from oauth_grants
    where tenant_id = $1 and grant_id = $2";

pub async fn find(
    client: &impl GenericClient,
    tenant_id: &TenantId,
    grant_id: &str,
) -> Result<Option<Grant>> {
    let row = client
        .query_opt(FIND, &[&tenant_id.as_str(), &grant_id])
        .await?;
    let read = |row: Row| -> Result<Grant> {
        let scopes: Vec<String> = row.try_get("scopes")?;
        Ok(Grant {
            tenant_id: TenantId::new(row.try_get::<_, String>("tenant_id")?),
            grant_id: row.try_get("grant_id")?,
            client_id: row.try_get("client_id")?,
            client_name: row.try_get("client_name")?,
            person_id: row.try_get("person_id")?,
            scopes: Scopes::stored(&scopes),
            resource: row.try_get("resource")?,
            ends_at: row.try_get("ends_at")?,
            revoked_at: row.try_get("revoked_at")?,
        })
    };
    row.map(read).transpose()
}

const REVOKE: &str = "
    update oauth_grants set revoked_at = clock_timestamp()
    where tenant_id = $1 and grant_id = $2 and revoked_at is null and ($3::text is null or person_id = $3)";

/// Ends a grant; of this person only, if one is named. Answers whether there was one to end.
pub async fn revoke(
    client: &impl GenericClient,
    (tenant_id, grant_id): (&TenantId, &str),
    person_id: Option<&str>,
) -> Result<bool> {
    let ended = client
        .execute(REVOKE, &[&tenant_id.as_str(), &grant_id, &person_id])
        .await?;
    Ok(ended > 0)
}

const REVOKE_ALL: &str = "
    update oauth_grants set revoked_at = clock_timestamp()
    where tenant_id = $1 and person_id = $2 and revoked_at is null";

/// Ends all that a person has granted; answers how many.
pub async fn revoke_all(
    client: &impl GenericClient,
    tenant_id: &TenantId,
    person_id: &str,
) -> Result<u64> {
    Ok(client
        .execute(REVOKE_ALL, &[&tenant_id.as_str(), &person_id])
        .await?)
}

/// Without those that were never claimed.
const LIST: &str = "
    select grant_id, client_id, client_name, scopes, resource, created_at, last_used_at, ends_at
    from oauth_grants
    where tenant_id = $1 and person_id = $2 and revoked_at is null and ends_at > clock_timestamp()
        and last_used_at is not null
    order by grant_id desc limit $3";

/// What a person has granted and not ended, the newest first.
pub async fn list(
    client: &impl GenericClient,
    tenant_id: &TenantId,
    person_id: &str,
) -> Result<Vec<Listed>> {
    let rows = client
        .query(LIST, &[&tenant_id.as_str(), &person_id, &MAX_LISTED])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Listed {
                grant_id: row.try_get("grant_id")?,
                client_id: row.try_get("client_id")?,
                client_name: row.try_get("client_name")?,
                scopes: row.try_get("scopes")?,
                resource: row.try_get("resource")?,
                created_at: row.try_get("created_at")?,
                last_used_at: row.try_get("last_used_at")?,
                ends_at: row.try_get("ends_at")?,
            })
        })
        .collect()
}

const FORGET_CODES: &str = "
    delete from oauth_codes where ctid = any (array(
        select ctid from oauth_codes where expires_at < now() - interval '1 day' limit $1))";
const FORGET_REFRESH: &str = "
    delete from oauth_refresh_tokens where ctid = any (array(
        select ctid from oauth_refresh_tokens where expires_at < now() - interval '1 day' limit $1))";
const FORGET_GRANTS: &str = "
    delete from oauth_grants where ctid = any (array(
        select ctid from oauth_grants where ends_at < now() - $1::int * interval '1 day' limit $2))";

/// Forgets what has long been over; run it about once a minute.
pub async fn forget_old(client: &impl GenericClient) -> Result<()> {
    client.execute(FORGET_CODES, &[&FORGET_LIMIT]).await?;
    client.execute(FORGET_REFRESH, &[&FORGET_LIMIT]).await?;
    client
        .execute(FORGET_GRANTS, &[&KEPT_DAYS, &FORGET_LIMIT])
        .await?;
    Ok(())
}

/// The refusal of a grant that is not there.
pub fn unknown() -> Refusal {
    Refusal::not_found(
        "grant-not-found",
        "you have granted no such thing, or ended it",
    )
}
