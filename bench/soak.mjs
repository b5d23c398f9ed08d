// See bench/soak.
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { scripted } from './claude.mjs';
import { chance } from './soaking/chance.mjs';
import { checkLogs, settle } from './soaking/end.mjs';
import { marked } from './soaking/measure.mjs';
import { Phone } from './soaking/phone.mjs';
import { report } from './soaking/report.mjs';
import { Sampler } from './soaking/sampler.mjs';
import { Work } from './soaking/work.mjs';
import { World } from './soaking/world.mjs';
import { pause, start, temporary } from './system.mjs';

const THINK_MS = 550;
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' }, seed: { type: 'string', default: `${Date.now() % 1e6}` }, phones: { type: 'string', default: '5' }, report: { type: 'string' },
  },
});
const [minutes, seed, phones] = [values.minutes, values.seed, values.phones].map(Number);
const run = promisify(execFile);

const model = await scripted();
const project = join(temporary('soak'), 'project');
mkdirSync(project);
writeFileSync(join(project, 'README.md'), '# A project that is worked on\n');
for (const git of [['init', '-qb', 'main'], ['config', 'user.name', 'Soak'], ['config', 'user.email', 'soak@example.org'], ['add', '.'], ['commit', '-qm', 'Begin']]) {
  await run('git', git, { cwd: project });
}
const system = await start(project, { env: { ...model.env, HOME: temporary('soak-home') } });
const mark = `POCKETCODER_HOME=${system.home}`;
const world = new World({ machineKey: system.machineKey, sessionId: system.sessionId }, async () => (await system.control('/pair', {})).pairCode);
const relayPort = Number(new URL(system.ready.url).port);
const observer = await Phone.create('observer', world, relayPort, { onChanges: (payload) => world.noticed(payload) });
await observer.connect([]);
const sampler = new Sampler(system.pid, world, Math.min(60_000, minutes * 60_000 / 12));
const atRest = { before: sampler.look() };

process.on('SIGINT', () => { world.over = true; });
const end = performance.now() + minutes * 60_000;
const working = Array.from({ length: phones }, async (_, i) => {
  const phone = await Phone.create(`phone-${i + 1}`, world, relayPort);
  await new Work(phone, world, chance(seed * 1_000 + i), THINK_MS).run();
  return phone;
});
sampler.begin();
while (performance.now() < end && !world.over) {
  await pause(1_000);
  await settle.stuck(observer, world);
  world.lookForUnseenChanges();
}
world.over = true;
sampler.end();
const worked = await Promise.all(working);

await settle(observer, world);
await checkLogs(worked, world, relayPort, project);
for (const phone of worked) phone.wire.close();
await pause(3_000);
world.lookForUnseenChanges();
atRest.after = sampler.look();
observer.leave();
await system.stop();
for (let waited = 0; marked(mark).length > 0 && waited < 10_000; waited += 100) await pause(100);
for (const command of marked(mark)) world.fault('left', `${command.split(' ')[0].split('/').at(-1)} outlived the daemon`);

await model.stop();
const isGood = await report({ world, sampler, atRest, minutes, seed, phones, file: values.report });
process.exit(isGood ? 0 : 1);
