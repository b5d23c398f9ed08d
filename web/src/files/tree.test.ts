import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeConnection } from '../../tests/fakeConnection';
import { ConnectionLost } from '../net/errors';
import type { FsEntry } from '../protocol.gen';
import { ancestors, isWithin, parentOf } from './paths';
import { FileTree } from './tree.svelte';

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2));

/** A disk of paths, those that end in a slash being directories. */
function begin(paths: string[]) {
  const fake = new FakeConnection();
  const disk = { paths, seq: 0 };
  fake.when('fs_list', ({ path }) => {
    const prefix = path === '' ? '' : `${path}/`;
    const children = disk.paths
      .filter((one) => one.startsWith(prefix) && one.length > prefix.length && !one.slice(prefix.length, -1).includes('/'))
      .map((one): FsEntry => ({ name: one.slice(prefix.length).replace('/', ''), path: one.replace(/\/$/, ''), kind: one.endsWith('/') ? 'directory' : 'file', size: 1, modifiedAt: '' }));
    return { path, seq: disk.seq, truncated: false, children };
  });
  const tree = new FileTree(fake.connection, { machineKey: 'm', projectId: 'p' });
  const names = (path = ''): string[] | undefined => tree.folder(path)?.children?.map((child) => child.name);
  const change = (kind: 'create' | 'modify' | 'delete', path: string, by = 1): void => {
    disk.seq += by;
    fake.tell('fs_changed', { seq: disk.seq, changes: [{ kind, path }] });
  };
  return { fake, disk, tree, names, change };
}

test('directories are listed when they are unfolded, not before', async () => {
  const { fake, tree, names } = begin(['src/', 'src/a.ts', 'b.ts']);
  tree.follow();
  await settle();
  expect(names()).toEqual(['src', 'b.ts']);
  expect(fake.count('fs_list')).toBe(1);
  tree.unfold('src');
  await settle();
  expect(names('src')).toEqual(['a.ts']);
});

test('what is created and deleted shows by itself, where it is unfolded', async () => {
  const { fake, disk, tree, names, change } = begin(['src/', 'src/a.ts', 'lib/', 'lib/x.ts']);
  tree.follow();
  tree.unfold('src');
  await settle();
  const before = fake.count('fs_list');
  disk.paths.push('src/new.ts', 'lib/y.ts');
  change('create', 'src/new.ts');
  change('create', 'lib/y.ts');
  await settle();
  expect(names('src')).toEqual(['a.ts', 'new.ts']);
  expect(fake.count('fs_list')).toBe(before + 1);

  disk.paths = ['lib/', 'lib/x.ts'];
  change('delete', 'src');
  await settle();
  expect(names()).toEqual(['lib']);
  expect(tree.folder('src')).toBeUndefined();
});

test('a change during a listing is not missed', async () => {
  const { fake, disk, tree, names, change } = begin(['a']);
  const list = fake.answers.get('fs_list')!;
  let go = (): void => {};
  fake.answers.set('fs_list', (payload, target) => {
    const answer = list(payload, target); // what the disk had when it was asked
    return new Promise((resolve) => (go = () => resolve(answer)));
  });
  tree.follow();
  await settle();
  disk.paths.push('b');
  change('create', 'b');
  go();
  await settle();
  go();
  await settle();
  expect(names()).toEqual(['a', 'b']);
});

test.each([
  ['a number that is missing', (t: ReturnType<typeof begin>) => (t.change('modify', 'zzz'), t.change('modify', 'zzz', 2))],
  ['a connection that comes back', (t: ReturnType<typeof begin>) => t.fake.register('cl2')],
  ['a machine that comes back', (t: ReturnType<typeof begin>) => t.fake.tell('daemon_status', { machineKey: 'm', connected: true, label: '', lastSeenAt: null })],
  ['more changes than were told', (t: ReturnType<typeof begin>) => t.fake.tell('fs_changed', { seq: 9, changes: [], changesTruncated: true })],
])('after %s everything that is unfolded is listed again', async (_, happens) => {
  const t = begin(['src/', 'src/a']);
  t.tree.follow();
  t.tree.unfold('src');
  await settle();
  t.disk.paths.push('src/b', 'c');
  happens(t);
  await settle();
  expect(t.names('src')).toEqual(['a', 'b']);
  expect(t.names()).toEqual(['src', 'c']);
});

test('other projects and machines change nothing here', async () => {
  const { fake, tree } = begin(['a']);
  const listen = tree.follow();
  await settle();
  listen();
  fake.tell('fs_changed', { seq: 1, changes: [{ kind: 'create', path: 'b' }] });
  fake.register('cl2');
  await settle();
  expect(fake.count('fs_list')).toBe(1);
});

test('a lost connection leaves what is shown, without a complaint', async () => {
  const { fake, tree, names } = begin(['a']);
  tree.follow();
  await settle();
  fake.when('fs_list', () => Promise.reject(new ConnectionLost()));
  fake.register('cl2');
  await settle();
  expect(names()).toEqual(['a']);
  expect(tree.folder('')!.problem).toBe('');
});

test('paths: the parent is the last ancestor, and everything is within its ancestors', () => {
  const path = fc.array(fc.string({ minLength: 1 }).filter((part) => !part.includes('/')), { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/'));
  fc.assert(
    fc.property(path, (one) => {
      expect(ancestors(one).at(-1)).toBe(parentOf(one));
      for (const above of ancestors(one)) expect(isWithin(one, above)).toBe(true);
      expect(isWithin(`${one}x`, one)).toBe(false);
    }),
  );
});
