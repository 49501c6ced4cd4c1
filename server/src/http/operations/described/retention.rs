//! What is described of terms of what is kept.

use domain::tenants::retention::RetentionClass;

use super::{Read, Write};

const MANAGE: &str = "privacy:manage";

pub const READS: &[Read] = &[(
    "/operations/retention",
    "preview_retention",
    "What goes by its term, class by class: counts, the oldest, some ids; other terms than those that are set can be tried",
    MANAGE,
    &[
        "tenant",
        "messages",
        "files",
        "leads",
        "approvals",
        "webhook_bodies",
        "outbox_history",
        "audited_reads",
    ],
)];

pub const WRITES: &[Write] = &[(
    "/operations/retention/run",
    "run_retention",
    "Take what the terms end now, in bounded batches; what a hold keeps stays",
    MANAGE,
    &["reason"],
    "200",
)];

/// The class whose term a parameter of this name is.
pub fn class(name: &str) -> Option<RetentionClass> {
    let mut classes = RetentionClass::ALL.iter().copied();
    classes.find(|class| class.as_str() == name)
}
