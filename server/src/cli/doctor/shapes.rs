//! Indexes and rights, compared to what the migrations make: `schema/shape.txt` holds them as a fresh database has them.

use std::collections::BTreeSet;

use tokio_postgres::Client;

use super::findings::Finding;
use crate::cli::Reason;

/// The tables in use; their twins are emptied and indexed anew by rebuilds.
const LIST_INDEXES: &str = "
    select pg_get_indexdef(i.indexrelid) as line
    from pg_index i join pg_class c on c.oid = i.indrelid
    where c.relnamespace = 'public'::regnamespace and i.indisvalid order by 1";

const LIST_RIGHTS: &str = "
    select distinct 'grant ' || lower(a.privilege_type) || ' on ' || c.relname || ' to ' || r.rolname as line
    from pg_class c cross join lateral aclexplode(c.relacl) a join pg_roles r on r.oid = a.grantee
    where c.relnamespace = 'public'::regnamespace and r.rolname in ('rapport_request', 'rapport_engine', 'rapport_eraser')
    union
    select 'grant ' || lower(a.privilege_type) || ' (' || t.attname || ') on ' || c.relname || ' to ' || r.rolname
    from pg_class c join pg_attribute t on t.attrelid = c.oid cross join lateral aclexplode(t.attacl) a
    join pg_roles r on r.oid = a.grantee
    where c.relnamespace = 'public'::regnamespace and r.rolname in ('rapport_request', 'rapport_engine', 'rapport_eraser')
    order by 1";

pub async fn examine(client: &Client) -> Result<Vec<Finding>, Reason> {
    let expected: BTreeSet<&str> = schema::SHAPE.lines().collect();
    let (rights, indexes): (BTreeSet<&str>, BTreeSet<&str>) = expected
        .into_iter()
        .partition(|line| line.starts_with("grant "));
    Ok(vec![
        judge_indexes(&indexes, &lines(client, LIST_INDEXES).await?),
        judge_rights(&rights, &lines(client, LIST_RIGHTS).await?),
    ])
}

async fn lines(client: &Client, sql: &str) -> Result<BTreeSet<String>, Reason> {
    let rows = client.query(sql, &[]).await?;
    Ok(rows.iter().map(|row| row.get("line")).collect())
}

/// More indexes than ours are the operator's own business.
fn judge_indexes(expected: &BTreeSet<&str>, found: &BTreeSet<String>) -> Finding {
    const CHECK: &str = "indexes";
    let missing: Vec<&str> = expected
        .iter()
        .filter(|line| !found.contains(**line))
        .copied()
        .collect();
    if missing.is_empty() {
        return Finding::ok(CHECK, format!("all {} are there and valid", expected.len()));
    }
    let names: Vec<&str> = missing.iter().map(|line| name_of(line)).collect();
    Finding::fail(
        CHECK,
        format!("missing or not valid: {}", names.join(", ")),
        format!(
            "drop what is left of them (drop index if exists …), then, as the owner of the tables: {}",
            missing.join("; ")
        ),
    )
}

fn judge_rights(expected: &BTreeSet<&str>, found: &BTreeSet<String>) -> Finding {
    const CHECK: &str = "rights of the roles";
    let missing = expected
        .iter()
        .filter(|line| !found.contains(**line))
        .map(|line| (*line).to_owned());
    let excess = found
        .iter()
        .filter(|line| !expected.contains(line.as_str()))
        .map(|line| {
            line.replacen("grant ", "revoke ", 1)
                .replacen(" to ", " from ", 1)
        });
    let remedies: Vec<String> = missing.chain(excess).collect();
    if remedies.is_empty() {
        return Finding::ok(
            CHECK,
            format!("all {} as the migrations give them", expected.len()),
        );
    }
    Finding::fail(
        CHECK,
        format!("{} differ from what the migrations give", remedies.len()),
        format!("as the owner of the tables: {}", remedies.join("; ")),
    )
}

/// `CREATE UNIQUE INDEX name ON …`
fn name_of(definition: &str) -> &str {
    definition
        .split_once("INDEX ")
        .and_then(|(_, rest)| rest.split(' ').next())
        .unwrap_or(definition)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::findings::State;

    #[test]
    fn a_right_too_many_is_as_wrong_as_one_too_few() {
        let expected = BTreeSet::from(["grant select on chefs to rapport_request"]);
        let found = BTreeSet::from(["grant update on chefs to rapport_request".to_owned()]);
        let finding = judge_rights(&expected, &found);
        assert_eq!(finding.state, State::Fail);
        assert_eq!(
            finding.remedy.as_deref(),
            Some(
                "as the owner of the tables: grant select on chefs to rapport_request; \
                 revoke update on chefs from rapport_request"
            )
        );
    }

    #[test]
    fn an_index_of_the_operators_own_is_welcome() {
        let ours = "CREATE INDEX chefs_name ON public.chefs USING btree (name)";
        let own = "CREATE INDEX my_own ON public.chefs USING btree (zones)";
        let found = BTreeSet::from([ours.to_owned(), own.to_owned()]);
        assert_eq!(
            judge_indexes(&BTreeSet::from([ours]), &found).state,
            State::Ok
        );
        let finding = judge_indexes(&BTreeSet::from([ours]), &BTreeSet::new());
        assert_eq!(finding.detail, "missing or not valid: chefs_name");
    }
}
