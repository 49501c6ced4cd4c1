-- What a provider repeats of the address it was given, and a way to find old webhooks.
alter table webhook_inbox add column query text not null default '';
-- Rows lie in order of age, so a few bytes per block are enough to find them.
create index webhook_inbox_age on webhook_inbox using brin (received_at);
