-- What a provider repeats of the address it was given, and a way to find old webhooks.
alter table webhook_inbox add column query text not null default '';
-- Rows lie in order of age, so a few bytes per block are enough to find them.
create index webhook_inbox_age on webhook_inbox using brin (received_at);

-- Subscriptions of webhooks that end when they are not renewed.
create table webhook_subscriptions (
    tenant_id text not null,
    provider text not null,
    -- Null until the provider has agreed.
    subscription_id text,
    expires_at timestamptz not null default '-infinity',
    -- When somebody last set about renewing it.
    looked_at timestamptz not null default clock_timestamp(),
    detail text,
    constraint webhook_subscriptions_pkey primary key (tenant_id, provider)
);
alter table webhook_subscriptions enable row level security;
alter table webhook_subscriptions force row level security;
create policy request on webhook_subscriptions to rapport_request
    using ((tenant_id = nullif(current_setting('rapport.tenant_id', true), '')) is true)
    with check ((tenant_id = nullif(current_setting('rapport.tenant_id', true), '')) is true);
create policy engine on webhook_subscriptions to rapport_engine using (true) with check (true);
grant select, insert, update, delete on webhook_subscriptions to rapport_engine;
