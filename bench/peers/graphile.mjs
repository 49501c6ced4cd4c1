// graphile-worker at the settings that its documentation recommends for throughput: a local queue, and completions in
// batches.
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';
import { argumentsOf, poster, whenTold } from './posts.mjs';

const JOBS_AT_ONCE = 64;
const LOCAL_QUEUE = 500;
const ENQUEUED_TOGETHER = 10_000;
const ENQUEUE = `
  select count(*) from graphile_worker.add_jobs((
    select array_agg(json_populate_record(null::graphile_worker.job_spec, json_build_object(
      'identifier', 'post', 'payload', json_build_object('id', id, 'body', $1::text))))
    from generate_series($2::int, $3::int) as id))`;
const LEFT = 'select 1 from graphile_worker._private_jobs limit 1';

const { url, sink, count, body } = argumentsOf(process.argv.slice(2));
const logger = new Logger(() => () => {});
const utils = await makeWorkerUtils({ connectionString: url, logger });
await utils.migrate();
await utils.release();
const client = new pg.Client(url);
await client.connect();
for (let first = 1; first <= count; first += ENQUEUED_TOGETHER) {
  await client.query(ENQUEUE, [body, first, Math.min(first + ENQUEUED_TOGETHER - 1, count)]);
}
await client.query('vacuum analyze');

await whenTold(async () => {
  const post = poster(sink, JOBS_AT_ONCE);
  let done = 0;
  let finish;
  const finished = new Promise((resolve) => (finish = resolve));
  await run({
    preset: {
      worker: {
        connectionString: url,
        concurrentJobs: JOBS_AT_ONCE,
        maxPoolSize: 25,
        pollInterval: 1_000,
        localQueue: { size: LOCAL_QUEUE },
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
        logger,
      },
    },
    noHandleSignals: true,
    taskList: {
      post: async (message) => {
        await post(message);
        done += 1;
        if (done === count) finish();
      },
    },
  });
  await finished;
  while ((await client.query(LEFT)).rowCount > 0) await new Promise((resolve) => setTimeout(resolve, 5));
});
