-- Bookings as they are read; address and notes are ciphertext under the customer's key.

create table bookings (
    tenant_id text not null,
    booking_id text not null,
    customer_id text not null,
    status text not null,
    source text not null,
    date date not null,
    slot text not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    zone text not null,
    -- The chef that customers are told of; null until one is assigned.
    chef_id text,
    -- The chef whose slot is taken, assigned or not; null once the slot is free.
    held_chef_id text,
    -- A person should look: money came too late.
    flagged boolean not null,
    -- The aggregate as the domain writes it: all that is personal in it is sealed.
    state json not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    sequence bigint not null,
    constraint bookings_pkey primary key (tenant_id, booking_id)
);
create index bookings_starts on bookings (tenant_id, starts_at, booking_id);
create index bookings_created on bookings (tenant_id, created_at, booking_id);
create index bookings_customer on bookings (tenant_id, customer_id, starts_at, booking_id);
-- Who may still owe something: suggestions for payments look here.
create index bookings_open on bookings (tenant_id, starts_at, booking_id)
    where status in ('deposit_pending', 'new', 'confirmed');
create index bookings_date on bookings (tenant_id, date, slot, booking_id);

do $$
declare
    t text;
    s text;
begin
    foreach t in array array['bookings'] loop
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
