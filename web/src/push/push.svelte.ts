import { appWorker } from '../app/appWorker';
import type { Connection } from '../net/connection';
import { ConnectionLost, hasCode } from '../net/errors';
import type { Machines } from '../machines/machines.svelte';
import type { Requests } from '../protocol.gen';
import { explain } from '../ui/explain';
import { text } from '../ui/text';
import { keepPush, readPush, type PushKept } from './pushStore';
import { fromBase64Url, makeVapidKey, toBase64Url } from './vapid';

type Wishes = PushKept['wishes'];
type Subscribe = Requests['push_subscribe']['request'];

/** `unsupported`: this browser cannot; `install`: only once the app is on the home screen (iOS); `blocked`: the user said no to the browser. */
export type PushState = 'unknown' | 'unsupported' | 'install' | 'blocked' | 'off' | 'on';

export const USUAL_WISHES: Wishes = { needsYou: true, finished: true, failed: true };

/** What this device wants to be told while it looks elsewhere, and that each of the user's machines knows of it. */
export class Push {
  state = $state<PushState>('unknown');
  wishes = $state.raw<Wishes>(USUAL_WISHES);
  allowThere = $state(true);
  problem = $state('');
  busy = $state(false);
  #connection: Connection;
  #machines: Machines;

  constructor(connection: Connection, machines: Machines) {
    this.#connection = connection;
    this.#machines = machines;
  }

  /** Looks how things are, and tells every machine that is there anew: what they keep ends after a time, and an endpoint may change. */
  async refresh(): Promise<void> {
    const wishes = await readPush('wishes');
    this.allowThere = (await readPush('allowThere')) ?? true;
    this.wishes = wishes ?? USUAL_WISHES;
    this.state = await this.#look(wishes !== undefined);
    if (this.state === 'on') await this.#try(() => this.#tellAll());
  }

  /** Asks the browser's permission: only ever because of a tap. */
  async enable(): Promise<void> {
    await this.#work(async () => {
      if ((await Notification.requestPermission()) !== 'granted') {
        this.state = await this.#look(false);
        return;
      }
      await this.#registration(); // where the browser refuses a worker, nothing is on at the next visit either
      await keepPush('wishes', this.wishes);
      await this.#tellAll();
      this.state = 'on';
    });
  }

  async disable(): Promise<void> {
    await this.#work(async () => {
      await keepPush('wishes', undefined);
      this.state = 'off';
      const subscription = await (await this.#registration()).pushManager.getSubscription();
      if (!subscription) return;
      const { endpoint } = subscription;
      // From here on nothing arrives, whoever still sends: a machine that is away now learns of it from the push service.
      await subscription.unsubscribe();
      await Promise.allSettled(this.#reachable().map((machineKey) => this.#connection.request('push_unsubscribe', { endpoint }, { machineKey })));
    });
  }

  async change(part: Partial<Wishes>): Promise<void> {
    this.wishes = { ...this.wishes, ...part };
    await this.#work(async () => {
      await keepPush('wishes', this.wishes);
      await this.#tellAll();
    });
  }

  async changeAllowThere(on: boolean): Promise<void> {
    this.allowThere = on;
    await keepPush('allowThere', on);
  }

  /** True when the push service has taken the message of each machine that is there. */
  async test(): Promise<boolean> {
    return this.#work(async () => {
      const { endpoint } = await this.#tellAll();
      for (const machineKey of this.#reachable()) await this.#connection.request('push_test', { endpoint }, { machineKey });
    });
  }

  async #look(wanted: boolean): Promise<PushState> {
    if (!('serviceWorker' in navigator) || !('PushManager' in globalThis) || !('Notification' in globalThis)) {
      return 'standalone' in navigator && !(navigator as { standalone?: boolean }).standalone ? 'install' : 'unsupported';
    }
    if (Notification.permission === 'denied') return 'blocked';
    return wanted && Notification.permission === 'granted' ? 'on' : 'off';
  }

  async #tellAll(): Promise<Subscribe> {
    const request = await this.#request();
    const told = await Promise.allSettled(this.#reachable().map((machineKey) => this.#connection.request('push_subscribe', request, { machineKey })));
    for (const one of told) {
      // One that is away now is told when it is back.
      if (one.status === 'rejected' && !(one.reason instanceof ConnectionLost) && !hasCode(one.reason, 'MACHINE_OFFLINE')) throw one.reason;
    }
    return request;
  }

  async #request(): Promise<Subscribe> {
    let vapid = await readPush('vapid');
    if (!vapid) await keepPush('vapid', (vapid = await makeVapidKey()));
    const subscription = await this.#subscription(fromBase64Url(vapid.publicKey));
    const { devices } = await this.#connection.request('devices_list', {});
    const deviceId = devices.find((device) => device.current)?.deviceId ?? '';
    const { quiet, ...kinds } = this.wishes;
    const key = (name: PushEncryptionKeyName): string => toBase64Url(subscription.getKey(name)!);
    return {
      endpoint: subscription.endpoint, p256dh: key('p256dh'), auth: key('auth'), vapid: { ...vapid }, deviceId,
      wishes: { ...kinds, quiet: quiet && { ...quiet, utcOffset: -new Date().getTimezoneOffset() } },
    };
  }

  async #subscription(applicationServerKey: Uint8Array<ArrayBuffer>): Promise<PushSubscription> {
    const { pushManager } = await this.#registration();
    const present = await pushManager.getSubscription();
    const key = present?.options.applicationServerKey;
    if (present && key && toBase64Url(key) === toBase64Url(applicationServerKey)) return present;
    await present?.unsubscribe(); // bound to a key that is gone
    return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
  }

  async #registration(): Promise<ServiceWorkerRegistration> {
    await appWorker();
    return navigator.serviceWorker.ready;
  }

  #reachable(): string[] {
    return this.#machines.list.filter((machine) => machine.connected).map((machine) => machine.machineKey);
  }

  async #work(work: () => Promise<unknown>): Promise<boolean> {
    this.busy = true;
    try {
      return await this.#try(work);
    } finally {
      this.busy = false;
    }
  }

  async #try(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      this.problem = '';
      return true;
    } catch (error) {
      // What the browser refuses it says in words for developers.
      this.problem = error instanceof DOMException ? text.push.browserRefused : explain(error);
      return false;
    }
  }
}
