import { XSS_PAYLOADS } from '../../../web/tests/xssPayloads';

/** Places in Markdown that a payload may stand in. */
const PLACES: ((payload: string) => string)[] = [
  (payload) => payload,
  (payload) => `> ${payload.replaceAll('\n', '\n> ')}`,
  (payload) => `- ${payload.replaceAll('\n', '\n  ')}`,
  (payload) => `| a |\n| --- |\n| ${payload.replaceAll('\n', ' ').replaceAll('|', '\\|')} |`,
  (payload) => `**${payload}**`,
  (payload) => payload.replace(/<(\/?)(\w+)/g, (_, slash: string, name: string) => `<${slash}${name.toUpperCase()}`).replace(/\bon(\w+)=/g, 'ON$1 ='),
  (payload) => payload.replaceAll('alert(1)', 'alert&lpar;1&rpar;').replaceAll('javascript:', 'java&NewLine;script&colon;'),
];

/** What cannot end in a screen as tall as a house. */
const short = XSS_PAYLOADS.filter((payload) => payload.length < 1_000);

/** Some 560 payloads: each of web/tests/xssPayloads.ts in each place. */
export const hostile: string[] = PLACES.flatMap((place) => short.map(place));

/** Those that are a file's name as they stand. */
export const hostileNames: string[] = short.filter((payload) => !/[/\n\0]/.test(payload) && Buffer.byteLength(payload) < 200);

/** Those that git takes for the name of a branch. */
export const hostileBranches: string[] = short
  .map((payload) => payload.replaceAll(' ', '/'))
  .filter((payload) => !/[\s~^:?*[\\\x7f\x00-\x1f]|\.\.|@\{|\/\/|^\/|^-|\/$|\.$|\.lock/.test(payload) && !payload.split('/').some((part) => part === '' || part.startsWith('.') || part.endsWith('.lock')));

/** `git fast-import`'s words for a commit a message. */
export const commitsSaying = (messages: readonly string[], branch: string, from: string): string =>
  messages
    .map((message, index) => {
      const data = `data ${Buffer.byteLength(message)}\n${message}\n`;
      return `commit refs/heads/${branch}\ncommitter Eve " onload=alert(1) <eve@example.org> ${1_700_000_000 + index} +0000\n${data}${index === 0 ? `from ${from}\n` : ''}\n`;
    })
    .join('');
