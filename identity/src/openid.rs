//! Sign-ins by an OpenID Connect provider that are under way, and whose account at an issuer is whose here. One that is under
//! way is good once, for some minutes, and in the browser that began it.

use deadpool_postgres::GenericClient;
use domain::ids::TenantId;
use domain::refusal::Refusal;
use event_store::Result;
use time::{Duration, OffsetDateTime};

use crate::tokens::{Token, TokenHash};

/// How long somebody may take at their provider.
pub const LASTS: Duration = Duration::minutes(10);
/// The longest place that a browser comes back to.
pub const MAX_RETURN_BYTES: usize = 500;
/// Sign-ins of one tenant that are under way at once.
const MAX_UNDER_WAY: i64 = 10_000;
/// How many that are over are forgotten at once.
const FORGET_LIMIT: i64 = 5_000;

/// A sign-in to be begun.
pub(crate) struct NewAttempt<'a> {
    pub tenant_id: &'a TenantId,
    pub state_hash: &'a TokenHash,
    pub browser_hash: &'a TokenHash,
    pub issuer: &'a str,
    pub return_to: &'a str,
    pub expires_at: OffsetDateTime,
}

/// A sign-in that has come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub tenant_id: TenantId,
    /// Whom the browser was sent to.
    pub issuer: String,
    /// Where the browser goes on to: a path of ours.
    pub return_to: String,
}

const INSERT: &str = "
    insert into openid_attempts (tenant_id, state_hash, browser_hash, issuer, return_to, expires_at)
    select $1, $2, $3, $4, $5, $6
    where (select count(*) from (
        select from openid_attempts where tenant_id = $1 and expires_at > clock_timestamp() limit $7) as under_way) < $7";

/// Refused with 429 `sign-ins-exhausted` while too many of the tenant are under way.
pub(crate) async fn insert(client: &impl GenericClient, new: &NewAttempt<'_>) -> Result<()> {
    let statement = client.prepare_cached(INSERT).await?;
    let inserted = client
        .execute(
            &statement,
            &[
                &new.tenant_id.as_str(),
                &new.state_hash.as_slice(),
                &new.browser_hash.as_slice(),
                &new.issuer,
                &new.return_to,
                &new.expires_at,
                &MAX_UNDER_WAY,
            ],
        )
        .await?;
    match inserted {
        0 => Err(Refusal::new(
            domain::refusal::Kind::TooMany,
            "sign-ins-exhausted",
            "too many people are signing in; try again in a few minutes",
        )
        .into()),
        _ => Ok(()),
    }
}

const REDEEM: &str = "
    delete from openid_attempts where state_hash = $1 and browser_hash = $2
    returning tenant_id, issuer, return_to, expires_at > clock_timestamp() as is_good";

/// Takes the sign-in that this browser has begun; it is good for no other. Refused with 401 `sign-in-not-begun`.
pub(crate) async fn redeem(
    client: &impl GenericClient,
    state: &str,
    browser: &str,
) -> Result<Attempt> {
    let hashes = Token::parse(state).zip(Token::parse(browser));
    let (state, browser) = hashes.ok_or_else(not_begun)?;
    let statement = client.prepare_cached(REDEEM).await?;
    let row = client
        .query_opt(
            &statement,
            &[&state.hash().as_slice(), &browser.hash().as_slice()],
        )
        .await?;
    let row = row.ok_or_else(not_begun)?;
    match row.try_get("is_good")? {
        true => Ok(Attempt {
            tenant_id: TenantId::new(row.try_get::<_, String>("tenant_id")?),
            issuer: row.try_get("issuer")?,
            return_to: row.try_get("return_to")?,
        }),
        false => Err(not_begun().into()),
    }
}

const FORGET: &str = "
    delete from openid_attempts where ctid = any (array(
        select ctid from openid_attempts where expires_at < now() limit $1))";

/// Forgets those that never came back.
pub(crate) async fn forget_old(client: &impl GenericClient) -> Result<u64> {
    Ok(client.execute(FORGET, &[&FORGET_LIMIT]).await?)
}

const FIND: &str =
    "select person_id from openid_accounts where tenant_id = $1 and account_index = $2";

/// Whose account this is here.
pub(crate) async fn find(
    client: &impl GenericClient,
    tenant_id: &TenantId,
    account_index: &str,
) -> Result<Option<String>> {
    let statement = client.prepare_cached(FIND).await?;
    let row = client
        .query_opt(&statement, &[&tenant_id.as_str(), &account_index])
        .await?;
    row.map(|row| Ok(row.try_get("person_id")?)).transpose()
}

const LINK: &str = "
    insert into openid_accounts (tenant_id, account_index, person_id, issuer) values ($1, $2, $3, $4)
    on conflict do nothing";

/// From now on this account is this person's. Refused with 409 `account-linked-otherwise`.
pub(crate) async fn link(
    client: &impl GenericClient,
    (tenant_id, person_id): (&TenantId, &str),
    (account_index, issuer): (&str, &str),
) -> Result<()> {
    let statement = client.prepare_cached(LINK).await?;
    let linked = client
        .execute(
            &statement,
            &[&tenant_id.as_str(), &account_index, &person_id, &issuer],
        )
        .await?;
    match linked {
        0 => Err(Refusal::conflict(
            "account-linked-otherwise",
            "whoever has this address here has come with another account of the provider before; whoever \
             invites people can end that link",
        )
        .into()),
        _ => Ok(()),
    }
}

const UNLINK: &str = "delete from openid_accounts where tenant_id = $1 and person_id = $2";

/// From now on no account is this person's; answers how many were.
pub(crate) async fn unlink(
    client: &impl GenericClient,
    (tenant_id, person_id): (&TenantId, &str),
) -> Result<u64> {
    let statement = client.prepare_cached(UNLINK).await?;
    Ok(client
        .execute(&statement, &[&tenant_id.as_str(), &person_id])
        .await?)
}

fn not_begun() -> Refusal {
    Refusal::new(
        domain::refusal::Kind::Unauthenticated,
        "sign-in-not-begun",
        "this browser has not begun this sign-in, or took too long, or has ended it already; begin again",
    )
}
