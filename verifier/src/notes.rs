//! Signed checkpoints (C2SP signed-note and tlog-checkpoint) and the keys that verify them.

use ring::signature::{ED25519, UnparsedPublicKey};

use crate::documents::{from_base64, to_base64};
use crate::tree::{HASH_BYTES, Hash, from_bytes, sha256};
use crate::{Failure, Fault};

const ED25519_TYPE: u8 = 1;
const ID_BYTES: usize = 4;

/// A public key by the name of its log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub name: String,
    bytes: Vec<u8>,
}

/// A tree's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub origin: String,
    pub size: u64,
    pub root: Hash,
}

impl Key {
    /// Reads `<name>+<id>+<base64>`, in which the id must be that of the rest.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let wrong = |why: &str| {
            Failure::new(
                Fault::Input,
                format!("this is no public key of a log: {why}"),
            )
        };
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(typed)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong("it is <name>+<id>+<base64>"));
        };
        let typed = from_base64(typed).ok_or_else(|| wrong("its last part is no base64"))?;
        let key = match typed.split_first() {
            Some((&ED25519_TYPE, key)) if key.len() == HASH_BYTES => key.to_vec(),
            _ => return Err(wrong("only Ed25519 is known here")),
        };
        let key = Self {
            name: name.to_owned(),
            bytes: key,
        };
        let hex: String = key.id().iter().map(|byte| format!("{byte:02x}")).collect();
        if hex != id {
            return Err(wrong("its id does not fit its name and key"));
        }
        Ok(key)
    }

    /// The same key under another log's name.
    pub fn named(&self, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            bytes: self.bytes.clone(),
        }
    }

    fn id(&self) -> Vec<u8> {
        let mut input = format!("{}\n", self.name).into_bytes();
        input.push(ED25519_TYPE);
        input.extend_from_slice(&self.bytes);
        sha256(&input)[..ID_BYTES].to_vec()
    }

    /// Reads a checkpoint of this key's log. Fails with `Input` when it is none, with `Signature` when the key has not
    /// signed it.
    pub fn open(&self, note: &str) -> Result<Checkpoint, Failure> {
        let no_note = || Failure::new(Fault::Input, "the checkpoint is no signed note");
        let at = note.rfind("\n\n").ok_or_else(no_note)?;
        let (text, signatures) = (&note[..=at], &note[at + 2..]);
        let mark = format!("\u{2014} {} ", self.name);
        let is_signed = signatures
            .lines()
            .filter_map(|line| line.strip_prefix(&mark))
            .any(|encoded| {
                let Some(bytes) = from_base64(encoded).filter(|bytes| bytes.len() > ID_BYTES)
                else {
                    return false;
                };
                let (id, signature) = bytes.split_at(ID_BYTES);
                let key = UnparsedPublicKey::new(&ED25519, &self.bytes);
                id == self.id() && key.verify(text.as_bytes(), signature).is_ok()
            });
        if !is_signed {
            let detail = format!("no signature of {} on the checkpoint holds", self.name);
            return Err(Failure::new(Fault::Signature, detail));
        }
        let checkpoint = Checkpoint::parse(text).ok_or_else(no_note)?;
        if checkpoint.origin != self.name {
            let detail = format!(
                "the checkpoint is of the log {}, not of {}",
                checkpoint.origin, self.name
            );
            return Err(Failure::new(Fault::Signature, detail));
        }
        Ok(checkpoint)
    }
}

impl Checkpoint {
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        Some(Self {
            origin: origin.to_owned(),
            size: size.parse().ok()?,
            root: from_bytes(&from_base64(root)?)?,
        })
    }

    pub fn root_text(&self) -> String {
        to_base64(&self.root)
    }
}
