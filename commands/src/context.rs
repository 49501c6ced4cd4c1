//! Who asks for a command, when, and in what connection.

use domain::ids::TenantId;
use identity::principals::Principal;
use time::OffsetDateTime;

/// Whether effects happen. Import writes history that has been: it may date events back and asks nothing of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Live,
    Import,
}

/// Who asks, when, and in what connection.
#[derive(Clone, Debug)]
pub struct Context {
    pub principal: Principal,
    pub now: OffsetDateTime,
    pub mode: Mode,
    pub command_id: String,
    pub correlation_id: String,
    pub causation_id: String,
    /// The sequence that the deciding aggregate must have.
    pub if_match: Option<i64>,
    /// Where the request came from, for the record of the command alone.
    pub source_address: Option<String>,
}

impl Context {
    /// The clock as commands see it: to the microsecond, which is what the database keeps.
    pub fn clock() -> OffsetDateTime {
        let now = OffsetDateTime::now_utc();
        now.replace_nanosecond(now.microsecond() * 1_000)
            .unwrap_or(now)
    }

    pub fn tenant_id(&self) -> &TenantId {
        &self.principal.tenant_id
    }
}
