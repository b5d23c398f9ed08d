const COLOURS = '\u001b[1mTests\u001b[0m \u001b[32m✓ 41 passed\u001b[0m \u001b[31m✗ 1 failed\u001b[0m \u001b[33m2 skipped\u001b[0m\n\u001b[2m  in 3.2 s\u001b[0m \u001b[44m info \u001b[0m \u001b[7minverse\u001b[0m \u001b[38;2;255;120;40morange\u001b[0m\n\u001b]0;a title\u0007\u001b[2J\u001b[Hodd: \u202eesrever\u202c\n';

/** Commands that only pretend to run: `slow` goes on until it is stopped, `flood` prints without end, `fail` fails. */
export class MockCommands {
  runs = [];

  constructor() {
    const ended = (command, exitCode, minutes, more = {}) => this.runs.unshift({ ...this.#new(command), state: 'exited', exitCode, startedAt: new Date(Date.now() - minutes * 60_000).toISOString(), endedAt: new Date(Date.now() - minutes * 60_000 + 3_200).toISOString(), chunks: [COLOURS], ...more });
    ended('npm ci', 0, 300);
    ended('dotnet test --filter "FullyQualifiedName~Weather.Tests.Forecast" --logger "console;verbosity=detailed"', 1, 120);
    ended('npm run dev', null, 40, { state: 'cancelled', signal: 'SIGTERM' });
  }

  #new(command) {
    return { runId: `run${this.runs.length + 1}`, command, startedAt: new Date().toISOString(), endedAt: null, exitCode: null, signal: undefined, truncated: false, outputPreview: '', state: 'running', chunks: [], followers: new Set() };
  }

  answer({ type, requestId, payload, reply, refuse, send }) {
    const tell = (message) => send({ ...message, requestId, machineKey: 'm1', sessionId: 'p1' });
    switch (type) {
      case 'command_history':
        return reply({ runs: this.runs.map(({ chunks, followers, ...entry }) => ({ ...entry, outputPreview: chunks.join('').slice(-4096) })) });
      case 'command_exec': {
        const run = this.#new(payload.command);
        this.runs.unshift(run);
        this.#follow(run, tell);
        return this.#play(run);
      }
      case 'command_attach': {
        const run = this.runs.find((one) => one.runId === payload.runId);
        return run ? this.#follow(run, tell) : refuse('NOT_FOUND', 'There is no such command.');
      }
      case 'command_cancel': {
        const run = this.runs.find((one) => one.runId === payload.runId && one.state === 'running');
        if (!run) return refuse('NOT_FOUND', 'The command has ended already.');
        reply({ cancelled: true });
        return this.#end(run, 'cancelled', null, 'SIGTERM');
      }
    }
    refuse('INVALID_REQUEST', `Unknown type ${type}.`);
  }

  #follow(run, tell) {
    tell({ type: 'command_started', payload: { runId: run.runId } });
    for (const stdoutChunk of run.chunks) tell({ type: 'command_output', payload: { stdoutChunk } });
    if (run.state === 'running') run.followers.add(tell);
    else this.#tellEnd(run, tell);
  }

  async #play(run) {
    const print = (text) => {
      run.chunks.push(text);
      for (const tell of run.followers) tell({ type: 'command_output', payload: { stdoutChunk: text } });
    };
    print(`$ ${run.command}\n${COLOURS}`);
    for (let step = 0; /slow|flood/.test(run.command) && step < 2_000 && run.state === 'running'; step++) {
      await new Promise((resolve) => setTimeout(resolve, /flood/.test(run.command) ? 1 : 150));
      print(/flood/.test(run.command) ? 'another line of output\n'.repeat(50) : `\rprogress ${step} %`);
    }
    if (run.state === 'running') this.#end(run, 'exited', /fail/.test(run.command) ? 1 : 0);
  }

  #end(run, state, exitCode, signal) {
    Object.assign(run, { state, exitCode, signal, endedAt: new Date().toISOString() });
    for (const tell of run.followers) this.#tellEnd(run, tell);
    run.followers.clear();
  }

  #tellEnd({ exitCode, signal = null, truncated }, tell) {
    tell({ type: 'command_exit', payload: { exitCode, signal, durationMs: 3_200, truncated } });
  }
}
