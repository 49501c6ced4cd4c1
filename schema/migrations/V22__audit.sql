-- The proof of what happened: the log's entries once more as hashes, a Merkle tree and a chain over them for each tenant,
-- and signed checkpoints. The log of the checkpoints themselves is kept alike, under the tenant `$anchor`.

-- Sealed events by their place in the tenant's tree, without gaps. Nobody may change or remove one.
create table audit_entries (
    tenant_id text not null,
    log_index bigint not null check (log_index >= 0),
    -- Of the event; null in the anchor's log, whose entries are checkpoints.
    position bigint,
    -- The chain up to the entry before; 32 zero bytes for the first.
    prev_hash bytea not null,
    entry_hash bytea not null,
    constraint audit_entries_pkey primary key (tenant_id, log_index)
);

-- Hashes of whole subtrees of 256^level leaves, so that a proof reads little however large the tree is.
create table audit_tiles (
    tenant_id text not null,
    level smallint not null check (level >= 1),
    tile_index bigint not null,
    hash bytea not null,
    constraint audit_tiles_pkey primary key (tenant_id, level, tile_index)
);

-- Where each tenant's tree stands, and up to where it has been signed.
create table audit_heads (
    tenant_id text not null constraint audit_heads_pkey primary key,
    size bigint not null default 0,
    -- Of the newest event; nothing up to it is sealed again.
    position bigint not null default 0,
    chain_hash bytea not null default '\x0000000000000000000000000000000000000000000000000000000000000000',
    root_hash bytea not null default '\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    -- The hashes of the tree's right edge, the largest subtree first, 32 bytes each.
    right_edge bytea not null default '',
    signed_size bigint not null default 0,
    moved_at timestamptz not null default clock_timestamp()
);
create index audit_heads_unsigned on audit_heads (tenant_id) where size > signed_size;

-- Signed notes as they were handed out.
create table audit_checkpoints (
    tenant_id text not null,
    tree_size bigint not null,
    root_hash bytea not null,
    note text not null,
    -- Its place in the anchor's log; null for the anchor's own.
    anchor_index bigint,
    signed_at timestamptz not null default clock_timestamp(),
    constraint audit_checkpoints_pkey primary key (tenant_id, tree_size)
);
create unique index audit_checkpoints_anchor on audit_checkpoints (anchor_index) where anchor_index is not null;

-- The key that signs, sealed under the root key, and the name that this installation's logs begin with.
create table audit_keys (
    singleton boolean primary key default true check (singleton),
    log_prefix text not null,
    public_key bytea not null,
    sealed_seed bytea not null,
    created_at timestamptz not null default clock_timestamp()
);

-- How far each witness has been told. One process at a time tells it, for as long as its lease lasts.
create table audit_witnesses (
    witness text not null constraint audit_witnesses_pkey primary key,
    -- All checkpoints before this place in the anchor's log have been told, or newer ones of the same tenants.
    told bigint not null,
    lease_until timestamptz not null default '-infinity',
    lease_no bigint not null default 0,
    told_at timestamptz,
    failure text
);

do $$
declare
    t text;
begin
    foreach t in array array['audit_entries', 'audit_tiles', 'audit_heads', 'audit_checkpoints'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('create policy engine on %I to rapport_engine using (true) with check (true)', t);
        execute format('grant select, insert on %I to rapport_engine', t);
    end loop;
end $$;
grant update on audit_heads to rapport_engine;
grant select, insert on audit_keys to rapport_engine;
grant select, insert, update on audit_witnesses to rapport_engine;
create trigger audit_entries_are_append_only before update or delete on audit_entries
    for each row execute function refuse_change_of_events();

-- What the query `audit` shows: a line for each command and each aggregate that it changed, for each refused access, each
-- audited read and each act of an operator. It is as old as the log, written by the subscriber `audit` alone, and never
-- built anew: what is read again is there already.
create table audit_trail (
    tenant_id text not null,
    command_id text not null,
    subject_type text not null,
    subject_id text not null,
    -- Of the first event that the line stands for.
    position bigint not null,
    recorded_at timestamptz not null,
    actor text not null,
    -- The command, query or act by its name; else the event's type.
    action text not null,
    -- done, begun, failed, refused, read or lost
    result text not null,
    -- The refusal's code, or what an act was done to; no personal data.
    detail text,
    -- How often, where several that are alike came within a moment.
    times bigint not null,
    constraint audit_trail_pkey primary key (tenant_id, command_id, subject_type, subject_id)
);
create unique index audit_trail_position on audit_trail (tenant_id, position);
create index audit_trail_actor on audit_trail (tenant_id, actor, position);
create index audit_trail_subject on audit_trail (tenant_id, subject_id, position);
create index audit_trail_not_done on audit_trail (tenant_id, result, position) where result <> 'done';

alter table audit_trail enable row level security;
alter table audit_trail force row level security;
create policy request on audit_trail to rapport_request
    using (tenant_id = nullif(current_setting('rapport.tenant_id', true), ''))
    with check (tenant_id = nullif(current_setting('rapport.tenant_id', true), ''));
create policy engine on audit_trail to rapport_engine using (true) with check (true);
grant select on audit_trail to rapport_request;
grant select, insert, update on audit_trail to rapport_engine;
