-- What happened on each day of a tenant's own calendar, in numbers, and the two facts that counting needs.

create table daily_figures (
    tenant_id text not null,
    day date not null,
    leads bigint not null,
    bookings_created bigint not null,
    -- Of the bookings created on this day, those confirmed since: conversion is this over bookings_created.
    bookings_converted bigint not null,
    bookings_confirmed bigint not null,
    bookings_cancelled bigint not null,
    bookings_expired bigint not null,
    bookings_completed bigint not null,
    bookings_no_show bigint not null,
    guests bigint not null,
    constraint daily_figures_pkey primary key (tenant_id, day)
);

create table daily_revenues (
    tenant_id text not null,
    day date not null,
    currency text not null,
    booked_minor bigint not null,
    received_minor bigint not null,
    refunded_minor bigint not null,
    constraint daily_revenues_pkey primary key (tenant_id, day, currency)
);

create table figure_zones (
    tenant_id text not null,
    time_zone text not null,
    constraint figure_zones_pkey primary key (tenant_id)
);

create table figure_bookings (
    tenant_id text not null,
    booking_id text not null,
    created_day date not null,
    converted boolean not null,
    constraint figure_bookings_pkey primary key (tenant_id, booking_id)
);

do $$
declare
    t text;
    s text;
begin
    foreach t in array array['daily_figures', 'daily_revenues', 'figure_zones', 'figure_bookings'] loop
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
