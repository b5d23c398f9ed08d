// Starting processes, and what Linux knows of them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

process.setMaxListeners(0);

/** Starts a program that says one line when it is ready; it ends with the benchmark, or with `stop`. */
export async function launch(command, args, { env = {}, cwd } = {}) {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const end = () => child.kill('SIGKILL');
  process.on('exit', end);
  let complaint = '';
  child.stderr.on('data', (text) => (complaint = `${complaint}${text}`.slice(-500)));
  const exited = once(child, 'exit');
  const line = await Promise.race([
    once(createInterface(child.stdout), 'line').then(([text]) => text),
    exited.then(([code]) => Promise.reject(new Error(`${command} ended with ${code}: ${complaint.trim()}`))),
  ]);
  return {
    pid: child.pid,
    line,
    async stop(signal = 'SIGTERM') {
      process.off('exit', end);
      child.kill(signal);
      await exited;
    },
  };
}

const field = (pid, file, name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'))?.[1]) / 1024;

/** In MB: resident, its share where pages are shared, the most that was resident. */
export const resident = (pid) => field(pid, 'status', 'VmRSS');
export const share = (pid) => field(pid, 'smaps_rollup', 'Pss');
export const peak = (pid) => field(pid, 'status', 'VmHWM');

/** Has `peak` begin anew. */
export const forgetPeak = (pid) => writeFileSync(`/proc/${pid}/clear_refs`, '5');

/** Processor time used so far in ms: the scheduler's own count, which is finer than the ticks of `stat`. */
export const cpu = (pid) => ofThreads(pid, 'cpu', (thread) => Number(readFileSync(`${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6);

/** How often its threads slept and were woken so far; and all switches, those too at which a thread was made to give way. */
export const wakeUps = (pid) => ofThreads(pid, 'wakeUps', (thread) => switches(thread)[0]);
export const allSwitches = (pid) => ofThreads(pid, 'switches', (thread) => switches(thread).reduce((a, b) => a + b));

const switches = (thread) => [...readFileSync(`${thread}/status`, 'utf8').matchAll(/ctxt_switches:\s+(\d+)/g)].map(([, count]) => Number(count));

const counted = new Map();

/** Of a thread that has ended meanwhile what was last counted goes on to count: a sum never falls. */
function ofThreads(pid, name, figure) {
  const key = `${pid} ${name}`;
  if (!counted.has(key)) counted.set(key, new Map());
  const counts = counted.get(key);
  for (const id of readdirSync(`/proc/${pid}/task`)) counts.set(id, figure(`/proc/${pid}/task/${id}`));
  return [...counts.values()].reduce((sum, one) => sum + one, 0);
}
