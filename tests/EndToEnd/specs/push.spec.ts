import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { CDPSession, Page, Worker } from '@playwright/test';
import { phoneBrowser, wholeChromium } from '../browser';
import { scripted } from '../harness/fakeAnthropic';
import { expect, test } from '../harness/test';

// Notifications are a part of the window.
test.use({ launchOptions: { ...phoneBrowser?.launchOptions, executablePath: wholeChromium } });

interface Prompt {
  machineKey: string;
  sessionId: string;
  payload: { type: string; promptId: string; agentSessionId: string; toolName: string; input: unknown };
}

/** The next prompt that the relay tells this page of. */
function nextPrompt(page: Page): Promise<Prompt> {
  return new Promise((resolve) => {
    page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => {
      const message = JSON.parse(String(payload)) as Prompt;
      if (message.payload?.type === 'prompt') resolve(message);
    }));
  });
}

/** As the browser hands over what came from its push service. */
async function deliver(cdp: CDPSession, origin: string, registrationId: string, notice: object): Promise<void> {
  await cdp.send('ServiceWorker.deliverPushMessage', { origin, registrationId, data: JSON.stringify(notice) });
}

interface Shown {
  title: string;
  body: string;
  tag: string;
  actions: { action: string }[];
}
/** The part of a service worker's world that is used here. */
interface WorkerScope extends EventTarget {
  registration: { getNotifications(): Promise<Shown[]> };
  NotificationEvent: new (type: string, init: { notification: Shown; action: string }) => Event;
}

/** What the worker shows: its title, its text and its buttons, by tag. */
const shown = (worker: Worker): Promise<Record<string, string[]>> =>
  worker.evaluate(async () => {
    const all = await (self as unknown as WorkerScope).registration.getNotifications();
    return Object.fromEntries(all.map(({ title, body, tag, actions }) => [tag, [title, body, ...actions.map(({ action }) => action)]]));
  });

test('a closed app is told, allows in the notification itself, and takes back what is answered', async ({ stranger, machine, home, context }) => {
  const { page } = stranger;
  const origin = machine.url.replace(/\/$/, '');
  await context.grantPermissions(['notifications'], { origin });
  const asked = nextPrompt(page);
  await stranger.pair(machine.pairUrl);
  const cdp = await context.newCDPSession(page);
  const registered = new Promise<string>((resolve) => {
    cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => registrations[0] && resolve(registrations[0].registrationId));
  });
  await cdp.send('ServiceWorker.enable');
  const registrationId = await registered;
  const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent('serviceworker'));

  await stranger.openProject();
  await stranger.newSession();
  await stranger.send(scripted('Begin a file.', { blocks: [{ tool: 'Bash', input: { command: 'touch begun.txt', description: 'Make it' } }] }, { text: 'It is there.' }));
  const { machineKey, sessionId, payload } = await asked;
  const { promptId, agentSessionId, toolName, input } = payload;
  const notice = { kind: 'needs_you', machineKey, tag: promptId, title: 'shop: a command', body: 'touch begun.txt', open: 1, projectId: sessionId, agentSessionId, promptId, toolName, input, root: home.project };

  // Looked at, the page itself is enough.
  await deliver(cdp, origin, registrationId, notice);
  await page.goto('about:blank');
  expect(await shown(worker)).toEqual({});

  await deliver(cdp, origin, registrationId, notice);
  await expect.poll(() => shown(worker)).toEqual({ [promptId]: ['shop: a command', 'touch begun.txt', 'allow', 'deny'] });
  await deliver(cdp, origin, registrationId, { ...notice, tag: 'other', promptId: 'other', input: { command: 'rm -rf /' } });
  await expect.poll(async () => (await shown(worker)).other).toEqual(['shop: a command', 'rm -rf /', 'deny']);
  await deliver(cdp, origin, registrationId, { ...notice, kind: 'withdrawn', tag: 'other', open: 1 });
  await expect.poll(async () => Object.keys(await shown(worker))).toEqual([promptId]);

  await worker.evaluate(async () => {
    const scope = self as unknown as WorkerScope;
    const [notification] = await scope.registration.getNotifications();
    scope.dispatchEvent(new scope.NotificationEvent('notificationclick', { notification, action: 'allow' }));
  });
  await expect.poll(() => access(join(home.project, 'begun.txt')).then(() => true, () => false)).toBe(true);
  expect(await shown(worker)).toEqual({});

  // The page comes back with the token that the worker has rotated.
  await page.goto(machine.url);
  await expect(stranger.heading('Projects')).toBeVisible();
  await expect(stranger.link('Needs you')).toBeVisible();
});

test('what another app shares becomes a draft in the project that is chosen', async ({ phone, machine }) => {
  await phone.page.evaluate(() => navigator.serviceWorker.ready);
  await phone.page.reload();
  await phone.page.evaluate(async () => {
    const form = new FormData();
    form.set('title', 'A page');
    form.set('text', 'Why does this fail?');
    await fetch('/share', { method: 'POST', body: form });
  });
  await phone.page.goto(new URL('/#/begin', machine.url).href);
  await expect(phone.page.getByText('Why does this fail?')).toBeVisible();
  await phone.button(/shop/).tap();
  await expect(phone.message).toHaveValue('A page\nWhy does this fail?');
});
