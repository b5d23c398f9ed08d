const SYSTEMS: [RegExp, string][] = [
  [/iPhone/, 'iPhone'],
  [/iPad/, 'iPad'],
  [/Android/, 'Android'],
  [/CrOS/, 'ChromeOS'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'Mac'],
  [/Linux/, 'Linux'],
];
const BROWSERS: [RegExp, string][] = [
  [/Edg\//, 'Edge'],
  [/Firefox|FxiOS/, 'Firefox'],
  [/SamsungBrowser/, 'Samsung Internet'],
  [/Chrome|CriOS/, 'Chrome'],
  [/Safari/, 'Safari'],
];

/** How this device is called in the list of paired devices. */
export function deviceName(userAgent: string): string {
  const first = (names: [RegExp, string][], otherwise: string): string =>
    names.find(([pattern]) => pattern.test(userAgent))?.[1] ?? otherwise;
  return `${first(BROWSERS, 'Browser')} on ${first(SYSTEMS, 'a device')}`;
}
