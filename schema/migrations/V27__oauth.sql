-- Programs that act for people, or for themselves, by OAuth 2.1: who they are, what they were granted, and the keys that sign
-- what they are given. Secrets, codes and refresh tokens are kept as hashes.

-- Ed25519 keys that sign access tokens, sealed under the root key. A new one is shown before it signs, and an old one
-- verifies until what it signed is over.
create table oauth_keys (
    key_id      text        not null constraint oauth_keys_pkey primary key,
    public_key  bytea       not null,
    sealed_seed bytea       not null,
    created_at  timestamptz not null default clock_timestamp(),
    signs_from  timestamptz not null,
    -- From when it verifies nothing any more; null while no other follows it.
    ends_at     timestamptz
);

-- Clients that a tenant has registered. Others name themselves by the address of a document about them.
create table oauth_clients (
    tenant_id     text        not null,
    client_id     text        not null,
    name          text        not null,
    kind          text        not null,
    role          text        not null,
    -- Null: all that the role holds, today and later. Else: no more than these.
    permissions   text[],
    -- Null: a public client, which proves itself by PKCE alone.
    secret_hash   bytea,
    -- Empty: a program of its own, which asks with its credentials.
    redirect_uris text[]      not null,
    -- The person who registered it: a program that acts for itself can do no more than they can, and ends with them.
    owner_id      text,
    created_at    timestamptz not null default clock_timestamp(),
    revoked_at    timestamptz,
    constraint oauth_clients_pkey primary key (tenant_id, client_id),
    constraint oauth_clients_client_id_key unique (client_id),
    constraint oauth_clients_kind_check check (kind in ('agent', 'service')),
    constraint oauth_clients_secret_hash_check check (octet_length(secret_hash) = 32)
);

-- What somebody has let a client do for them: the family of everything that is issued upon it.
create table oauth_grants (
    tenant_id      text        not null,
    grant_id       text        not null,
    client_id      text        not null,
    client_name    text        not null,
    person_id      text        not null,
    scopes         text[]      not null,
    resource       text        not null,
    created_at     timestamptz not null default clock_timestamp(),
    last_used_at   timestamptz,
    ends_at        timestamptz not null,
    revoked_at     timestamptz,
    constraint oauth_grants_pkey primary key (tenant_id, grant_id)
);
create index oauth_grants_person on oauth_grants (tenant_id, person_id, grant_id);
create index oauth_grants_age on oauth_grants (ends_at);

create table oauth_codes (
    tenant_id      text        not null,
    code_hash      bytea       not null,
    grant_id       text        not null,
    redirect_uri   text        not null,
    -- BASE64URL(SHA-256(verifier)): the only method there is.
    code_challenge text        not null,
    expires_at     timestamptz not null,
    used_at        timestamptz,
    constraint oauth_codes_pkey primary key (tenant_id, code_hash),
    constraint oauth_codes_code_hash_key unique (code_hash)
);
create index oauth_codes_age on oauth_codes (expires_at);

create table oauth_refresh_tokens (
    tenant_id  text        not null,
    token_hash bytea       not null,
    grant_id   text        not null,
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    -- Good once; shown again it ends its whole family.
    used_at    timestamptz,
    constraint oauth_refresh_tokens_pkey primary key (tenant_id, token_hash),
    constraint oauth_refresh_tokens_token_hash_key unique (token_hash)
);
create index oauth_refresh_tokens_age on oauth_refresh_tokens (expires_at);

do $$
declare
    t text;
begin
    foreach t in array array['oauth_clients', 'oauth_grants', 'oauth_codes', 'oauth_refresh_tokens'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('create policy request on %I to rapport_request
            using (tenant_id = nullif(current_setting(''rapport.tenant_id'', true), ''''))
            with check (tenant_id = nullif(current_setting(''rapport.tenant_id'', true), ''''))', t);
        execute format('create policy engine on %I to rapport_engine using (true) with check (true)', t);
    end loop;
end $$;

-- The request role never touches credentials.
grant select, insert, update on oauth_keys, oauth_clients to rapport_engine;
grant select, insert, update, delete on oauth_grants, oauth_codes, oauth_refresh_tokens to rapport_engine;
