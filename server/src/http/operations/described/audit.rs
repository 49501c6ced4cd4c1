//! What is described of the audit log.

use super::{Read, SEE};

pub const READS: &[Read] = &[
    (
        "/operations/audit",
        "show_audit_logs",
        "How the audit logs stand, with their public keys and newest signed checkpoints",
        SEE,
        &["tenant"],
    ),
    (
        "/operations/audit/checkpoints",
        "list_audit_checkpoints",
        "Signed checkpoints of one audit log, the newest first",
        SEE,
        &["tenant", "cursor", "limit"],
    ),
    (
        "/operations/audit/consistency",
        "prove_audit_consistency",
        "The proof that the signed checkpoint of one size is the beginning of that of another",
        SEE,
        &["tenant", "from", "to"],
    ),
    (
        "/operations/audit/proofs/{position}",
        "prove_event",
        "The proof that an event is in its tenant's signed log, as rapport-verify reads it",
        SEE,
        &[],
    ),
    (
        "/operations/audit/verification",
        "verify_audit_logs",
        "Recompute the audit logs from the events, and compare; reads the whole log",
        SEE,
        &["tenant"],
    ),
];
