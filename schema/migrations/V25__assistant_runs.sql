-- Runs of the assistant as they are read: what each cost, what it said, and what became of it. What was said is ciphertext
-- under its conversation's key.

create table assistant_runs (
    tenant_id text not null,
    -- That of the message that it looks at.
    run_id text not null,
    conversation_id text not null,
    customer_id text,
    ai_mode text not null,
    standing text not null,
    -- `rules`, or the model as it is asked for.
    engine text not null,
    model text not null,
    hand_over text,
    calls bigint not null,
    failed_calls bigint not null,
    input_tokens bigint not null,
    cached_input_tokens bigint not null,
    output_tokens bigint not null,
    -- Millionths of a US dollar.
    cost_micros bigint not null,
    unpriced_calls bigint not null,
    started_at timestamptz not null,
    finished_at timestamptz,
    -- The aggregate as the domain writes it: all that is personal in it is sealed.
    state json not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    sequence bigint not null,
    constraint assistant_runs_pkey primary key (tenant_id, run_id)
);

do $$
declare
    t text;
    s text;
begin
    foreach t in array array['assistant_runs'] loop
        execute format('create table twin.%I (like public.%I including all)', t, t);
        execute format('grant select on public.%I, twin.%I to rapport_request', t, t);
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

-- Alike in name and definition, so that a twin can take its table's place.
create index assistant_runs_started on assistant_runs (tenant_id, started_at, run_id);
create index assistant_runs_conversation on assistant_runs (tenant_id, conversation_id, started_at, run_id);
create index assistant_runs_started on twin.assistant_runs (tenant_id, started_at, run_id);
create index assistant_runs_conversation on twin.assistant_runs (tenant_id, conversation_id, started_at, run_id);
