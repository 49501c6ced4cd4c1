-- Payments as they are read; a memo is ciphertext under the tenant's key.

create table payments (
    tenant_id text not null,
    payment_id text not null,
    provider text not null,
    status text not null,
    booking_id text,
    customer_id text,
    match_reason text,
    -- A person should look.
    flagged boolean not null,
    currency text not null,
    amount_minor bigint not null,
    refunded_minor bigint not null,
    received_at timestamptz not null,
    -- The aggregate as the domain writes it, without what the provider sent: all that is personal in it is sealed.
    state json not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    sequence bigint not null,
    constraint payments_pkey primary key (tenant_id, payment_id)
);
create index payments_received on payments (tenant_id, received_at, payment_id);
create index payments_booking on payments (tenant_id, booking_id) where booking_id is not null;
create index payments_customer on payments (tenant_id, customer_id) where customer_id is not null;

do $$
declare
    t text;
    s text;
begin
    foreach t in array array['payments'] loop
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
