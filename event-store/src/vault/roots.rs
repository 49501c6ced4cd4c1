//! The root keys that a process holds: one, and while it is being changed the next one too. The newest seals; either opens.

use std::sync::RwLock;

use domain::ids::TenantId;
use hmac::Mac;
use zeroize::Zeroizing;

use super::{KEY_BYTES, Key, Vault, bind, bind_wrap, decrypt, encrypt, keyed};
use crate::Result;
use crate::error::Error;

const FINGERPRINT_BYTES: usize = 16;
const FINGERPRINT_LABEL: &[u8] = b"rapport root key fingerprint v1";

/// What the database records to know a root key by: the first 16 bytes of HMAC-SHA256(key, `rapport root key fingerprint
/// v1`). It tells nothing about the key.
pub type Fingerprint = [u8; FINGERPRINT_BYTES];

/// A secret of the installation's own that lies sealed under the root key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    /// The seed of the key that signs the audit log.
    AuditSigning,
    /// The seed of a key that signs access tokens.
    OauthSigning,
    /// The other root key, while it is being changed.
    RootKey,
}

/// What lies wrapped under the root key, and where: everything that a change of it has to wrap anew.
#[derive(Clone, Copy, Debug)]
pub enum Wrapped<'a> {
    /// A tenant's key, or that of the installation, which has a name like a tenant's.
    Tenant(&'a TenantId),
    /// A tenant's later wrapping key.
    Wrap(&'a TenantId, i32),
    Own(Own),
}

/// The newest first.
pub(super) struct Roots(RwLock<Vec<Key>>);

impl Own {
    pub(super) fn purpose(self) -> &'static str {
        match self {
            Self::AuditSigning => "audit signing key",
            Self::OauthSigning => "oauth signing key",
            Self::RootKey => "root key",
        }
    }
}

impl Wrapped<'_> {
    fn bound(self) -> Vec<u8> {
        match self {
            Self::Tenant(tenant_id) => bind(&["tenant", tenant_id.as_str()]),
            Self::Wrap(tenant_id, wrap_id) => bind_wrap(tenant_id, wrap_id),
            Self::Own(own) => bind(&["installation", own.purpose()]),
        }
    }
}

impl Vault {
    /// Seals a secret of the installation's own, of no tenant, under the root key.
    pub fn seal_own(&self, own: Own, plain: &[u8]) -> Result<Vec<u8>> {
        self.roots.encrypt(plain, &Wrapped::Own(own).bound())
    }

    /// Opens what `seal_own` sealed.
    pub fn open_own(&self, own: Own, envelope: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let plain = self.roots.decrypt(envelope, &Wrapped::Own(own).bound());
        plain.map(Zeroizing::new)
    }

    /// The same under the newest root key; `None` when it is so already. Fails when no root key that is known opens it.
    pub fn rewrap(&self, wrapped: Wrapped<'_>, envelope: &[u8]) -> Result<Option<Vec<u8>>> {
        self.roots.rewrap(envelope, &wrapped.bound())
    }

    /// Seals under this root key from now on; what lies under the others opens as before.
    pub fn add_root(&self, root: &[u8; KEY_BYTES]) {
        self.roots.add_newest(root);
    }

    /// Opens with this root key too.
    pub fn add_older_root(&self, root: &[u8; KEY_BYTES]) {
        self.roots.add_older(root);
    }

    /// Forgets all root keys but this one; answers whether it is known. Where it is not, nothing is forgotten.
    pub fn keep_only_root(&self, fingerprint: &[u8]) -> bool {
        self.roots.keep_only(fingerprint)
    }

    /// The root key that seals, and its fingerprint.
    pub fn newest_root(&self) -> Result<(Zeroizing<[u8; KEY_BYTES]>, Fingerprint)> {
        let newest = self.roots.newest()?;
        let fingerprint = fingerprint_of(&newest);
        Ok((newest, fingerprint))
    }
}

impl Roots {
    pub fn new(root: &[u8; KEY_BYTES]) -> Self {
        Self(RwLock::new(vec![Key::new(*root)]))
    }

    /// Seals with this one from now on; known already, it stays where it is.
    pub fn add_newest(&self, root: &[u8; KEY_BYTES]) {
        if let Ok(mut roots) = self.0.write()
            && roots.iter().all(|known| **known != *root)
        {
            roots.insert(0, Key::new(*root));
        }
    }

    /// Opens with this one too.
    pub fn add_older(&self, root: &[u8; KEY_BYTES]) {
        if let Ok(mut roots) = self.0.write()
            && roots.iter().all(|known| **known != *root)
        {
            roots.push(Key::new(*root));
        }
    }

    /// Forgets all others; answers whether this one is known. Where it is not, nothing is forgotten.
    pub fn keep_only(&self, fingerprint: &[u8]) -> bool {
        let Ok(mut roots) = self.0.write() else {
            return false;
        };
        let is_kept = roots
            .iter()
            .any(|root| fingerprint_of(root) == *fingerprint);
        if is_kept && roots.len() > 1 {
            roots.retain(|root| fingerprint_of(root) == *fingerprint);
        }
        is_kept
    }

    pub fn newest(&self) -> Result<Key> {
        let roots = self.0.read().ok();
        roots
            .and_then(|roots| roots.first().cloned())
            .ok_or_else(|| Error::internal("there is no root key to seal with"))
    }

    pub fn encrypt(&self, plain: &[u8], bound: &[u8]) -> Result<Vec<u8>> {
        encrypt(&self.newest()?, plain, bound)
    }

    pub fn decrypt(&self, envelope: &[u8], bound: &[u8]) -> Option<Vec<u8>> {
        let roots = self.0.read().ok()?;
        roots.iter().find_map(|root| decrypt(root, envelope, bound))
    }

    /// The same under the newest; `None` when it is so already. Fails when none that is known opens it.
    pub fn rewrap(&self, envelope: &[u8], bound: &[u8]) -> Result<Option<Vec<u8>>> {
        let newest = self.newest()?;
        if decrypt(&newest, envelope, bound).is_some() {
            return Ok(None);
        }
        let plain = self
            .decrypt(envelope, bound)
            .map(Zeroizing::new)
            .ok_or_else(|| Error::internal("what lies under the root key does not open"))?;
        encrypt(&newest, &plain, bound).map(Some)
    }
}

/// Of a root key.
pub fn fingerprint_of(root: &[u8; KEY_BYTES]) -> Fingerprint {
    let digest = keyed(&Key::new(*root), FINGERPRINT_LABEL)
        .finalize()
        .into_bytes();
    let mut fingerprint = [0; FINGERPRINT_BYTES];
    fingerprint.copy_from_slice(&digest[..FINGERPRINT_BYTES]);
    fingerprint
}
