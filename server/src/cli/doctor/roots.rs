//! The root key: whether it is there, well kept, and the one that this database was sealed under.

use deadpool_postgres::Object;
use event_store::root_rotation;

use super::findings::Finding;
use crate::cli::Reason;
use crate::config::DatabaseSettings;
use crate::root_key::{self, RootKeyError};

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
    let fits = root_key::load_or_create(&path, Some(&recorded));
    // While the key is being changed, the next one's file will do as well.
    if let Some(next) = root_rotation::find_next(engine).await? {
        let fits = fits.or_else(|_| root_key::load_or_create(&path, Some(&next)));
        return Ok(match fits {
            Ok(_) => Finding::warn(
                CHECK,
                "a change of the root key has been begun",
                "bring it to its end: `rapport keys rotate-root`",
            ),
            Err(error) => unfit(&error),
        });
    }
    Ok(match fits {
        Ok(_) => Finding::ok(
            CHECK,
            format!(
                "{} fits; keep a copy of it apart from the database's",
                path.display()
            ),
        ),
        Err(error) => unfit(&error),
    })
}

fn unfit(error: &RootKeyError) -> Finding {
    Finding::fail(
        CHECK,
        error.to_string(),
        "put the right file there, readable by its owner alone",
    )
}
