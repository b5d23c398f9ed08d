import { test as base, type BrowserContext, expect } from '@playwright/test';
import { Apart } from './apart';
import { FakeAnthropic } from './fakeAnthropic';
import { Guard } from './guard';
import { Home, type HomeOptions } from './home';
import { Machine } from './machine';
import { Network } from './network';
import { Phone } from './phone';

interface Fixtures {
  homeOptions: HomeOptions;
  home: Home;
  machine: Machine;
  /** Relay and daemon as two processes. */
  apart: Apart;
  guard: Guard;
  /** A phone that is not paired yet. */
  stranger: Phone;
  /** A phone that is paired and shows the project's sessions. */
  phone: Phone;
  /** The way from the phone to the relay, for tests that cut it. */
  network: Network;
  /** One more phone that nobody has paired. */
  anotherPhone: () => Promise<Phone>;
}

export const test = base.extend<Fixtures, { anthropic: FakeAnthropic }>({
  anthropic: [
    async ({}, use) => {
      const anthropic = await FakeAnthropic.start();
      await use(anthropic);
      await anthropic.stop();
    },
    { scope: 'worker' },
  ],

  homeOptions: [{}, { option: true }],

  home: async ({ anthropic, homeOptions }, use, testInfo) => {
    const home = await Home.create(anthropic.url, homeOptions);
    await use(home);
    if (testInfo.status !== testInfo.expectedStatus) await testInfo.attach('pocketcoder', { body: await home.log(), contentType: 'text/plain' });
    expect(await home.remove(), 'processes that outlived a clean stop').toEqual([]);
  },

  machine: async ({ home, guard }, use) => {
    const machine = new Machine(home);
    await machine.up();
    guard.allow(machine.url);
    await use(machine);
    await machine.stop();
  },

  apart: async ({ home, guard }, use) => {
    const apart = new Apart(home);
    try {
      await apart.start();
      guard.allow(apart.url);
      await use(apart);
    } finally {
      await apart.stop();
    }
  },

  guard: async ({}, use) => {
    const guard = new Guard();
    await use(guard);
    guard.expectNothing();
  },

  context: async ({ context, guard }, use) => {
    await guard.watch(context);
    await use(context);
  },

  network: async ({ machine, guard }, use) => {
    const network = await Network.to(machine.url);
    guard.allow(network.url);
    await use(network);
    await network.close();
  },

  stranger: async ({ page }, use) => use(new Phone(page)),

  phone: async ({ stranger, machine }, use) => {
    await stranger.pair(machine.pairUrl);
    await stranger.openProject();
    await use(stranger);
  },

  anotherPhone: async ({ browser, guard }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async () => {
      const context = await browser.newContext();
      contexts.push(context);
      await guard.watch(context);
      return new Phone(await context.newPage());
    });
    for (const context of contexts) await context.close();
  },
});

export { expect };
