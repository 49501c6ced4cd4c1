//! Rows of imports that speak of a person and name no customer yet: they wait, or have failed. Each is opened and looked at;
//! a term of 30 days and a file's limit bound how many there are.

use domain::ids::TenantId;
use domain::imports::cells_place;
use event_store::store::Store;

use super::mentions::Traits;
use crate::Result;

/// Rows that are opened together.
const PAGE: i64 = 500;

const LIST_UNNAMED: &str = "
    select r.import_id, r.row_no, r.cells from import_rows r
    where r.tenant_id = $1 and (r.import_id, r.row_no) > ($2, $3) and r.customer_id is null and r.cells is not null
    order by r.import_id, r.row_no limit $4";

/// Which rows of which imports, pair by pair.
#[derive(Default)]
pub(super) struct Rows {
    pub imports: Vec<String>,
    pub numbers: Vec<i64>,
}

pub(super) async fn find(store: &Store, tenant_id: &TenantId, traits: &Traits) -> Result<Rows> {
    let mut found = Rows::default();
    let (mut import_id, mut number) = (String::new(), 0_i64);
    loop {
        let client = store.pools.engine.get().await?;
        let statement = client.prepare_cached(LIST_UNNAMED).await?;
        let page = client
            .query(
                &statement,
                &[&tenant_id.as_str(), &import_id, &number, &PAGE],
            )
            .await?;
        drop(client);
        let Some(last) = page.last() else {
            return Ok(found);
        };
        (import_id, number) = (last.try_get("import_id")?, last.try_get("row_no")?);
        let mut imports: Vec<&str> = Vec::new();
        for row in &page {
            let import_id = row.try_get("import_id")?;
            if imports.last() != Some(&import_id) {
                imports.push(import_id);
            }
        }
        let keys = store.kept_subject_keys(tenant_id, &imports).await?;
        for row in &page {
            let (import_id, number): (&str, i64) =
                (row.try_get("import_id")?, row.try_get("row_no")?);
            let cells: &[u8] = row.try_get("cells")?;
            let key = keys.iter().find(|(subject, _)| subject == import_id);
            let plain = key.and_then(|(_, key)| key.open_file(&cells_place(number), cells));
            let plain = plain.and_then(|plain| String::from_utf8(plain).ok());
            if plain.is_some_and(|plain| traits.are_in(&plain)) {
                found.imports.push(import_id.to_owned());
                found.numbers.push(number);
            }
        }
    }
}
