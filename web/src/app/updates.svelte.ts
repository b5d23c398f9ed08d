import { appWorker } from './appWorker';

/** Offers a new version when there is one; nothing changes under the user's hands. */
export class Updates {
  ready = $state(false);
  #waiting: ServiceWorker | null = null;

  async start(): Promise<void> {
    if (!('serviceWorker' in navigator) || import.meta.env.DEV) return; // missing where the page is not served over HTTPS
    try {
      const registration = await appWorker();
      this.#offer(registration.waiting);
      registration.addEventListener('updatefound', () => {
        const worker = registration.installing;
        worker?.addEventListener('statechange', () => worker.state === 'installed' && this.#offer(registration.waiting));
      });
      document.addEventListener('visibilitychange', () => {
        if (!document.hidden) registration.update().catch(() => {}); // offline: asked again next time
      });
    } catch {
      // without its worker the app only does not work offline
    }
  }

  accept(): void {
    navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
    this.#waiting?.postMessage('activate');
  }

  #offer(worker: ServiceWorker | null): void {
    if (!worker || !navigator.serviceWorker.controller) return; // the first version is not an update
    this.#waiting = worker;
    this.ready = true;
  }
}
