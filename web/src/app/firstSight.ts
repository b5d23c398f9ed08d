import { local } from '../storage/local';

const PAIRED = 'paired';

/**
 * What index.html shows before the app runs: the form to pair with, or for a device that is expected only the name. It goes after the app's own page stands,
 * so that a phone's keyboard goes from one form to the other without closing.
 */
const sight = (): HTMLElement | null => document.getElementById('first-sight');

export function endFirstSight(): void {
  sight()?.remove();
}

export interface Begun {
  /** In the field. */
  typed: string;
  /** "Pair", on this page as it was loaded, with the code that the app now has. */
  pressed: boolean;
  focused: 'field' | 'button' | undefined;
}

/** What has been done there meanwhile, for the pairing page to go on with; `code` is what the app took from the address. */
export function takeOver(code: string | undefined): Begun {
  const form = sight()?.querySelector('form');
  const pressed = form?.dataset.pressed;
  const at = form?.contains(document.activeElement) ? document.activeElement : undefined;
  return {
    typed: form?.querySelector('input')?.value ?? '',
    pressed: pressed !== undefined && (code === undefined || pressed === `#pair=${code}`),
    focused: !at ? undefined : at.matches('input') ? 'field' : 'button',
  };
}

/** Whose device this was at the end of the last visit: until IndexedDB has told who this is, the best guess. */
export function expectedUser(): string | undefined {
  const user = local.read(PAIRED);
  return typeof user === 'string' ? user : undefined;
}

/** For the next visit's first sight; who the device is stands elsewhere. */
export function expectUser(user: string | undefined): void {
  local.write(PAIRED, user);
}

/** Tells when another tab of this browser was paired and is no longer. */
export function whenForgotten(work: () => void): void {
  local.onRemoved(PAIRED, work);
}
