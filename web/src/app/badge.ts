/** The number on the app's icon, where the system shows one. */
export function showBadge(count: number): void {
  const app = navigator as Navigator & { setAppBadge?(count: number): Promise<void>; clearAppBadge?(): Promise<void> };
  const shown = count > 0 ? app.setAppBadge?.(count) : app.clearAppBadge?.();
  shown?.catch(() => {}); // not installed, or not allowed: the number is in the page too
}
