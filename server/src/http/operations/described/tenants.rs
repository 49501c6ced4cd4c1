//! What is described of tenants as operators see them.

use super::{Read, Write};

pub const READS: &[Read] = &[
    (
        "/operations/tenants",
        "list_tenants",
        "The businesses of this installation, and how each stands: active or suspended, and when it will be deleted",
        "installation:read",
        &["tenant"],
    ),
    (
        "/operations/tenants/deletions",
        "list_deletions",
        "Deletions that have begun or are over, the newest first: what stays on record of a tenant",
        "installation:read",
        &[],
    ),
];

pub const WRITES: &[Write] = &[
    (
        "/operations/tenants/suspend",
        "suspend_tenant",
        "Let nobody of a named tenant in and send nothing for it; webhooks that come in are kept",
        "installation:operate",
        &["reason"],
        "200",
    ),
    (
        "/operations/tenants/resume",
        "resume_tenant",
        "End a suspension; what was kept is dealt with now",
        "installation:operate",
        &["reason"],
        "200",
    ),
    (
        "/operations/tenants/delete",
        "delete_tenant",
        "Delete a suspended tenant whole, after its deletion_days or now; a dry run counts what would go",
        "installation:operate",
        &["reason", "confirm", "now"],
        "200",
    ),
    (
        "/operations/tenants/withdraw-deletion",
        "withdraw_deletion",
        "Take a scheduled deletion back",
        "installation:operate",
        &["reason"],
        "200",
    ),
];
