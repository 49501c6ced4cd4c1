//! Files that came with a message, kept beside its thread under the thread's own key: they are erased with it.

use domain::ids::TenantId;
use event_store::error::Error;
use event_store::store::Store;
use serde::Deserialize;

use super::File;
use crate::Result;

const KEEP: &str = "
    insert into message_files (tenant_id, conversation_id, file_id, content_type, size_bytes, sealed)
    values ($1, $2, $3, $4, $5, $6)
    on conflict (tenant_id, conversation_id, file_id) do nothing";

/// The part of the answer to `receive-message` that tells where the message went.
#[derive(Deserialize)]
struct Answer {
    result: Received,
}

#[derive(Deserialize)]
struct Received {
    thread_id: String,
    repeated: bool,
}

/// Keeps the files of a message that has been received; once, however often it is tried.
pub(super) async fn keep(
    store: &Store,
    tenant_id: &TenantId,
    (answer, files): (&str, &[File]),
) -> Result<()> {
    if files.is_empty() {
        return Ok(());
    }
    let Answer { result } = serde_json::from_str(answer)?;
    // It came by another way before, and its files with it.
    if result.repeated {
        return Ok(());
    }
    let keys = store.subject_keys(tenant_id, &[&result.thread_id]).await?;
    let Some((_, key)) = keys.first() else {
        return Ok(());
    };
    let client = store.pools.engine.get().await?;
    let statement = client.prepare_cached(KEEP).await?;
    for file in files {
        let size = i64::try_from(file.content.len())
            .map_err(|_| Error::internal("a file is too large to be counted"))?;
        let sealed = key.seal_file(&file.file_id, &file.content)?;
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 6] = [
            &tenant_id.as_str(),
            &result.thread_id,
            &file.file_id,
            &file.content_type,
            &size,
            &sealed,
        ];
        client.execute(&statement, &parameters).await?;
    }
    Ok(())
}
