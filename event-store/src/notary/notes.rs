//! Checkpoints as text: a tree's head (C2SP tlog-checkpoint) in a signed note (C2SP signed-note), and the keys that sign
//! and verify them with Ed25519.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use super::tree::{HASH_BYTES, Hash, sha256, to_hash};

/// The algorithm's number in keys of notes.
const ED25519_TYPE: u8 = 1;
/// The bytes of a public key's id.
const ID_BYTES: usize = 4;
/// What a signature's line begins with: an em dash and a blank.
const SIGNATURE_MARK: &str = "\u{2014} ";
/// The longest note that is read, in bytes.
pub const MAX_NOTE_BYTES: usize = 16 * 1024;

/// A tree's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    pub size: u64,
    pub root: Hash,
}

impl Checkpoint {
    /// What is signed.
    pub fn text(&self) -> String {
        format!(
            "{}\n{}\n{}\n",
            self.origin,
            self.size,
            BASE64.encode(self.root)
        )
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let number: u64 = size.parse().ok()?;
        let root = BASE64
            .decode(root)
            .ok()
            .filter(|root| root.len() == HASH_BYTES)?;
        let is_plain = number.to_string() == size && !origin.is_empty();
        (is_plain && lines.all(|line| !line.is_empty())).then(|| Self {
            origin: origin.to_owned(),
            size: number,
            root: to_hash(&root),
        })
    }
}

/// The public key of a log as verifiers are given it: `<name>+<id>+<base64>`.
pub fn verifier_key(name: &str, public_key: &[u8]) -> String {
    let typed = typed(public_key);
    let id: String = key_id(name, &typed)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{name}+{id}+{}", BASE64.encode(typed))
}

/// Signs a tree's head; the key goes by the log's name.
pub fn sign(checkpoint: &Checkpoint, pair: &Ed25519KeyPair) -> String {
    let text = checkpoint.text();
    let mut signature = key_id(&checkpoint.origin, &typed(pair.public_key().as_ref())).to_vec();
    signature.extend_from_slice(pair.sign(text.as_bytes()).as_ref());
    format!(
        "{text}\n{SIGNATURE_MARK}{} {}\n",
        checkpoint.origin,
        BASE64.encode(signature)
    )
}

/// Reads a note's head without a look at who signed it; `None` when it is no checkpoint.
pub fn read(note: &str) -> Option<Checkpoint> {
    Checkpoint::parse(split(note)?.0)
}

/// Reads a note that this key has signed under the log's name; `None` when it has not.
pub fn open(note: &str, public_key: &[u8]) -> Option<Checkpoint> {
    let (text, signatures) = split(note)?;
    let checkpoint = Checkpoint::parse(text)?;
    let id = key_id(&checkpoint.origin, &typed(public_key));
    let is_ours = |line: &str| {
        let signed = line
            .strip_prefix(SIGNATURE_MARK)?
            .strip_prefix(&checkpoint.origin)?;
        let signature = BASE64.decode(signed.strip_prefix(' ')?).ok()?;
        let (signer, signature) = signature.split_at_checked(ID_BYTES)?;
        let key = UnparsedPublicKey::new(&ED25519, public_key);
        (signer == id && key.verify(text.as_bytes(), signature).is_ok()).then_some(())
    };
    let is_signed = signatures.lines().any(|line| is_ours(line).is_some());
    is_signed.then_some(checkpoint)
}

/// The signed text and the lines of signatures.
fn split(note: &str) -> Option<(&str, &str)> {
    let at = note
        .rfind("\n\n")
        .filter(|_| note.len() <= MAX_NOTE_BYTES)?;
    Some((&note[..=at], &note[at + 2..]))
}

fn typed(public_key: &[u8]) -> Vec<u8> {
    [&[ED25519_TYPE], public_key].concat()
}

fn key_id(name: &str, typed: &[u8]) -> [u8; ID_BYTES] {
    let hash = sha256(&[name.as_bytes(), b"\n", typed]);
    [hash[0], hash[1], hash[2], hash[3]]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Checkpoint {
        Checkpoint {
            origin: "rapport/0a1b2c/t1".to_owned(),
            size: 3,
            root: [5; HASH_BYTES],
        }
    }

    #[test]
    fn a_note_opens_with_the_key_that_signed_it_alone() {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let other = Ed25519KeyPair::from_seed_unchecked(&[8; 32]).unwrap();
        let note = sign(&head(), &pair);
        assert_eq!(open(&note, pair.public_key().as_ref()), Some(head()));
        assert_eq!(read(&note), Some(head()));
        assert_eq!(open(&note, other.public_key().as_ref()), None);
        let changed = note.replacen("\n3\n", "\n4\n", 1);
        assert_eq!(open(&changed, pair.public_key().as_ref()), None);
        let renamed = note.replace("/t1", "/t2");
        assert_eq!(open(&renamed, pair.public_key().as_ref()), None);
    }

    #[test]
    fn a_further_signature_does_no_harm_and_a_loose_number_is_none() {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let note = format!(
            "{}\u{2014} witness.example AAAAAAAA\n",
            sign(&head(), &pair)
        );
        assert_eq!(open(&note, pair.public_key().as_ref()), Some(head()));
        assert_eq!(read(&note.replacen("\n3\n", "\n03\n", 1)), None);
        assert_eq!(read(""), None);
    }
}
