// node bench/agent.mjs [KILLS]: what the bridge adds to an agent, beside the agent alone. With CLAUDE=path/of/claude also the time from the tap to the stop, and
// what is left after KILLS times kill -9 of the daemon while the agent runs a command (FAKE_ANTHROPIC names the scripted model; ./test builds it).
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { randomUUID } from 'node:crypto';
import { report, start, temporary } from './system.mjs';

process.setMaxListeners(0);
const kills = Number(process.argv[2] ?? 0);
const stamping = new URL('stamping-agent.mjs', import.meta.url).pathname;
const now = () => performance.timeOrigin + performance.now();
const quantile = (times, q) => times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * q))];

/** A system that can be talked with: `turn(content)` ends with the turn. */
async function system(claude) {
  process.env.POCKETCODER_CLAUDE = claude;
  const running = await start(temporary('project'));
  let session;
  const heard = new Set();
  running.on((message) => {
    if (message.type === 'agent_event') for (const listener of heard) listener(message.payload);
  });
  const until = (fits) => new Promise((resolve) => {
    const listener = (event) => {
      if (!fits(event)) return;
      heard.delete(listener);
      resolve(event);
    };
    heard.add(listener);
  });
  const send = async (content) => {
    const message = { messageId: randomUUID(), content };
    if (session) return running.ask('agent_message', { agentSessionId: session, ...message });
    session = (await running.ask('agent_session_new', message)).agentSessionId;
  };
  return {
    ...running, heard, until, send,
    ask: (type, payload = {}) => running.ask(type, { agentSessionId: session, ...payload }),
    turn: async (content) => {
      const done = until((event) => event.type === 'done');
      await send(content);
      return done;
    },
  };
}

/** The same agent, read directly; calls back for each line. */
async function alone(content, onLine) {
  const agent = spawn(stamping, ['-p'], { stdio: ['pipe', 'pipe', 'inherit'] });
  agent.stdin.write(`${JSON.stringify({ type: 'user', message: { content: [{ type: 'text', text: content }] } })}\n`);
  for await (const line of createInterface(agent.stdout)) {
    const message = JSON.parse(line);
    onLine(message);
    if (message.type === 'result') break;
  }
  agent.kill();
}

const ours = await system(stamping);
await ours.turn('blocks 1');

const [through, direct] = [[], []];
const stamp = (event) => event.type === 'text_delta' && through.push(now() - Number(event.delta));
ours.heard.add(stamp);
for (let round = 0; round < 5; round++) {
  await ours.turn('deltas 400 3');
  await alone('deltas 400 3', (line) => line.event?.delta && direct.push(now() - Number(line.event.delta.text)));
}
ours.heard.delete(stamp);
for (const q of [0.5, 0.99]) report(`from the agent's line to the client, p${q * 100}`, quantile(through, q), quantile(direct, q), 'reading it directly');

const blocks = 20_000;
const rates = { ours: [], alone: [] };
for (let round = 0; round < 3; round++) {
  let from = performance.now();
  await ours.turn(`blocks ${blocks}`);
  rates.ours.push(blocks / (performance.now() - from) * 1000);
  from = performance.now();
  await alone(`blocks ${blocks}`, () => {});
  rates.alone.push(blocks / (performance.now() - from) * 1000);
}
report('events a second, each on disk before it is at the client', quantile(rates.ours, 0.5), quantile(rates.alone, 0.5), 'parsing the lines', '1/s');
await ours.stop();

if (process.env.CLAUDE) {
  const model = spawn(process.env.FAKE_ANTHROPIC, ['--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  process.on('exit', () => model.kill());
  const { listening } = JSON.parse(await new Promise((resolve) => createInterface(model.stdout).once('line', resolve)));
  const home = temporary('claude');
  mkdirSync(home, { recursive: true });
  Object.assign(process.env, {
    ANTHROPIC_BASE_URL: listening, ANTHROPIC_API_KEY: 'not-a-real-key', CLAUDE_CONFIG_DIR: home,
    DISABLE_TELEMETRY: '1', DISABLE_AUTOUPDATER: '1', DISABLE_ERROR_REPORTING: '1', CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  });
  await stops();
  await killed();
  model.kill();
}

async function stops() {
  const real = await system(process.env.CLAUDE);
  const times = [];
  for (let round = 0; round < 20; round++) {
    const begun = real.until((event) => event.type === 'text_delta');
    const done = real.until((event) => event.type === 'done');
    await real.send(`go ${round} [[steps:[{"text":"one two three four five","waitFor":"never-${round}"}]]]`);
    await begun;
    const from = performance.now();
    void real.ask('agent_cancel');
    const { cancelled } = await done;
    if (!cancelled) throw new Error('The turn ended by itself.');
    times.push(performance.now() - from);
  }
  console.log(`from the tap to the stop: ${quantile(times, 0.5).toFixed(0)} ms, p99 ${quantile(times, 0.99).toFixed(0)} ms (goal 100 ms)`);
  await real.stop();
}

/** A file of a process; empty when it is gone. */
function about(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}

/** The processes that have this in their environment. */
function marked(mark) {
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid && about(pid, 'environ').includes(mark));
}

async function killed() {
  let [left, slowest] = [0, 0];
  for (let round = 0; round < kills; round++) {
    const mark = `BENCH_ROUND=${process.pid}-${round}`;
    process.env.BENCH_ROUND = mark.split('=')[1];
    const real = await system(process.env.CLAUDE);
    const prompt = real.until((event) => event.type === 'prompt');
    await real.send('run [[steps:[{"blocks":[{"tool":"Bash","input":{"command":"touch up; setsid sleep 1000 & sleep 1000","description":"Wait"}}]},{"text":"Done."}]]]');
    const { promptId } = await prompt;
    await real.ask('agent_prompt_response', { promptId, decision: 'allow' });
    while (!marked(mark).some((pid) => about(pid, 'cmdline').startsWith('sleep'))) await new Promise((resolve) => setTimeout(resolve, 20));
    process.kill(real.pid, 'SIGKILL');
    const from = performance.now();
    while (marked(mark).length > 0 && performance.now() - from < 20_000) await new Promise((resolve) => setTimeout(resolve, 20));
    slowest = Math.max(slowest, performance.now() - from);
    left += marked(mark).length;
  }
  if (kills > 0) console.log(`after ${kills} kill -9 of the daemon with an agent that runs a command: ${left} processes left, all gone within ${(slowest / 1000).toFixed(1)} s`);
}
