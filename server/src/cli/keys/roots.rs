//! `rapport keys rotate-root`: another root key takes the place of the one in use, while everything runs.

use std::path::Path;
use std::time::Duration;

use clap::Args;
use domain::refusal::Refusal;
use event_store::root_rotation::{self, LOOK_EVERY, Shelf};
use event_store::store::Store;
use identity::acts::{self, Act};
use serde_json::{Value, json};

use super::rotation::report;
use crate::cli::output::{self, Format};
use crate::cli::{Outcome, Reason, operator};
use crate::config::DatabaseSettings;
use crate::embedded::private_files::hex;
use crate::root_key;

/// How long everybody who runs has to hear of the next key before anything is wrapped under it.
const ANNOUNCED_AHEAD: Duration = Duration::from_secs(3 * LOOK_EVERY.as_secs());
/// How often what was wrapped under the old key meanwhile is looked for again.
const MAX_ROUNDS: u32 = 5;

/// Change the root key: wrap all that lies under it anew, under a new one made for that.
///
/// Nothing that is sealed changes, and nobody has to wait: servers that run learn of the new key by themselves, and until the
/// change is done either key's file will do for another to start. The new key is made beside the old one, as
/// <root-key-file>.next, and takes its place in the end; the old one stays beside it under its fingerprint, for backups and
/// copies of keys that were made before, and opens nothing that is made afterwards. Bring the new file to every other machine.
/// Interrupted, the change goes on where it stopped when it is asked again.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  rapport keys rotate-root --dry-run\n  rapport keys rotate-root"
)]
pub struct RotateRootArgs {
    /// Say how far it is, and do nothing.
    #[arg(long)]
    dry_run: bool,
}

pub async fn rotate(
    settings: &DatabaseSettings,
    store: &Store,
    args: &RotateRootArgs,
    format: Format,
) -> Outcome {
    let path = settings.root_key_file();
    let client = store.pools.engine.get().await?;
    let is_resumed = root_rotation::find_next(&client).await?.is_some();
    if args.dry_run {
        let standing = root_rotation::standing(&client, &store.vault).await?;
        // Before it begins all is under the key that is to go.
        let left = if is_resumed {
            standing.left
        } else {
            standing.whole
        };
        let document =
            json!({ "dry_run": true, "running": is_resumed, "keys": standing.whole, "left": left });
        return report(&document, format);
    }
    drop(client);
    if is_resumed {
        let (next, _) = store.vault.newest_root()?;
        // Whoever brought the new file here already needs none beside it.
        if root_key::load_or_create(&path, None)?.bytes() != &*next {
            root_key::keep_next(&path, &next)?;
        }
    } else {
        announce(store, &path).await?;
        output::remark("Everybody who runs is told of the new key.");
        tokio::time::sleep(ANNOUNCED_AHEAD).await;
    }
    let (rewrapped, keys) = wrap_and_finish(store, &json!({ "resumed": is_resumed })).await?;
    let (_, fingerprint) = store.vault.newest_root()?;
    let kept = root_key::take_over(&path, &fingerprint)?;
    // Whoever was in the middle of something may have used the old key until a moment ago.
    let rewrapped = rewrapped + wrap(store).await?;
    if let Some(kept) = &kept {
        output::remark(&format!(
            "The old key lies in {} now: keep it for as long as you keep backups that were made under it. Bring {} to every \
             other machine that serves.",
            kept.display(),
            path.display()
        ));
    }
    let document = json!({
        "resumed": is_resumed, "rewrapped": rewrapped, "keys": keys, "left": 0, "fingerprint": hex(&fingerprint),
    });
    report(&document, format)
}

/// Makes the next key, keeps it in its file, and only then says so.
async fn announce(store: &Store, path: &Path) -> Outcome {
    let next = root_key::load_or_create(&root_key::next_path(path), None)?;
    let mut client = store.pools.engine.get().await?;
    let tx = client.transaction().await?;
    if !root_rotation::announce(&tx, &store.vault, next.bytes()).await? {
        return Err(Refusal::conflict(
            "root-key-changing",
            "somebody else has just begun to change the root key: ask again to go on with that",
        )
        .into());
    }
    let details = json!({ "fingerprint": hex(&next.fingerprint()) });
    acts::record(&tx, act("announce-root-key", &operator::name(), &details)).await?;
    tx.commit().await?;
    store.vault.add_root(next.bytes());
    Ok(())
}

/// Wraps everything anew and has the new key recorded, in a transaction of its own with the event that says so; answers how
/// many were wrapped, of how many.
async fn wrap_and_finish(store: &Store, how: &Value) -> Result<(u64, i64), Reason> {
    let mut rewrapped = 0;
    for round in 1.. {
        rewrapped += wrap(store).await?;
        let mut client = store.pools.engine.get().await?;
        let tx = client.transaction().await?;
        match root_rotation::finish(&tx, &store.vault).await {
            Err(event_store::error::Error::Busy { .. }) if round < MAX_ROUNDS => {}
            Err(error) => return Err(error.into()),
            // Somebody else was at it too, and has brought it to its end.
            Ok(false) => break,
            Ok(true) => {
                let (_, fingerprint) = store.vault.newest_root()?;
                let mut details = how.clone();
                details["fingerprint"] = json!(hex(&fingerprint));
                details["rewrapped"] = json!(rewrapped);
                acts::record(&tx, act("rotate-root-key", &operator::name(), &details)).await?;
                tx.commit().await?;
                break;
            }
        }
    }
    let client = store.pools.engine.get().await?;
    let standing = root_rotation::standing(&client, &store.vault).await?;
    Ok((rewrapped, standing.whole))
}

/// One round over every table; answers how many were wrapped.
async fn wrap(store: &Store) -> Result<u64, Reason> {
    let bar = output::progress("wrapping keys", 0);
    let mut rewrapped = 0;
    for shelf in Shelf::ALL {
        let mut after = (String::new(), String::new());
        loop {
            let step = store.rotate_root_step(shelf, &after).await?;
            rewrapped += step.rewrapped;
            bar.inc(u64::try_from(step.read)?);
            match step.next {
                Some(next) => after = next,
                None => break,
            }
        }
    }
    bar.finish_and_clear();
    Ok(rewrapped)
}

fn act<'a>(action: &'static str, principal: &'a str, details: &'a Value) -> Act<'a> {
    static INSTALLATION: std::sync::LazyLock<domain::ids::TenantId> =
        std::sync::LazyLock::new(acts::installation);
    Act {
        tenant_id: &INSTALLATION,
        principal,
        action,
        subject: "root-key",
        reason: None,
        details,
    }
}
