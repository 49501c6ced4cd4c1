-- A projection may be split by its streams into a fixed number of shards, each with a checkpoint of its own, named as
-- `customers/1of4`. Shards of one number only: whole is the first of one, so a process of another number, or an older one
-- that knows of none, finds its place taken and stands by.
alter table checkpoints
    add column projection text generated always as (split_part(subscriber, '/', 1)) stored,
    add column shard smallint not null default 1,
    add column shards smallint not null default 1,
    add constraint checkpoints_shard_check check (shard between 1 and shards),
    add constraint checkpoints_shard_key unique (projection, shard);
