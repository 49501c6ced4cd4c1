-- Conversations as they are read. What was said, and to which address, is ciphertext under the conversation's own key; the
-- words it is searched by are keyed hashes.

create table conversations (
    tenant_id text not null,
    conversation_id text not null,
    -- Null while nobody knows whose address it is.
    customer_id text,
    channel text not null,
    status text not null,
    assignee text,
    ai_mode text not null,
    -- Of the newest message; of the thread's opening as long as there is none.
    last_message_at timestamptz not null,
    last_message text,
    last_direction text,
    unread_count bigint not null,
    message_count bigint not null,
    -- Where answers go.
    address text,
    subject text,
    snoozed_until timestamptz,
    opted_out boolean not null,
    -- Who it may be, where several customers share the address.
    candidate_count bigint not null,
    merged_into text,
    -- The aggregate as the domain writes it: all that is personal in it is sealed.
    state json not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    sequence bigint not null,
    constraint conversations_pkey primary key (tenant_id, conversation_id)
);

-- Messages and notes, each once, in the order of their events.
create table conversation_messages (
    tenant_id text not null,
    conversation_id text not null,
    -- Of the event that says what it says.
    sequence bigint not null,
    message_id text not null,
    -- in, out or note
    direction text not null,
    content text not null,
    subject text,
    attachments text,
    sender_type text,
    sender_id text,
    purpose text,
    -- Why it was allowed to go, as JSON.
    decision text,
    canned_reply text,
    status text not null,
    status_rank bigint not null,
    status_at timestamptz not null,
    failure_reason text,
    failure_code text,
    provider text,
    provider_message_id text,
    held_until timestamptz,
    written_at timestamptz not null,
    constraint conversation_messages_pkey primary key (tenant_id, conversation_id, sequence)
);

create table conversation_terms (
    tenant_id text not null,
    -- A keyed hash of one lower-case word.
    term text collate "C" not null,
    conversation_id text not null,
    constraint conversation_terms_pkey primary key (tenant_id, term, conversation_id)
);

-- How long customers waited: for an answer, and until a thread was closed.
create table conversation_waits (
    tenant_id text not null,
    conversation_id text not null,
    -- Of the event that ended the wait.
    sequence bigint not null,
    -- first_response, response or resolution
    kind text not null,
    channel text not null,
    sender_type text,
    began_at timestamptz not null,
    ended_at timestamptz not null,
    constraint conversation_waits_pkey primary key (tenant_id, conversation_id, sequence)
);

do $$
declare
    t text;
    s text;
begin
    foreach t in array array['conversations', 'conversation_messages', 'conversation_terms', 'conversation_waits'] loop
        execute format('create table twin.%I (like public.%I including all)', t, t);
        -- Rows that are written again and again leave room beside them, so that they can stay where they are.
        if t in ('conversations', 'conversation_messages') then
            execute format('alter table public.%I set (fillfactor = 85)', t);
            execute format('alter table twin.%I set (fillfactor = 85)', t);
        end if;
        foreach s in array array['public', 'twin'] loop
            execute format('alter table %I.%I enable row level security', s, t);
            execute format('alter table %I.%I force row level security', s, t);
            execute format('create policy request on %I.%I to rapport_request
                using (tenant_id = nullif(current_setting(''rapport.tenant_id'', true), ''''))
                with check (tenant_id = nullif(current_setting(''rapport.tenant_id'', true), ''''))', s, t);
            execute format('create policy engine on %I.%I to rapport_engine using (true) with check (true)', s, t);
            execute format('grant select on %I.%I to rapport_request', s, t);
            execute format('grant select, insert, update, delete on %I.%I to rapport_engine', s, t);
        end loop;
    end loop;
end $$;

-- Alike in name and definition, so that a twin can take its table's place.
create index conversations_newest on public.conversations (tenant_id, last_message_at, conversation_id);
create index conversations_status on public.conversations (tenant_id, status, last_message_at, conversation_id);
create index conversations_customer on public.conversations (tenant_id, customer_id, last_message_at) where customer_id is not null;
create unique index conversation_messages_id on public.conversation_messages (tenant_id, conversation_id, message_id);
create index conversation_messages_written on public.conversation_messages (tenant_id, conversation_id, written_at, message_id);
create index conversation_terms_conversation on public.conversation_terms (tenant_id, conversation_id, term);
create index conversation_waits_ended on public.conversation_waits (tenant_id, ended_at);
create index conversations_newest on twin.conversations (tenant_id, last_message_at, conversation_id);
create index conversations_status on twin.conversations (tenant_id, status, last_message_at, conversation_id);
create index conversations_customer on twin.conversations (tenant_id, customer_id, last_message_at) where customer_id is not null;
create unique index conversation_messages_id on twin.conversation_messages (tenant_id, conversation_id, message_id);
create index conversation_messages_written on twin.conversation_messages (tenant_id, conversation_id, written_at, message_id);
create index conversation_terms_conversation on twin.conversation_terms (tenant_id, conversation_id, term);
create index conversation_waits_ended on twin.conversation_waits (tenant_id, ended_at);
