// What /proc says about a daemon, and about what runs below it.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

function read(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}

const kilobytes = (text, name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? NaN);

/** pid, name, state, parent and the clock ticks used of every process. */
function processes() {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    const stat = /^(\d+) \((.*)\) (.*)$/s.exec(read(pid, 'stat'));
    if (!stat) return [];
    const [state, parent, , , , , , , , , , userTicks, systemTicks, , , , , , , started] = stat[3].split(' ');
    return [{ pid: Number(pid), name: stat[2], state, parent: Number(parent), ticks: Number(userTicks) + Number(systemTicks), started }];
  });
}

function below(pid, all) {
  const children = all.filter(({ parent }) => parent === pid);
  return [...children, ...children.flatMap((child) => below(child.pid, all))];
}

/** What the descriptors of a process are: files, sockets, pipes… */
export function descriptors(pid) {
  const kinds = {};
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    let target;
    try {
      target = readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      continue;
    }
    const kind = target.startsWith('/') ? 'file' : target.replace(/:\[\d+\]$/, '').replace('anon_inode:', '').replace(/[[\]]/g, '');
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  return kinds;
}

export function measure(pid) {
  const [rollup, all] = [read(pid, 'smaps_rollup'), processes()];
  const children = below(pid, all);
  const fds = descriptors(pid);
  return {
    rss: kilobytes(rollup, 'Rss'),
    pss: kilobytes(rollup, 'Pss'),
    anonymous: kilobytes(rollup, 'Anonymous'),
    fds: Object.values(fds).reduce((sum, count) => sum + count, 0),
    fdKinds: fds,
    threads: Number(/^Threads:\s+(\d+)/m.exec(read(pid, 'status'))?.[1]),
    zombies: children.filter(({ state }) => state === 'Z').map(({ pid: zombie, name, started }) => `${name} ${zombie} ${started}`),
    children: children.filter(({ state }) => state !== 'Z').length,
    // A clock tick is 10 ms.
    cpuMs: all.find((one) => one.pid === pid).ticks * 10,
    childrenPss: children.reduce((sum, child) => sum + (kilobytes(read(child.pid, 'smaps_rollup'), 'Pss') || 0), 0),
  };
}

/** The live processes that have this in their environment. */
export function marked(mark) {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid && read(pid, 'environ').split('\0').includes(mark))
    .map((pid) => read(pid, 'cmdline').replaceAll('\0', ' ').trim())
    .filter((command) => command);
}
