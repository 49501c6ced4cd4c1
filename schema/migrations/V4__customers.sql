-- Customers as they are read. Names and their search terms are in plain text, the named exceptions; e-mail and phone are
-- ciphertext beside a keyed hash, all else that is personal is ciphertext.

create table customers (
    tenant_id text not null,
    customer_id text not null,
    first_name text not null,
    last_name text not null,
    email_index text,
    phone_index text,
    source text not null,
    status text not null check (status in ('living', 'merged', 'erased')),
    merged_into text,
    possible_duplicate boolean not null,
    tags text[] not null,
    -- The aggregate as the domain writes it: all that is personal in it is sealed.
    state json not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    sequence bigint not null,
    constraint customers_pkey primary key (tenant_id, customer_id)
);
create index customers_created on customers (tenant_id, created_at, customer_id);
create index customers_name on customers (tenant_id, last_name, first_name, customer_id);
create index customers_email on customers (tenant_id, email_index) where email_index is not null;
create index customers_phone on customers (tenant_id, phone_index) where phone_index is not null;
create index customers_merged_into on customers (tenant_id, merged_into) where merged_into is not null;

-- Words of names, lower case. Row-level security lets only leakproof comparisons near an index, so a prefix is asked for
-- as a range; the C collation makes that range the prefix.
create table customer_terms (
    tenant_id text not null,
    term text collate "C" not null,
    customer_id text not null,
    constraint customer_terms_pkey primary key (tenant_id, term, customer_id)
);
create index customer_terms_customer on customer_terms (tenant_id, customer_id, term);

create table customer_consents (
    tenant_id text not null,
    customer_id text not null,
    channel text not null,
    purpose text not null,
    granted boolean not null,
    source text not null,
    wording text not null,
    changed_at timestamptz not null,
    constraint customer_consents_pkey primary key (tenant_id, customer_id, channel, purpose)
);

create table customer_notes (
    tenant_id text not null,
    customer_id text not null,
    note_id text not null,
    text_sealed text not null,
    author text not null,
    noted_at timestamptz not null,
    constraint customer_notes_pkey primary key (tenant_id, customer_id, note_id)
);

do $$
declare
    t text;
    s text;
begin
    foreach t in array array['customers', 'customer_terms', 'customer_consents', 'customer_notes'] loop
        execute format('create table twin.%I (like public.%I including all)', t, t);
        execute format('grant select on public.%I to rapport_request', t);
        foreach s in array array['public', 'twin'] loop
            execute format('alter table %I.%I enable row level security', s, t);
            execute format('alter table %I.%I force row level security', s, t);
            execute format('create policy request on %I.%I to rapport_request
                using (tenant_id = nullif(current_setting(''rapport.tenant_id'', true), ''''))
                with check (tenant_id = nullif(current_setting(''rapport.tenant_id'', true), ''''))', s, t);
            execute format('create policy engine on %I.%I to rapport_engine using (true) with check (true)', s, t);
            execute format('grant select, insert, update, delete on %I.%I to rapport_engine', s, t);
        end loop;
    end loop;
end $$;
