//! The audit log for operators: how it stands, what was signed, proofs, and whether it is still what was sealed.

pub mod exports;

use std::time::{Duration, Instant};

use deadpool_postgres::GenericClient;
use domain::ids::TenantId;
use domain::operations::INSTALLATION;
use domain::refusal::Refusal;
use event_store::Result;
use event_store::notary::logs::{self, LogStanding, StoredCheckpoint};
use event_store::notary::signing::Identity;
use event_store::notary::verification::{self, Fault, Finding, Kept, Report};
use event_store::notary::witnesses::{self, WitnessStanding};
use event_store::notary::{ANCHOR, proofs, tree};
use event_store::recorded::Recorded;
use event_store::store::Store;
use serde::Serialize;
use serde_json::{Value, json};
use time::OffsetDateTime;

use self::exports::Exported;
use super::Scope;

/// What a proof of one entry is called.
const PROOF_FORMAT: &str = "rapport-audit-proof-1";
/// How soon after it was written an event is signed at the latest, unless the notary is behind.
const SIGNED_WITHIN: Duration = Duration::from_secs(3);
/// How often a proof that is waited for is looked for: heads are signed on a beat of their own, which moves no position that
/// one could wait for.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How the audit logs stand.
#[derive(Debug, Serialize)]
pub struct Standing {
    pub logs: Vec<Log>,
    /// For operators of the installation alone.
    pub witnesses: Vec<WitnessStanding>,
}

/// One log, with the key that verifies it.
#[derive(Debug, Serialize)]
pub struct Log {
    #[serde(flatten)]
    pub standing: LogStanding,
    /// `<name>+<id>+<base64>`, as verifiers take it.
    pub public_key: String,
    /// The newest signed head.
    pub checkpoint: Option<String>,
}

/// How the logs stand that may be seen.
pub async fn standing(store: &Store, scope: &Scope) -> Result<Standing> {
    let client = store.pools.engine.get().await?;
    let identity = identity(&client).await?;
    let mut found = Vec::new();
    for standing in logs::list(&client, scope.tenant_id().map(TenantId::as_str)).await? {
        let newest = logs::newest(&client, &standing.tenant_id, None).await?;
        found.push(Log {
            public_key: identity.verifier_key(&standing.tenant_id),
            checkpoint: newest.map(|newest| newest.note),
            standing,
        });
    }
    let witnesses = match scope {
        Scope::All => witnesses::list(&client).await?,
        Scope::Tenant(_) => Vec::new(),
    };
    Ok(Standing {
        logs: found,
        witnesses,
    })
}

/// Signed heads of a log, before one of a size if named.
pub async fn checkpoints(
    store: &Store,
    log: &str,
    page: (Option<i64>, i64),
) -> Result<Vec<StoredCheckpoint>> {
    let client = store.pools.engine.get().await?;
    logs::checkpoints(&client, log, page).await
}

/// The public key of a log.
pub async fn public_key(store: &Store, log: &str) -> Result<String> {
    let client = store.pools.engine.get().await?;
    Ok(identity(&client).await?.verifier_key(log))
}

/// The proof that the event at this position is in its tenant's signed log. One that has only just been written is waited
/// for; refused with 404 `audit-entry-not-found` where no event of the scope is sealed and signed there in time.
pub async fn prove(store: &Store, scope: &Scope, position: i64) -> Result<Value> {
    let event = super::events::find(store, scope, position).await?;
    let left = event.recorded_at + SIGNED_WITHIN - OffsetDateTime::now_utc();
    let left = Duration::try_from(left).unwrap_or_default();
    let deadline = Instant::now() + left.min(SIGNED_WITHIN);
    loop {
        if let Some(proof) = find_proof(store, &event).await? {
            return Ok(proof);
        }
        if Instant::now() >= deadline {
            let detail =
                format!("the event at {position} is not sealed yet; try again in a second");
            return Err(Refusal::not_found("audit-entry-not-found", detail).into());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The proof of an event, if it is sealed and signed.
async fn find_proof(store: &Store, event: &Recorded) -> Result<Option<Value>> {
    let (client, log) = (store.pools.engine.get().await?, event.tenant_id.as_str());
    let identity = identity(&client).await?;
    let Some(checkpoint) = logs::newest(&client, log, None).await? else {
        return Ok(None);
    };
    let size = checkpoint.tree_size.unsigned_abs();
    let Some(index) = logs::find_index(&client, log, (event.position, size)).await? else {
        return Ok(None);
    };
    let hashes = proofs::inclusion(&client, log, (index.unsigned_abs(), size)).await?;
    let entries = logs::entries(&client, log, (index, index + 1)).await?;
    let Some(entry) = entries.first() else {
        return Ok(None);
    };
    Ok(Some(json!({
        "format": PROOF_FORMAT, "public_key": identity.verifier_key(log), "entry": Exported::of(entry, None)?,
        "proof": proofs::to_text(index, &hashes, &checkpoint.note),
    })))
}

/// The proof that one signed head of a log is the beginning of another: the hashes of RFC 6962, 2.1.2. Refused with 404
/// `audit-checkpoint-not-found` where one of them was never signed.
pub async fn prove_consistency(store: &Store, log: &str, (old, new): (i64, i64)) -> Result<Value> {
    let client = store.pools.engine.get().await?;
    let identity = identity(&client).await?;
    let mut notes = Vec::new();
    for size in [old, new] {
        let found = logs::newest(&client, log, Some(size)).await?;
        let found = found
            .filter(|found| found.tree_size == size)
            .ok_or_else(|| {
                let detail = format!(
                    "no head of {size} entries was signed; see `rapport audit checkpoint --list`"
                );
                Refusal::not_found("audit-checkpoint-not-found", detail)
            })?;
        notes.push(found);
    }
    if old > new {
        let detail = "the smaller size comes first";
        return Err(Refusal::malformed("parameters-invalid", detail).into());
    }
    let sizes = (old.unsigned_abs(), new.unsigned_abs());
    let hashes = proofs::consistency(&client, log, sizes).await?;
    let holds = tree::is_consistent((sizes.0, notes[0].root), (sizes.1, notes[1].root), &hashes);
    Ok(json!({
        "public_key": identity.verifier_key(log), "old": notes[0].note, "new": notes[1].note,
        "consistent": holds, "proof": hashes.iter().map(exports::base64).collect::<Vec<_>>(),
    }))
}

/// Recomputes the logs of the scope, and compares them with checkpoints that were kept elsewhere.
pub async fn verify(store: &Store, scope: &Scope, notes: &[String]) -> Result<Vec<Report>> {
    let client = store.pools.engine.get().await?;
    let identity = identity(&client).await?;
    let mut reports = Vec::new();
    for tenant_id in names(&client, scope).await? {
        let report = match kept(&identity, &tenant_id, notes) {
            Ok(kept) => verification::verify(&client, &identity, (&tenant_id, &kept)).await?,
            Err(finding) => Report::of_finding(&tenant_id, finding),
        };
        reports.push(report);
    }
    Ok(reports)
}

/// The logs that a scope covers: also the anchor's, for the installation's operators.
async fn names(client: &impl GenericClient, scope: &Scope) -> Result<Vec<String>> {
    let standings = logs::list(client, scope.tenant_id().map(TenantId::as_str)).await?;
    Ok(standings
        .into_iter()
        .map(|standing| standing.tenant_id)
        .collect())
}

/// Of the notes those of this log that our key has signed, by size; two different ones of one size are a fork.
fn kept(identity: &Identity, log: &str, notes: &[String]) -> std::result::Result<Kept, Finding> {
    let mut kept = Kept::new();
    let ours = notes.iter().filter_map(|note| identity.open(note));
    for (_, head) in ours.filter(|(tenant_id, _)| *tenant_id == log) {
        let before = kept.insert(head.size, head.root);
        if before.is_some_and(|root| root != head.root) {
            return Err(Finding {
                fault: Fault::Forked,
                index: None,
                detail: format!("two heads of {} entries were signed", head.size),
            });
        }
    }
    Ok(kept)
}

/// Refused with 404 `audit-log-empty` until the first checkpoint was signed.
async fn identity(client: &impl GenericClient) -> Result<Identity> {
    let missing = || {
        let detail = "nothing was signed yet; a running server or worker signs within a second of the first event";
        Refusal::not_found("audit-log-empty", detail)
    };
    Ok(Identity::find(client).await?.ok_or_else(missing)?)
}

/// The log that an operator of the installation may name instead of a tenant's.
pub fn shared_log(name: &str) -> Option<&'static str> {
    match name {
        "installation" => Some(INSTALLATION),
        "anchor" => Some(ANCHOR),
        _ => None,
    }
}
