// Commands: their output must be whole, also to a phone that was cut off and comes again.
import { Lost } from './link.mjs';
import { pause } from '../system.mjs';

const SLOW = 'for i in $(seq 1 30); do echo line $i; sleep 0.05; done';
const SLOW_OUTPUT = Array.from({ length: 30 }, (_, i) => `line ${i + 1}\n`).join('');
const MOST_KEPT = 300 * 1024;

export function commandWork(work) {
  const { phone, world, random } = work;
  let left;

  async function follow(type, payload, started = () => {}) {
    let output = '';
    const exit = await phone.ask(type, payload, {
      event({ type: kind, payload: part }) {
        if (kind === 'command_started') started(part.runId);
        if (kind === 'command_output') output += part.stdoutChunk ?? part.stderrChunk;
      },
    });
    return { ...exit, output };
  }

  function expect(what, { exitCode, output }, expected) {
    if (exitCode !== 0 || output !== expected) world.fault('wrong', `${what} ended with ${exitCode} and ${output.length} characters of ${expected.length}`);
  }

  return {
    /** Follows the run that it was cut off from. */
    async resume() {
      if (!left) return;
      const runId = left;
      left = undefined;
      expect('a command that was followed again', await follow('command_attach', { runId }), SLOW_OUTPUT);
    },

    operations: {
      async print() {
        const lines = random.int(1, 3_000);
        expect('a command', await follow('command_exec', { command: `seq 1 ${lines}` }), Array.from({ length: lines }, (_, i) => `${i + 1}\n`).join(''));
      },

      async leaveCommand() {
        const cutAfter = random.int(0, 600);
        await follow('command_exec', { command: SLOW }, (runId) => {
          left = runId;
          setTimeout(() => work.cut('cuts while a command runs'), cutAfter);
        });
        left = undefined;
      },

      async cancelCommand() {
        let cancelled;
        const { exitCode, signal } = await follow('command_exec', { command: 'sleep 30' }, (runId) => {
          cancelled = pause(random.int(0, 300)).then(() => phone.ask('command_cancel', { runId }));
          cancelled.catch(() => {});
        });
        await cancelled;
        if (exitCode !== null || signal !== 'SIGTERM') world.fault('wrong', `a command that was cancelled ended with ${exitCode} ${signal}`);
      },

      async printTooMuch() {
        const { truncated, output } = await follow('command_exec', { command: 'yes 123456789 | head -c 600000' });
        if (!truncated || output.length > MOST_KEPT) world.fault('wrong', `600,000 bytes came as ${output.length}, truncated ${truncated}`);
      },

      // What it starts must not outlive it.
      async leaveChild() {
        expect('a command with a child', await follow('command_exec', { command: 'sleep 300 & echo begun' }), 'begun\n');
      },
    },
  };
}
