//! The root key: whether it is there, well kept, and the one that this database was sealed under.

use deadpool_postgres::Object;

use super::findings::Finding;
use crate::cli::Reason;
use crate::config::DatabaseSettings;
use crate::root_key;

const CHECK: &str = "root key";

const FIND_FINGERPRINT: &str = "select root_key_fingerprint from installation";

pub async fn examine(settings: &DatabaseSettings, engine: &Object) -> Result<Finding, Reason> {
    let row = engine.query_opt(FIND_FINGERPRINT, &[]).await?;
    let path = settings.root_key_file();
    // A key is made only where the database records none; then there is nothing to compare, and we make none.
    let Some(recorded) = row.map(|row| row.get::<_, Vec<u8>>("root_key_fingerprint")) else {
        return Ok(Finding::ok(
            CHECK,
            "none yet; the first start of `rapport serve` makes one",
        ));
    };
    Ok(match root_key::load_or_create(&path, Some(&recorded)) {
        Ok(_) => Finding::ok(
            CHECK,
            format!(
                "{} fits; keep a copy of it apart from the database's",
                path.display()
            ),
        ),
        Err(error) => Finding::fail(
            CHECK,
            error.to_string(),
            "put the right file there, readable by its owner alone",
        ),
    })
}
