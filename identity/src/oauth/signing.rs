//! The keys that sign access tokens: Ed25519, made when first needed, sealed under the root key. A new key is shown in the
//! set before it signs, and an old one verifies until all that it has signed is over, so a change of keys turns nobody away.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration as StdDuration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use event_store::Result;
use event_store::error::Error;
use event_store::store::Store;
use event_store::vault::roots::Own;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use super::ACCESS_TOKEN_LASTS;
use super::jwt::PublicKey;
use crate::tokens::random;

const SEED_BYTES: usize = 32;
/// How long a new key is shown before it signs: longer than anybody keeps the set.
pub const SHOWN_AHEAD: Duration = Duration::minutes(10);
/// How long others may keep the set of keys.
pub const SET_FRESH: Duration = Duration::minutes(5);
/// After so long a key is followed by a new one.
pub const ROTATED_AFTER: Duration = Duration::days(90);
/// How long an old key verifies after the last that it has signed.
const OVERLAP: Duration = Duration::minutes(5);
/// How long this process remembers the keys.
const REMEMBERED: StdDuration = StdDuration::from_secs(60);
/// How seldom an unknown name of a key makes it look again.
const LOOKED_AGAIN_AFTER: StdDuration = StdDuration::from_secs(2);

/// When a new key begins to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// Once everybody has had time to see it; the old one verifies on for what it has signed.
    Planned,
    /// Now, and the old ones verify nothing any more: all access tokens are void.
    AtOnce,
}

/// One key.
pub struct SigningKey {
    pub key_id: String,
    pub public_key: PublicKey,
    pub pair: Ed25519KeyPair,
    pub signs_from: OffsetDateTime,
    pub ends_at: Option<OffsetDateTime>,
}

/// The keys as this process knows them.
pub struct Keyring {
    store: Store,
    known: RwLock<Option<(Vec<Arc<SigningKey>>, Instant)>>,
}

const LIST: &str = "
    select key_id, public_key, sealed_seed, signs_from, ends_at
    from oauth_keys
    where ends_at is null or ends_at > clock_timestamp()
    order by signs_from desc limit 20";
const LOCK: &str = "select pg_advisory_xact_lock(hashtextextended('rapport oauth keys', 0))";
const NEWEST: &str = "select max(signs_from) from oauth_keys where ends_at is null";
const END_OTHERS: &str = "update oauth_keys set ends_at = $1 where ends_at is null or ends_at > $1";
const INSERT: &str = "
    insert into oauth_keys (key_id, public_key, sealed_seed, signs_from) values ($1, $2, $3, $4)";

impl Keyring {
    pub fn new(store: Store) -> Self {
        Self {
            store,
            known: RwLock::default(),
        }
    }

    /// The key that signs now; made if there is none.
    pub async fn signing(&self) -> Result<Arc<SigningKey>> {
        // Looked at anew each time: a key that is made on the way signs from a later moment than this began.
        let signs = |keys: &[Arc<SigningKey>]| {
            let now = OffsetDateTime::now_utc();
            let mut signing = keys.iter().filter(|key| key.signs_from <= now);
            signing.next().cloned()
        };
        if let Some(key) = signs(&self.all().await?) {
            return Ok(key);
        }
        self.make(Rotation::AtOnce, None).await?;
        let key = signs(&self.look().await?);
        key.ok_or_else(|| Error::internal("a key to sign tokens was made and is not there"))
    }

    /// The key with this name, if it still verifies.
    pub async fn find(&self, key_id: &str) -> Result<Option<Arc<SigningKey>>> {
        let with_name = |keys: Vec<Arc<SigningKey>>| {
            let now = OffsetDateTime::now_utc();
            let mut good = keys
                .into_iter()
                .filter(|key| key.ends_at.is_none_or(|ends_at| ends_at > now));
            good.find(|key| key.key_id == key_id)
        };
        if let Some(key) = with_name(self.all().await?) {
            return Ok(Some(key));
        }
        match self
            .known_since()
            .is_none_or(|age| age > LOOKED_AGAIN_AFTER)
        {
            true => Ok(with_name(self.look().await?)),
            false => Ok(None),
        }
    }

    /// The set of keys as others are shown it (RFC 7517).
    pub async fn jwks(&self) -> Result<Value> {
        self.signing().await?;
        let keys = self.all().await?;
        let shown = keys.iter().filter_map(|key| match &key.public_key {
            PublicKey::Ed25519(x) => Some(json!({
                "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key.key_id,
                "x": URL_SAFE_NO_PAD.encode(x),
            })),
            _ => None,
        });
        Ok(json!({ "keys": shown.collect::<Vec<_>>() }))
    }

    /// Makes a new key; answers its name.
    pub async fn rotate(&self, rotation: Rotation) -> Result<String> {
        let key_id = self.make(rotation, Some(Duration::ZERO)).await?;
        self.look().await?;
        key_id.ok_or_else(|| Error::internal("a key to sign tokens was not made"))
    }

    /// Makes a new key where the newest is old; run it about once a minute.
    pub async fn keep_house(&self) -> Result<()> {
        let now = OffsetDateTime::now_utc();
        let known = self.all().await?;
        // Whoever has never signed anything needs no new key.
        let is_old = |key: &Arc<SigningKey>| key.signs_from + ROTATED_AFTER <= now;
        if !known.is_empty() && known.iter().all(is_old) {
            self.make(Rotation::Planned, Some(ROTATED_AFTER)).await?;
            self.look().await?;
        }
        Ok(())
    }

    /// Makes a key unless the newest is younger than `beyond`; `None`: unless there is one. One process at a time.
    async fn make(&self, rotation: Rotation, beyond: Option<Duration>) -> Result<Option<String>> {
        let mut seed = Zeroizing::new([0; SEED_BYTES]);
        *seed = random::<SEED_BYTES>()?;
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_slice())
            .map_err(|_| Error::internal("a key to sign tokens cannot be made"))?;
        let public_key = pair.public_key().as_ref();
        let digest = Sha256::digest(public_key);
        let key_id = URL_SAFE_NO_PAD.encode(&digest[..12]);
        let sealed = self
            .store
            .vault
            .seal_own(Own::OauthSigning, seed.as_slice())?;
        let now = OffsetDateTime::now_utc();
        let mut client = self.store.pools.engine.get().await?;
        let tx = client.transaction().await?;
        tx.execute(LOCK, &[]).await?;
        let newest: Option<OffsetDateTime> = tx.query_one(NEWEST, &[]).await?.try_get(0)?;
        let is_there = match (newest, beyond) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(newest), Some(beyond)) => newest + beyond > now,
        };
        if is_there && beyond != Some(Duration::ZERO) {
            return Ok(None);
        }
        let (signs_from, others_end) = match rotation {
            Rotation::AtOnce => (now, now),
            Rotation::Planned => {
                let signs_from = now + SHOWN_AHEAD;
                (signs_from, signs_from + ACCESS_TOKEN_LASTS + OVERLAP)
            }
        };
        tx.execute(END_OTHERS, &[&others_end]).await?;
        tx.execute(INSERT, &[&key_id, &public_key, &sealed, &signs_from])
            .await?;
        tx.commit().await?;
        Ok(Some(key_id))
    }

    /// Those that verify, the newest first.
    async fn all(&self) -> Result<Vec<Arc<SigningKey>>> {
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if let Some((keys, since)) = &*known
                && since.elapsed() < REMEMBERED
            {
                return Ok(keys.clone());
            }
        }
        self.look().await
    }

    async fn look(&self) -> Result<Vec<Arc<SigningKey>>> {
        let client = self.store.pools.engine.get().await?;
        let rows = client.query(LIST, &[]).await?;
        drop(client);
        let mut keys = Vec::with_capacity(rows.len());
        for row in &rows {
            let public: Vec<u8> = row.try_get("public_key")?;
            let sealed: &[u8] = row.try_get("sealed_seed")?;
            let seed = self
                .store
                .vault
                .open_own(Own::OauthSigning, sealed)
                .ok_or_else(|| {
                    Error::internal("a key that signs tokens does not open with this root key")
                })?;
            let pair = Ed25519KeyPair::from_seed_and_public_key(&seed, &public)
                .map_err(|_| Error::internal("a key that signs tokens is not the one on record"))?;
            keys.push(Arc::new(SigningKey {
                key_id: row.try_get("key_id")?,
                public_key: PublicKey::Ed25519(public),
                pair,
                signs_from: row.try_get("signs_from")?,
                ends_at: row.try_get("ends_at")?,
            }));
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        *known = Some((keys.clone(), Instant::now()));
        Ok(keys)
    }

    fn known_since(&self) -> Option<StdDuration> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().map(|(_, since)| since.elapsed())
    }
}
