import { randomUUID } from 'node:crypto';
import { scripted } from '../claude.mjs';
import { startApart, startReference, temporary } from '../system.mjs';

let model;
const sides = {};

/** Both have answered one message; ours keeps the process, the reference begins one for each message. */
export async function setUp() {
  model = await scripted();
  for (const [name, begin] of Object.entries({ ours: startApart, theirs: startReference })) {
    sides[name] = await begin(temporary('agent'), { env: model.env });
    await turn(name);
  }
}

export async function tearDown() {
  for (const side of Object.values(sides)) await side.stop();
  await model?.stop();
}

/** A message to the same session; gives the time to its first text. */
async function turn(name) {
  const side = sides[name];
  const about = (kind) => ({ type, payload }) => type === 'agent_event' && payload.type === kind;
  const from = performance.now();
  const first = side.next(about('text_delta')).then(() => performance.now() - from);
  const done = side.next(about('done'));
  const message = { messageId: randomUUID(), content: 'Say hello. [[steps:[{"text":"Hello there, how are you?"}]]]' };
  const answer = await side.ask(side.session ? 'agent_message' : 'agent_session_new', { agentSessionId: side.session, ...message });
  side.session ??= answer.agentSessionId;
  const { payload } = await done;
  if (payload.isError) throw new Error(`${name}: the turn failed.`);
  return first;
}

export const rows = [{
  row: 21, metric: 'second message to first text, real Claude Code', unit: 'ms', goal: { ratio: 0.2 }, baseline: 'Node reference, a process a message',
  ours: () => turn('ours'), theirs: () => turn('theirs'), runs: 5,
}];
