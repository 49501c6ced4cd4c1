//! The keys that data keys are wrapped under. The first is derived from the tenant's key; each rotation adds one, and data
//! keys are wrapped anew under the newest. The envelope names its key, so that none is ever tried in vain.

use std::collections::BTreeMap;
use std::sync::RwLock;

use super::{ENVELOPE_VERSION, Key, bind, decrypt, encrypt, to_key};
use crate::Result;
use crate::error::Error;

/// The id of the key that is derived.
pub const FIRST: i32 = 1;
/// The first byte of an envelope that names its key; four bytes of its id follow.
const NAMED_VERSION: u8 = 2;
const NAME_BYTES: usize = 5;

/// A tenant's wrapping keys by id.
pub(super) struct Wraps(RwLock<BTreeMap<i32, Key>>);

impl Wraps {
    pub fn new(first: Key) -> Self {
        Self(RwLock::new(BTreeMap::from([(FIRST, first)])))
    }

    pub fn add(&self, wrap_id: i32, key: Key) {
        if let Ok(mut wraps) = self.0.write() {
            wraps.insert(wrap_id, key);
        }
    }

    pub fn newest(&self) -> i32 {
        let wraps = self.0.read().ok();
        wraps
            .and_then(|wraps| wraps.keys().next_back().copied())
            .unwrap_or(FIRST)
    }

    pub fn has(&self, wrap_id: i32) -> bool {
        let wraps = self.0.read();
        wraps.is_ok_and(|wraps| wraps.contains_key(&wrap_id))
    }

    /// Wraps under the newest key.
    pub fn wrap(&self, plain: &[u8], bound: &[&str]) -> Result<Vec<u8>> {
        let newest = self.newest();
        let key = self
            .find(newest)
            .ok_or_else(|| Error::internal("there is no key to wrap with"))?;
        if newest == FIRST {
            return encrypt(&key, plain, &bind(bound));
        }
        let mut envelope = name(newest);
        envelope.extend(encrypt(&key, plain, &bind_named(newest, bound))?);
        Ok(envelope)
    }

    /// `None` for another tenant's or subject's, for one that is damaged, or when its key is not known here.
    pub fn unwrap(&self, envelope: &[u8], bound: &[&str]) -> Option<Key> {
        let wrap_id = wrap_id_of(envelope)?;
        let key = self.find(wrap_id)?;
        let plain = if wrap_id == FIRST {
            decrypt(&key, envelope, &bind(bound))?
        } else {
            decrypt(&key, &envelope[NAME_BYTES..], &bind_named(wrap_id, bound))?
        };
        to_key(&plain).ok()
    }

    fn find(&self, wrap_id: i32) -> Option<Key> {
        self.0.read().ok()?.get(&wrap_id).cloned()
    }
}

/// What the envelopes of this key begin with.
pub fn name(wrap_id: i32) -> Vec<u8> {
    if wrap_id == FIRST {
        return vec![ENVELOPE_VERSION];
    }
    let mut name = vec![NAMED_VERSION];
    name.extend_from_slice(&wrap_id.to_be_bytes());
    name
}

/// The key that an envelope names; `None` when it is none of ours.
pub fn wrap_id_of(envelope: &[u8]) -> Option<i32> {
    match *envelope.first()? {
        ENVELOPE_VERSION => Some(FIRST),
        NAMED_VERSION => {
            let id = envelope.get(1..NAME_BYTES)?.try_into().ok()?;
            Some(i32::from_be_bytes(id))
        }
        _ => None,
    }
}

fn bind_named(wrap_id: i32, bound: &[&str]) -> Vec<u8> {
    let mut all = bind(bound);
    all.extend(bind(&["wrapped under", &wrap_id.to_string()]));
    all
}
