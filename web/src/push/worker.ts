/// <reference lib="webworker" />
import type { PushNotice } from '../protocol.gen';
import { text } from '../ui/text';
import { answerWithoutPage } from './answer';
import { addressOf, notificationOf } from './notification';
import { keepPush, readPush } from './pushStore';

/** WebKit ends a subscription whose messages show nothing; the others allow it while a page is looked at, and for what is taken back. */
const mustShow = /AppleWebKit/.test(navigator.userAgent) && !/Chrome/.test(navigator.userAgent);

/** Shows what the machines say, takes back what is answered, and answers for the person who presses a button in a notification. */
export function followNotifications(worker: ServiceWorkerGlobalScope): void {
  worker.addEventListener('push', (event) => event.waitUntil(arrived(worker, event)));
  worker.addEventListener('notificationclick', (event) => {
    const { notification, action } = event;
    const notice = notification.data as PushNotice;
    notification.close();
    event.waitUntil(action === 'allow' || action === 'deny' ? answer(worker, notice, action) : open(worker, addressOf(notice)));
  });
}

async function arrived(worker: ServiceWorkerGlobalScope, event: PushEvent): Promise<void> {
  const notice = event.data!.json() as PushNotice;
  await count(worker, notice);
  if (notice.kind === 'withdrawn') return withdraw(worker, notice);
  const looking = (await windows(worker)).some((client) => client.visibilityState === 'visible');
  if (looking && notice.kind !== 'test' && !mustShow) return; // the page shows it
  const { title, options } = notificationOf(notice, (await readPush('allowThere')) ?? true);
  await worker.registration.showNotification(title, options);
}

async function withdraw(worker: ServiceWorkerGlobalScope, { tag }: PushNotice): Promise<void> {
  if (mustShow) await worker.registration.showNotification(text.push.answered, { tag, silent: true });
  else for (const shown of await worker.registration.getNotifications({ tag })) shown.close();
}

async function answer(worker: ServiceWorkerGlobalScope, notice: PushNotice, decision: 'allow' | 'deny'): Promise<void> {
  if (await answerWithoutPage(notice, decision)) return;
  // Never silently: what was pressed did not happen, as far as anybody knows.
  await worker.registration.showNotification(text.push.notAnswered, { body: notice.title, tag: notice.tag, icon: '/icon-192.png', data: notice });
}

async function open(worker: ServiceWorkerGlobalScope, hash: string): Promise<void> {
  const [page] = await windows(worker);
  if (!page) return void (await worker.clients.openWindow(`/${hash}`));
  page.postMessage({ type: 'open', hash });
  await page.focus();
}

/** The number on the app's icon, over all machines. */
async function count(worker: ServiceWorkerGlobalScope, { machineKey, open }: PushNotice): Promise<void> {
  const counts = { ...(await readPush('counts')), [machineKey]: open };
  await keepPush('counts', counts);
  const all = Object.values(counts).reduce((sum, one) => sum + one, 0);
  const navigator = worker.navigator as WorkerNavigator & { setAppBadge?(count: number): Promise<void> };
  await navigator.setAppBadge?.(all).catch(() => {});
}

const windows = (worker: ServiceWorkerGlobalScope) => worker.clients.matchAll({ type: 'window', includeUncontrolled: true });
