/// <reference lib="webworker" />
import { followNotifications } from './push/worker';
import { takeShared } from './share/taking';
declare const self: ServiceWorkerGlobalScope;

/** Filled in after the build with the version and every file of the app (see build/finishDist.ts). */
const { version, files } = JSON.parse('__PRECACHE__') as { version: string; files: string[] };
const CACHE = `pocketcoder-${version}`;
const precached = new Set(files);

self.addEventListener('install', (event) => {
  // "no-cache": ask the relay whether its file is still the one the browser has. What has its hash in its name is.
  const requests = files.map((file) => new Request(file, { cache: file.startsWith('/assets/') ? 'default' : 'no-cache' }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(requests)));
});

self.addEventListener('activate', (event) => {
  const clean = async (): Promise<void> => {
    for (const name of await caches.keys()) if (name.startsWith('pocketcoder-') && name !== CACHE) await caches.delete(name);
    await self.clients.claim();
  };
  event.waitUntil(clean());
});

self.addEventListener('message', (event) => {
  if (event.data === 'activate') void self.skipWaiting();
});

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (url.origin !== self.location.origin) return;
  if (event.request.method === 'POST' && url.pathname === '/share') event.respondWith(takeShared(event.request));
  if (event.request.method !== 'GET' || !precached.has(url.pathname)) return;
  event.respondWith(caches.match(url.pathname, { cacheName: CACHE }).then((cached) => cached ?? fetch(event.request)));
});

followNotifications(self);
