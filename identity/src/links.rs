//! Links that let somebody in once: the set-up of an installation, invitations, and resets of passwords.

use deadpool_postgres::GenericClient;
use domain::ids::TenantId;
use domain::refusal::Refusal;
use event_store::Result;
use time::{Duration, OffsetDateTime};

use crate::tokens::{Token, TokenHash};

/// How many links that are over are forgotten at once, and when.
const FORGET_LIMIT: i64 = 5_000;
const KEPT_DAYS: i32 = 30;

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Makes the first person of an installation.
    SetUp,
    Invitation,
    Reset,
}

impl Purpose {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SetUp => "set-up",
            Self::Invitation => "invitation",
            Self::Reset => "reset",
        }
    }

    /// How long a link is good.
    pub const fn lasts(self) -> Duration {
        match self {
            Self::SetUp => Duration::minutes(15),
            Self::Invitation => Duration::days(7),
            Self::Reset => Duration::minutes(30),
        }
    }

    /// Where the page is that takes it, below the public URL.
    pub fn path(self, token: &str) -> String {
        format!("/{}?token={token}", self.as_str())
    }
}

const INSERT: &str = "
    with earlier as (
        update one_time_links set used_at = clock_timestamp()
        where tenant_id = $1 and purpose = $3 and person_id is not distinct from $4 and used_at is null)
    insert into one_time_links (tenant_id, token_hash, purpose, person_id, expires_at) values ($1, $2, $3, $4, $5)";

/// Makes a link; earlier ones of its kind for the same person are no longer good.
pub(crate) async fn create(
    client: &impl GenericClient,
    (tenant_id, person_id): (&TenantId, Option<&str>),
    purpose: Purpose,
    now: OffsetDateTime,
) -> Result<(Token, OffsetDateTime)> {
    let token = Token::generate()?;
    let expires_at = now + purpose.lasts();
    let statement = client.prepare_cached(INSERT).await?;
    client
        .execute(
            &statement,
            &[
                &tenant_id.as_str(),
                &token.hash().as_slice(),
                &purpose.as_str(),
                &person_id,
                &expires_at,
            ],
        )
        .await?;
    Ok((token, expires_at))
}

const FIND: &str = "
    select tenant_id, person_id from one_time_links
    where token_hash = $1 and purpose = $2 and used_at is null and expires_at > clock_timestamp() for update";
const USE: &str = "update one_time_links set used_at = clock_timestamp() where tenant_id = $1 and token_hash = $2";

/// Whose link this is, held until the transaction ends; it is good for no other. Refused with 422 `link-invalid`.
pub(crate) async fn redeem(
    client: &impl GenericClient,
    text: &str,
    purpose: Purpose,
) -> Result<(TenantId, Option<String>)> {
    let hash: TokenHash = Token::parse(text).ok_or_else(invalid)?.hash();
    let statement = client.prepare_cached(FIND).await?;
    let found = client
        .query_opt(&statement, &[&hash.as_slice(), &purpose.as_str()])
        .await?;
    let row = found.ok_or_else(invalid)?;
    let tenant_id = TenantId::new(row.try_get::<_, String>("tenant_id")?);
    let statement = client.prepare_cached(USE).await?;
    client
        .execute(&statement, &[&tenant_id.as_str(), &hash.as_slice()])
        .await?;
    Ok((tenant_id, row.try_get("person_id")?))
}

const IS_GOOD: &str = "
    select exists (select from one_time_links
        where token_hash = $1 and purpose = $2 and used_at is null and expires_at > clock_timestamp())";

/// Refused with 422 `link-invalid` unless the link could be redeemed now; asked before anything costly is done.
pub(crate) async fn check(client: &impl GenericClient, text: &str, purpose: Purpose) -> Result<()> {
    let hash: TokenHash = Token::parse(text).ok_or_else(invalid)?.hash();
    let statement = client.prepare_cached(IS_GOOD).await?;
    match client
        .query_one(&statement, &[&hash.as_slice(), &purpose.as_str()])
        .await?
        .get(0)
    {
        true => Ok(()),
        false => Err(invalid().into()),
    }
}

const VOID: &str = "
    update one_time_links set used_at = clock_timestamp() where tenant_id = $1 and person_id = $2 and used_at is null";

/// Makes all of a person's links worthless.
pub(crate) async fn void(
    client: &impl GenericClient,
    tenant_id: &TenantId,
    person_id: &str,
) -> Result<()> {
    let statement = client.prepare_cached(VOID).await?;
    client
        .execute(&statement, &[&tenant_id.as_str(), &person_id])
        .await?;
    Ok(())
}

const FORGET: &str = "
    delete from one_time_links where ctid = any (array(
        select ctid from one_time_links where expires_at < now() - $1::int * interval '1 day' limit $2))";

pub(crate) async fn forget_old(client: &impl GenericClient) -> Result<u64> {
    Ok(client.execute(FORGET, &[&KEPT_DAYS, &FORGET_LIMIT]).await?)
}

fn invalid() -> Refusal {
    let message =
        "this link was used already, is too old, or was copied wrongly; ask for a new one";
    let mut refusal = Refusal::field("/token", "link-invalid", message);
    "link-invalid".clone_into(&mut refusal.code);
    refusal
}
