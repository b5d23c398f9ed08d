// @vitest-environment node
import { expect, test } from 'vitest';
import type { PushNotice } from '../protocol.gen';
import file from '../../../tests/Protocol.Tests/Golden/push_notice.json';
import { addressOf, notificationOf } from './notification';

const golden = file.payload as PushNotice;
const actions = (notice: Partial<PushNotice>, allowThere = true) => notificationOf({ ...golden, ...notice }, allowThere).options.actions?.map(({ action }) => action);
const of = (input: unknown, toolName = 'Bash') => actions({ toolName, input });

test('a harmless permission that can be read there in full can be allowed there', () => {
  const { title, options } = notificationOf(golden, true);
  expect(title).toBe('shop: Claude wants to run a command');
  expect(options).toMatchObject({ body: 'npm test', tag: 'pr_1', data: golden });
  expect(options.actions?.map(({ title: label }) => label)).toEqual(['Allow', 'Deny']);
});

test('who does not want that can still deny', () => expect(actions({}, false)).toEqual(['deny']));

test.each([
  ['dangerous', { command: 'rm -rf dist' }],
  ['outside the project', { command: 'cat /etc/passwd' }],
  ['too long to be read', { command: `echo ${'x'.repeat(300)}` }],
  ['of too many lines', { command: 'a\nb\nc\nd\ne' }],
  ['not only text', { command: 'ls', options: { deep: true } }],
  ['full of the invisible', { command: 'ls \u202e' }],
])('what is %s can only be denied there', (_, input) => expect(of(input)).toEqual(['deny']));

test('nothing of what is allowed there is left out', () => {
  const { options } = notificationOf({ ...golden, toolName: 'Grep', input: { pattern: 'x', path: 'src', glob: '*.ts' } }, true);
  expect(options.body).toBe('pattern: x\npath: src\nglob: *.ts');
  expect(options.actions).toHaveLength(2);
  expect(of({ file_path: '/home/ada/shop/a', content: 'x'.repeat(400) }, 'Write')).toEqual(['deny']);
});

test('a machine that could not tell the whole offers no button', () => {
  expect(actions({ toolName: undefined, input: undefined })).toBeUndefined();
  expect(actions({ kind: 'finished', toolName: undefined, input: undefined, promptId: undefined })).toBeUndefined();
});

test('controls are shown for what they are', () => {
  expect(notificationOf({ ...golden, title: 'a\u202eb\n', input: undefined, toolName: undefined, body: 'c\u0007' }, true)).toMatchObject({ title: 'a⟨U+202E⟩b␊', options: { body: 'c␇' } });
});

test('it leads to its session, or to all that waits', () => {
  expect(addressOf(golden)).toBe(`#/m/${golden.machineKey}/p/${golden.projectId}/s/${golden.agentSessionId}`);
  expect(addressOf({ ...golden, projectId: undefined })).toBe('#/inbox');
});
