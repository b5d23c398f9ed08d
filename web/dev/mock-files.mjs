import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const read = (name) => readFileSync(new URL(`../public/${name}`, import.meta.url));
const README = '# Pocket weather\n\nShows the weather for **where you are**.\n\n- one\n- two\n\n```ts\nconst weather = await forecast();\n```\n\n' + Array.from({ length: 80 }, (_, line) => `line ${line + 13}: the quick brown fox jumps over the lazy dog and runs on for a while`).join('\n') + '\n';
const MAIN = `import { forecast } from './forecast';\n\n/** What the phone asks for. */\nexport async function main(place: string, days = 3): Promise<number> {\n  const answer = await forecast(place);\n  if (answer.rain > 0.5) console.log(\`umbrella for \${place}\`);\n  return answer.days.slice(0, days).length; // never more than asked\n}\n`;

/** A project in memory: what is in it can be read, written and watched. */
export class MockFiles {
  /** Given by the relay, which knows who is there. */
  onChanged = () => {};
  seq = 0;
  entries = new Map();

  constructor() {
    for (const path of ['src', 'src/widgets', 'node_modules']) this.entries.set(path, { kind: 'directory' });
    this.put('README.md', README);
    this.put('package.json', '{\n  "name": "pocket-weather",\n  "private": true\n}\n');
    this.put('logo.png', read('icon-192.png'));
    this.put('drawing.svg', read('icon.svg'));
    this.put('data.bin', Buffer.from([0, 1, 2, 255]));
    this.put('huge.log', Buffer.from('a line of a very long log, again and again\n'.repeat(60_000)));
    this.put('src/main.ts', MAIN);
    this.put('src/forecast.ts', 'export const forecast = async (place: string) => ({ rain: 0.7, days: [place] });\n');
    this.put('src/very-long-file-name-that-does-not-fit-on-a-phone-screen.generated.ts', '// made\n');
    this.put('src/evil‮fdp.exe', 'text\u202ereversed\u202c and \u200binvisible\n');
    this.entries.set('current', { kind: 'symlink' });
  }

  put(path, content) {
    this.entries.set(path, { kind: 'file', content: Buffer.from(content), modifiedAt: new Date().toISOString() });
  }

  /** What somebody at the desk does. */
  change(path, content) {
    const kind = content === undefined ? 'delete' : this.entries.has(path) ? 'modify' : 'create';
    if (content === undefined) this.remove(path);
    else this.put(path, content);
    this.tell([{ kind, path }]);
  }

  tell(changes) {
    this.onChanged({ seq: ++this.seq, changes });
  }

  remove(path) {
    for (const known of [...this.entries.keys()]) if (known === path || known.startsWith(`${path}/`)) this.entries.delete(known);
  }

  answer({ type, requestId, payload, reply, refuse, send }) {
    const { path } = payload;
    const entry = this.entries.get(path);
    switch (type) {
      case 'fs_list':
        return path === '' || entry?.kind === 'directory' ? reply({ path, seq: this.seq, truncated: false, children: this.#children(path) }) : refuse('FILE_NOT_FOUND', 'There is no such directory.');
      case 'fs_read':
        return this.#read(payload, entry, reply, refuse);
      case 'fs_write': {
        const present = entry ? etagOf(entry) : '';
        if (payload.expectedEtag !== undefined && payload.expectedEtag !== present) return refuse('CONFLICT', 'The file changed since it was read. Nothing was written.', { path, etag: present });
        this.put(path, payload.content);
        reply({ success: true, size: this.entries.get(path).content.length, etag: etagOf(this.entries.get(path)) });
        return this.tell([{ kind: entry ? 'modify' : 'create', path }]);
      }
      case 'fs_create_directory':
        this.entries.set(path, { kind: 'directory' });
        reply({ success: true });
        return this.tell([{ kind: 'create', path }]);
      case 'fs_rename':
        if (this.entries.has(payload.newPath)) return refuse('ALREADY_EXISTS', 'There is something of that name already.');
        for (const [known, value] of [...this.entries]) {
          if (known !== path && !known.startsWith(`${path}/`)) continue;
          this.entries.delete(known);
          this.entries.set(payload.newPath + known.slice(path.length), value);
        }
        reply({ success: true });
        return this.tell([{ kind: 'delete', path }, { kind: 'create', path: payload.newPath }]);
      case 'fs_delete':
        this.remove(path);
        reply({ success: true });
        return this.tell([{ kind: 'delete', path }]);
      case 'fs_search': {
        const matches = this.#search(payload);
        send({ type: 'fs_search_matches', requestId, machineKey: 'm1', sessionId: 'p1', payload: { matches } });
        return reply({ matchCount: matches.length, fileCount: matches.length, truncated: false, cancelled: false });
      }
      case 'fs_search_cancel':
        return reply({ cancelled: true });
    }
    refuse('INVALID_REQUEST', `Unknown type ${type}.`);
  }

  #children(directory) {
    const prefix = directory === '' ? '' : `${directory}/`;
    return [...this.entries]
      .filter(([path]) => path.startsWith(prefix) && path !== directory && !path.slice(prefix.length).includes('/'))
      .map(([path, { kind, content, modifiedAt }]) => ({ name: path.slice(prefix.length), path, kind, size: content?.length ?? 0, modifiedAt: modifiedAt ?? new Date().toISOString(), ignored: path === 'node_modules' || undefined }))
      .sort((a, b) => Number(b.kind === 'directory') - Number(a.kind === 'directory') || (a.name < b.name ? -1 : 1));
  }

  #read({ path, offset = 0, length = Infinity }, entry, reply, refuse) {
    if (path === 'current' || entry?.kind === 'directory') return refuse('IS_A_DIRECTORY', 'This is a directory.');
    if (!entry) return refuse('FILE_NOT_FOUND', 'File does not exist');
    const bytes = entry.content.subarray(offset, offset + length);
    const binary = bytes.includes(0);
    reply({ path, content: bytes.toString(binary ? 'base64' : 'utf8'), encoding: binary ? 'base64' : 'utf-8', binary, size: entry.content.length, modifiedAt: entry.modifiedAt, etag: etagOf(entry) });
  }

  #search({ query, kind }) {
    const found = [];
    for (const [path, { content }] of this.entries) {
      if (!content) continue;
      if (kind === 'name' && query.split(' ').every((word) => path.toLowerCase().includes(word.toLowerCase()))) found.push({ path });
      if (kind !== 'text' || content.includes(0)) continue;
      content.toString().split('\n').forEach((text, index) => {
        const column = text.toLowerCase().indexOf(query.toLowerCase());
        if (column >= 0 && found.length < 300) found.push({ path, line: index + 1, column: column + 1, text: text.slice(0, 250) });
      });
    }
    return found;
  }
}

const etagOf = (entry) => createHash('sha256').update(entry.content).digest('hex').slice(0, 16);
