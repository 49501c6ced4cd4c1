//! One entry: its hash must climb to the root of a signed checkpoint.

use crate::documents::{Proof, hash, parse};
use crate::entries;
use crate::exports::key_of;
use crate::tree::climb;
use crate::{Failure, Fault, Trust, Verified};

const HEAD: &str = "c2sp.org/tlog-proof@v1";

/// Verifies a proof.
pub(crate) fn verify(bytes: &[u8], trust: &Trust) -> Result<Verified, Failure> {
    let document: Proof<'_> = parse(bytes)?;
    let key = key_of(&document.public_key, trust)?;
    let no_proof = || Failure::new(Fault::Input, "the proof is none of c2sp.org/tlog-proof@v1");
    let (proof, note) = document.proof.split_once("\n\n").ok_or_else(no_proof)?;
    let checkpoint = key.open(note)?;
    let mut lines = proof.lines();
    if lines.next() != Some(HEAD) {
        return Err(no_proof());
    }
    let index = lines
        .next()
        .and_then(|line| line.strip_prefix("index ")?.parse().ok());
    let index: u64 = index.ok_or_else(no_proof)?;
    let siblings = lines.map(hash).collect::<Result<Vec<_>, _>>()?;
    let tenant_id = key
        .name
        .rsplit_once('/')
        .map_or("", |(_, tenant_id)| tenant_id);
    let entry = entries::of_event(&document.entry, tenant_id)?;
    let is_stated = hash(&document.entry.entry_hash)? == entry.hash && index == entry.index;
    match climb(&entry.hash, index, checkpoint.size, &siblings) {
        Some(root) if root == checkpoint.root && is_stated => Ok(Verified {
            root: checkpoint.root_text(),
            origin: checkpoint.origin,
            entries: 1,
            witnessed: 0,
        }),
        _ => Err(Failure::new(
            Fault::Altered,
            "the entry does not lead to the signed root",
        )),
    }
}
