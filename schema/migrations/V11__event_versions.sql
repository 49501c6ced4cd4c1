-- Which types and versions of events the log holds, so that a binary can tell at start whether it can read them all. It is
-- kept behind the writers, from a position that only moves on: nothing is added to the write path.

create table event_versions (
    aggregate_type text not null,
    event_type text not null,
    event_version text not null,
    -- Where the first of them lies, as far as it was looked for.
    position bigint not null,
    constraint event_versions_pkey primary key (aggregate_type, event_type, event_version)
);
grant select, insert on event_versions to rapport_engine;

-- Up to where the log has been looked through for them.
create table event_versions_noted (
    singleton boolean primary key default true check (singleton),
    position bigint not null
);
insert into event_versions_noted (position) values (0);
grant select, update on event_versions_noted to rapport_engine;
