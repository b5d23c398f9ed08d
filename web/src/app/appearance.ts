import { local } from '../storage/local';

export interface Appearance {
  theme: 'system' | 'light' | 'dark';
  /** Per cent of the system's text size. */
  size: number;
  motion: 'system' | 'reduce';
}

export const THEMES = ['system', 'light', 'dark'] as const;
export const SIZES = [90, 100, 115, 130, 150, 200];
const KEPT = 'appearance';
const GROUNDS = { light: '#f5f4f0', dark: '#131513' };

export function loadAppearance(): Appearance {
  const kept = read();
  return {
    theme: THEMES.find((theme) => theme === kept.theme) ?? 'system',
    size: SIZES.find((size) => size === kept.size) ?? 100,
    motion: kept.motion === 'reduce' ? 'reduce' : 'system',
  };
}

export function saveAppearance(appearance: Appearance): void {
  applyAppearance(appearance);
  local.write(KEPT, appearance);
}

export function applyAppearance({ theme, size, motion }: Appearance): void {
  const root = document.documentElement;
  if (theme === 'system') delete root.dataset.theme;
  else root.dataset.theme = theme;
  if (motion === 'reduce') root.dataset.motion = motion;
  else delete root.dataset.motion;
  root.style.fontSize = size === 100 ? '' : `${size}%`;
  // The system's bars around the app.
  for (const meta of document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')) {
    meta.content = GROUNDS[theme === 'system' ? (meta.media.includes('dark') ? 'dark' : 'light') : theme];
  }
}

function read(): Partial<Record<keyof Appearance, unknown>> {
  const kept = local.read(KEPT);
  return typeof kept === 'object' ? kept! : {};
}
