-- Credentials are a named exception to "everything is an event": a plain table, kept only as hashes.

create table api_keys (
    tenant_id    text        not null,
    key_id       text        not null,
    key_hash     bytea       not null,
    kind         text        not null,
    label        text        not null,
    role         text        not null,
    -- Null: all that the role holds, today and later. Else: no more than these.
    permissions  text[],
    model        text,
    created_at   timestamptz not null,
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz,
    primary key (tenant_id, key_id),
    constraint api_keys_key_hash_key unique (key_hash),
    constraint api_keys_key_hash_check check (octet_length(key_hash) = 32),
    constraint api_keys_kind_check check (kind in ('person', 'agent', 'service'))
);

alter table api_keys enable row level security;
alter table api_keys force row level security;

create policy request on api_keys to rapport_request
    using (tenant_id = nullif(current_setting('rapport.tenant_id', true), ''))
    with check (tenant_id = nullif(current_setting('rapport.tenant_id', true), ''));
create policy engine on api_keys to rapport_engine using (true) with check (true);

-- The request role never touches credentials; looking one up happens before a tenant is known.
grant select, insert, update on api_keys to rapport_engine;
