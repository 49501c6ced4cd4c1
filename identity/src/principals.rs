//! Who acts: a person, an agent, one of our own services, or the system itself. Every command and query carries one, and
//! its id is what idempotency, audit and limits hang on.

use domain::ids::TenantId;
use domain::refusal::Refusal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::factors::Factor;
use crate::permissions::{Permission, PermissionSet};
use crate::rates::Rate;
use crate::roles::Role;
use crate::second_factors::{USUAL_AGE, missing};

/// What the ids of our own services begin with; ids of credentials begin with their kind.
const OWN_SERVICE: &str = "rapport:";

/// What sort of actor a principal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PrincipalKind {
    Person,
    Agent,
    /// A program: a tenant's own integration, or our relay bringing a result back.
    Service,
    /// Rapport itself: timers, import, the command line.
    System,
}

impl PrincipalKind {
    pub const ALL: &'static [Self] = &[Self::Person, Self::Agent, Self::Service, Self::System];

    /// The wire name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Agent => "agent",
            Self::Service => "service",
            Self::System => "system",
        }
    }

    /// The kind with this wire name, if there is one.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }
}

/// An authenticated actor within one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    pub tenant_id: TenantId,
    /// Stable for the life of the credential, for example `agent:0199…`; recorded as the actor of every event.
    pub id: String,
    pub kind: PrincipalKind,
    /// For people to read; never used to decide.
    pub label: String,
    pub role: Role,
    /// The role's rights, less whatever this credential was narrowed by.
    pub permissions: PermissionSet,
    /// What it would hold besides, had its second factor been given lately.
    pub withheld: PermissionSet,
    pub factor: Factor,
    /// How much it may ask in a minute.
    pub rate: Rate,
    /// The model an agent says it runs on.
    pub model: Option<String>,
    /// Which of its runs, where an agent of ours looks at one conversation after the other: what it has read in one counts
    /// for nothing in the next.
    pub run_id: Option<String>,
}

impl Principal {
    /// Rapport itself, acting within a tenant; it holds every right.
    pub fn system(tenant_id: TenantId) -> Self {
        Self {
            tenant_id,
            id: "system".to_owned(),
            kind: PrincipalKind::System,
            label: "Rapport".to_owned(),
            role: Role::Owner,
            permissions: PermissionSet::all(),
            withheld: PermissionSet::EMPTY,
            factor: Factor::NotAsked,
            rate: Rate::Unlimited,
            model: None,
            run_id: None,
        }
    }

    /// One of our own services (`relay`, `webhooks`), acting within a tenant.
    pub fn service(tenant_id: TenantId, name: &str) -> Self {
        Self {
            tenant_id,
            id: format!("{OWN_SERVICE}{name}"),
            kind: PrincipalKind::Service,
            label: name.to_owned(),
            role: Role::Service,
            permissions: Role::Service.permissions(),
            withheld: PermissionSet::EMPTY,
            factor: Factor::NotAsked,
            rate: Rate::Unlimited,
            model: None,
            run_id: None,
        }
    }

    /// Under which name it is kept what this agent has read: its own, or that of its run.
    pub fn reader(&self) -> String {
        match &self.run_id {
            Some(run_id) => format!("{}#{run_id}", self.id),
            None => self.id.clone(),
        }
    }

    /// Whether this is Rapport itself or one of its own services: no credential makes such a principal.
    pub fn is_ours(&self) -> bool {
        self.kind == PrincipalKind::System || self.id.starts_with(OWN_SERVICE)
    }

    /// Whether this principal holds `permission`.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(permission)
    }

    /// Refused with 403 `permission-missing`, which names the right, unless this principal holds it; with `mfa-required`
    /// where only its second factor is too old.
    pub fn require(&self, permission: Permission) -> Result<(), Refusal> {
        if self.may(permission) {
            return Ok(());
        }
        if self.withheld.contains(permission) {
            return Err(missing(&format!(
                "{permission} needs a second factor from the last {} hours: POST /auth/second-factor with a code, then send \
                 this again",
                USUAL_AGE.whole_hours()
            )));
        }
        Err(Refusal::forbidden(
            "permission-missing",
            format!("this needs the permission {permission}"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use domain::refusal::Kind;

    use super::*;

    #[test]
    fn a_missing_permission_is_named() {
        let relay = Principal::service(TenantId::new("t"), "relay");
        let refusal = relay.require(Permission::KeysManage).unwrap_err();
        assert_eq!(
            (refusal.kind, refusal.code.as_str()),
            (Kind::Forbidden, "permission-missing")
        );
        assert!(refusal.detail.contains("keys:manage"));
        assert_eq!(relay.require(Permission::PaymentsWrite), Ok(()));
    }

    #[test]
    fn the_system_may_do_everything() {
        let system = Principal::system(TenantId::new("t"));
        assert!(
            Permission::ALL
                .iter()
                .all(|permission| system.may(*permission))
        );
    }
}
