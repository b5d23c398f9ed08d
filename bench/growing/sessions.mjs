// The list of sessions that terminals left behind, and opening a session.
import { randomUUID } from 'node:crypto';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { forgetPeak, peak, resident } from '../processes.mjs';
import { start, temporary } from '../system.mjs';
import { medianOf } from './measure.mjs';

const agent = new URL('../stamping-agent.mjs', import.meta.url).pathname;
const PAGE = 200;

/** Some 100 KB, as Claude Code writes it. */
function transcript(cwd, number) {
  const lines = [];
  let parentUuid = null;
  for (let i = 0; i < 30; i++) {
    const rest = { isSidechain: false, timestamp: '2026-11-22T17:22:02.422Z', entrypoint: 'cli', cwd, gitBranch: 'main' };
    const [asked, answered] = [randomUUID(), randomUUID()];
    lines.push({ parentUuid, type: 'user', message: { role: 'user', content: `question ${i} of ${number}` }, uuid: asked, ...rest });
    lines.push({ parentUuid: asked, type: 'assistant', message: { id: `m${i}`, role: 'assistant', model: 'claude-opus-5-5', content: [{ type: 'text', text: 'x'.repeat(3_000) }] }, uuid: answered, ...rest });
    parentUuid = answered;
  }
  return [...lines, { type: 'ai-title', aiTitle: `Title ${number}` }].map((line) => `${JSON.stringify(line)}\n`).join('');
}

async function list(size) {
  const [project, claude] = [temporary('growth'), temporary('growth-claude')];
  const directory = join(claude, 'projects', project.replace(/[^A-Za-z0-9]/g, '-'));
  mkdirSync(directory, { recursive: true });
  const paths = Array.from({ length: size }, () => join(directory, `${randomUUID()}.jsonl`));
  paths.forEach((path, i) => writeFileSync(path, transcript(project, i)));
  const system = await start(project, { env: { CLAUDE_CONFIG_DIR: claude, POCKETCODER_CLAUDE: agent } });
  const once = async () => {
    const { sessions } = await system.ask('agent_sessions_list', { limit: PAGE });
    if (sessions.length !== Math.min(size, PAGE) || !sessions.every(({ title }) => title.startsWith('Title '))) throw new Error(`${sessions.length} sessions`);
  };
  await once();
  const before = resident(system.pid);
  forgetPeak(system.pid);
  const warm = await medianOf(11, once);
  // None is as it was when it was looked at.
  let round = 0;
  const cold = await medianOf(5, () => {
    const now = Date.now() / 1_000 - ++round;
    for (const path of paths) utimesSync(path, now, now);
    return once();
  });
  const mb = peak(system.pid) - before;
  await system.stop();
  return { cold, warm, mb };
}

async function open(size) {
  const system = await start(temporary('growth'), { env: { POCKETCODER_CLAUDE: agent } });
  const done = system.next(({ type, payload }) => type === 'agent_event' && payload.type === 'done');
  // user, init, two of status and done are events too.
  const { agentSessionId } = await system.ask('agent_session_new', { messageId: randomUUID(), content: `blocks ${size - 4}` });
  const { payload: { seq } } = await done;
  const attach = (payload) => medianOf(11, () => system.ask('agent_session_attach', { agentSessionId, ...payload }));
  const heard = { count: 0 };
  system.on(({ type }) => { if (type === 'agent_event') heard.count++; });
  forgetPeak(system.pid);
  const before = resident(system.pid);
  const all = await attach({ afterSeq: 0 });
  if (heard.count < 12 * seq) throw new Error(`${heard.count} events of 12 times ${seq}`);
  const mb = peak(system.pid) - before;
  const end = await attach({ afterSeq: 0, last: 100 });
  await system.stop();
  return { all, end, mb };
}

export const sessions = [
  {
    sizes: [20, 200, 2_000], of: 'transcripts of 100 KB', measure: list,
    figures: {
      cold: { id: 'sessions-cold', name: `agent_sessions_list (the first ${PAGE}), all transcripts new`, unit: 'ms' },
      warm: { id: 'sessions-warm', name: `agent_sessions_list (the first ${PAGE}), none changed`, unit: 'ms' },
      mb: { id: 'sessions-memory', name: 'agent_sessions_list: memory more at the peak', unit: 'MB' },
    },
  },
  {
    sizes: [100, 1_000, 10_000], of: 'events', measure: open,
    figures: {
      all: { id: 'open-all', name: 'opening a session, every event', unit: 'ms' },
      end: { id: 'open-end', name: 'opening a session at its end (as the PWA does)', unit: 'ms', bounded: true },
      mb: { id: 'open-memory', name: 'opening a session: memory more at the peak', unit: 'MB' },
    },
  },
];
