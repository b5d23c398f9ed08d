import { beforeEach, expect, test, vi } from 'vitest';
import { FakeConnection } from '../../tests/fakeConnection';
import { deviceStore } from '../app/deviceStore';
import { ConnectionLost, RequestError } from '../net/errors';
import { OpenFile } from './openFile.svelte';

const place = { machineKey: 'm', projectId: 'p' };
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
beforeEach(() => deviceStore.forget());

/** A machine with one file; its etag is its text. */
function machine(text: string | undefined) {
  const fake = new FakeConnection();
  const disk: { text: string | undefined; reachable: boolean; answers: boolean } = { text, reachable: true, answers: true };
  fake.when('fs_read', ({ path }) => {
    if (!disk.reachable) throw new ConnectionLost();
    if (disk.text === undefined) throw new RequestError({ code: 'FILE_NOT_FOUND', message: 'No.' });
    return { path, content: disk.text, encoding: 'utf-8', binary: false, size: disk.text.length, modifiedAt: '', etag: disk.text };
  });
  fake.when('fs_write', ({ content, expectedEtag }) => {
    if (!disk.reachable) throw new ConnectionLost();
    if (expectedEtag !== (disk.text ?? '')) throw new RequestError({ code: 'CONFLICT', message: 'No.', details: { etag: disk.text } });
    disk.text = content;
    if (!disk.answers) throw new ConnectionLost();
    return { success: true, size: content.length, etag: content };
  });
  const changed = (now: string | undefined): void => {
    disk.text = now;
    fake.tell('fs_changed', { seq: 1, changes: [{ kind: 'modify', path: 'a.ts' }] });
  };
  const open = async (): Promise<OpenFile> => {
    const file = new OpenFile(fake.connection, place, 'a.ts');
    file.follow();
    await settle();
    return file;
  };
  return { fake, disk, changed, open };
}

test('it is saved over what was read', async () => {
  const { fake, disk, open } = machine('old');
  const file = await open();
  file.keep('new');
  await file.save('new');
  expect(disk.text).toBe('new');
  expect(fake.asked.at(-1)!.payload).toMatchObject({ expectedEtag: 'old' });
  expect(file).toMatchObject({ unsaved: undefined, saving: 'done', content: { text: 'new', etag: 'new' } });
});

test('what was typed is there again after a reload, and gone when it was saved', async () => {
  const { open } = machine('old');
  (await open()).keep('typed');
  const later = await open();
  expect(later.unsaved).toMatchObject({ text: 'typed', etag: 'old' });
  await later.save('typed');
  await settle();
  expect((await open()).unsaved).toBeUndefined();
});

test('that the device keeps it is said when it does', async () => {
  const { open } = machine('old');
  const file = await open();
  const set = vi.spyOn(deviceStore, 'set').mockResolvedValueOnce(true).mockResolvedValueOnce(false);
  const keeping = file.keep('typed');
  expect(file).toMatchObject({ unsaved: { text: 'typed' }, kept: false });
  await keeping;
  expect(file.kept).toBe(true);
  await file.keep('typed on a full disk');
  expect(file.kept).toBe(false);
  set.mockRestore();
});

test('also where the machine cannot be reached', async () => {
  const { disk, open } = machine('old');
  (await open()).keep('typed');
  disk.reachable = false;
  expect(await open()).toMatchObject({ content: undefined, problem: '', unsaved: { text: 'typed' } });
});

test('a save without a connection waits, and is done when it is back', async () => {
  const { fake, disk, open } = machine('old');
  const file = await open();
  disk.reachable = false;
  await file.save('new');
  expect(file.saving).toBe('waiting');
  disk.reachable = true;
  fake.register('cl2');
  await settle();
  expect(disk.text).toBe('new');
  expect(file).toMatchObject({ saving: 'done', unsaved: undefined });
});

test('a save whose answer got lost is no conflict with itself', async () => {
  const { fake, disk, open } = machine('old');
  const file = await open();
  disk.answers = false;
  await file.save('new');
  disk.answers = true;
  fake.register('cl2');
  await settle();
  expect(file).toMatchObject({ saving: 'done', unsaved: undefined, theirs: undefined });
});

test('nor when more was typed since', async () => {
  const { fake, disk, open } = machine('old');
  const file = await open();
  disk.answers = false;
  await file.save('first');
  disk.answers = true;
  await file.keep('first and second');
  fake.register('cl2');
  await settle();
  expect(file.theirs).toBeUndefined();
  await file.save('first and second');
  expect(disk.text).toBe('first and second');
  expect(file.unsaved).toBeUndefined();
});

test('what somebody else wrote shows at once while nothing was typed', async () => {
  const { changed, open } = machine('old');
  const file = await open();
  changed('theirs');
  await settle();
  expect(file.content!.text).toBe('theirs');
});

test('and is a conflict when something was: neither is lost', async () => {
  const { disk, changed, open } = machine('old');
  const file = await open();
  file.keep('mine');
  changed('theirs');
  await settle();
  expect(file).toMatchObject({ theirs: { text: 'theirs' }, unsaved: { text: 'mine', etag: 'old' } });
  await file.save('mine');
  expect(disk.text).toBe('theirs');
  await file.save('merged', file.theirs!.etag);
  expect(disk.text).toBe('merged');
  expect(file).toMatchObject({ theirs: undefined, unsaved: undefined });
});

test('one they wrote since the comparison is compared anew', async () => {
  const { disk, changed, open } = machine('old');
  const file = await open();
  file.keep('mine');
  changed('theirs');
  await settle();
  disk.text = 'theirs again';
  await file.save('mine', 'theirs');
  expect(disk.text).toBe('theirs again');
  expect(file).toMatchObject({ theirs: { text: 'theirs again' }, unsaved: { text: 'mine' } });
});

test('theirs can be taken, and a deleted file written again', async () => {
  const { disk, changed, open } = machine('old');
  const file = await open();
  file.keep('mine');
  changed('theirs');
  await settle();
  file.takeTheirs();
  await settle();
  expect(file).toMatchObject({ unsaved: undefined, content: { text: 'theirs' } });

  file.keep('mine');
  changed(undefined);
  await settle();
  expect(file.theirs).toEqual({ etag: '' });
  await file.save('mine', '');
  expect(disk.text).toBe('mine');
});

test('what is typed while it is being saved is not saved, and not lost', async () => {
  const { disk, open } = machine('old');
  const file = await open();
  const saved = file.save('first');
  file.keep('first and second');
  await saved;
  expect(disk.text).toBe('first');
  expect(file.unsaved).toMatchObject({ text: 'first and second', etag: 'first' });
});

test('typed back to what it was, nothing is unsaved', async () => {
  const { open } = machine('old');
  const file = await open();
  file.keep('olds');
  file.keep('old');
  expect(file.unsaved).toBeUndefined();
});
