//! The tenants that paths without a tenant may be bound to. This looks across tenants, for the HTTP layer alone; it tells
//! nothing but who has asked to be bound.

use domain::ids::TenantId;
use event_store::Result;
use event_store::store::Store;

/// The most tenants of one installation that are bound by alias.
const MAX_BOUND: i64 = 1_000;

const FIND_BOUND: &str = "
    select tenant_id, slug, state->'settings'->>'webhook_alias' as alias from tenant_profiles
    where state->'settings'->>'webhook_alias' is not null order by tenant_id limit $1";

/// A tenant that has an alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    pub tenant_id: TenantId,
    pub slug: String,
    pub alias: String,
}

/// The tenant that a request to this host is meant for: the one whose alias or slug is the host's first label, or else the
/// only one that has an alias.
pub async fn find(store: &Store, host: &str) -> Result<Option<Bound>> {
    let client = store.pools.engine.get().await?;
    let statement = client.prepare_cached(FIND_BOUND).await?;
    let rows = client.query(&statement, &[&MAX_BOUND]).await?;
    let bound: Vec<Bound> = rows
        .iter()
        .map(|row| Bound {
            tenant_id: TenantId::new(row.get::<_, String>("tenant_id")),
            slug: row.get("slug"),
            alias: row.get("alias"),
        })
        .collect();
    Ok(choose(bound, host))
}

fn choose(mut bound: Vec<Bound>, host: &str) -> Option<Bound> {
    let label = host.split(['.', ':']).next().unwrap_or_default();
    let named = bound
        .iter()
        .position(|tenant| tenant.alias == label || tenant.slug == label);
    match named {
        Some(place) => Some(bound.swap_remove(place)),
        None if bound.len() == 1 => bound.pop(),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(slug: &str, alias: &str) -> Bound {
        Bound {
            tenant_id: TenantId::new(slug),
            slug: slug.to_owned(),
            alias: alias.to_owned(),
        }
    }

    #[test]
    fn a_host_names_its_tenant_and_none_is_guessed() {
        let two = || vec![tenant("one", "grill"), tenant("two", "visa")];
        assert_eq!(choose(two(), "visa.example.org").unwrap().slug, "two");
        assert_eq!(choose(two(), "one.example.org:8080").unwrap().slug, "one");
        assert_eq!(choose(two(), "127.0.0.1:8080"), None);
        let one = vec![tenant("one", "grill")];
        assert_eq!(choose(one, "127.0.0.1:8080").unwrap().slug, "one");
    }
}
