-- Signing in by a tenant's OpenID Connect provider: sign-ins that are under way, and whose account at an issuer is whose here.
-- Neither holds a secret or a name: what binds a browser to its sign-in is kept as hashes, an account as a keyed hash.

create table openid_attempts (
    tenant_id    text        not null,
    state_hash   bytea       not null,
    -- Of the cookie of the browser that began it.
    browser_hash bytea       not null,
    issuer       text        not null,
    return_to    text        not null,
    expires_at   timestamptz not null,
    constraint openid_attempts_pkey primary key (tenant_id, state_hash),
    constraint openid_attempts_state_hash_key unique (state_hash),
    constraint openid_attempts_state_hash_check check (octet_length(state_hash) = 32),
    constraint openid_attempts_browser_hash_check check (octet_length(browser_hash) = 32)
);
create index openid_attempts_age on openid_attempts (expires_at);

create table openid_accounts (
    tenant_id     text        not null,
    -- Of the issuer and the subject.
    account_index text        not null,
    person_id     text        not null,
    issuer        text        not null,
    linked_at     timestamptz not null default clock_timestamp(),
    constraint openid_accounts_pkey primary key (tenant_id, account_index),
    -- A person has one account at an issuer: a second that shows the same address is somebody else's.
    constraint openid_accounts_person_key unique (tenant_id, person_id, issuer)
);

do $$
declare
    t text;
begin
    foreach t in array array['openid_attempts', 'openid_accounts'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('create policy request on %I to rapport_request
            using (tenant_id = nullif(current_setting(''rapport.tenant_id'', true), ''''))
            with check (tenant_id = nullif(current_setting(''rapport.tenant_id'', true), ''''))', t);
        execute format('create policy engine on %I to rapport_engine using (true) with check (true)', t);
        execute format('create policy eraser on %I to rapport_eraser
            using (tenant_id in (select d.tenant_id from public.tenant_deletions d))', t);
        execute format('grant select, delete on %I to rapport_eraser', t);
    end loop;
end $$;

-- The request role never touches credentials.
grant select, insert, delete on openid_attempts, openid_accounts to rapport_engine;
