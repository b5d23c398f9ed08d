import type { DeviceEntry } from '../protocol.gen';
import type { Connection } from '../net/connection';
import { hasCode } from '../net/errors';
import { explain } from '../ui/explain';

/** The devices that may act for the user, as the relay last told. */
export class Devices {
  list = $state.raw<DeviceEntry[]>();
  problem = $state('');
  #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Loads now, and again whenever something may have changed; returns how to stop. */
  follow(): () => void {
    const load = (): void => void this.load();
    this.#connection.registered.add(load);
    const forget = this.#connection.on('daemon_status', load);
    load();
    return () => {
      this.#connection.registered.delete(load);
      forget();
    };
  }

  async load(): Promise<void> {
    await this.#try(async () => (this.list = (await this.#connection.request('devices_list', {})).devices));
  }

  async revoke(deviceId: string): Promise<void> {
    await this.#try(async () => {
      try {
        await this.#connection.request('device_revoke', { deviceId });
      } catch (error) {
        if (!hasCode(error, 'NOT_FOUND')) throw error; // somebody else did
      }
      this.list = this.list?.filter((device) => device.deviceId !== deviceId);
    });
  }

  async #try(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
      this.problem = '';
    } catch (error) {
      this.problem = explain(error);
    }
  }
}
