import { randomUUID } from 'node:crypto';
import { once, quantile } from '../measure.mjs';
import { startApart, startReference, temporary } from '../system.mjs';

const agent = new URL('../stamping-agent.mjs', import.meta.url).pathname;
const now = () => performance.timeOrigin + performance.now();
const TEXTS = 300;
const sides = {};

/** An agent that says when it says something, so that nothing of its own counts. */
export async function setUp() {
  const env = { POCKETCODER_CLAUDE: agent };
  sides.ours = await startApart(temporary('agent'), { env });
  sides.theirs = await startReference(temporary('agent'), { env });
}

export async function tearDown() {
  for (const side of Object.values(sides)) await side.stop();
}

/** From the agent's line to the phone's event: whole texts, which are on disk before they are told. */
async function delays({ ask, on, off, next }) {
  const times = [];
  const listener = ({ type, payload }) => type === 'agent_event' && payload.type === 'text' && times.push(now() - Number(payload.text));
  on(listener);
  const done = next(({ type, payload }) => type === 'agent_event' && payload.type === 'done');
  await ask('agent_session_new', { messageId: randomUUID(), content: `texts ${TEXTS} 3` });
  await done;
  off(listener);
  if (times.length !== TEXTS) throw new Error(`${times.length} of ${TEXTS} texts`);
  return times;
}

const measured = once(async ({ quick }) => {
  const all = { ours: [], theirs: [] };
  for (let round = quick ? 0 : -1; round < (quick ? 1 : 4); round++) {
    for (const name of Object.keys(all)) {
      const times = await delays(sides[name]);
      if (round >= 0) all[name].push(...times);
    }
  }
  return all;
});
const both = (share) => async (options) => {
  const { ours, theirs } = await measured(options);
  return { ours: quantile(ours, share), theirs: quantile(theirs, share) };
};
const row = { row: 20, unit: 'ms', baseline: 'Node reference' };

export const rows = [
  { ...row, metric: "agent's line to phone's event, on disk first, p50", goal: { most: 1.5 }, both: both(0.5) },
  { ...row, metric: "agent's line to phone's event, on disk first, p99", goal: { most: 10 }, both: both(0.99) },
];
