import { local } from '../storage/local';

const PAIRED = 'paired';

/** What index.html shows before any script runs: an invitation to pair, or for a device that is expected only the name. Gone when the app knows which it is. */
export function endFirstSight(): void {
  document.getElementById('first-sight')?.remove();
}

/** Whether the last visit ended as a paired device: until IndexedDB has told who this is, the best guess. */
export function isDeviceExpected(): boolean {
  return local.read(PAIRED) === true;
}

/** For the next visit's first sight; who the device is stands elsewhere. */
export function expectDevice(paired: boolean): void {
  local.write(PAIRED, paired ? true : undefined);
}
