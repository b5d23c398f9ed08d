import { workerUrl } from '../trustedTypes';
import { once } from '../ui/lazy';

/** The app's worker, installed when it is first asked for. */
export const appWorker = once(() => navigator.serviceWorker.register(workerUrl('/service-worker.js')));
