//! Files that came with messages: read one at a time, by whoever may see what customers write.

use domain::refusal::Refusal;
use event_store::Result;
use event_store::pg::begin_read;
use event_store::store::Store;
use identity::permissions::Permission;
use identity::principals::Principal;

/// One file, opened.
pub struct File {
    /// As its sender said.
    pub content_type: String,
    pub content: Vec<u8>,
}

const FIND_FILE: &str = "
    select f.content_type, f.sealed from message_files f
    where f.tenant_id = $1 and f.conversation_id = $2 and f.file_id = $3";

/// Reads a file of a thread. Refused with 403 `permission-missing`, 404 `file-not-found`; one whose thread has been erased
/// is not there any more.
pub async fn find(
    store: &Store,
    principal: &Principal,
    (thread_id, file_id): (&str, &str),
) -> Result<File> {
    principal.require(Permission::ConversationsRead)?;
    principal.require(Permission::PersonalDataRead)?;
    let tenant_id = &principal.tenant_id;
    let mut client = store.pools.request.get().await?;
    let tx = begin_read(&mut client, tenant_id.as_str()).await?;
    let statement = tx.prepare_cached(FIND_FILE).await?;
    let row = tx
        .query_opt(&statement, &[&tenant_id.as_str(), &thread_id, &file_id])
        .await?;
    tx.commit().await?;
    let unknown = || Refusal::not_found("file-not-found", "there is no such file");
    let row = row.ok_or_else(unknown)?;
    let keys = store.subject_keys(tenant_id, &[thread_id]).await?;
    let (_, key) = keys.first().ok_or_else(unknown)?;
    let sealed: Vec<u8> = row.try_get("sealed")?;
    Ok(File {
        content_type: row.try_get("content_type")?,
        content: key.open_file(file_id, &sealed).ok_or_else(unknown)?,
    })
}
