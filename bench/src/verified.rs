//! How long it takes to verify a whole log of a million entries, read from a file as `rapport-verify` reads it. The entries are
//! those that this log has, repeated under new places: hashed, chained, put into the tree and signed as the notary does.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use domain::ids::TenantId;
use event_store::notary::checkpoints;
use event_store::notary::signing::Signer;
use event_store::notary::subscriber::{NAME, Notary};
use event_store::notary::tree::{self, Edge, Hash};
use event_store::store::Store;
use serde_json::{Map, Value};
use server::operations::audit::exports;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use verifier::Trust;

use crate::report::{Better, Pair, Row};
use crate::{Result, say};

/// Entries of the file.
const ENTRIES: u64 = 1_000_000;
/// Different ones among them, at most.
const SAMPLES: usize = 2_000;
/// How long a million may take.
const LIMIT_SECONDS: f64 = 5.0;
/// How long the notary may take to seal what there is.
const PATIENCE: Duration = Duration::from_secs(300);
const LABEL: &str = "rapport-audit-entry-v1";
/// The fields that are hashed, in their order (docs/audit.md).
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
/// What is other in every entry.
const PLACED: [&str; 5] = ["index", "prev_hash", "entry_hash", "sequence", "position"];

/// An entry but for its place.
struct Sample {
    /// The texts of its fields; those of its place are not looked at.
    texts: Vec<String>,
    /// The rest of its line, from the first comma on.
    line: String,
}

/// The file; it goes when this is dropped.
struct Log {
    path: PathBuf,
    key: String,
    bytes: u64,
}

impl Drop for Log {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Measures so many rounds on one file.
pub async fn rows(store: &Store, tenant_id: &TenantId, rounds: u32) -> Result<Vec<Row>> {
    seal(store).await?;
    let log = write(store, tenant_id).await?;
    let mut pairs = Vec::new();
    for _ in 0..rounds {
        let trust = Trust {
            key: Some(log.key.clone()),
            ..Trust::default()
        };
        let path = log.path.clone();
        let verified = tokio::task::spawn_blocking(move || -> Result<(u64, Duration)> {
            let since = Instant::now();
            let file = BufReader::with_capacity(1 << 20, File::open(path)?);
            let valid = verifier::verify(file, &trust).map_err(|failure| failure.detail)?;
            Ok((valid.entries, since.elapsed()))
        });
        let (entries, took) = verified.await??;
        if entries != ENTRIES {
            return Err(format!("{entries} of {ENTRIES} entries were verified").into());
        }
        say(&format!(
            "  {entries} entries, {} MiB, verified in {:.2} s",
            log.bytes >> 20,
            took.as_secs_f64()
        ));
        pairs.push(Pair {
            ours: took.as_secs_f64(),
            other: LIMIT_SECONDS,
            stolen_percent: 0.0,
        });
    }
    let row = Row::of(
        "verifying a file of a million audit entries",
        ("s", Better::Less),
        &pairs,
        Some(1.0),
        "other: the limit",
    );
    Ok(row.into_iter().collect())
}

/// Has the notary seal all that there is.
async fn seal(store: &Store) -> Result<()> {
    let stop = CancellationToken::new();
    let runner = store.runner(Arc::new(Notary::default()), "bench-verified");
    let running = tokio::spawn(runner.run(stop.clone()));
    let safe = *store.tail.watch().borrow();
    let is_sealed = store.wait_for(&[NAME], safe, PATIENCE).await;
    stop.cancel();
    running.await?;
    match is_sealed? {
        true => Ok(()),
        false => Err("the notary does not get to the log's end".into()),
    }
}

async fn write(store: &Store, tenant_id: &TenantId) -> Result<Log> {
    let signer = Signer::open(&store.pools.engine, &store.vault).await?;
    checkpoints::sign_all(&store.pools.engine, &signer).await?;
    let mut export = Vec::new();
    exports::write(store, tenant_id.as_str(), &mut export, |_| {}).await?;
    let mut lines = std::str::from_utf8(&export)?.lines();
    let head = lines.next().ok_or("an export has a head")?;
    let mut head: Map<String, Value> = serde_json::from_str(head)?;
    let samples: Vec<Sample> = lines.take(SAMPLES).map(sample).collect::<Result<_>>()?;
    if samples.is_empty() {
        return Err("nothing is sealed".into());
    }
    let path = std::env::temp_dir().join(format!("rapport-bench-{}.ndjson", std::process::id()));
    let body = path.with_extension("body");
    let (size, root) = fill(&samples, &body)?;
    let key = signer.identity.verifier_key(tenant_id.as_str());
    head.insert(
        "checkpoint".to_owned(),
        signer.sign(tenant_id.as_str(), (size, root)).into(),
    );
    head.insert("public_key".to_owned(), key.clone().into());
    head.insert("anchor".to_owned(), Value::Null);
    let mut whole = File::create(&path)?;
    writeln!(whole, "{}", Value::Object(head))?;
    let bytes = std::io::copy(&mut File::open(&body)?, &mut whole)?;
    std::fs::remove_file(body)?;
    Ok(Log { path, key, bytes })
}

fn fill(samples: &[Sample], path: &Path) -> Result<(u64, Hash)> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let (mut edge, mut chain): (Edge, Hash) = (Edge::default(), Hash::default());
    for (place, sample) in (0..ENTRIES).zip(samples.iter().cycle()) {
        let hash = sample.hash(place);
        let (previous, own) = (BASE64.encode(chain), BASE64.encode(hash));
        writeln!(
            out,
            "{{\"index\":{place},\"prev_hash\":\"{previous}\",\"entry_hash\":\"{own}\",\"sequence\":{place},\"position\":{place}{}",
            sample.line
        )?;
        chain = tree::link(&chain, &hash);
        edge.push(tree::leaf(&hash), |_, _| {});
    }
    out.flush()?;
    Ok((edge.size(), edge.root()))
}

fn sample(line: &str) -> Result<Sample> {
    let fields: Map<String, Value> = serde_json::from_str(line)?;
    let text = |name: &&str| match &fields[*name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let texts = FIELDS.iter().map(text).collect();
    let rest = fields
        .iter()
        .filter(|(name, _)| !PLACED.contains(&name.as_str()));
    let rest: Map<String, Value> = rest
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let rest = Value::Object(rest).to_string();
    Ok(Sample {
        texts,
        line: rest.replacen('{', ",", 1),
    })
}

impl Sample {
    fn hash(&self, place: u64) -> Hash {
        let place = place.to_string();
        let mut bytes = Vec::with_capacity(2_048);
        let mut add = |text: &str| {
            let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        };
        add(LABEL);
        for (name, text) in FIELDS.iter().zip(&self.texts) {
            add(if PLACED.contains(name) { &place } else { text });
        }
        tree::sha256(&[&bytes])
    }
}
