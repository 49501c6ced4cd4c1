//! The key vault: root key → tenant key → one data key per subject. Fields are sealed with AES-256-GCM, bound to tenant,
//! subject, event type and field, so that a ciphertext moved elsewhere does not open.

mod opened;
pub mod roots;
pub mod wraps;

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD as BASE64, URL_SAFE_NO_PAD};
use domain::ids::TenantId;
use domain::sealed::{BlindIndex, Sealed};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use self::opened::Opened;
use self::roots::Roots;
use self::wraps::Wraps;
use crate::{Result, error::Error};

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;
/// First byte of every binary envelope and first field of every text one.
const ENVELOPE_VERSION: u8 = 1;

type Key = Zeroizing<[u8; KEY_BYTES]>;

/// Where a sealed field lies; part of what the ciphertext is bound to.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub subject: &'a str,
    pub event_type: &'a str,
    pub field: &'a str,
}

/// Holds the root key, or both while it is being changed, and the tenants' keys that this process has unwrapped.
pub struct Vault {
    roots: Roots,
    tenants: RwLock<HashMap<TenantId, Arc<TenantKeys>>>,
}

/// One tenant's keys: all derived from its one tenant key, each for one purpose.
pub struct TenantKeys {
    tenant_id: TenantId,
    wraps: Wraps,
    index: Key,
    fingerprint: Key,
    ingest: Key,
    signature: Key,
    opened: Opened,
}

/// One subject's data key, unwrapped.
#[derive(Clone)]
pub struct SubjectKey {
    tenant_id: TenantId,
    subject: Arc<str>,
    key: Arc<Key>,
}

impl Vault {
    pub fn new(root: &[u8; KEY_BYTES]) -> Self {
        Self {
            roots: Roots::new(root),
            tenants: RwLock::new(HashMap::new()),
        }
    }

    /// Makes a tenant's key and wraps it under the root key.
    pub fn new_tenant(&self, tenant_id: &TenantId) -> Result<Vec<u8>> {
        let key = random_key()?;
        let bound = bind(&["tenant", tenant_id.as_str()]);
        let wrapped = self.roots.encrypt(key.as_ref(), &bound)?;
        self.remember(tenant_id, &key);
        Ok(wrapped)
    }

    /// The tenant's keys, if this process has unwrapped them already.
    pub fn cached(&self, tenant_id: &TenantId) -> Option<Arc<TenantKeys>> {
        self.tenants.read().ok()?.get(tenant_id).cloned()
    }

    /// Lets go of a tenant's keys; those who hold them at this moment keep them until they are done.
    pub fn forget_tenant(&self, tenant_id: &TenantId) {
        if let Ok(mut tenants) = self.tenants.write() {
            tenants.remove(tenant_id);
        }
    }

    /// The keys of every tenant that this process has unwrapped.
    pub fn known(&self) -> Vec<Arc<TenantKeys>> {
        let tenants = self.tenants.read();
        tenants.map_or_else(
            |_| Vec::new(),
            |tenants| tenants.values().cloned().collect(),
        )
    }

    /// Unwraps a tenant's key; it fails when the root key is not the one it was wrapped under.
    pub fn unwrap_tenant(&self, tenant_id: &TenantId, wrapped: &[u8]) -> Result<Arc<TenantKeys>> {
        let bound = bind(&["tenant", tenant_id.as_str()]);
        let plain = self.roots.decrypt(wrapped, &bound).ok_or_else(|| {
            Error::internal(format!(
                "the key of tenant {tenant_id} does not open with this root key"
            ))
        })?;
        Ok(self.remember(tenant_id, &to_key(&plain)?))
    }

    /// Makes a tenant's next wrapping key, wrapped under the root key.
    pub fn new_wrap(&self, tenant_id: &TenantId, wrap_id: i32) -> Result<Vec<u8>> {
        let key = random_key()?;
        self.roots
            .encrypt(key.as_ref(), &bind_wrap(tenant_id, wrap_id))
    }

    /// Takes a tenant's wrapping key in.
    pub fn add_wrap(&self, keys: &TenantKeys, wrap_id: i32, wrapped: &[u8]) -> Result<()> {
        let bound = bind_wrap(&keys.tenant_id, wrap_id);
        let plain = self.roots.decrypt(wrapped, &bound).ok_or_else(|| {
            let tenant_id = &keys.tenant_id;
            Error::internal(format!(
                "a wrapping key of tenant {tenant_id} does not open"
            ))
        })?;
        keys.wraps.add(wrap_id, to_key(&plain)?);
        Ok(())
    }

    fn remember(&self, tenant_id: &TenantId, key: &Key) -> Arc<TenantKeys> {
        let keys = Arc::new(TenantKeys {
            tenant_id: tenant_id.clone(),
            wraps: Wraps::new(derive(key, "subject keys")),
            index: derive(key, "blind indexes"),
            fingerprint: derive(key, "command fingerprints"),
            ingest: derive(key, "ingest"),
            signature: derive(key, "signatures"),
            opened: Opened::default(),
        });
        if let Ok(mut tenants) = self.tenants.write() {
            return tenants.entry(tenant_id.clone()).or_insert(keys).clone();
        }
        keys
    }
}

impl TenantKeys {
    pub fn tenant_id(&self) -> &TenantId {
        &self.tenant_id
    }

    /// Makes a subject's data key; the wrapped form must travel in the commit that first uses it.
    pub fn new_subject(&self, subject: &str) -> Result<(SubjectKey, Vec<u8>)> {
        let key = random_key()?;
        let wrapped = self.wraps.wrap(key.as_ref(), &self.bound(subject))?;
        Ok((self.subject(subject, key), wrapped))
    }

    /// Unwraps a subject's data key and keeps it for the next time. `Store::open_subject_key` fetches the wrapping key first
    /// where this process does not know it yet.
    pub fn unwrap_subject(&self, subject: &str, wrapped: &[u8]) -> Result<SubjectKey> {
        let key = match self.opened.find(subject) {
            Some(found) => found,
            None => {
                let key = self.wraps.unwrap(wrapped, &self.bound(subject));
                let key = key.ok_or_else(|| {
                    Error::internal(format!("the key of subject {subject} does not open"))
                })?;
                self.subject(subject, key)
            }
        };
        self.opened.keep(subject, &key);
        Ok(key)
    }

    /// The same data key under the newest wrapping key; `None` when it is wrapped so already.
    pub fn rewrap_subject(&self, subject: &str, wrapped: &[u8]) -> Result<Option<Vec<u8>>> {
        if wraps::wrap_id_of(wrapped) == Some(self.wraps.newest()) {
            return Ok(None);
        }
        let bound = self.bound(subject);
        let key = self.wraps.unwrap(wrapped, &bound).ok_or_else(|| {
            Error::internal(format!("the key of subject {subject} does not open"))
        })?;
        self.wraps.wrap(key.as_ref(), &bound).map(Some)
    }

    /// The subject's key, if this process has unwrapped it already: for a commit that is guarded by the subject's stream.
    pub fn cached_subject(&self, subject: &str) -> Option<SubjectKey> {
        self.opened.find(subject)
    }

    /// The subject's key, if the database has given it out of late: for readers.
    pub fn fresh_subject(&self, subject: &str) -> Option<SubjectKey> {
        self.opened.find_fresh(subject)
    }

    /// Forgets a key that was restricted or destroyed.
    pub fn forget_subject(&self, subject: &str) {
        self.opened.forget(subject);
    }

    /// Whether the key that this envelope was wrapped under is known here.
    pub fn can_unwrap(&self, wrapped: &[u8]) -> bool {
        wraps::wrap_id_of(wrapped).is_none_or(|wrap_id| self.wraps.has(wrap_id))
    }

    /// The id of the newest wrapping key that is known here.
    pub fn newest_wrap(&self) -> i32 {
        self.wraps.newest()
    }

    fn bound<'a>(&'a self, subject: &'a str) -> [&'a str; 3] {
        ["subject", self.tenant_id.as_str(), subject]
    }

    /// A keyed hash of a normalised value within a scope.
    pub fn blind_index(&self, scope: &str, value: &str) -> BlindIndex {
        BlindIndex::new(hex(&authenticate(&self.index, &bind(&[scope, value]))))
    }

    /// A keyed hash of a command's name and canonical body.
    pub fn fingerprint(&self, name: &str, canonical_body: &str) -> Vec<u8> {
        authenticate(&self.fingerprint, &bind(&[name, canonical_body])).to_vec()
    }

    /// A signature over what we hand out and get back, in URL-safe base64; good for this tenant and purpose alone.
    pub fn sign(&self, purpose: &str, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(authenticate(&self.signature, &bind(&[purpose, text])))
    }

    /// Whether `sign` made this signature; it takes as long for a wrong one.
    pub fn verify(&self, purpose: &str, text: &str, signature: &str) -> bool {
        let given = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
        keyed(&self.signature, &bind(&[purpose, text]))
            .verify_slice(&given)
            .is_ok()
    }

    /// Seals bytes that name no subject yet: raw webhook bodies, source addresses, secrets of providers.
    pub fn seal_ingest(&self, purpose: &str, plain: &[u8]) -> Result<Vec<u8>> {
        encrypt(
            &self.ingest,
            plain,
            &bind(&["ingest", self.tenant_id.as_str(), purpose]),
        )
    }

    /// Opens what `seal_ingest` sealed for the same purpose.
    pub fn open_ingest(&self, purpose: &str, envelope: &[u8]) -> Option<Vec<u8>> {
        decrypt(
            &self.ingest,
            envelope,
            &bind(&["ingest", self.tenant_id.as_str(), purpose]),
        )
    }

    /// As `seal_ingest`, in the text form that events carry.
    pub fn seal_secret(&self, purpose: &str, plain: &str) -> Result<Sealed> {
        Ok(Sealed::new(
            BASE64.encode(self.seal_ingest(purpose, plain.as_bytes())?),
        ))
    }

    /// Opens what `seal_secret` sealed.
    pub fn open_secret(&self, purpose: &str, sealed: &Sealed) -> Option<Zeroizing<String>> {
        let plain = self.open_ingest(purpose, &BASE64.decode(sealed.as_str()).ok()?)?;
        String::from_utf8(plain).ok().map(Zeroizing::new)
    }

    fn subject(&self, subject: &str, key: Key) -> SubjectKey {
        SubjectKey {
            tenant_id: self.tenant_id.clone(),
            subject: subject.into(),
            key: Arc::new(key),
        }
    }
}

impl SubjectKey {
    /// Seals one field of one kind of event: `v1:<event type>:<field>:<base64>`.
    pub fn seal(&self, event_type: &str, field: &str, plain: &str) -> Result<Sealed> {
        let bound = self.bind(event_type, field);
        let envelope = encrypt(&self.key, plain.as_bytes(), &bound)?;
        Ok(Sealed::new(format!(
            "v{ENVELOPE_VERSION}:{event_type}:{field}:{}",
            BASE64.encode(envelope)
        )))
    }

    /// Opens a field wherever its event put it; `None` when it was sealed for another subject or field, or is damaged.
    pub fn open(&self, field: &str, sealed: &Sealed) -> Option<String> {
        let mut parts = sealed.as_str().splitn(4, ':');
        let (version, event_type, sealed_field, envelope) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if version != "v1" || sealed_field != field {
            return None;
        }
        let plain = decrypt(
            &self.key,
            &BASE64.decode(envelope).ok()?,
            &self.bind(event_type, field),
        )?;
        String::from_utf8(plain).ok()
    }

    /// Opens a field only if it was sealed for exactly this kind of event.
    pub fn open_in(&self, place: Place<'_>, sealed: &Sealed) -> Option<String> {
        let event_type = sealed.as_str().split(':').nth(1)?;
        if event_type != place.event_type || place.subject != &*self.subject {
            return None;
        }
        self.open(place.field, sealed)
    }

    /// Seals a file that belongs to the subject, as bytes for a table.
    pub fn seal_file(&self, file_id: &str, plain: &[u8]) -> Result<Vec<u8>> {
        encrypt(&self.key, plain, &self.bind_file(file_id))
    }

    /// Opens what `seal_file` sealed under this id.
    pub fn open_file(&self, file_id: &str, envelope: &[u8]) -> Option<Vec<u8>> {
        decrypt(&self.key, envelope, &self.bind_file(file_id))
    }

    fn bind_file(&self, file_id: &str) -> Vec<u8> {
        bind(&["file", self.tenant_id.as_str(), &self.subject, file_id])
    }

    fn bind(&self, event_type: &str, field: &str) -> Vec<u8> {
        bind(&[
            "field",
            self.tenant_id.as_str(),
            &self.subject,
            event_type,
            field,
        ])
    }
}

impl std::fmt::Debug for SubjectKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SubjectKey({})", self.subject)
    }
}

fn bind_wrap(tenant_id: &TenantId, wrap_id: i32) -> Vec<u8> {
    bind(&["wrap", tenant_id.as_str(), &wrap_id.to_string()])
}

/// Length-prefixed parts, so that no two lists of parts read alike.
fn bind(parts: &[&str]) -> Vec<u8> {
    let mut bound = Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum());
    for part in parts {
        bound.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        bound.extend_from_slice(part.as_bytes());
    }
    bound
}

fn random_key() -> Result<Key> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    getrandom::fill(key.as_mut())
        .map_err(|error| Error::internal(format!("no randomness: {error}")))?;
    Ok(key)
}

fn to_key(plain: &[u8]) -> Result<Key> {
    let key: [u8; KEY_BYTES] = plain
        .try_into()
        .map_err(|_| Error::internal("a wrapped key has the wrong length"))?;
    Ok(Zeroizing::new(key))
}

/// `version ‖ nonce ‖ ciphertext`.
fn encrypt(key: &Key, plain: &[u8], bound: &[u8]) -> Result<Vec<u8>> {
    let mut nonce = [0; NONCE_BYTES];
    getrandom::fill(&mut nonce)
        .map_err(|error| Error::internal(format!("no randomness: {error}")))?;
    let ciphertext = Aes256Gcm::new(key.as_slice().into())
        .encrypt(
            Nonce::from_slice(&nonce),
            Payload {
                msg: plain,
                aad: bound,
            },
        )
        .map_err(|_| Error::internal("encryption failed"))?;
    let mut envelope = Vec::with_capacity(1 + NONCE_BYTES + ciphertext.len());
    envelope.push(ENVELOPE_VERSION);
    envelope.extend_from_slice(&nonce);
    envelope.extend_from_slice(&ciphertext);
    Ok(envelope)
}

fn decrypt(key: &Key, envelope: &[u8], bound: &[u8]) -> Option<Vec<u8>> {
    let (version, rest) = envelope.split_first()?;
    if *version != ENVELOPE_VERSION || rest.len() < NONCE_BYTES {
        return None;
    }
    let (nonce, ciphertext) = rest.split_at(NONCE_BYTES);
    Aes256Gcm::new(key.as_slice().into())
        .decrypt(
            Nonce::from_slice(nonce),
            Payload {
                msg: ciphertext,
                aad: bound,
            },
        )
        .ok()
}

fn derive(key: &Key, purpose: &str) -> Key {
    Zeroizing::new(authenticate(key, &bind(&["rapport", purpose])))
}

fn authenticate(key: &Key, message: &[u8]) -> [u8; KEY_BYTES] {
    keyed(key, message).finalize().into_bytes().into()
}

fn keyed(key: &Key, message: &[u8]) -> Hmac<Sha256> {
    // HMAC pads a short key with zeros to its block; doing so here makes the construction infallible.
    let mut block = Zeroizing::new([0; 64]);
    block[..KEY_BYTES].copy_from_slice(key.as_slice());
    let mut mac = <Hmac<Sha256> as KeyInit>::new((&*block).into());
    mac.update(message);
    mac
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
