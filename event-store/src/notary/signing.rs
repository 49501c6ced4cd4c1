//! The key that signs checkpoints: one an installation, made when it is first needed, and sealed under the root key, so
//! that whoever owns the database alone cannot sign.

use deadpool_postgres::{GenericClient, Pool};
use ring::signature::{Ed25519KeyPair, KeyPair};

use super::notes::{self, Checkpoint};
use super::tree::Hash;
use crate::Result;
use crate::error::Error;
use crate::vault::Vault;
use crate::vault::roots::Own;

const SEED_BYTES: usize = 32;
/// Random bytes that tell one installation's logs from another's.
const PREFIX_BYTES: usize = 8;

const FIND: &str = "select log_prefix, public_key, sealed_seed from audit_keys";
const RECORD: &str = "insert into audit_keys (log_prefix, public_key, sealed_seed) values ($1, $2, $3) on conflict do nothing";

/// What anybody may know: under which names logs are signed, and by which key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `rapport/<16 hexadecimal digits>`
    pub prefix: String,
    pub public_key: Vec<u8>,
}

impl Identity {
    /// `None` until the first checkpoint was signed.
    pub async fn find(client: &impl GenericClient) -> Result<Option<Self>> {
        let row = client.query_opt(FIND, &[]).await?;
        let read = |row: tokio_postgres::Row| -> Result<Self> {
            Ok(Self {
                prefix: row.try_get("log_prefix")?,
                public_key: row.try_get("public_key")?,
            })
        };
        row.map(read).transpose()
    }

    /// The name of a tenant's log.
    pub fn origin(&self, tenant_id: &str) -> String {
        format!("{}/{tenant_id}", self.prefix)
    }

    /// What verifiers of a tenant's log are given.
    pub fn verifier_key(&self, tenant_id: &str) -> String {
        notes::verifier_key(&self.origin(tenant_id), &self.public_key)
    }

    /// Reads a note of any of our logs; answers whose it is, and its head.
    pub fn open<'a>(&self, note: &'a str) -> Option<(&'a str, Checkpoint)> {
        let tenant_id = note
            .strip_prefix(&self.prefix)?
            .strip_prefix('/')?
            .lines()
            .next()?;
        let checkpoint = notes::open(note, &self.public_key)?;
        Some((tenant_id, checkpoint))
    }
}

/// Signs.
pub struct Signer {
    pub identity: Identity,
    pair: Ed25519KeyPair,
}

impl Signer {
    /// The installation's key, made if there is none yet. Fails when it was sealed under another root key.
    pub async fn open(pool: &Pool, vault: &Vault) -> Result<Self> {
        let client = pool.get().await?;
        if client.query_opt(FIND, &[]).await?.is_none() {
            record(&client, vault).await?;
        }
        // Another process may have been first, with a key of its own.
        let row = client.query_one(FIND, &[]).await?;
        let seed = vault
            .open_own(Own::AuditSigning, row.try_get("sealed_seed")?)
            .ok_or_else(|| {
                Error::internal("the key that signs the audit log does not open with this root key")
            })?;
        let identity = Identity {
            prefix: row.try_get("log_prefix")?,
            public_key: row.try_get("public_key")?,
        };
        let pair = Ed25519KeyPair::from_seed_and_public_key(&seed, &identity.public_key).map_err(
            |_| Error::internal("the key that signs the audit log is not the one on record"),
        )?;
        Ok(Self { identity, pair })
    }

    /// The signed head of a tenant's tree.
    pub fn sign(&self, tenant_id: &str, (size, root): (u64, Hash)) -> String {
        let checkpoint = Checkpoint {
            origin: self.identity.origin(tenant_id),
            size,
            root,
        };
        notes::sign(&checkpoint, &self.pair)
    }
}

async fn record(client: &impl GenericClient, vault: &Vault) -> Result<()> {
    let (mut seed, mut name) = (zeroize::Zeroizing::new([0; SEED_BYTES]), [0; PREFIX_BYTES]);
    for bytes in [seed.as_mut_slice(), name.as_mut_slice()] {
        getrandom::fill(bytes)
            .map_err(|error| Error::internal(format!("no randomness: {error}")))?;
    }
    let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_slice())
        .map_err(|_| Error::internal("a key to sign the audit log cannot be made"))?;
    let hex: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
    let (prefix, sealed) = (
        format!("rapport/{hex}"),
        vault.seal_own(Own::AuditSigning, seed.as_slice())?,
    );
    client
        .execute(RECORD, &[&prefix, &pair.public_key().as_ref(), &sealed])
        .await?;
    Ok(())
}
