-- Views as they are read: lists with their filters, order and columns, a person's own or everybody's. And what became of a
-- call, where a message was one, the files that came with messages,
-- and when limits of destinations end.

create table views (
    tenant_id text not null,
    view_id text not null,
    standing text not null,
    -- The query that it is a view of.
    query text not null,
    name text not null,
    -- The principal whose it is; null for everybody's.
    owner text,
    -- The aggregate as the domain writes it: what it filters by is sealed.
    state json not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    sequence bigint not null,
    constraint views_pkey primary key (tenant_id, view_id)
);

do $$
declare
    s text;
begin
    execute 'create table twin.views (like public.views including all)';
    foreach s in array array['public', 'twin'] loop
        execute format('alter table %I.views enable row level security', s);
        execute format('alter table %I.views force row level security', s);
        execute format('create policy request on %I.views to rapport_request
            using (tenant_id = nullif(current_setting(''rapport.tenant_id'', true), ''''))
            with check (tenant_id = nullif(current_setting(''rapport.tenant_id'', true), ''''))', s);
        execute format('create policy engine on %I.views to rapport_engine using (true) with check (true)', s);
        execute format('grant select on %I.views to rapport_request', s);
        execute format('grant select, insert, update, delete on %I.views to rapport_engine', s);
    end loop;
end $$;

-- Alike in name and definition, so that a twin can take its table's place.
create index views_name on public.views (tenant_id, name, view_id) where standing = 'kept';
create index views_name on twin.views (tenant_id, name, view_id) where standing = 'kept';

alter table public.conversation_messages add column call text;
alter table twin.conversation_messages add column call text;

-- Ciphertext under the conversation's key; what they are called stands in the message.
create table message_files (
    tenant_id text not null,
    conversation_id text not null,
    file_id text not null,
    content_type text not null,
    size_bytes bigint not null,
    sealed bytea not null,
    kept_at timestamptz not null default clock_timestamp(),
    constraint message_files_pkey primary key (tenant_id, conversation_id, file_id)
);
alter table message_files enable row level security;
alter table message_files force row level security;
create policy request on message_files to rapport_request
    using (tenant_id = nullif(current_setting('rapport.tenant_id', true), ''))
    with check (tenant_id = nullif(current_setting('rapport.tenant_id', true), ''));
create policy engine on message_files to rapport_engine using (true) with check (true);
grant select on message_files to rapport_request;
grant select, insert, delete on message_files to rapport_engine;

-- When an operator's limits end; null for those that stay.
alter table destinations add column limits_until timestamptz;
create index destinations_limits_end on destinations (limits_until) where limits_until is not null;
