//! Every SQL constant in the sources fits the migrated schema, and its role may run it.

use tests::cluster;
use tests::sql::{self, ENGINE, ERASER, LOGIN, REQUEST, Statement};
use tokio_postgres::Client;

/// So few would mean that the scan has gone blind.
const FEWEST_STATEMENTS: usize = 80;
const FEWEST_SWEEPS: usize = 8;

#[tokio::test]
async fn every_statement_fits_the_schema_and_the_rights_of_its_role() {
    let cluster = cluster::shared().await;
    let database = cluster.clone_template().await;
    let statements = sql::statements();
    assert!(
        statements.len() >= FEWEST_STATEMENTS,
        "only {} statements were found",
        statements.len()
    );
    let mut wrong = Vec::new();
    let admin = cluster.admin(&database.name).await;
    for role in [REQUEST, ENGINE, ERASER, LOGIN] {
        admin
            .batch_execute(&format!("set role {role}"))
            .await
            .unwrap();
        for statement in statements.iter().filter(|statement| statement.role == role) {
            if let Err(error) = plan(&admin, statement).await {
                wrong.push(format!(
                    "{} {} as {role}: {error}",
                    statement.path, statement.name
                ));
            }
        }
    }
    drop(admin);
    cluster.drop_database(&database.name).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_statement_beyond_its_role_is_found_out() {
    let cluster = cluster::shared().await;
    let database = cluster.clone_template().await;
    let admin = cluster.admin(&database.name).await;
    admin
        .batch_execute("set role rapport_request")
        .await
        .unwrap();
    let statement = Statement {
        path: String::new(),
        name: String::new(),
        text: "select wrapped_key from api_keys where tenant_id = $1".to_owned(),
        role: REQUEST,
    };
    assert!(
        plan(&admin, &statement)
            .await
            .unwrap_err()
            .contains("column")
    );
    let beyond = Statement {
        text: "select tenant_id from api_keys where key_hash = $1".to_owned(),
        ..statement
    };
    assert!(
        plan(&admin, &beyond)
            .await
            .unwrap_err()
            .contains("permission denied")
    );
    drop(admin);
    cluster.drop_database(&database.name).await;
}

/// `clock_timestamp()` may change from row to row, so no index is ever asked with it: whatever it bounds is read whole.
#[test]
fn what_forgets_by_age_can_find_it_by_an_index() {
    let mut sweeps = 0;
    for statement in sql::statements() {
        let text = statement.text.trim_start();
        if text.starts_with("delete") && text.contains("interval '1 day'") {
            sweeps += 1;
            let place = format!("{} {}", statement.path, statement.name);
            assert!(!text.contains("< clock_timestamp()"), "{place}: use now()");
        }
    }
    assert!(sweeps >= FEWEST_SWEEPS, "only {sweeps} were found");
}

/// Prepares a statement and has its plan shown, which looks at the rights and runs nothing.
async fn plan(client: &Client, statement: &Statement) -> Result<(), String> {
    let said = |error: tokio_postgres::Error| match error.as_db_error() {
        Some(error) => error.message().to_owned(),
        None => error.to_string(),
    };
    let prepared = client.prepare(&statement.text).await.map_err(said)?;
    let nulls = vec!["null"; prepared.params().len()].join(", ");
    let arguments = if nulls.is_empty() {
        nulls
    } else {
        format!("({nulls})")
    };
    client.batch_execute("deallocate all").await.map_err(said)?;
    client
        .batch_execute(&format!("prepare one as {}", statement.text))
        .await
        .map_err(said)?;
    let shown = client
        .batch_execute(&format!("explain execute one{arguments}"))
        .await
        .map_err(said);
    client.batch_execute("deallocate all").await.map_err(said)?;
    shown
}
