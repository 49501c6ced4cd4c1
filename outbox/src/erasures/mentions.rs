//! Approvals and views that speak of a person: what they say is ciphertext under keys of their own, so each is opened and
//! looked at before the person's own data is gone. Approvals are few and views are few, and nobody waits for this.

use std::collections::BTreeSet;

use cqrs_es::Aggregate;
use domain::approvals::Approval;
use domain::customers::Customer;
use domain::ids::TenantId;
use domain::views::{View, definition_purpose};
use event_store::load::{Folded, Load};
use event_store::recorded::Payload;
use event_store::store::Store;
use serde_json::Value;

use super::imported::{self, Rows};
use super::streams::Streams;
use crate::Result;

/// Rows that are opened together.
const PAGE: i64 = 500;
/// Fewer digits are no phone number.
const FEWEST_DIGITS: usize = 7;

const LIST_APPROVALS: &str = "
    select a.approval_id as id, a.state from approvals a
    where a.tenant_id = $1 and a.approval_id > $2 order by a.approval_id limit $3";
const LIST_VIEWS: &str = "
    select v.view_id as id, v.state from views v
    where v.tenant_id = $1 and v.view_id > $2 and v.standing = 'kept' order by v.view_id limit $3";
/// Which of these commands wrote to these streams.
const LIST_COMMANDS: &str = "
    select distinct e.command_id from unnest($2::text[], $3::text[]) as s (kind, id)
    join events e on e.tenant_id = $1 and e.aggregate_type = s.kind and e.aggregate_id = s.id
    where e.command_id = any ($4::text[])";

/// What speaks of the person and has a key of its own.
#[derive(Default)]
pub(super) struct Mentions {
    pub approvals: Vec<String>,
    pub views: Vec<String>,
    pub rows: Rows,
}

/// What a person is known by.
#[derive(Default)]
pub(super) struct Traits {
    ids: BTreeSet<String>,
    emails: BTreeSet<String>,
    /// Digits only.
    phones: BTreeSet<String>,
    /// Words of names, lower case.
    names: BTreeSet<String>,
}

/// Everything that speaks of the person whom these streams tell of.
pub(super) async fn find(
    store: &Store,
    tenant_id: &TenantId,
    (family, streams): (&[String], &Streams),
) -> Result<Mentions> {
    let traits = Traits::of(store, tenant_id, (family, streams)).await?;
    let mut mentions = Mentions::default();
    find_approvals(store, tenant_id, (&traits, streams), &mut mentions).await?;
    find_views(store, tenant_id, &traits, &mut mentions).await?;
    mentions.rows = imported::find(store, tenant_id, &traits).await?;
    Ok(mentions)
}

/// Those that were carried out on the person's streams, and those whose arguments name the person.
async fn find_approvals(
    store: &Store,
    tenant_id: &TenantId,
    (traits, streams): (&Traits, &Streams),
    mentions: &mut Mentions,
) -> Result<()> {
    let mut after = String::new();
    loop {
        let page: Vec<(String, Approval)> = page(store, tenant_id, LIST_APPROVALS, &after).await?;
        let Some((last, _)) = page.last() else {
            return Ok(());
        };
        after.clone_from(last);
        let done: Vec<&str> = page
            .iter()
            .filter_map(|(_, approval)| approval.command_id.as_deref())
            .collect();
        let done = list_commands(store, tenant_id, (streams, &done)).await?;
        let ids: Vec<&str> = page.iter().map(|(id, _)| id.as_str()).collect();
        let keys = store.kept_subject_keys(tenant_id, &ids).await?;
        for (id, approval) in &page {
            let key = keys.iter().find(|(subject, _)| subject == id);
            let sealed = approval.proposal.as_ref().map(|asked| &asked.arguments);
            let plain = key
                .zip(sealed)
                .and_then(|((_, key), sealed)| key.open("arguments", sealed));
            let names = plain.is_some_and(|plain| traits.are_in(&plain));
            let command = approval.command_id.as_ref();
            if names || command.is_some_and(|command| done.contains(command)) {
                mentions.approvals.push(id.clone());
            }
        }
    }
}

async fn find_views(
    store: &Store,
    tenant_id: &TenantId,
    traits: &Traits,
    mentions: &mut Mentions,
) -> Result<()> {
    let own = store.keys(tenant_id).await?;
    let mut after = String::new();
    loop {
        let page: Vec<(String, View)> = page(store, tenant_id, LIST_VIEWS, &after).await?;
        let Some((last, _)) = page.last() else {
            return Ok(());
        };
        after.clone_from(last);
        let ids: Vec<&str> = page.iter().map(|(id, _)| id.as_str()).collect();
        let keys = store.kept_subject_keys(tenant_id, &ids).await?;
        for (id, view) in &page {
            let key = keys.iter().find(|(subject, _)| subject == id);
            let plain = key.and_then(|(_, key)| key.open("definition", &view.definition));
            // Views of earlier days lie under the tenant's ingest key.
            let plain = plain.or_else(|| {
                let opened = own.open_secret(&definition_purpose(id), &view.definition)?;
                Some(opened.as_str().to_owned())
            });
            if plain.is_some_and(|plain| traits.are_in(&plain)) {
                mentions.views.push(id.clone());
            }
        }
    }
}

async fn page<A: Aggregate>(
    store: &Store,
    tenant_id: &TenantId,
    sql: &str,
    after: &str,
) -> Result<Vec<(String, A)>> {
    let client = store.pools.engine.get().await?;
    let statement = client.prepare_cached(sql).await?;
    let rows = client
        .query(&statement, &[&tenant_id.as_str(), &after, &PAGE])
        .await?;
    rows.iter()
        .map(|row| {
            let state: Payload = row.try_get("state")?;
            Ok((row.try_get("id")?, serde_json::from_str(&state.0)?))
        })
        .collect()
}

async fn list_commands(
    store: &Store,
    tenant_id: &TenantId,
    (streams, commands): (&Streams, &[&str]),
) -> Result<BTreeSet<String>> {
    if commands.is_empty() {
        return Ok(BTreeSet::new());
    }
    let client = store.pools.engine.get().await?;
    let statement = client.prepare_cached(LIST_COMMANDS).await?;
    let rows = client
        .query(
            &statement,
            &[&tenant_id.as_str(), &streams.kinds, &streams.ids, &commands],
        )
        .await?;
    Ok(rows.iter().map(|row| row.get("command_id")).collect())
}

impl Traits {
    async fn of(
        store: &Store,
        tenant_id: &TenantId,
        (family, streams): (&[String], &Streams),
    ) -> Result<Self> {
        let mut traits = Self {
            ids: streams.ids.iter().cloned().collect(),
            ..Self::default()
        };
        let wanted = family.iter().map(|id| (Customer::TYPE, id.clone(), 0));
        let wanted = Load {
            streams: wanted.collect(),
            ..Load::default()
        };
        let loaded = store.load(tenant_id, wanted).await?;
        let ids: Vec<&str> = family.iter().map(String::as_str).collect();
        let keys = store.kept_subject_keys(tenant_id, &ids).await?;
        for (id, stream) in family.iter().zip(&loaded.streams) {
            let Some((_, key)) = keys.iter().find(|(subject, _)| subject == id) else {
                continue;
            };
            let customer: Folded<Customer> = stream.fold(Folded::default())?;
            let customer = customer.state;
            let email = customer.email.as_ref().map(|email| &email.sealed);
            let phone = customer.phone.as_ref().map(|phone| &phone.sealed);
            let open = |field, sealed: Option<_>| key.open(field, sealed?);
            traits
                .emails
                .extend(open("email", email).map(|email| email.to_lowercase()));
            traits
                .phones
                .extend(open("phone", phone).map(|phone| digits(&phone)));
            for (field, sealed) in [
                ("first_name", customer.first_name.as_ref()),
                ("last_name", customer.last_name.as_ref()),
            ] {
                let name = open(field, sealed).unwrap_or_default();
                traits.names.extend(words(&name));
            }
        }
        Ok(traits)
    }

    /// Whether a JSON document speaks of the person.
    pub(super) fn are_in(&self, document: &str) -> bool {
        let Ok(document) = serde_json::from_str::<Value>(document) else {
            return false;
        };
        self.are_under("", &document)
    }

    fn are_under(&self, name: &str, value: &Value) -> bool {
        match value {
            Value::String(text) => self.match_text(name, text),
            Value::Array(values) => values.iter().any(|value| self.are_under(name, value)),
            Value::Object(fields) => fields
                .iter()
                .any(|(name, value)| self.are_under(name, value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    fn match_text(&self, name: &str, text: &str) -> bool {
        let lower = text.to_lowercase();
        let number = digits(text);
        // Whoever searches by some words of a name and no others means somebody of that name.
        let mut searched = words(text).peekable();
        let is_search = name == "search" && searched.peek().is_some();
        self.ids.contains(text)
            || self
                .emails
                .iter()
                .any(|email| lower.contains(email.as_str()))
            || (number.len() >= FEWEST_DIGITS
                && self.phones.iter().any(|phone| phone.ends_with(&number)))
            || (is_search && searched.all(|word| self.names.contains(&word)))
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split_whitespace().map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanda() -> Traits {
        let set = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Traits {
            ids: set(&["id-1"]),
            emails: set(&["wanda@example.test"]),
            phones: set(&["12135550188"]),
            names: set(&["wanda", "wong"]),
        }
    }

    #[test]
    fn a_person_is_known_by_ids_and_addresses_wherever_they_stand() {
        for document in [
            r#"{"customer_id": "id-1"}"#,
            r#"{"customer": {"email": "Wanda@Example.test"}}"#,
            r#"{"notes": ["write to wanda@example.test soon"]}"#,
            r#"{"phone": "(213) 555-0188"}"#,
            r#"{"filters": {"search": "wong"}}"#,
        ] {
            assert!(wanda().are_in(document), "{document}");
        }
    }

    #[test]
    fn somebody_else_is_left_alone() {
        for document in [
            r#"{"customer_id": "id-12"}"#,
            r#"{"content": "Wanda asks"}"#,
            r#"{"filters": {"search": "wanda smith"}}"#,
            r#"{"filters": {"search": ""}}"#,
            r#"{"amount_minor": 5550188, "room": "0188"}"#,
        ] {
            assert!(!wanda().are_in(document), "{document}");
        }
    }
}
