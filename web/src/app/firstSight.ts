import { local } from '../storage/local';

const PAIRED = 'paired';

/**
 * What index.html shows before the app runs: the form to pair with, or for a device that is expected only the name. Gone when the app knows which it is,
 * and after the app's own form stands, so that a phone's keyboard goes from one to the other without closing.
 */
const sight = (): HTMLElement | null => document.getElementById('first-sight');

export function endFirstSight(): void {
  sight()?.remove();
}

/** What has been done there meanwhile, for the pairing page to go on with. */
export function takeOver(): { typed: string; pressed: boolean; focused: boolean } {
  const field = sight()?.querySelector('input');
  return {
    typed: field?.value ?? '',
    pressed: sight()?.querySelector<HTMLButtonElement>('[type=submit]')?.disabled ?? false,
    focused: field !== undefined && field === document.activeElement,
  };
}

/** Whether the last visit ended as a paired device: until IndexedDB has told who this is, the best guess. */
export function isDeviceExpected(): boolean {
  return local.read(PAIRED) === true;
}

/** For the next visit's first sight; who the device is stands elsewhere. */
export function expectDevice(paired: boolean): void {
  local.write(PAIRED, paired ? true : undefined);
}
