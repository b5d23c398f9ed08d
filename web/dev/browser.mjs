import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const SHELL = '/usr/bin/chromium-headless-shell';

/** The system's Chromium, quiet, and where there is one the form of it that has no windows: these take as much of two cores as the page. As root it cannot use its sandbox. */
export function launchBrowser() {
  const args = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
  if (process.getuid?.() === 0) args.push('--no-sandbox');
  return chromium.launch({ executablePath: process.env.CHROMIUM_SHELL || process.env.CHROMIUM || (existsSync(SHELL) ? SHELL : '/usr/bin/chromium'), args });
}
