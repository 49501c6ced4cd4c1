-- People who sign in, their sessions, second factors, and the links that let them in once. Credentials are kept as hashes;
-- names and e-mail addresses are sealed under the person's own key, as a customer's are.

-- Whoever signs in names no tenant, so addresses are looked up by a keyed hash that holds for all of them. Its key is
-- wrapped under the root key like a tenant's, and bound to a name of its own instead of a tenant's id.
create table installation_keys (
    tenant_id   text        not null,
    singleton   boolean     not null default true constraint installation_keys_one unique check (singleton),
    wrapped_key bytea       not null,
    created_at  timestamptz not null default clock_timestamp(),
    constraint installation_keys_pkey primary key (tenant_id)
);

create table people (
    tenant_id        text        not null,
    person_id        text        not null,
    email_index      text        not null,
    email            text        not null,
    name             text        not null,
    role             text        not null,
    -- Null: all that the role holds, today and later. Else: no more than these.
    permissions      text[],
    -- The tenant's own set of permissions, if that is what was given.
    permission_set   text,
    -- Holds the rights of an operator of the installation besides.
    is_operator      boolean     not null default false,
    standing         text        not null,
    password_hash    text,
    totp_secret      text,
    -- Shown, and not yet confirmed.
    totp_pending     text,
    -- The newest step whose code was used: none is good twice.
    totp_step        bigint      not null default 0,
    totp_failures    integer     not null default 0,
    totp_locked_until timestamptz not null default '-infinity',
    created_at       timestamptz not null default clock_timestamp(),
    signed_in_at     timestamptz,
    constraint people_pkey primary key (tenant_id, person_id),
    constraint people_email_key unique (tenant_id, email_index),
    constraint people_standing_check check (standing in ('invited', 'active', 'deactivated'))
);
create index people_email on people (email_index);

-- Sets of permissions that a tenant has named itself, each within a role. Whoever holds one has its permissions in their row.
create table permission_sets (
    tenant_id   text   not null,
    name        text   not null,
    role        text   not null,
    permissions text[] not null,
    constraint permission_sets_pkey primary key (tenant_id, name)
);

create table sessions (
    tenant_id        text        not null,
    session_id       text        not null,
    token_hash       bytea       not null,
    person_id        text        not null,
    -- What the browser calls itself.
    agent            text,
    created_at       timestamptz not null default clock_timestamp(),
    last_used_at     timestamptz not null default clock_timestamp(),
    -- In any case; before that by idleness.
    ends_at          timestamptz not null,
    second_factor_at timestamptz,
    revoked_at       timestamptz,
    constraint sessions_pkey primary key (tenant_id, session_id),
    constraint sessions_token_hash_key unique (token_hash),
    constraint sessions_token_hash_check check (octet_length(token_hash) = 32)
);
create index sessions_person on sessions (tenant_id, person_id, session_id);
create index sessions_age on sessions (ends_at);

create table recovery_codes (
    tenant_id text        not null,
    person_id text        not null,
    code_hash bytea       not null,
    used_at   timestamptz,
    constraint recovery_codes_pkey primary key (tenant_id, person_id, code_hash)
);

create table one_time_links (
    tenant_id  text        not null,
    token_hash bytea       not null,
    purpose    text        not null,
    -- Null for the set-up of an installation, which makes the person.
    person_id  text,
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    used_at    timestamptz,
    constraint one_time_links_pkey primary key (tenant_id, token_hash),
    constraint one_time_links_token_hash_key unique (token_hash),
    constraint one_time_links_purpose_check check (purpose in ('set-up', 'invitation', 'reset'))
);
create index one_time_links_person on one_time_links (tenant_id, person_id) where used_at is null;
create index one_time_links_age on one_time_links (expires_at);

-- A key that a person has made can do no more than that person, and only from where it may be used.
alter table api_keys add column owner_id text, add column address_ranges text[],
    -- Null: as everybody. Nought: without a limit.
    add column requests_per_minute integer constraint api_keys_rate_check check (requests_per_minute >= 0);

do $$
declare
    t text;
begin
    foreach t in array array['installation_keys', 'people', 'permission_sets', 'sessions', 'recovery_codes', 'one_time_links'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('create policy request on %I to rapport_request
            using (tenant_id = nullif(current_setting(''rapport.tenant_id'', true), ''''))
            with check (tenant_id = nullif(current_setting(''rapport.tenant_id'', true), ''''))', t);
        execute format('create policy engine on %I to rapport_engine using (true) with check (true)', t);
    end loop;
end $$;

-- The request role never touches credentials.
grant select, insert, update on people to rapport_engine;
grant select, insert, update, delete on permission_sets, sessions, recovery_codes, one_time_links to rapport_engine;
grant select, insert on installation_keys to rapport_engine;
