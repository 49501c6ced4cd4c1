-- Sealed events, many to a row: a row of its own for each of them cost PostgreSQL, and so the writers beside the notary, more
-- than all else about sealing. What was sealed before stays in audit_entries and is read together with this. An older
-- notary that still runs goes on behind what stands in audit_heads, in audit_entries; its own proofs end where these rows begin.

create table audit_leaves (
    tenant_id text not null,
    -- The place of the first in the tenant's tree; the others follow without gaps.
    log_index bigint not null check (log_index >= 0),
    -- Of each event; nulls in the anchor's log, whose entries are checkpoints.
    positions bigint[] not null,
    -- The chain up to the entry before the first.
    prev_hash bytea not null,
    -- Of each, 32 bytes, one behind the other.
    entry_hashes bytea not null,
    constraint audit_leaves_pkey primary key (tenant_id, log_index),
    constraint audit_leaves_are_whole
        check (cardinality(positions) > 0 and octet_length(entry_hashes) = 32 * cardinality(positions))
-- Hashes do not shrink, and are read with their row.
) with (toast_tuple_target = 8160);

alter table audit_leaves enable row level security;
alter table audit_leaves force row level security;
create policy engine on audit_leaves to rapport_engine using (true) with check (true);
grant select, insert on audit_leaves to rapport_engine;
create trigger audit_leaves_are_append_only before update or delete on audit_leaves
    for each row execute function refuse_change_of_events();

create policy eraser on audit_leaves to rapport_eraser
    using (tenant_id in (select d.tenant_id from public.tenant_deletions d));
grant select, delete on audit_leaves to rapport_eraser;
