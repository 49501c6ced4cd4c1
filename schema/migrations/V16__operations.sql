-- Administrative acts are events from here on. Those that were rows become events too, in their order and as they were;
-- the table stays for as long as an older binary may write to it, and nothing reads it any more. The engine writes them,
-- for the owner of the tables is held back by row-level security as everybody is.

select pg_current_xact_id();
set local role rapport_engine;
insert into events (tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
    occurred_at, command_id, correlation_id, causation_id, actor)
select a.tenant_id, 'operation', a.act_id, 1, 'OperationPerformed', '1',
    json_build_object('OperationPerformed', json_build_object(
        'action', a.action, 'subject', a.subject, 'reason', a.reason, 'details', a.details)),
    '{}', a.acted_at, a.act_id, a.act_id, a.act_id, a.principal
from administrative_acts a order by a.acted_at, a.act_id;
reset role;
