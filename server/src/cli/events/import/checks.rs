//! What must hold before an import writes anything.

use domain::refusal::Refusal;
use event_store::store::Store;

use super::Parcel;
use super::lines::Lines;
use super::progress::Progress;
use crate::cli::{Outcome, output};
use crate::operations::events::exports::keys::KeyLine;
use crate::operations::events::exports::manifest::invalid;
use crate::operations::events::states;

const FIND_TENANT: &str = "
    select exists (select from tenants where tenant_id = $1) as is_here,
        exists (select from tenants where slug = $2 and tenant_id <> $1) as slug_is_taken,
        exists (select from events where tenant_id = $1) as has_events";

/// Refused with 409 `stream-not-empty` and `slug-taken`, 422 `keys-missing`.
pub async fn check_target(store: &Store, parcel: &Parcel, progress: Option<&Progress>) -> Outcome {
    let client = store.pools.engine.get().await?;
    let row = client
        .query_one(
            FIND_TENANT,
            &[&parcel.tenant_id.as_str(), &parcel.manifest.slug],
        )
        .await?;
    if progress.is_some() {
        return Ok(());
    }
    if row.get("has_events") {
        let detail = format!(
            "the tenant {} has events here already; an import never adds to a stream that is there",
            parcel.manifest.slug
        );
        return Err(Refusal::conflict("stream-not-empty", detail).into());
    }
    if row.get("slug_is_taken") {
        let detail = format!(
            "another tenant here is called {}; import it elsewhere",
            parcel.manifest.slug
        );
        return Err(Refusal::conflict("slug-taken", detail).into());
    }
    if parcel.manifest.keys.is_none() {
        let detail =
            "without keys nothing personal could ever be opened; export it with --with-keys";
        return Err(Refusal::invalid("keys-missing", detail).into());
    }
    if row.get("is_here") {
        let detail =
            "the tenant is here already, without events; an import brings it with its keys";
        return Err(Refusal::conflict("stream-not-empty", detail).into());
    }
    Ok(())
}

/// Reads every file whole: checksums, lines, whether each event is the tenant's and can be read, and their order.
pub fn check_files(parcel: &Parcel) -> Outcome {
    let manifest = &parcel.manifest;
    if let Some(piece) = &manifest.keys {
        let mut lines = Lines::open(&parcel.directory, piece)?;
        while let Some(line) = lines.next()? {
            serde_json::from_slice::<KeyLine>(line)
                .map_err(|error| invalid(&format!("{}: {error}", piece.file)))?;
        }
    }
    let bar = output::progress("checking events", manifest.events);
    let (mut position, mut events) = (manifest.after, 0_u64);
    for chunk in &manifest.chunks {
        let mut lines = Lines::open(&parcel.directory, &chunk.piece)?;
        while let Some(event) = lines.next_event()? {
            if event.tenant_id != parcel.tenant_id {
                return Err(invalid("it holds events of another tenant").into());
            }
            if event.position <= position {
                return Err(invalid("its events are not in order of position").into());
            }
            if event.sequence < 1 {
                return Err(invalid("a sequence begins at 1").into());
            }
            states::check(&event)?;
            position = event.position;
            events += 1;
        }
        bar.set_position(events);
    }
    bar.finish_and_clear();
    if events != manifest.events || position > manifest.until {
        return Err(invalid("its files hold other events than it says").into());
    }
    Ok(())
}
