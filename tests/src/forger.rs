//! Forges exported audit logs: every way in which somebody might change one, with what a verifier must say of it.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use event_store::notary::signing::Signer;
use event_store::notary::tree::{self, Edge, Hash};
use serde_json::{Value, json};
use verifier::Fault;

/// The fields of an entry that are hashed, in their order.
const FIELDS: [&str; 15] = [
    "tenant_id",
    "aggregate_type",
    "aggregate_id",
    "sequence",
    "event_type",
    "event_version",
    "payload",
    "metadata",
    "position",
    "occurred_at",
    "recorded_at",
    "command_id",
    "correlation_id",
    "causation_id",
    "actor",
];

/// An export in parts.
#[derive(Clone, Debug)]
pub struct Export {
    pub head: Value,
    pub entries: Vec<Value>,
    /// Cut off the end of its text.
    torn_bytes: usize,
}

/// A way to forge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgery {
    Flip,
    FlipHash,
    Drop,
    Swap,
    Duplicate,
    Renumber,
    Truncate,
    Tear,
    Fork,
    Resign,
    Relabel,
}

impl Forgery {
    pub const ALL: [Self; 11] = [
        Self::Flip,
        Self::FlipHash,
        Self::Drop,
        Self::Swap,
        Self::Duplicate,
        Self::Renumber,
        Self::Truncate,
        Self::Tear,
        Self::Fork,
        Self::Resign,
        Self::Relabel,
    ];

    /// What must be found.
    pub fn fault(self) -> Fault {
        match self {
            Self::Truncate | Self::Tear => Fault::Truncated,
            Self::Fork => Fault::Forked,
            Self::Resign | Self::Relabel => Fault::Signature,
            _ => Fault::Altered,
        }
    }
}

/// Numbers that look random, the same for the same seed.
#[derive(Clone, Debug)]
pub struct Dice(pub u64);

impl Dice {
    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap_or(0)
    }
}

impl Export {
    pub fn parse(text: &str) -> Self {
        let mut lines = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("a line of JSON"));
        Self {
            head: lines.next().expect("an export has a head"),
            entries: lines.collect(),
            torn_bytes: 0,
        }
    }

    pub fn text(&self) -> String {
        let lines = std::iter::once(&self.head).chain(&self.entries);
        let mut text: String = lines.map(|line| format!("{line}\n")).collect();
        text.truncate(text.len() - self.torn_bytes);
        text
    }

    /// Forges it. `theirs` is the key of somebody else, `ours` the log's own, which a forger of a fork has.
    pub fn forge(&mut self, forgery: Forgery, dice: &mut Dice, (ours, theirs): (&Signer, &Signer)) {
        let last = self.entries.len() - 1;
        let one = dice.below(self.entries.len());
        match forgery {
            Forgery::Flip => flip(
                &mut self.entries[one][FIELDS[dice.below(FIELDS.len())]],
                dice,
            ),
            Forgery::FlipHash => {
                let name = ["prev_hash", "entry_hash"][dice.below(2)];
                flip_base64(&mut self.entries[one][name], dice);
            }
            Forgery::Drop => drop(self.entries.remove(dice.below(last))),
            Forgery::Swap => {
                let other = (one + 1 + dice.below(last)) % self.entries.len();
                self.entries.swap(one, other);
            }
            Forgery::Duplicate => self.entries.insert(one, self.entries[one].clone()),
            Forgery::Renumber => {
                self.entries.remove(dice.below(last));
                for (place, entry) in self.entries.iter_mut().enumerate() {
                    entry["index"] = json!(place);
                }
            }
            Forgery::Truncate => self.entries.truncate(one),
            // At least the end of the last line, at most all but its first letter.
            Forgery::Tear => self.torn_bytes = 1 + dice.below(self.entries[last].to_string().len()),
            Forgery::Fork => {
                self.rewrite(one);
                self.sign(ours);
            }
            Forgery::Resign => {
                self.rewrite(one);
                self.sign(theirs);
            }
            Forgery::Relabel => {
                let note = self.head["checkpoint"].as_str().expect("a note").to_owned();
                let size = self.entries.len();
                self.head["checkpoint"] =
                    json!(note.replacen(&format!("\n{size}\n"), &format!("\n{}\n", size - 1), 1));
                self.entries.pop();
            }
        }
    }

    /// Another history: one entry says something else, and all that follows from it is made to fit.
    fn rewrite(&mut self, place: usize) {
        self.entries[place]["payload"] = json!("{\"NoteAdded\":{\"text\":\"it never was so\"}}");
        let mut chain = [0; 32];
        for entry in &mut self.entries {
            let hash = entry_hash(entry);
            entry["prev_hash"] = json!(BASE64.encode(chain));
            entry["entry_hash"] = json!(BASE64.encode(hash));
            chain = tree::link(&chain, &hash);
        }
    }

    fn sign(&mut self, signer: &Signer) {
        let mut edge = Edge::default();
        for entry in &self.entries {
            edge.push(tree::leaf(&entry_hash(entry)), |_, _| {});
        }
        let tenant_id = self.entries[0]["tenant_id"].as_str().expect("a tenant");
        self.head["checkpoint"] = json!(signer.sign(tenant_id, (edge.size(), edge.root())));
        self.head["public_key"] = json!(signer.identity.verifier_key(tenant_id));
        self.head["anchor"] = Value::Null;
    }
}

/// Writes a log of so many entries, all like the first of `export`, sealed and signed as ours are, without one of them where
/// one is named; answers its public key. It goes entry by entry, for a long one does not fit into memory in parts.
pub fn write_long(
    export: &str,
    entries: usize,
    signer: &Signer,
    (path, without): (&Path, Option<usize>),
) -> String {
    let mut export = Export::parse(export);
    let mut entry = export.entries.swap_remove(0);
    let (mut edge, mut chain) = (Edge::default(), [0; 32]);
    let body = path.with_extension("body");
    let mut out = BufWriter::new(File::create(&body).expect("a file"));
    for place in 0..entries {
        for name in ["index", "sequence", "position"] {
            entry[name] = json!(place);
        }
        let hash = entry_hash(&entry);
        entry["prev_hash"] = json!(BASE64.encode(chain));
        entry["entry_hash"] = json!(BASE64.encode(hash));
        chain = tree::link(&chain, &hash);
        edge.push(tree::leaf(&hash), |_, _| {});
        if without != Some(place) {
            writeln!(out, "{entry}").expect("it can be written");
        }
    }
    drop(out);
    export.entries = vec![entry];
    let tenant_id = export.entries[0]["tenant_id"].as_str().expect("a tenant");
    export.head["checkpoint"] = json!(signer.sign(tenant_id, (edge.size(), edge.root())));
    export.head["public_key"] = json!(signer.identity.verifier_key(tenant_id));
    export.head["anchor"] = Value::Null;
    let mut whole = File::create(path).expect("a file");
    writeln!(whole, "{}", export.head).expect("it can be written");
    let mut rest = File::open(&body).expect("what was written");
    std::io::copy(&mut rest, &mut whole).expect("it can be copied");
    std::fs::remove_file(body).expect("it can be removed");
    signer.identity.verifier_key(tenant_id)
}

fn entry_hash(entry: &Value) -> Hash {
    let field = |name: &str| match &entry[name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let texts = std::iter::once("rapport-audit-entry-v1".to_owned()).chain(FIELDS.map(field));
    let mut bytes = Vec::new();
    for text in texts {
        bytes.extend_from_slice(
            &u32::try_from(text.len())
                .expect("a short text")
                .to_be_bytes(),
        );
        bytes.extend_from_slice(text.as_bytes());
    }
    tree::sha256(&[&bytes])
}

/// One bit of a number, or one letter of a text.
fn flip(value: &mut Value, dice: &mut Dice) {
    if let Some(number) = value.as_i64() {
        *value = json!(number ^ (1 << dice.below(40)));
        return;
    }
    let text = value.as_str().expect("a text or a number");
    let mut letters: Vec<char> = text.chars().collect();
    if letters.is_empty() {
        letters.push('x');
    } else {
        let place = dice.below(letters.len());
        letters[place] = if letters[place] == 'x' { 'y' } else { 'x' };
    }
    *value = json!(letters.into_iter().collect::<String>());
}

fn flip_base64(value: &mut Value, dice: &mut Dice) {
    let mut bytes = BASE64
        .decode(value.as_str().expect("base64"))
        .expect("base64");
    let place = dice.below(bytes.len());
    bytes[place] ^= 1 << dice.below(8);
    *value = json!(BASE64.encode(bytes));
}
