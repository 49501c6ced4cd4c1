-- What is kept for a time only: who read what, files, webhooks' bodies. And the keys of the installation's own, which are
-- wrapped anew with all others when the root key changes.

grant delete on audited_reads to rapport_engine;
create index audited_reads_age on audited_reads (tenant_id, read_at);
create index message_files_age on message_files (tenant_id, kept_at);
-- Those whose bodies are still there; a body that was purged is no longer looked at.
create index webhook_inbox_bodies on webhook_inbox (tenant_id, received_at) where handled_at is not null and length(body) > 0;

grant update (wrapped_key) on installation_keys to rapport_engine;
grant update (sealed_seed) on audit_keys to rapport_engine;
