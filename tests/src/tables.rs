//! The read tables as a whole: one fingerprint each, to compare a rebuild with what was there.

use std::collections::BTreeMap;

use tokio_postgres::Client;

const LIST_READ_TABLES: &str = "
    select t.table_name::text from information_schema.tables t
    where t.table_schema = 'public'
      and exists (select from information_schema.tables twin
        where twin.table_schema = 'twin' and twin.table_name = t.table_name)
    order by 1";

/// Table → number of rows and a hash over all of them, whatever their order.
pub async fn fingerprints(database: &Client) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for row in database
        .query(LIST_READ_TABLES, &[])
        .await
        .expect("the tables can be listed")
    {
        let table: String = row.get(0);
        let sql = format!(
            "select count(*)::text || ' ' || coalesce(md5(string_agg(line, '' order by line)), '') \
             from (select t::text as line from public.{table} t) as lines"
        );
        let fingerprint = database
            .query_one(&sql, &[])
            .await
            .expect("a read table can be read")
            .get(0);
        found.insert(table, fingerprint);
    }
    assert!(
        !found.is_empty(),
        "there are read tables, and each has a twin"
    );
    found
}
