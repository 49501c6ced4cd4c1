//! What is described of tenants as operators see them.

use super::{Read, Write};

pub const READS: &[Read] = &[(
    "/operations/tenants",
    "list_tenants",
    "The businesses of this installation, and how each stands: active or suspended",
    "installation:read",
    &["tenant"],
)];

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
];
