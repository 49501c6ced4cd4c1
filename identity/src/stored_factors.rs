//! Second factors as stored: the secret, sealed; the newest step that was used; recovery codes as hashes, each good once.

use deadpool_postgres::GenericClient;
use domain::ids::TenantId;
use event_store::Result;

use crate::tokens::TokenHash;

const REPLACE: &str = "
    with gone as (delete from recovery_codes where tenant_id = $1 and person_id = $2 and not code_hash = any ($3))
    insert into recovery_codes (tenant_id, person_id, code_hash) select $1, $2, hash from unnest($3::bytea[]) as hash";

/// Puts new codes in the place of all earlier ones.
pub(crate) async fn replace(
    client: &impl GenericClient,
    (tenant_id, person_id): (&TenantId, &str),
    hashes: &[TokenHash],
) -> Result<()> {
    let hashes: Vec<&[u8]> = hashes.iter().map(|hash| hash.as_slice()).collect();
    let statement = client.prepare_cached(REPLACE).await?;
    client
        .execute(&statement, &[&tenant_id.as_str(), &person_id, &hashes])
        .await?;
    Ok(())
}

const USE: &str = "
    update recovery_codes set used_at = clock_timestamp()
    where tenant_id = $1 and person_id = $2 and code_hash = $3 and used_at is null";

/// Uses a code up; answers whether it was good.
pub(crate) async fn redeem(
    client: &impl GenericClient,
    (tenant_id, person_id): (&TenantId, &str),
    hash: &TokenHash,
) -> Result<bool> {
    let statement = client.prepare_cached(USE).await?;
    let used = client
        .execute(
            &statement,
            &[&tenant_id.as_str(), &person_id, &hash.as_slice()],
        )
        .await?;
    Ok(used == 1)
}

const NOTE_STEP: &str = "
    update people set totp_step = greatest(totp_step, $3), totp_failures = 0 where tenant_id = $1 and person_id = $2";

/// A code was good: it is not again, and earlier mistakes are forgiven.
pub(crate) async fn note_step(
    client: &impl GenericClient,
    (tenant_id, person_id): (&TenantId, &str),
    step: i64,
) -> Result<()> {
    let statement = client.prepare_cached(NOTE_STEP).await?;
    client
        .execute(&statement, &[&tenant_id.as_str(), &person_id, &step])
        .await?;
    Ok(())
}

const NOTE_FAILURE: &str = "
    update people set
        totp_failures = case when totp_failures + 1 >= $3 then 0 else totp_failures + 1 end,
        totp_locked_until = case when totp_failures + 1 >= $3
            then clock_timestamp() + make_interval(secs => $4) else totp_locked_until end
    where tenant_id = $1 and person_id = $2 returning totp_locked_until > clock_timestamp()";

/// A code was wrong; answers whether there is a pause now.
pub(crate) async fn note_failure(
    client: &impl GenericClient,
    (tenant_id, person_id): (&TenantId, &str),
    (max_failures, pause_seconds): (i32, f64),
) -> Result<bool> {
    let statement = client.prepare_cached(NOTE_FAILURE).await?;
    let row = client
        .query_opt(
            &statement,
            &[
                &tenant_id.as_str(),
                &person_id,
                &max_failures,
                &pause_seconds,
            ],
        )
        .await?;
    Ok(row.is_some_and(|row| row.get(0)))
}

const SET_PENDING: &str =
    "update people set totp_pending = $3 where tenant_id = $1 and person_id = $2";

/// Keeps a secret that was shown, sealed, until it is confirmed.
pub(crate) async fn set_pending(
    client: &impl GenericClient,
    (tenant_id, person_id): (&TenantId, &str),
    sealed: &str,
) -> Result<()> {
    let statement = client.prepare_cached(SET_PENDING).await?;
    client
        .execute(&statement, &[&tenant_id.as_str(), &person_id, &sealed])
        .await?;
    Ok(())
}

const ENROL: &str = "
    update people set totp_secret = $3, totp_pending = null, totp_step = $4, totp_failures = 0
    where tenant_id = $1 and person_id = $2";

/// The secret, sealed, is the person's second factor from now on; the step is that of the code which confirmed it.
pub(crate) async fn enrol(
    client: &impl GenericClient,
    (tenant_id, person_id): (&TenantId, &str),
    (sealed, step): (&str, i64),
) -> Result<()> {
    let statement = client.prepare_cached(ENROL).await?;
    client
        .execute(
            &statement,
            &[&tenant_id.as_str(), &person_id, &sealed, &step],
        )
        .await?;
    Ok(())
}
