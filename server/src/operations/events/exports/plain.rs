//! Opens what is personal in events. A sealed field names its own field; whose key it is under follows from the event, or
//! from the first event of its stream, and is proved by its opening. What has no living key stays sealed.

use std::collections::{BTreeSet, HashMap};

use domain::ids::TenantId;
use domain::sealed::Sealed;
use event_store::Result;
use event_store::recorded::{Payload, Recorded};
use event_store::store::Store;
use event_store::vault::SubjectKey;
use serde_json::Value;

/// How every field that is sealed under a subject's key begins.
const SEALED: &str = "v1:";
/// How the names of fields end that may name the subject.
const ID: &str = "_id";

const LIST_FIRST_EVENTS: &str = "
    select e.aggregate_type, e.aggregate_id, e.payload
    from unnest($2::text[], $3::text[]) as k (aggregate_type, aggregate_id)
    join events e on e.tenant_id = $1 and e.aggregate_type = k.aggregate_type and e.aggregate_id = k.aggregate_id
        and e.sequence = 1";

pub struct Opener<'a> {
    store: &'a Store,
    tenant_id: &'a TenantId,
}

impl<'a> Opener<'a> {
    pub fn new(store: &'a Store, tenant_id: &'a TenantId) -> Self {
        Self { store, tenant_id }
    }

    /// Opens the payloads of a page in their places.
    pub async fn open(&self, page: &mut [Recorded]) -> Result<()> {
        let mut payloads: Vec<(usize, Value)> = Vec::new();
        for (index, event) in page.iter().enumerate() {
            if event.payload.0.contains(SEALED) {
                payloads.push((index, serde_json::from_str(&event.payload.0)?));
            }
        }
        let owners = self.list_owners(page, &payloads).await?;
        let mut wanted: BTreeSet<&str> = BTreeSet::new();
        let mut candidates: Vec<Vec<String>> = Vec::with_capacity(payloads.len());
        for (index, payload) in &payloads {
            let event = &page[*index];
            let mut ids = vec![event.aggregate_id.clone()];
            collect_ids(payload, &mut ids);
            if let Some(more) = owners.get(&stream(event)) {
                ids.extend(more.iter().cloned());
            }
            candidates.push(ids);
        }
        wanted.extend(candidates.iter().flatten().map(String::as_str));
        let wanted: Vec<&str> = wanted.into_iter().collect();
        let found = self.store.subject_keys(self.tenant_id, &wanted).await?;
        let keys: HashMap<String, SubjectKey> = found.into_iter().collect();
        for ((index, mut payload), ids) in payloads.into_iter().zip(candidates) {
            let usable: Vec<&SubjectKey> = ids.iter().filter_map(|id| keys.get(id)).collect();
            open_all(&mut payload, &usable);
            page[index].payload = Payload(payload.to_string());
        }
        Ok(())
    }

    /// The ids that the first events of these streams name.
    async fn list_owners(
        &self,
        page: &[Recorded],
        payloads: &[(usize, Value)],
    ) -> Result<HashMap<(String, String), Vec<String>>> {
        let streams: BTreeSet<(String, String)> = payloads
            .iter()
            .map(|(index, _)| stream(&page[*index]))
            .collect();
        let (types, ids): (Vec<String>, Vec<String>) = streams.into_iter().unzip();
        let client = self.store.pools.engine.get().await?;
        let statement = client.prepare_cached(LIST_FIRST_EVENTS).await?;
        let rows = client
            .query(&statement, &[&self.tenant_id.as_str(), &types, &ids])
            .await?;
        let mut owners = HashMap::new();
        for row in &rows {
            let payload: Value = serde_json::from_str(&row.try_get::<_, Payload>("payload")?.0)?;
            let mut named = Vec::new();
            collect_ids(&payload, &mut named);
            let stream = (row.try_get("aggregate_type")?, row.try_get("aggregate_id")?);
            owners.insert(stream, named);
        }
        Ok(owners)
    }
}

fn stream(event: &Recorded) -> (String, String) {
    (event.aggregate_type.clone(), event.aggregate_id.clone())
}

fn collect_ids(value: &Value, ids: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::String(id) if name.ends_with(ID) => ids.push(id.clone()),
                    nested => collect_ids(nested, ids),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_ids(item, ids)),
        _ => {}
    }
}

fn open_all(value: &mut Value, keys: &[&SubjectKey]) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(|field| open_all(field, keys)),
        Value::Array(items) => items.iter_mut().for_each(|item| open_all(item, keys)),
        Value::String(text) if text.starts_with(SEALED) => {
            let Some(field) = text.split(':').nth(2).map(str::to_owned) else {
                return;
            };
            let sealed = Sealed::new(text.clone());
            if let Some(plain) = keys.iter().find_map(|key| key.open(&field, &sealed)) {
                *text = plain;
            }
        }
        _ => {}
    }
}
