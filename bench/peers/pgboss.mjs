// pg-boss with large batches and several workers.
import pg from 'pg';
import PgBoss from 'pg-boss';
import { argumentsOf, poster, whenTold } from './posts.mjs';

const QUEUE = 'post';
const JOBS_AT_ONCE = 64;
const BATCH = 1_000;
const WORKERS = 4;
const ENQUEUED_TOGETHER = 10_000;
const LEFT = `select 1 from pgboss.job where name = '${QUEUE}' and state < 'completed' limit 1`;

const { url, sink, count, body } = argumentsOf(process.argv.slice(2));
const boss = new PgBoss({ connectionString: url, max: WORKERS + 4 });
boss.on('error', console.error);
await boss.start();
await boss.createQueue(QUEUE);
const client = new pg.Client(url);
await client.connect();
for (let first = 1; first <= count; first += ENQUEUED_TOGETHER) {
  const ids = Array.from({ length: Math.min(ENQUEUED_TOGETHER, count - first + 1) }, (_, at) => first + at);
  await boss.insert(ids.map((id) => ({ name: QUEUE, data: { id, body } })));
}
await client.query('vacuum analyze');

await whenTold(async () => {
  const post = poster(sink, JOBS_AT_ONCE);
  let done = 0;
  let finish;
  const finished = new Promise((resolve) => (finish = resolve));
  for (let worker = 0; worker < WORKERS; worker += 1) {
    await boss.work(QUEUE, { batchSize: BATCH, pollingIntervalSeconds: 0.5 }, async (jobs) => {
      await Promise.all(
        jobs.map(async (job) => {
          await post(job.data);
          done += 1;
          if (done === count) finish();
        }),
      );
    });
  }
  await finished;
  while ((await client.query(LEFT)).rowCount > 0) await new Promise((resolve) => setTimeout(resolve, 5));
});
