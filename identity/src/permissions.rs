//! The closed list of rights, and sets of them. A registry entry names exactly one; a role is a set; nothing else in the
//! program grants or denies anything.

use std::fmt;

use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One right. The wire name (`bookings:cancel`) is API.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum Permission {
    /// See what agents have asked to do.
    #[serde(rename = "approvals:read")]
    ApprovalsRead,
    /// Agree or refuse; only people can.
    #[serde(rename = "approvals:decide")]
    ApprovalsDecide,
    #[serde(rename = "bookings:read")]
    BookingsRead,
    #[serde(rename = "bookings:write")]
    BookingsWrite,
    /// Cancel or mark as a no-show: takes a customer's booking away.
    #[serde(rename = "bookings:cancel")]
    BookingsCancel,
    #[serde(rename = "chefs:read")]
    ChefsRead,
    #[serde(rename = "chefs:write")]
    ChefsWrite,
    #[serde(rename = "conversations:read")]
    ConversationsRead,
    /// Write to customers, and assign, snooze, close, move and merge threads.
    #[serde(rename = "conversations:write")]
    ConversationsWrite,
    #[serde(rename = "customers:read")]
    CustomersRead,
    #[serde(rename = "customers:write")]
    CustomersWrite,
    /// Merge and unmerge customers.
    #[serde(rename = "customers:merge")]
    CustomersMerge,
    /// See the days' figures.
    #[serde(rename = "figures:read")]
    FiguresRead,
    /// See what all tenants share: projections, holes in the log, dead rows, the doctor's findings; and every tenant's
    /// outbox and events. No role of a tenant holds it.
    #[serde(rename = "installation:read")]
    InstallationRead,
    /// Pause, rewind, rebuild and roll back projections, for all tenants at once. No role of a tenant holds it.
    #[serde(rename = "installation:operate")]
    InstallationOperate,
    /// Create, list and revoke API keys.
    #[serde(rename = "keys:manage")]
    KeysManage,
    /// See the tenant's outbox, webhooks, parked keys and events.
    #[serde(rename = "operations:read")]
    OperationsRead,
    /// Retry, drop and discard what is the tenant's.
    #[serde(rename = "operations:write")]
    OperationsWrite,
    #[serde(rename = "payments:read")]
    PaymentsRead,
    /// Record, match and unmatch payments.
    #[serde(rename = "payments:write")]
    PaymentsWrite,
    /// Give money back.
    #[serde(rename = "payments:refund")]
    PaymentsRefund,
    /// See who may sign in, and with which role.
    #[serde(rename = "people:read")]
    PeopleRead,
    /// Invite people, change their roles, and turn them away.
    #[serde(rename = "people:write")]
    PeopleWrite,
    /// See e-mails, phones, addresses and notes in plain text.
    #[serde(rename = "personal-data:read")]
    PersonalDataRead,
    /// Restrict, export and erase people's data, and hold it; and see what rests.
    #[serde(rename = "privacy:manage")]
    PrivacyManage,
    /// See bank details, identity numbers and what concerns health, in plain text. Every read is on record.
    #[serde(rename = "sensitive-data:read")]
    SensitiveDataRead,
    #[serde(rename = "tenants:read")]
    TenantsRead,
    /// Change settings, price book and providers.
    #[serde(rename = "tenants:configure")]
    TenantsConfigure,
    /// Make a new tenant; no role of a tenant holds it.
    #[serde(rename = "tenants:create")]
    TenantsCreate,
    /// Have the whole tenant deleted, and take that back.
    #[serde(rename = "tenants:delete")]
    TenantsDelete,
    /// Take the whole business away: its events with their wrapped keys, and its audit log.
    #[serde(rename = "tenants:export")]
    TenantsExport,
    /// Keep views of lists: one's own, and with `tenants:configure` everybody's.
    #[serde(rename = "views:write")]
    ViewsWrite,
    /// See webhook endpoints and what was sent to them.
    #[serde(rename = "webhooks:read")]
    WebhooksRead,
    /// Add, change, test and remove webhook endpoints, send events again, and see the secrets that sign.
    #[serde(rename = "webhooks:write")]
    WebhooksWrite,
}

impl Permission {
    /// Every right, in order of declaration.
    pub const ALL: &'static [Self] = &[
        Self::ApprovalsRead,
        Self::ApprovalsDecide,
        Self::BookingsRead,
        Self::BookingsWrite,
        Self::BookingsCancel,
        Self::ChefsRead,
        Self::ChefsWrite,
        Self::ConversationsRead,
        Self::ConversationsWrite,
        Self::CustomersRead,
        Self::CustomersWrite,
        Self::CustomersMerge,
        Self::FiguresRead,
        Self::InstallationRead,
        Self::InstallationOperate,
        Self::KeysManage,
        Self::OperationsRead,
        Self::OperationsWrite,
        Self::PaymentsRead,
        Self::PaymentsWrite,
        Self::PaymentsRefund,
        Self::PeopleRead,
        Self::PeopleWrite,
        Self::PersonalDataRead,
        Self::PrivacyManage,
        Self::SensitiveDataRead,
        Self::TenantsRead,
        Self::TenantsConfigure,
        Self::TenantsCreate,
        Self::TenantsDelete,
        Self::TenantsExport,
        Self::ViewsWrite,
        Self::WebhooksRead,
        Self::WebhooksWrite,
    ];

    /// The wire name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApprovalsRead => "approvals:read",
            Self::ApprovalsDecide => "approvals:decide",
            Self::BookingsRead => "bookings:read",
            Self::BookingsWrite => "bookings:write",
            Self::BookingsCancel => "bookings:cancel",
            Self::ChefsRead => "chefs:read",
            Self::ChefsWrite => "chefs:write",
            Self::ConversationsRead => "conversations:read",
            Self::ConversationsWrite => "conversations:write",
            Self::CustomersRead => "customers:read",
            Self::CustomersWrite => "customers:write",
            Self::CustomersMerge => "customers:merge",
            Self::FiguresRead => "figures:read",
            Self::InstallationRead => "installation:read",
            Self::InstallationOperate => "installation:operate",
            Self::KeysManage => "keys:manage",
            Self::OperationsRead => "operations:read",
            Self::OperationsWrite => "operations:write",
            Self::PaymentsRead => "payments:read",
            Self::PaymentsWrite => "payments:write",
            Self::PaymentsRefund => "payments:refund",
            Self::PeopleRead => "people:read",
            Self::PeopleWrite => "people:write",
            Self::PersonalDataRead => "personal-data:read",
            Self::PrivacyManage => "privacy:manage",
            Self::SensitiveDataRead => "sensitive-data:read",
            Self::TenantsRead => "tenants:read",
            Self::TenantsConfigure => "tenants:configure",
            Self::TenantsCreate => "tenants:create",
            Self::TenantsDelete => "tenants:delete",
            Self::TenantsExport => "tenants:export",
            Self::ViewsWrite => "views:write",
            Self::WebhooksRead => "webhooks:read",
            Self::WebhooksWrite => "webhooks:write",
        }
    }

    /// Whether every read that needs it is written down, with who read and whose data it was.
    pub const fn is_audited(self) -> bool {
        matches!(self, Self::PrivacyManage | Self::SensitiveDataRead)
    }

    /// The right with this wire name, if there is one.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|permission| permission.as_str() == name)
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of rights; on the wire a list of names.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct PermissionSet(u64);

impl PermissionSet {
    pub const EMPTY: Self = Self(0);

    /// The set of exactly these rights.
    pub const fn of(permissions: &[Permission]) -> Self {
        let mut bits = 0_u64;
        let mut index = 0;
        while index < permissions.len() {
            bits |= 1 << permissions[index] as u32;
            index += 1;
        }
        Self(bits)
    }

    pub const fn all() -> Self {
        Self::of(Permission::ALL)
    }

    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u32) != 0
    }

    /// What both sets hold: how a key is narrowed below its role, and an agent below its owner.
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The members in order of declaration.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL
            .iter()
            .copied()
            .filter(move |permission| self.contains(*permission))
    }

    /// The members' wire names.
    pub fn names(self) -> Vec<&'static str> {
        self.iter().map(Permission::as_str).collect()
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        permissions
            .into_iter()
            .fold(Self::EMPTY, |set, permission| {
                set.union(Self::of(&[permission]))
            })
    }
}

impl fmt::Debug for PermissionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

impl Serialize for PermissionSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.names())
    }
}

impl<'de> Deserialize<'de> for PermissionSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        names
            .iter()
            .map(|name| {
                Permission::parse(name)
                    .ok_or_else(|| D::Error::custom(format!("unknown permission {name}")))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_has_one_wire_name_and_is_found_by_it() {
        for permission in Permission::ALL {
            assert_eq!(Permission::parse(permission.as_str()), Some(*permission));
            let wire = serde_json::to_string(permission).unwrap();
            assert_eq!(wire, format!("\"{permission}\""));
        }
        assert_eq!(Permission::parse("bookings:*"), None);
    }

    #[test]
    fn the_list_of_all_misses_none() {
        // The last variant's number tells how many there are; a variant added to the enum only is caught here.
        assert_eq!(
            Permission::ALL.len(),
            Permission::WebhooksWrite as usize + 1
        );
        assert!(
            Permission::ALL
                .iter()
                .enumerate()
                .all(|(index, permission)| *permission as usize == index)
        );
        assert!(Permission::ALL.len() <= u64::BITS as usize);
    }

    #[test]
    fn a_set_survives_the_wire() {
        let set = PermissionSet::of(&[Permission::KeysManage, Permission::BookingsRead]);
        let wire = serde_json::to_string(&set).unwrap();
        assert_eq!(wire, r#"["bookings:read","keys:manage"]"#);
        assert_eq!(serde_json::from_str::<PermissionSet>(&wire).unwrap(), set);
        assert!(serde_json::from_str::<PermissionSet>(r#"["moon:land"]"#).is_err());
    }

    #[test]
    fn an_intersection_never_grants_what_one_side_lacks() {
        let read = PermissionSet::of(&[Permission::BookingsRead]);
        assert_eq!(PermissionSet::all().intersection(read), read);
        assert!(PermissionSet::EMPTY.intersection(read).is_empty());
    }
}
