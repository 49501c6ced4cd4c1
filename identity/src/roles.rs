//! Roles as sets of permissions. A key or a person holds one role and may be narrowed below it, never widened above it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::permissions::{Permission, PermissionSet};

/// A named set of rights. The wire name (`ai-agent`) is API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Everything within the tenant.
    Owner,
    /// Everything within the tenant but its keys, its end, and taking it away.
    Admin,
    /// Runs the business: every booking, customer, chef and payment, refunds included; no settings.
    Manager,
    /// Daily work: books, corrects, cancels, records payments; gives no money back.
    Staff,
    /// Looks, and sees no personal data.
    Viewer,
    /// An AI agent: books and talks to customers, cancels and refunds where a person agrees; cannot merge, configure or
    /// manage keys.
    AiAgent,
    /// Runs the installation for all its tenants: sees and steers what they share, and does no business.
    Operator,
    /// Our own relay, timers and webhook workers: carries results back as commands.
    Service,
}

impl Role {
    pub const ALL: &'static [Self] = &[
        Self::Owner,
        Self::Admin,
        Self::Manager,
        Self::Staff,
        Self::Viewer,
        Self::AiAgent,
        Self::Operator,
        Self::Service,
    ];

    /// Those that a person can be given; the others belong to programs, or to whoever runs the installation.
    pub const fn of_people() -> &'static [Self] {
        &[
            Self::Owner,
            Self::Admin,
            Self::Manager,
            Self::Staff,
            Self::Viewer,
        ]
    }

    /// The wire name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Manager => "manager",
            Self::Staff => "staff",
            Self::Viewer => "viewer",
            Self::AiAgent => "ai-agent",
            Self::Operator => "operator",
            Self::Service => "service",
        }
    }

    /// The role with this wire name, if there is one.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.as_str() == name)
    }

    pub const fn permissions(self) -> PermissionSet {
        match self {
            Self::Owner => OWNER,
            Self::Admin => ADMIN,
            Self::Manager => MANAGER,
            Self::Staff => STAFF,
            Self::Viewer => VIEWER,
            Self::AiAgent => AI_AGENT,
            Self::Operator => OPERATOR,
            Self::Service => SERVICE,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

const VIEWER: PermissionSet = PermissionSet::of(&[
    Permission::BookingsRead,
    Permission::ChefsRead,
    Permission::ConversationsRead,
    Permission::CustomersRead,
    Permission::FiguresRead,
    Permission::PaymentsRead,
    Permission::TenantsRead,
]);

// An agent speaks with customers, so it must see how to reach them; what it may do to them is cut instead.
// What it cancels or gives back, a person has to agree to first, unless the tenant wants it otherwise.
const AI_AGENT: PermissionSet = PermissionSet::of(&[
    Permission::ApprovalsRead,
    Permission::BookingsRead,
    Permission::BookingsWrite,
    Permission::BookingsCancel,
    Permission::ChefsRead,
    Permission::ConversationsRead,
    Permission::ConversationsWrite,
    Permission::CustomersRead,
    Permission::CustomersWrite,
    Permission::FiguresRead,
    Permission::PaymentsRead,
    Permission::PaymentsRefund,
    Permission::PersonalDataRead,
    Permission::TenantsRead,
]);

const STAFF: PermissionSet = VIEWER.union(PermissionSet::of(&[
    Permission::ApprovalsRead,
    Permission::BookingsWrite,
    Permission::BookingsCancel,
    Permission::ConversationsWrite,
    Permission::CustomersWrite,
    Permission::PaymentsWrite,
    Permission::PersonalDataRead,
    Permission::ViewsWrite,
]));

const MANAGER: PermissionSet = STAFF.union(PermissionSet::of(&[
    Permission::ApprovalsDecide,
    Permission::ChefsWrite,
    Permission::CustomersMerge,
    Permission::PaymentsRefund,
    Permission::OperationsRead,
]));

const ADMIN: PermissionSet = MANAGER.union(PermissionSet::of(&[
    Permission::TenantsConfigure,
    Permission::OperationsWrite,
    Permission::PeopleRead,
    Permission::PeopleWrite,
    Permission::PrivacyManage,
    Permission::WebhooksRead,
    Permission::WebhooksWrite,
]));

const OWNER: PermissionSet = ADMIN.union(PermissionSet::of(&[
    Permission::KeysManage,
    Permission::SensitiveDataRead,
    Permission::TenantsDelete,
    Permission::TenantsExport,
]));

/// What a person holds only in a session that has seen a second factor not long ago.
pub const GUARDED: PermissionSet = PermissionSet::of(&[
    Permission::InstallationRead,
    Permission::InstallationOperate,
    Permission::KeysManage,
    Permission::OperationsWrite,
    Permission::PeopleRead,
    Permission::PeopleWrite,
    Permission::PrivacyManage,
    Permission::SensitiveDataRead,
    Permission::TenantsConfigure,
    Permission::TenantsCreate,
    Permission::TenantsDelete,
    Permission::TenantsExport,
    Permission::WebhooksRead,
    Permission::WebhooksWrite,
]);

// Made at the command line alone. What it sees of any tenant is sealed, or holds ids only.
const OPERATOR: PermissionSet = PermissionSet::of(&[
    Permission::InstallationRead,
    Permission::InstallationOperate,
    Permission::OperationsRead,
    Permission::OperationsWrite,
]);

const SERVICE: PermissionSet = PermissionSet::of(&[
    Permission::ApprovalsRead,
    Permission::BookingsRead,
    Permission::BookingsWrite,
    Permission::BookingsCancel,
    Permission::ChefsRead,
    Permission::ConversationsRead,
    Permission::ConversationsWrite,
    Permission::CustomersRead,
    Permission::CustomersWrite,
    Permission::PaymentsRead,
    Permission::PaymentsWrite,
    Permission::PaymentsRefund,
    Permission::PersonalDataRead,
    Permission::TenantsRead,
    Permission::WebhooksWrite,
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_is_found_by_its_wire_name() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(*role));
            assert_eq!(serde_json::to_string(role).unwrap(), format!("\"{role}\""));
        }
    }

    #[test]
    fn an_agent_cannot_merge_configure_decide_or_manage_keys() {
        let rights = Role::AiAgent.permissions();
        for denied in [
            Permission::ApprovalsDecide,
            Permission::PaymentsWrite,
            Permission::CustomersMerge,
            Permission::PrivacyManage,
            Permission::SensitiveDataRead,
            Permission::TenantsConfigure,
            Permission::ChefsWrite,
            Permission::KeysManage,
            Permission::OperationsWrite,
            Permission::WebhooksRead,
            Permission::WebhooksWrite,
        ] {
            assert!(!rights.contains(denied), "{denied}");
        }
        assert!(rights.contains(Permission::BookingsWrite));
    }

    #[test]
    fn no_role_of_a_tenant_makes_tenants() {
        assert!(
            Role::ALL
                .iter()
                .all(|role| !role.permissions().contains(Permission::TenantsCreate))
        );
    }

    #[test]
    fn only_an_operator_touches_what_tenants_share() {
        for shared in [
            Permission::InstallationRead,
            Permission::InstallationOperate,
        ] {
            let holders = Role::ALL
                .iter()
                .filter(|role| role.permissions().contains(shared));
            assert_eq!(holders.collect::<Vec<_>>(), [&Role::Operator]);
        }
        let business = Role::Manager
            .permissions()
            .without(Role::Operator.permissions());
        let both = Role::Operator.permissions().intersection(business);
        assert!(both.is_empty(), "{both:?}");
    }

    #[test]
    fn a_viewer_changes_nothing_and_sees_no_personal_data() {
        assert!(
            Role::Viewer
                .permissions()
                .iter()
                .all(|permission| permission.as_str().ends_with(":read"))
        );
        assert!(
            !Role::Viewer
                .permissions()
                .contains(Permission::PersonalDataRead)
        );
    }
}
