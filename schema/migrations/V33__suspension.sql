-- A tenant that is suspended holds a claim that says so, taken and released in the commit of the event. Everybody who serves or
-- sends looks at all of them at once.
create index claims_suspended on claims (tenant_id) where scope = 'tenant-suspended';
