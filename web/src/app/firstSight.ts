const KEY = 'pocketcoder-paired';

/** What index.html shows before any script runs: an invitation to pair, or for a device that is expected only the name. Gone when the app knows which it is. */
export function endFirstSight(): void {
  document.getElementById('first-sight')?.remove();
}

/** For the next visit's first sight; who the device is stands elsewhere. */
export function expectDevice(paired: boolean): void {
  try {
    if (paired) localStorage.setItem(KEY, 'yes');
    else localStorage.removeItem(KEY);
  } catch {
    // a browser that keeps nothing: the invitation is seen for a moment
  }
}
