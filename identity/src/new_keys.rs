//! What a new API key is asked to be, and what it may not be.

use std::net::IpAddr;

use domain::refusal::{FieldError, Refusal};
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::permissions::{Permission, PermissionSet};
use crate::principals::PrincipalKind;
use crate::roles::Role;

/// Letters in a key's label.
pub const MAX_LABEL_LENGTH: usize = 120;
/// The highest limit that a key can have of its own.
pub const MAX_REQUESTS_PER_MINUTE: u32 = 1_000_000;
const RANGES_ARE: &str = "at most 20 addresses, or networks as 203.0.113.0/24";
/// Networks that one key may be used from.
pub const MAX_ADDRESS_RANGES: usize = 20;
/// What a new key is to be.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// Who holds it: a person's script, an agent, or a tenant's own service.
    pub kind: PrincipalKind,
    /// For people to read.
    pub label: String,
    pub role: Role,
    /// Narrows the role; absent means all that the role holds, today and later.
    #[serde(default)]
    pub permissions: Option<Vec<Permission>>,
    /// The model an agent runs on, recorded with its commands.
    #[serde(default)]
    pub model: Option<String>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<String>")]
    pub expires_at: Option<OffsetDateTime>,
    /// From where it may be used: addresses, or networks as `203.0.113.0/24`; from anywhere when empty.
    #[serde(default)]
    pub address_ranges: Vec<String>,
    /// What it may read, and what it may write, in a minute; absent as everybody, nought without a limit.
    #[serde(default)]
    #[schemars(range(max = 1_000_000))]
    pub requests_per_minute: Option<u32>,
    /// The person who makes it: it can do no more than they can, and ends with them.
    #[serde(skip)]
    pub owner_id: Option<String>,
}

impl NewKey {
    /// Refuses what makes no sense, or would give a key more than its role; everything at once.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let mut errors = Vec::new();
        let mut note = |pointer: &str, code: &str, message: &str| {
            errors.push(FieldError {
                pointer: pointer.to_owned(),
                code: code.to_owned(),
                message: message.to_owned(),
            });
        };
        let letters = self.label.trim().chars().count();
        if letters == 0 || letters > MAX_LABEL_LENGTH {
            note("/label", "label-length", "a label has 1 to 120 letters");
        }
        if self.kind == PrincipalKind::System {
            note(
                "/kind",
                "kind-reserved",
                "a key belongs to a person, an agent or a service",
            );
        }
        let wanted: PermissionSet = self.permissions.iter().flatten().copied().collect();
        if !wanted.without(self.role.permissions()).is_empty() {
            note(
                "/permissions",
                "permissions-beyond-role",
                "permissions narrow a role and cannot add to it",
            );
        }
        if self.kind == PrincipalKind::Agent
            && !self
                .role
                .permissions()
                .without(Role::AiAgent.permissions())
                .is_empty()
        {
            note(
                "/role",
                "role-too-wide",
                "an agent holds the role ai-agent or less",
            );
        }
        let are_ranges = self
            .address_ranges
            .iter()
            .all(|range| parse_range(range).is_some());
        if self.address_ranges.len() > MAX_ADDRESS_RANGES || !are_ranges {
            note("/address_ranges", "address-range-invalid", RANGES_ARE);
        }
        if self
            .requests_per_minute
            .is_some_and(|rate| rate > MAX_REQUESTS_PER_MINUTE)
        {
            note(
                "/requests_per_minute",
                "rate-out-of-range",
                "at most 1,000,000 in a minute, or nought for no limit",
            );
        }
        if errors.is_empty() {
            return Ok(());
        }
        Err(Refusal {
            errors,
            ..Refusal::invalid(
                "validation-failed",
                "the key cannot be made as asked; see errors",
            )
        })
    }
}

/// A network, or a single address as one.
pub(crate) fn parse_range(text: &str) -> Option<IpNet> {
    let text = text.trim();
    text.parse()
        .ok()
        .or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new_key() -> NewKey {
        NewKey {
            kind: PrincipalKind::Agent,
            label: "Booking agent".to_owned(),
            role: Role::AiAgent,
            permissions: None,
            model: None,
            expires_at: None,
            address_ranges: Vec::new(),
            requests_per_minute: None,
            owner_id: None,
        }
    }

    #[test]
    fn everything_wrong_with_a_new_key_is_said_at_once() {
        let new = NewKey {
            label: " ".to_owned(),
            role: Role::Owner,
            permissions: Some(vec![Permission::TenantsCreate]),
            ..new_key()
        };
        let refusal = new.check().unwrap_err();
        let pointers: Vec<&str> = refusal
            .errors
            .iter()
            .map(|error| error.pointer.as_str())
            .collect();
        assert_eq!(pointers, ["/label", "/permissions", "/role"]);
        assert_eq!(new_key().check(), Ok(()));
    }

    #[test]
    fn nobody_is_given_the_systems_own_kind() {
        let new = NewKey {
            kind: PrincipalKind::System,
            ..new_key()
        };
        assert_eq!(new.check().unwrap_err().errors[0].code, "kind-reserved");
    }
}
