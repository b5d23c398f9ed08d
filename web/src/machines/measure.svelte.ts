import type { Connection } from '../net/connection';
import { hasCode } from '../net/errors';
import type { Measured } from './hops';

/** Asks each station on the way to the agent, one after the other, again and again. */
export class Measure {
  measured = $state.raw<Measured>({});
  #connection: Connection;
  #machineKey: string | undefined;

  constructor(connection: Connection, machineKey: string | undefined) {
    this.#connection = connection;
    this.#machineKey = machineKey;
  }

  /** Begins at once; returns how to stop. */
  follow(every: number): () => void {
    let timer: ReturnType<typeof setTimeout>;
    let stopped = false;
    const round = async (): Promise<void> => {
      await this.ask();
      if (!stopped) timer = setTimeout(() => void round(), every);
    };
    void round();
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }

  async ask(): Promise<void> {
    const machineKey = this.#machineKey;
    let measured: Measured = {};
    try {
      measured = { relay: await this.#connection.ping() };
      if (machineKey !== undefined) {
        const machine = await this.#time(() => this.#connection.request('agent_prompts_list', {}, { machineKey }));
        measured = { ...measured, machine };
        let agents: Measured['agents'];
        const agent = await this.#time(async () => (agents = (await this.#connection.request('agents_list', {}, { machineKey })).agents));
        measured = { ...measured, agent, agents };
      }
    } catch (error) {
      if (hasCode(error, 'RELAY_TIMEOUT')) measured = { ...measured, silent: true };
    }
    this.measured = measured;
  }

  async #time(work: () => Promise<unknown>): Promise<number> {
    const began = performance.now();
    await work();
    return performance.now() - began;
  }
}
