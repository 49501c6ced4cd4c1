//! Scopes: what a person is asked to let a program do, in words that fit on a page. Each right belongs to exactly one, so a
//! token's scopes are a set of rights like any other narrowing.

use std::fmt;

use crate::permissions::{Permission, PermissionSet};

/// The longest list of scopes that is looked at, in bytes.
pub const MAX_SCOPE_BYTES: usize = 500;

/// One scope. The wire name is API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    Read,
    Write,
    Messages,
    Money,
    PersonalData,
    SensitiveData,
    Admin,
}

impl Scope {
    pub const ALL: &'static [Self] = &[
        Self::Read,
        Self::Write,
        Self::Messages,
        Self::Money,
        Self::PersonalData,
        Self::SensitiveData,
        Self::Admin,
    ];

    /// The wire name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "crm.read",
            Self::Write => "crm.write",
            Self::Messages => "messages.send",
            Self::Money => "money",
            Self::PersonalData => "pii.read",
            Self::SensitiveData => "health.read",
            Self::Admin => "admin",
        }
    }

    /// What a person is told that it lets a program do.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Read => "See bookings, customers, conversations, payments and figures",
            Self::Write => "Create, change and cancel bookings, and change customers and chefs",
            Self::Messages => "Write to customers, and work the inbox",
            Self::Money => "Record payments and give money back",
            Self::PersonalData => "See e-mail addresses, phone numbers, addresses and notes",
            Self::SensitiveData => "See health, bank and identity details",
            Self::Admin => "Administer: people, keys, settings, webhooks and operations",
        }
    }

    /// The scope with this wire name, if there is one.
    pub fn parse(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|scope| scope.as_str() == name)
    }

    /// The scope that a right belongs to.
    pub const fn of(permission: Permission) -> Self {
        match permission {
            Permission::ApprovalsRead
            | Permission::BookingsRead
            | Permission::ChefsRead
            | Permission::ConversationsRead
            | Permission::CustomersRead
            | Permission::FiguresRead
            | Permission::PaymentsRead
            | Permission::TenantsRead => Self::Read,
            Permission::BookingsWrite
            | Permission::BookingsCancel
            | Permission::ChefsWrite
            | Permission::CustomersWrite
            | Permission::CustomersMerge
            | Permission::ViewsWrite => Self::Write,
            Permission::ConversationsWrite => Self::Messages,
            Permission::PaymentsWrite | Permission::PaymentsRefund => Self::Money,
            Permission::PersonalDataRead => Self::PersonalData,
            Permission::SensitiveDataRead => Self::SensitiveData,
            _ => Self::Admin,
        }
    }

    pub fn permissions(self) -> PermissionSet {
        let all = Permission::ALL.iter().copied();
        all.filter(|permission| Self::of(*permission) == self)
            .collect()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A list of scopes, each once, in order of declaration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// What is asked for where nothing is said.
    pub fn usual() -> Self {
        Self(vec![Scope::Read])
    }

    pub fn of(scopes: impl IntoIterator<Item = Scope>) -> Self {
        let mut list: Vec<Scope> = scopes.into_iter().collect();
        list.sort_unstable();
        list.dedup();
        Self(list)
    }

    /// A list parted by spaces; `None` where one of them is none of ours.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_SCOPE_BYTES {
            return None;
        }
        let parsed: Option<Vec<Scope>> = text.split_ascii_whitespace().map(Scope::parse).collect();
        parsed.map(Self::of)
    }

    /// Those of a list that are ours: others issue tokens for others as well.
    pub fn parse_known(text: &str) -> Self {
        let cut = text.len().min(MAX_SCOPE_BYTES);
        let text = text.get(..cut).unwrap_or_default();
        Self::of(text.split_ascii_whitespace().filter_map(Scope::parse))
    }

    /// Those stored; a name that is no longer a scope grants nothing.
    pub fn stored(names: &[String]) -> Self {
        Self::of(names.iter().filter_map(|name| Scope::parse(name)))
    }

    pub fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
    }

    pub fn names(&self) -> Vec<&'static str> {
        self.iter().map(Scope::as_str).collect()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether every one of `others` is among these.
    pub fn cover(&self, others: &Self) -> bool {
        others.0.iter().all(|scope| self.0.contains(scope))
    }

    pub fn permissions(&self) -> PermissionSet {
        self.iter().fold(PermissionSet::EMPTY, |all, scope| {
            all.union(scope.permissions())
        })
    }

    /// Those of which a holder of these rights could use something.
    pub fn within(&self, rights: PermissionSet) -> Self {
        let is_of_use = |scope: &Scope| !scope.permissions().intersection(rights).is_empty();
        Self(self.iter().filter(is_of_use).collect())
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_scopes_together_are_all_rights_and_none_is_empty() {
        let all = Scopes::of(Scope::ALL.iter().copied());
        assert_eq!(all.permissions(), PermissionSet::all());
        assert!(
            Scope::ALL
                .iter()
                .all(|scope| !scope.permissions().is_empty())
        );
        let read = Scope::Read.permissions();
        assert!(read.iter().all(|right| right.as_str().ends_with(":read")));
    }

    #[test]
    fn a_list_is_read_as_a_set_and_refused_when_one_is_unknown() {
        let scopes = Scopes::parse("crm.write  crm.read crm.write").unwrap();
        assert_eq!(scopes.to_string(), "crm.read crm.write");
        assert_eq!(Scopes::parse("crm.read everything"), None);
        assert_eq!(Scopes::parse(&"crm.read ".repeat(100)), None);
        assert!(scopes.cover(&Scopes::usual()) && !Scopes::usual().cover(&scopes));
        let seen = scopes.within(PermissionSet::of(&[Permission::BookingsRead]));
        assert_eq!(seen, Scopes::usual());
    }
}
