//! From settings to a store: find or start PostgreSQL, migrate, check the root key, and, to serve, that every event in the
//! log can be read.

use event_store::error::Error;
use event_store::pg::{PoolSizes, Pools};
use event_store::root_rotation;
use event_store::store::Store;
use event_store::vault::Vault;
use event_store::versions;
use tokio_postgres::NoTls;

use crate::config::DatabaseSettings;
use crate::embedded::{Embedded, Purpose};
use crate::root_key::{self, RootKeyError};

/// A store, and the private PostgreSQL below it if there is one.
pub struct Database {
    pub store: Store,
    pub url: String,
    pub embedded: Option<Embedded>,
}

/// Why there is no store; a sentence for the operator.
pub type Reason = Box<dyn std::error::Error + Send + Sync>;

/// Opens the database for `purpose`, migrated and with its root key checked.
pub async fn open(settings: &DatabaseSettings, purpose: Purpose) -> Result<Database, Reason> {
    let (url, embedded) = locate(settings, purpose).await?;
    let opened = async {
        migrate(&url).await?;
        let store = connect(settings, &url).await?;
        if purpose == Purpose::Serve {
            refuse_unreadable_events(&store).await?;
            refuse_restored(&store).await?;
        }
        Ok(store)
    };
    match (opened.await, embedded) {
        (Ok(store), embedded) => Ok(Database {
            store,
            url,
            embedded,
        }),
        (Err(reason), None) => Err(reason),
        (Err(reason), Some(embedded)) => {
            // What was started for nothing is stopped; why it was for nothing matters more than how that goes.
            let _ = embedded.stop().await;
            Err(reason)
        }
    }
}

/// The URL to connect to, with the private PostgreSQL started where there is no other.
pub async fn locate(
    settings: &DatabaseSettings,
    purpose: Purpose,
) -> Result<(String, Option<Embedded>), Reason> {
    match &settings.database_url {
        Some(url) => Ok((url.clone(), None)),
        None => {
            let embedded = Embedded::start_or_attach(&settings.data_dir, purpose).await?;
            Ok((embedded.url(), Some(embedded)))
        }
    }
}

/// Brings the database to this binary's schema; answers what was applied now.
pub async fn migrate(url: &str) -> Result<Vec<String>, Reason> {
    let (mut client, connection) = tokio_postgres::connect(url, NoTls).await?;
    let carrying = tokio::spawn(connection);
    let applied = schema::migrate::migrate(&mut client).await;
    drop(client);
    carrying.await??;
    Ok(applied?)
}

/// Connects to a migrated database, and makes sure that the root key at hand is the one it was made with. While the root key
/// is being changed, the next one will do as well.
pub async fn connect(settings: &DatabaseSettings, url: &str) -> Result<Store, Reason> {
    let pools = Pools::new(url, PoolSizes::default())?;
    let (recorded, next) = recorded_fingerprints(&pools).await?;
    let path = settings.root_key_file();
    if let Some(recorded) = &recorded {
        root_key::take_over(&path, recorded)?;
    }
    let key = match (root_key::load_or_create(&path, recorded.as_deref()), next) {
        (Err(RootKeyError::Mismatch { .. }), Some(next)) => {
            root_key::load_or_create(&path, Some(&next))?
        }
        (loaded, _) => loaded?,
    };
    let store = Store::new(pools, Vault::new(key.bytes()));
    if recorded.is_none() {
        store
            .record_root_key_fingerprint(&key.fingerprint())
            .await?;
        // Another process may have been first, with a key of its own.
        let now = store.find_root_key_fingerprint().await?;
        root_key::load_or_create(&path, now.as_deref())?;
    }
    store.learn_roots().await?;
    Ok(store)
}

/// Whoever serves must be able to read all that was ever written: half a log would make wrong answers.
async fn refuse_unreadable_events(store: &Store) -> Result<(), Reason> {
    let unreadable = versions::check_at_start(&store.pools.engine).await?;
    if unreadable.is_empty() {
        return Ok(());
    }
    let named: Vec<String> = unreadable.iter().map(ToString::to_string).collect();
    Err(format!(
        "the log holds events that this binary cannot read, so it does not serve; start the newer binary that wrote them: {}",
        named.join("; ")
    )
    .into())
}

/// A restored database may know people who have been erased since: it rests until they are erased in it too.
async fn refuse_restored(store: &Store) -> Result<(), Reason> {
    match store.restored_at().await? {
        None => Ok(()),
        Some(at) => Err(format!(
            "the database was restored from a backup at {at} and may know people who have been erased since, so it does not \
             serve; run `rapport privacy reapply` with the newest copy of the keys"
        )
        .into()),
    }
}

/// Of the root key that the database records, and of the one that is to follow it while that is being changed.
async fn recorded_fingerprints(pools: &Pools) -> Result<(Option<Vec<u8>>, Option<Vec<u8>>), Error> {
    // No key is needed to look; the store proper is made once the key is known to fit.
    let store = Store::new(pools.clone(), Vault::new(&[0; 32]));
    let next = root_rotation::find_next(&pools.engine.get().await?).await?;
    Ok((store.find_root_key_fingerprint().await?, next))
}
