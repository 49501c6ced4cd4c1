//! Changes the root key while everything runs: the next key is announced, all that lies under the root key is wrapped anew,
//! and then the database records the next one. Meanwhile whoever holds either key learns the other from the announcement.
//! Where it stands lies in the rows themselves, so it goes on from wherever it was interrupted.

use std::time::Duration;

use deadpool_postgres::{GenericClient, Transaction};
use domain::ids::TenantId;
use domain::refusal::Refusal;
use tokio_postgres::Row;
use zeroize::Zeroizing;

use crate::Result;
use crate::error::Error;
use crate::rotation::Standing;
use crate::store::Store;
use crate::vault::Vault;
use crate::vault::roots::{Own, Wrapped, fingerprint_of};

/// Rows of one step; a step is a transaction.
pub const STEP_ROWS: i64 = 500;
/// How often a process that runs looks whether the root key is being changed.
pub const LOOK_EVERY: Duration = Duration::from_secs(2);
const KEY_BYTES: usize = 32;

const FIND_ANNOUNCED: &str =
    "select next_fingerprint, next_under_old, old_under_next from root_rotation";
const ANNOUNCE: &str = "
    insert into root_rotation (next_fingerprint, next_under_old, old_under_next) values ($1, $2, $3)
    on conflict do nothing";
const FIND_RECORDED: &str = "select root_key_fingerprint from installation";
const END: &str = "delete from root_rotation where next_fingerprint = $1";
const RECORD: &str = "update installation set root_key_fingerprint = $1";

const LIST_TENANTS: &str = "
    select tenant_id as owner, '' as item, wrapped_key as envelope from tenants
    where (tenant_id, '') > ($1::text, $2::text) order by tenant_id limit $3";
const LIST_WRAPS: &str = "
    select tenant_id as owner, wrap_id::text as item, wrapped_key as envelope from tenant_wrap_keys
    where (tenant_id, wrap_id::text) > ($1::text, $2::text) order by tenant_id, wrap_id::text limit $3";
const LIST_INSTALLATION: &str = "
    select tenant_id as owner, '' as item, wrapped_key as envelope from installation_keys
    where (tenant_id, '') > ($1::text, $2::text) order by tenant_id limit $3";
const LIST_AUDIT: &str = "
    select log_prefix as owner, '' as item, sealed_seed as envelope from audit_keys
    where (log_prefix, '') > ($1::text, $2::text) order by log_prefix limit $3";
const LIST_OAUTH: &str = "
    select key_id as owner, '' as item, sealed_seed as envelope from oauth_keys
    where (key_id, '') > ($1::text, $2::text) order by key_id limit $3";

/// What somebody else has changed meanwhile stays as it is, and the next round looks at it again.
const REWRAP_TENANTS: &str = "
    update tenants t set wrapped_key = r.new
    from unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[]) as r (owner, item, old, new)
    where t.tenant_id = r.owner and t.wrapped_key = r.old";
const REWRAP_WRAPS: &str = "
    update tenant_wrap_keys t set wrapped_key = r.new
    from unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[]) as r (owner, item, old, new)
    where t.tenant_id = r.owner and t.wrap_id::text = r.item and t.wrapped_key = r.old";
const REWRAP_INSTALLATION: &str = "
    update installation_keys t set wrapped_key = r.new
    from unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[]) as r (owner, item, old, new)
    where t.tenant_id = r.owner and t.wrapped_key = r.old";
const REWRAP_AUDIT: &str = "
    update audit_keys t set sealed_seed = r.new
    from unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[]) as r (owner, item, old, new)
    where t.log_prefix = r.owner and t.sealed_seed = r.old";
const REWRAP_OAUTH: &str = "
    update oauth_keys t set sealed_seed = r.new
    from unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[]) as r (owner, item, old, new)
    where t.key_id = r.owner and t.sealed_seed = r.old";

/// A table that holds something wrapped under the root key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelf {
    Installation,
    Audit,
    Oauth,
    Wraps,
    Tenants,
}

/// How somebody stands to the root key that the database records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knowledge {
    /// Knows what there is to know.
    Whole,
    /// Has just learned the other key of a change that is under way.
    Grown,
    /// Was away while the root key changed: nothing that is sealed from now on opens here.
    Outdated,
}

/// What one step has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub read: usize,
    pub rewrapped: u64,
    /// Where the next step goes on in the same table; `None` at its end.
    pub next: Option<(String, String)>,
}

impl Shelf {
    pub const ALL: [Self; 5] = [
        Self::Installation,
        Self::Audit,
        Self::Oauth,
        Self::Wraps,
        Self::Tenants,
    ];

    fn list(self) -> &'static str {
        match self {
            Self::Installation => LIST_INSTALLATION,
            Self::Audit => LIST_AUDIT,
            Self::Oauth => LIST_OAUTH,
            Self::Wraps => LIST_WRAPS,
            Self::Tenants => LIST_TENANTS,
        }
    }

    fn update(self) -> &'static str {
        match self {
            Self::Installation => REWRAP_INSTALLATION,
            Self::Audit => REWRAP_AUDIT,
            Self::Oauth => REWRAP_OAUTH,
            Self::Wraps => REWRAP_WRAPS,
            Self::Tenants => REWRAP_TENANTS,
        }
    }

    /// The row's envelope under the newest root key; `None` when it is so already.
    fn rewrap(self, vault: &Vault, row: &Row) -> Result<Option<Vec<u8>>> {
        let (owner, item): (&str, &str) = (row.try_get("owner")?, row.try_get("item")?);
        let envelope: &[u8] = row.try_get("envelope")?;
        let tenant_id = TenantId::new(owner);
        let wrapped = match self {
            Self::Installation | Self::Tenants => Wrapped::Tenant(&tenant_id),
            Self::Audit => Wrapped::Own(Own::AuditSigning),
            Self::Oauth => Wrapped::Own(Own::OauthSigning),
            Self::Wraps => {
                let wrap_id = item.parse();
                let wrap_id =
                    wrap_id.map_err(|_| Error::internal("a wrapping key's id is no number"))?;
                Wrapped::Wrap(&tenant_id, wrap_id)
            }
        };
        vault.rewrap(wrapped, envelope)
    }
}

/// The fingerprint of the root key that is to come, while it is being changed.
pub async fn find_next(client: &impl GenericClient) -> Result<Option<Vec<u8>>> {
    let row = client.query_opt(FIND_ANNOUNCED, &[]).await?;
    Ok(row.map(|row| row.try_get("next_fingerprint")).transpose()?)
}

/// Refused with 409 `root-key-changing` while the root key is being changed: a copy made now would open with neither key alone.
pub async fn refuse_while_changing(client: &impl GenericClient) -> Result<()> {
    match find_next(client).await? {
        None => Ok(()),
        Some(_) => Err(Refusal::conflict(
            "root-key-changing",
            "the root key is being changed, so the copy would open with neither key alone: finish `rapport keys rotate-root` \
             first",
        )
        .into()),
    }
}

/// Tells everybody of the next root key; answers whether nobody else has announced one.
pub async fn announce(tx: &Transaction<'_>, vault: &Vault, next: &[u8; KEY_BYTES]) -> Result<bool> {
    let (old, _) = vault.newest_root()?;
    let next_under_old = vault.seal_own(Own::RootKey, next)?;
    let old_under_next = Vault::new(next).seal_own(Own::RootKey, old.as_slice())?;
    let fingerprint = fingerprint_of(next);
    let announced = tx
        .execute(
            ANNOUNCE,
            &[&fingerprint.as_slice(), &next_under_old, &old_under_next],
        )
        .await?;
    Ok(announced == 1)
}

/// Records the newest root key as the one; answers whether that was still to be done. Fails while anything is not under it.
pub async fn finish(tx: &Transaction<'_>, vault: &Vault) -> Result<bool> {
    let (_, fingerprint) = vault.newest_root()?;
    let ended = tx.execute(END, &[&fingerprint.as_slice()]).await?;
    if ended == 0 {
        return Ok(false);
    }
    let standing = standing(tx, vault).await?;
    if standing.left > 0 {
        let left = standing.left;
        return Err(Error::busy(
            "root-key-in-use",
            format!("{left} keys have been wrapped under the old root key meanwhile: ask again"),
        ));
    }
    tx.execute(RECORD, &[&fingerprint.as_slice()]).await?;
    Ok(true)
}

/// How much lies under the root key, and how much of it not under the newest yet.
pub async fn standing(client: &impl GenericClient, vault: &Vault) -> Result<Standing> {
    let mut standing = Standing { left: 0, whole: 0 };
    for shelf in Shelf::ALL {
        let mut after = Some((String::new(), String::new()));
        while let Some(place) = after.take() {
            let rows = page(client, shelf, &place).await?;
            for row in &rows {
                standing.whole += 1;
                standing.left += i64::from(shelf.rewrap(vault, row)?.is_some());
            }
            after = next(&rows)?;
        }
    }
    Ok(standing)
}

impl Store {
    /// Wraps the next `STEP_ROWS` rows of a table anew, behind this place.
    pub async fn rotate_root_step(&self, shelf: Shelf, after: &(String, String)) -> Result<Step> {
        let client = self.pools.engine.get().await?;
        let rows = page(&client, shelf, after).await?;
        let (mut owners, mut items) = (Vec::<&str>::new(), Vec::<&str>::new());
        let (mut old, mut new) = (Vec::<&[u8]>::new(), Vec::new());
        for row in &rows {
            if let Some(anew) = shelf.rewrap(&self.vault, row)? {
                owners.push(row.try_get("owner")?);
                items.push(row.try_get("item")?);
                old.push(row.try_get("envelope")?);
                new.push(anew);
            }
        }
        let mut rewrapped = 0;
        if !owners.is_empty() {
            rewrapped = client
                .execute(shelf.update(), &[&owners, &items, &old, &new])
                .await?;
        }
        Ok(Step {
            read: rows.len(),
            rewrapped,
            next: next(&rows)?,
        })
    }

    /// Learns the other root key while it is being changed, and forgets the old one when that is done.
    pub async fn learn_roots(&self) -> Result<Knowledge> {
        let client = self.pools.engine.get().await?;
        let Some(row) = client.query_opt(FIND_ANNOUNCED, &[]).await? else {
            let recorded = client.query_opt(FIND_RECORDED, &[]).await?;
            let recorded: Option<Vec<u8>> = recorded.map(|row| row.try_get(0)).transpose()?;
            let is_known = recorded.is_none_or(|recorded| self.vault.keep_only_root(&recorded));
            return Ok(match is_known {
                true => Knowledge::Whole,
                false => Knowledge::Outdated,
            });
        };
        let fingerprint: Vec<u8> = row.try_get("next_fingerprint")?;
        let is_next = |root: &[u8; KEY_BYTES]| fingerprint_of(root) == *fingerprint;
        let (newest, _) = self.vault.newest_root()?;
        let open = |envelope: &[u8]| -> Option<Zeroizing<[u8; KEY_BYTES]>> {
            let plain = self.vault.open_own(Own::RootKey, envelope)?;
            Some(Zeroizing::new(plain.as_slice().try_into().ok()?))
        };
        if is_next(&newest) {
            if let Some(old) = open(row.try_get("old_under_next")?) {
                self.vault.add_older_root(&old);
            }
            return Ok(Knowledge::Whole);
        }
        match open(row.try_get("next_under_old")?).filter(|next| is_next(next)) {
            Some(next) => {
                self.vault.add_root(&next);
                Ok(Knowledge::Grown)
            }
            None => Ok(Knowledge::Outdated),
        }
    }

    /// Follows changes of the root key for as long as it is polled; it ends when one was missed, for then nothing that is
    /// sealed from now on opens here.
    pub async fn follow_roots(&self) {
        loop {
            match self.learn_roots().await {
                Ok(Knowledge::Whole) => {}
                Ok(Knowledge::Grown) => tracing::info!("the root key is being changed"),
                Ok(Knowledge::Outdated) => return,
                Err(error) => {
                    tracing::warn!(%error, "changes of the root key could not be looked up")
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

async fn page(
    client: &impl GenericClient,
    shelf: Shelf,
    (owner, item): &(String, String),
) -> Result<Vec<Row>> {
    let rows = client
        .query(shelf.list(), &[&owner, &item, &STEP_ROWS])
        .await?;
    Ok(rows)
}

fn next(rows: &[Row]) -> Result<Option<(String, String)>> {
    let is_last = i64::try_from(rows.len()).unwrap_or(i64::MAX) < STEP_ROWS;
    let last = rows.last().filter(|_| !is_last);
    let place = last.map(|row| -> Result<(String, String)> {
        Ok((row.try_get("owner")?, row.try_get("item")?))
    });
    place.transpose()
}
