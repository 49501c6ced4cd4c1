-- What keeps no order is found at once, though the front of its queue is full of messages that wait for one another.
create index outbox_work_free on outbox_work (tenant_id, target, run_at, work_id) where order_key is null;
