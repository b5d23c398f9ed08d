import { randomUUID } from 'node:crypto';
import { closeSync, fstatSync, mkdirSync, openSync, readSync, readdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { once, timed } from '../measure.mjs';
import { forgetPeak, peak, resident } from '../processes.mjs';
import { startApart, temporary } from '../system.mjs';

const COUNT = 2_000;
const SIZE = 1 << 20;
const END = 16 * 1024;

/** What a terminal's Claude Code leaves in its store: transcripts of one project. */
function transcripts(directory, cwd) {
  mkdirSync(directory, { recursive: true });
  const about = { timestamp: '2026-11-22T17:22:02.422Z', cwd, gitBranch: 'main', isSidechain: false };
  const answer = { role: 'assistant', model: 'claude-opus-5-5', content: [{ type: 'text', text: 'x'.repeat(3_000) }] };
  const turn = ['user', 'assistant'].map((type) => JSON.stringify({
    type, uuid: randomUUID(), ...about, message: type === 'user' ? { role: 'user', content: 'a question' } : { id: 'm', ...answer },
  })).join('\n');
  const body = `${turn}\n`.repeat(Math.ceil(SIZE / turn.length));
  for (let i = 0; i < COUNT; i++) {
    const sessionId = randomUUID();
    writeFileSync(join(directory, `${sessionId}.jsonl`), `${body}${JSON.stringify({ type: 'ai-title', aiTitle: `Title ${i}`, sessionId })}\n`);
  }
}

/** The least that has to be read: both ends of each file. */
function bothEnds(directory) {
  const buffer = Buffer.alloc(END);
  for (const name of readdirSync(directory)) {
    const file = openSync(join(directory, name));
    readSync(file, buffer, 0, END, 0);
    readSync(file, buffer, 0, END, fstatSync(file).size - END);
    closeSync(file);
  }
}

const measured = once(async () => {
  const [project, store] = [realpathSync(temporary('project')), temporary('store')];
  const directory = join(store, 'projects', project.replaceAll(/[^A-Za-z0-9]/g, '-'));
  transcripts(directory, project);
  const system = await startApart(project, { env: { CLAUDE_CONFIG_DIR: store, POCKETCODER_CLAUDE: '/bin/true' } });
  try {
    const before = resident(system.pid);
    forgetPeak(system.pid);
    const theirs = await timed(async () => bothEnds(directory))();
    const ours = await timed(async () => {
      const { sessions } = await system.ask('agent_sessions_list', { limit: 200 });
      if (sessions.length !== 200 || !sessions.every(({ title }) => title.startsWith('Title '))) throw new Error('The list is not what was written.');
    })();
    return { ms: { ours, theirs }, mb: { ours: peak(system.pid) - before } };
  } finally {
    await system.stop();
  }
});

export const rows = [
  { row: 24, metric: '2,000 transcripts of 1 MB, listed for the first time', unit: 'ms', goal: { most: 1_000 }, baseline: '16 KB at both ends of each, Node', both: async () => (await measured()).ms },
  { row: 24, metric: 'the same: memory more', unit: 'MB', goal: { most: 30 }, both: async () => (await measured()).mb },
];
