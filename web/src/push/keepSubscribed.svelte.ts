import { get } from 'svelte/store';
import type { App } from '../app/app';
import { href, parseRoute } from '../app/router.svelte';
import type { PushNotice } from '../protocol.gen';
import { Push } from './push.svelte';
import { keepPush } from './pushStore';

let push: Push | undefined;

/** The one of this page; loaded with the settings, or once the device is known to the relay. */
export function pushOf(app: Pick<App, 'connection' | 'machines'>): Push {
  return (push ??= new Push(app.connection, app.machines));
}

/** Keeps the machines' subscriptions fresh and the notifications true, for as long as the page lives. */
export function followPush(app: App): void {
  if (!('serviceWorker' in navigator)) return;
  const refresh = (): void => void pushOf(app).refresh();
  app.connection.registered.add(refresh);
  app.connection.on('daemon_status', ({ connected }) => connected && refresh());
  app.connection.state.subscribe(({ name }) => name === 'unpaired' && void forgetPush());
  refresh();

  // Only ever leads to a screen: nothing is sent because of it.
  navigator.serviceWorker.addEventListener('message', ({ data }: MessageEvent<{ type?: string; hash?: string }>) => {
    if (data?.type === 'open' && typeof data.hash === 'string') location.hash = href(parseRoute(data.hash));
  });
  $effect.root(() => {
    $effect(() => {
      const { counts, all } = app.attention;
      void keepPush('counts', counts);
      if (get(app.connection.state).name === 'online') void tidy(new Set(all.map((one) => one.prompt?.promptId)), counts);
    });
  });
}

/** Takes down what is answered by now, and, while somebody looks, what only says that something is done. */
async function tidy(open: Set<string | undefined>, counts: Record<string, number>): Promise<void> {
  const registration = await navigator.serviceWorker.getRegistration();
  for (const shown of (await registration?.getNotifications()) ?? []) {
    const notice = shown.data as PushNotice | null;
    const asks = notice?.kind === 'needs_you' && notice.promptId !== undefined;
    if (asks ? notice.machineKey in counts && !open.has(notice.promptId) : !document.hidden) shown.close();
  }
}

/** A device that is not paired any more is told nothing, by whomever. */
async function forgetPush(): Promise<void> {
  await keepPush('wishes', undefined);
  await keepPush('counts', undefined);
  const registration = await navigator.serviceWorker.getRegistration();
  await (await registration?.pushManager?.getSubscription())?.unsubscribe();
  for (const shown of (await registration?.getNotifications()) ?? []) shown.close();
}
