// Files and git: what is read must be what was written, whoever was cut off meanwhile.
import { Lost } from './link.mjs';

const FILES = 30;

export function fileWork({ phone, world, random }) {
  const directory = phone.name;
  // By name: what the file may hold (null: it is not there), and the etag when that is sure.
  const files = new Map();
  const path = (name) => `${directory}/${name}`;
  const anyName = () => `file-${random.int(1, FILES)}.txt`;

  /** Does something to a file; when the answer is lost, both may be. */
  async function change(name, after, etag, ask) {
    const before = files.get(name)?.may ?? [null];
    world.changes(path(name));
    files.set(name, { may: [...before, after] });
    try {
      const answer = await ask();
      world.changed(path(name));
      files.set(name, { may: [after], etag: etag(answer) });
    } catch (error) {
      world.unsure(path(name));
      if (!(error instanceof Lost)) files.set(name, { may: before });
      throw error;
    }
  }

  return {
    write() {
      const name = anyName();
      const content = `${random.uuid()}\n`.repeat(random.one([1, 10, 100, 1_000]));
      const { etag } = files.get(name) ?? {};
      return change(name, content, (answer) => answer.etag, () => phone.ask('fs_write', { path: path(name), content, expectedEtag: etag, createDirectories: true }));
    },

    async remove() {
      const known = [...files].filter(([, { may }]) => may.length === 1 && may[0] !== null);
      if (known.length === 0) return;
      const [name] = random.one(known);
      await change(name, null, () => '', () => phone.ask('fs_delete', { path: path(name) }));
    },

    async read() {
      const known = [...files].filter(([, { may }]) => !may.includes(null));
      if (known.length === 0) return;
      const [name, { may }] = random.one(known);
      const { content } = await phone.ask('fs_read', { path: path(name) });
      if (!may.includes(content)) world.fault('wrong', `${path(name)} holds what was not written last`);
    },

    async list() {
      if (![...files.values()].some(({ may }) => !may.includes(null))) return;
      const there = new Set((await phone.ask('fs_list', { path: directory })).children.map((child) => child.name));
      for (const name of there) if (!files.has(name)) world.fault('wrong', `${path(name)} is in its directory's list and nobody made it`);
      for (const [name, { may }] of files) {
        if (!may.includes(null) && !there.has(name)) world.fault('lost', `${path(name)} is not in its directory's list`);
        if (may.every((content) => content === null) && there.has(name)) world.fault('wrong', `${path(name)} was removed and is in its directory's list`);
      }
    },

    async search() {
      const known = [...files].filter(([, { may }]) => may.length === 1 && may[0] !== null);
      if (known.length === 0) return;
      const [, { may }] = random.one(known);
      const { fileCount } = await phone.ask('fs_search', { query: may[0].slice(0, 36), kind: 'text' });
      if (fileCount !== 1) world.fault('wrong', `a text that is in one file was found in ${fileCount}`);
    },

    status: () => phone.ask('git_status', {}),
    diff: () => phone.ask('git_diff', { scope: 'unstaged', paths: [directory] }),

    async stage() {
      if (files.size > 0) await phone.ask('git_stage', { paths: [''] });
    },

    async commit() {
      const { sha } = await phone.ask('git_commit', { message: `Work of ${phone.name}` });
      world.commits.add(sha);
    },
  };
}
