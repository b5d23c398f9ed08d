// The report of a soak: a page and three plots beside it; whether it is good.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { dirname, join } from 'node:path';
import { plot } from '../plot.mjs';
import { quantile } from './sampler.mjs';

const megabytes = (kilobytes) => (kilobytes / 1024).toFixed(1);
const ms = (value) => (value === null ? 'none' : `${value.toFixed(value < 10 ? 1 : 0)} ms`);
const sorted = (values) => values.toSorted((a, b) => a - b);
const median = (values) => quantile(sorted(values), 0.5);
const total = (counts) => Object.values(counts).reduce((sum, count) => sum + count, 0);
const listed = (counts) => Object.entries(counts).sort((a, b) => b[1] - a[1]).map(([name, count]) => `${count.toLocaleString('en-US')} ${name}`).join(', ') || 'none';

/** The commit and what machine this is, without its name. */
export function machine() {
  const git = (...args) => execFileSync('git', args, { cwd: new URL('.', import.meta.url), encoding: 'utf8' }).trim();
  return `${cpus().length} cores (${cpus()[0].model.trim()}), Linux ${release()}, ${new Date().toISOString().slice(0, 10)}, commit ${git('rev-parse', '--short', 'HEAD')}`;
}

/** The line through the points by least squares: [slope per x, value at x = 0]. */
function line(points) {
  const [mx, my] = [0, 1].map((i) => points.reduce((sum, point) => sum + point[i], 0) / points.length);
  const slope = points.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0) / points.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
  return [slope, my - slope * mx];
}

function trend(samples, of) {
  const half = samples.slice(Math.floor(samples.length / 2));
  const [slope, base] = line(half.map((sample) => [sample.minute, of(sample)]));
  const [from, to] = [half[0].minute, half.at(-1).minute];
  return { slope: slope * 60, from, to, at: (minute) => base + slope * minute };
}

/** They come and go with the work; they may not go on growing. */
function descriptorsGrow(samples, atRest) {
  const quarter = Math.floor(samples.length / 4);
  const [second, last] = [samples.slice(quarter, 2 * quarter), samples.slice(-quarter)].map((part) => median(part.map(({ fds }) => fds)));
  return last > second * 1.25 + 10 && atRest.after.fds > atRest.before.fds * 1.25 + 10;
}

/** Zombies that two looks saw, and those that are there at the end. */
function stayingZombies(samples, atRest) {
  const looks = [...samples, atRest.after].map(({ zombies }) => zombies);
  return new Set([...looks.flatMap((zombies, i) => (i > 0 ? zombies.filter((zombie) => looks[i - 1].includes(zombie)) : [])), ...atRest.after.zombies]);
}

function plots(samples, memory) {
  const x = { label: 'time', unit: 'minutes' };
  const points = (of) => samples.map((sample) => [sample.minute, of(sample)]);
  return {
    memory: plot({
      title: 'Memory of the daemon and relay under load', x, y: { label: 'memory', unit: 'MB' },
      series: [
        { name: 'RSS', points: points(({ rss }) => rss / 1024) },
        { name: 'PSS', points: points(({ pss }) => pss / 1024) },
        { name: 'anonymous', points: points(({ anonymous }) => anonymous / 1024) },
        { name: 'RSS, least squares over the second half', dashed: true, points: [memory.from, memory.to].map((minute) => [minute, memory.at(minute) / 1024]) },
      ],
    }),
    latency: plot({ title: 'Latency of requests, interval by interval', x, y: { label: 'latency', unit: 'ms' }, series: [{ name: 'p50', points: points(({ p50 }) => p50) }, { name: 'p99', points: points(({ p99 }) => p99) }] }),
    descriptors: plot({ title: 'Open descriptors and threads', x, y: { label: 'count' }, series: [{ name: 'descriptors', points: points(({ fds }) => fds) }, { name: 'threads', points: points(({ threads }) => threads) }] }),
  };
}

export async function report({ world, sampler: { samples, everyMs }, atRest, minutes, seed, phones, file }) {
  const [memory, pss, anonymous] = ['rss', 'pss', 'anonymous'].map((name) => trend(samples, (sample) => sample[name]));
  const sloped = ({ slope, from, to, at }) => `${slope.toFixed(0)} KB/hour** by least squares, ${megabytes(at(from))} MB at ${from.toFixed(0)} min, ${megabytes(at(to))} MB at ${to.toFixed(0)} min`;
  const zombies = stayingZombies(samples, atRest);
  const growing = descriptorsGrow(samples, atRest);
  const isGood = total(world.faults) === 0 && zombies.size === 0 && !growing;
  const fds = samples.map((sample) => sample.fds);
  const p99 = samples.filter((sample) => sample.p99 !== null).map((sample) => sample.p99);
  const worst = samples.find((sample) => sample.p99 === Math.max(...p99));
  const times = Object.entries(world.times).map(([type, all]) => [type, sorted(all)]).sort((a, b) => b[1].length - a[1].length);
  const [watch, turns] = [sorted(world.watchTimes), sorted(world.turnTimes)];
  const ended = [...world.messages.values()];
  const mean = (of) => (samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length).toFixed(1);
  const acknowledged = ended.filter(({ session }) => session).length;

  const page = `# The soak

Everything at once against the real executable, for a long time: \`bench/soak --minutes ${minutes} --seed ${seed}${phones === 5 ? '' : ` --phones ${phones}`}\`.
${isGood ? 'All that was promised was kept.' : '**Not all that was promised was kept; see below.**'}

| | |
| --- | --- |
| machine | ${machine()} |
| time | ${samples.at(-1).minute.toFixed(1)} minutes of work, a sample each ${Math.round(everyMs / 1000)} s; seed ${seed} |
| operations | ${total(world.operations).toLocaleString('en-US')} |
| events lost, doubled | **${world.faults.lost ?? 0}, ${world.faults.doubled ?? 0}** of ${world.events.toLocaleString('en-US')} that phones heard |
| zombies that stayed | **${zombies.size}** |
| processes left after the end | **${world.faults.left ?? 0}** |
| RSS, second half | **${sloped(memory)} |
| anonymous memory, second half | **${sloped(anonymous)} |
| PSS, second half | **${sloped(pss)} (it falls when more of our processes share their pages) |
| descriptors | ${fds[0]} at the start, ${fds.at(-1)} at the end, ${Math.max(...fds)} at most; at rest ${atRest.before.fds} before, ${atRest.after.fds} after (${atRest.after.children} processes of warm agents then)${growing ? ': **they grow**' : ''} |
| p99 by interval | first ${ms(p99[0])}, median ${ms(median(p99))}, last ${ms(p99.at(-1))}, worst ${ms(worst?.p99 ?? null)} (minute ${worst?.minute.toFixed(0)}, load ${worst?.load.toFixed(1)}) |
| CPU | daemon and relay ${mean((s) => s.daemonCpu)} % of a core, the phones of this program ${mean((s) => s.ownCpu)} %; the machine's load ${mean((s) => s.load)} on average |

![Memory](soak-memory.svg)
![Latency](soak-latency.svg)
![Descriptors](soak-descriptors.svg)

## What was done

- Operations: ${listed(world.operations)}.
- Phones: ${phones} at a time, ${world.phones} devices paired, ${world.connections.toLocaleString('en-US')} connections; ${listed(world.cuts)}.
- Agent: ${acknowledged} messages acknowledged in ${world.sessions.size} sessions, ${ended.filter((message) => message.ended).length} turns ended (${listed(count(ended))}); a turn with a real Claude Code and a scripted model: ${ms(quantile(turns, 0.5))} median, ${ms(quantile(turns, 0.99))} p99.
- Watching: ${watch.length.toLocaleString('en-US')} acknowledged changes told to a phone that looked on, ${ms(quantile(watch, 0.5))} after the acknowledgement (median; it waits 250 ms by design), ${ms(quantile(watch, 0.99))} p99.
- Git: ${world.commits.size} commits acknowledged.
- Refused: ${listed(world.errors)}.
- Refused, and nothing in the work explains it: ${listed(world.unexpected)}.
- Faults: ${listed(world.faults)}.
${world.told.map((sentence) => `  - ${sentence}`).join('\n')}

## What was checked

Each phone: the numbers of a session's events have no gap and none comes twice, across connections, by its cursor; an event is the same to everybody; \`fs_changed\` has no gap while a
connection stays. Every acknowledged change of a file is told to a phone that looks on. A file holds what was written last. A command's output is whole, also when it was followed again after a cut. At the end
each phone came once more and had everything, and the logs were read from their start: every acknowledged message once, with one end and one answer; every acknowledged commit is there.

## Latency by request

Across a wire to the relay in the same program as all the phones, which adds its own delay; requests that a cut or a tunnel fell into are left out, and commands, which take as long as they take.

| request | count | p50 | p99 | worst |
| --- | ---: | ---: | ---: | ---: |
${times.map(([type, all]) => `| \`${type}\` | ${all.length.toLocaleString('en-US')} | ${ms(quantile(all, 0.5))} | ${ms(quantile(all, 0.99))} | ${ms(all.at(-1))} |`).join('\n')}

## Samples

| min | operations | RSS MB | PSS MB | anonymous MB | descriptors | threads | children | zombies | p50 | p99 | CPU % | own delay p99 | load |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${samples.map((s) => `| ${s.minute.toFixed(1)} | ${s.operations} | ${megabytes(s.rss)} | ${megabytes(s.pss)} | ${megabytes(s.anonymous)} | ${s.fds} | ${s.threads} | ${s.children} | ${s.zombies.length} | ${ms(s.p50)} | ${ms(s.p99)} | ${s.daemonCpu.toFixed(1)} | ${ms(s.ownDelay99)} | ${s.load.toFixed(1)} |`).join('\n')}

Descriptors at rest before: ${listed(atRest.before.fdKinds)}; when there were most: ${listed(samples.find((sample) => sample.fds === Math.max(...fds)).fdKinds)}; at rest after: ${listed(atRest.after.fdKinds)}.
`;
  if (!file) {
    console.log(page);
  } else {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, page);
    for (const [name, svg] of Object.entries(plots(samples, memory))) writeFileSync(join(dirname(file), `soak-${name}.svg`), svg);
  }
  return isGood;
}

function count(messages) {
  const kinds = {};
  for (const { kind } of messages) kinds[kind] = (kinds[kind] ?? 0) + 1;
  return kinds;
}
