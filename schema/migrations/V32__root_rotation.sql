-- A change of the root key while it lasts: the old key sealed under the next and the next under the old, so that whoever
-- holds one learns the other. The row goes when the change is done; from then on the old key opens nothing.
create table root_rotation (
    singleton boolean primary key default true check (singleton),
    next_fingerprint bytea not null,
    next_under_old bytea not null,
    old_under_next bytea not null,
    begun_at timestamptz not null default clock_timestamp()
);
grant select, insert, delete on root_rotation to rapport_engine;
