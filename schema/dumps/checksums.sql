-- Rows and a sum over the hashes of all of them, whatever their order, for the read tables of a database. The aggregates'
-- own states are left out: they gain fields as the domain grows, and every column beside them is folded from the same events.

create function pg_temp.checksum(table_name text, column_names text[]) returns text
    language plpgsql set timezone = 'UTC' set datestyle = 'ISO' as $$
declare
    found text;
begin
    execute format('select count(*) || '' '' || coalesce(sum(hashtextextended(r::text, 0)), 0) from (select %s from public.%I) r',
        (select string_agg(format('%I', name), ', ' order by place) from unnest(column_names) with ordinality as c (name, place)),
        table_name) into found;
    return found;
end $$;

create function pg_temp.checksums() returns json language sql as $$
    select json_agg(json_build_object('table', name, 'columns', columns, 'checksum', pg_temp.checksum(name, columns)) order by name)
    from (
        select t.relname::text as name, array_agg(a.attname::text order by a.attnum) as columns
        from pg_class t
        join pg_class twin on twin.relname = t.relname and twin.relnamespace = 'twin'::regnamespace and twin.relkind = 'r'
        join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped and a.attname <> 'state'
        where t.relnamespace = 'public'::regnamespace and t.relkind = 'r'
        group by t.relname) as tables
$$;
