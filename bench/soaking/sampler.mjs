// Looks at the daemon at intervals while phones work.
import { loadavg } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { measure } from './measure.mjs';

export const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? null;

export class Sampler {
  samples = [];
  #since;
  #before;
  #timer;
  // How late this very program is: that is in each latency it takes.
  #own = monitorEventLoopDelay({ resolution: 10 });

  constructor(pid, world, everyMs) {
    Object.assign(this, { pid, world, everyMs });
  }

  look() {
    return measure(this.pid);
  }

  begin() {
    this.#since = performance.now();
    this.#own.enable();
    this.#before = { at: this.#since, cpuMs: this.look().cpuMs, own: process.cpuUsage(), operations: 0 };
    this.world.recent = [];
    this.#timer = setInterval(() => this.#sample(), this.everyMs);
  }

  end() {
    clearInterval(this.#timer);
    this.#sample();
  }

  #sample() {
    const { world } = this;
    const [now, seen, own] = [performance.now(), this.look(), process.cpuUsage()];
    const seconds = (now - this.#before.at) / 1000;
    // The rest after the last whole interval is too little to stand for one.
    if (seconds * 1000 < this.everyMs / 2) return;
    const sorted = world.recent.toSorted((a, b) => a - b);
    world.recent = [];
    const operations = Object.values(world.operations).reduce((sum, count) => sum + count, 0);
    const sample = {
      minute: (now - this.#since) / 60_000, ...seen,
      p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), requests: sorted.length, operations: operations - this.#before.operations,
      daemonCpu: (seen.cpuMs - this.#before.cpuMs) / seconds / 10,
      ownCpu: (own.user + own.system - this.#before.own.user - this.#before.own.system) / 1000 / seconds / 10,
      ownDelay99: this.#own.percentile(99) / 1e6 - 10, load: loadavg()[0],
    };
    this.#own.reset();
    this.#before = { at: now, cpuMs: seen.cpuMs, own, operations };
    this.samples.push(sample);
    const { faults } = world;
    console.error(
      `${sample.minute.toFixed(1)} min: ${sample.operations} operations, RSS ${(sample.rss / 1024).toFixed(1)} MB, PSS ${(sample.pss / 1024).toFixed(1)} MB, ${sample.fds} descriptors, ${sample.threads} threads, `
      + `${sample.children} children, ${sample.zombies.length} zombies, p50 ${sample.p50?.toFixed(1)} ms, p99 ${sample.p99?.toFixed(1)} ms, daemon ${sample.daemonCpu.toFixed(1)} % of a core, this ${sample.ownCpu.toFixed(1)} %, `
      + `load ${sample.load.toFixed(1)}, ${faults.lost ?? 0} lost, ${faults.doubled ?? 0} doubled`);
  }
}
