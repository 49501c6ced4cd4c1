// What both peers share: the client that posts a message to the sink, and the words that they exchange with the bench.
import { createInterface } from 'node:readline';
import { Pool } from 'undici';

/** Posts JSON to the sink over at most `connections` connections; throws unless the answer is 200. */
export function poster(sink, connections) {
  const { origin, pathname } = new URL(sink);
  const pool = new Pool(origin, { connections, pipelining: 1 });
  return async (message) => {
    const answer = await pool.request({
      path: pathname,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(message),
    });
    await answer.body.dump();
    if (answer.statusCode !== 200) throw new Error(`the sink answered ${answer.statusCode}`);
  };
}

/** The program's arguments, `--name value` each. */
export function argumentsOf(given) {
  const pairs = new Map();
  for (let at = 0; at + 1 < given.length; at += 2) pairs.set(given[at].replace(/^--/, ''), given[at + 1]);
  return { url: pairs.get('url'), sink: pairs.get('sink'), count: Number(pairs.get('count')), body: pairs.get('body') };
}

/** Says that it is ready, waits for a line, runs the work, and says that it is done. */
export async function whenTold(work) {
  console.log('ready');
  const lines = createInterface({ input: process.stdin });
  await new Promise((told) => lines.once('line', told));
  await work();
  console.log('done');
  process.exit(0);
}
