import { configure, fireEvent, render, screen, within } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeConnection } from '../../tests/fakeConnection';
import { XSS_PAYLOADS } from '../../tests/xssPayloads';
import type { App } from '../app/app';
import { deviceStore } from '../app/deviceStore';
import type { GitView } from '../app/router.svelte';
import { Attention } from '../machines/attention.svelte';
import { Machines } from '../machines/machines.svelte';
import { ConnectionLost, NotConnected, RequestError } from '../net/errors';
import type { GitChange, GitFileDiff, GitStatusResponse } from '../protocol.gen';
import { text } from '../ui/text';
import GitPage from './GitPage.svelte';

// A busy machine is slow, not wrong.
configure({ asyncUtilTimeout: 10_000 });
const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000 });
beforeEach(() => deviceStore.forget());
afterEach(() => void vi.unstubAllGlobals());

const status = (more: Partial<GitStatusResponse> = {}): GitStatusResponse => ({
  branch: 'main', detached: false, head: 'a'.repeat(40), upstream: 'origin/main', ahead: 0, behind: 0, staged: [], unstaged: [], conflicted: [], ...more,
});
const change = (path: string, letter = 'M'): GitChange => ({ path, status: letter });
const fileDiff = (path: string, more: Partial<GitFileDiff> = {}): GitFileDiff => ({
  path, status: 'M', binary: false, additions: 1, deletions: 1,
  hunks: [{ header: '@@ -1,2 +1,2 @@ fn()', oldStart: 1, oldLines: 2, newStart: 1, newLines: 2, lines: ['-old words', '+new words', ' same'], id: 'h1' }], ...more,
});
const gitError = (message: string, details = {}) => new RequestError({ code: 'GIT_ERROR', message, details });

async function page(first: GitStatusResponse | (() => GitStatusResponse), view: GitView = 'changes', id?: string, prepare: (fake: FakeConnection) => void = () => {}) {
  const fake = new FakeConnection();
  const tell = typeof first === 'function' ? first : () => first;
  fake.when('git_status', tell);
  const drafts: { draft: string } = { draft: '' };
  const app = {
    connection: fake.connection, machines: new Machines(fake.connection), attention: new Attention(fake.connection), conversation: () => drafts,
  } as unknown as App;
  const place = { machineKey: 'm', projectId: 'p' };
  fake.when('git_log', () => ({ from: null, commits: [], hasMore: false }));
  prepare(fake);
  const shown = render(GitPage, { app, place, view, id });
  await until(() => expect(fake.count('git_status')).toBeGreaterThan(0));
  await tick();
  return { fake, shown, drafts };
}
const group = (name: string) => within(screen.getByRole('region', { name: new RegExp(`^${name}`) }));
const asked = (fake: FakeConnection, type: string) => fake.asked.filter((one) => one.type === type).map(({ payload }) => payload);

describe('changes', () => {
  test('are in groups, each once, with what can be done', async () => {
    await page(status({ conflicted: [change('c.ts', 'UU')], staged: [change('s.ts', 'A')], unstaged: [change('src/m.ts'), change('new.txt', '?')] }));
    group('Conflicts').getByRole('button', { name: /c\.ts.*in conflict/ });
    group('Staged').getByRole('button', { name: 'Unstage s.ts' });
    group('Changed').getByRole('button', { name: 'Stage m.ts' });
    group('Untracked').getByRole('button', { name: /new\.txt.*untracked/ });
    screen.getByRole('link', { name: /^Git.*, 4 changes$/ });
  });

  test('are as they are now, whatever told of it', async () => {
    let now = status();
    const { fake } = await page(() => now);
    screen.getByText(text.git.clean);
    now = status({ unstaged: [change('a.ts')] });
    fake.tell('fs_changed', { seq: 1, changes: [{ kind: 'modify', path: 'a.ts' }] });
    await screen.findByRole('button', { name: 'Stage a.ts' });
    now = status({ staged: [change('a.ts')] });
    fake.register('again');
    await screen.findByRole('button', { name: 'Unstage a.ts' });
  });

  test('a burst of changes asks git once', async () => {
    const { fake } = await page(status());
    const before = fake.count('git_status');
    for (let seq = 1; seq <= 20; seq++) fake.tell('fs_changed', { seq, changes: [] });
    await until(() => expect(fake.count('git_status')).toBe(before + 1));
  });

  test('one is unfolded, and a part of it staged', async () => {
    const { fake } = await page(status({ unstaged: [change('a.ts')] }));
    fake.when('git_diff', () => ({ files: [fileDiff('a.ts')], fileCount: 1, truncated: false }));
    fake.when('git_stage', () => ({ success: true }));
    await fireEvent.click(screen.getByRole('button', { name: /^a\.ts/ }));
    await fireEvent.click(await screen.findByRole('button', { name: text.git.stageLines }));
    expect(asked(fake, 'git_stage')).toEqual([{ paths: ['a.ts'], hunks: ['h1'] }]);
  });

  test('a hunk that is another now says to look again, and is shown anew', async () => {
    const { fake } = await page(status({ unstaged: [change('a.ts')] }));
    fake.when('git_diff', () => ({ files: [fileDiff('a.ts')], fileCount: 1, truncated: false }));
    fake.when('git_stage', () => { throw new RequestError({ code: 'CONFLICT', message: 'The file has changed since its hunks were shown. Look at it again.' }); });
    await fireEvent.click(screen.getByRole('button', { name: /^a\.ts/ }));
    const before = (await screen.findByRole('button', { name: text.git.stageLines }), fake.count('git_diff'));
    await fireEvent.click(screen.getByRole('button', { name: text.git.stageLines }));
    expect((await screen.findByRole('alert')).textContent).toContain('Look at it again.');
    await until(() => expect(fake.count('git_diff')).toBeGreaterThan(before));
  });

  test('what is discarded comes back with one tap', async () => {
    let now = status({ unstaged: [change('a.ts')] });
    const { fake } = await page(() => now);
    fake.when('git_diff', () => ({ files: [fileDiff('a.ts')], fileCount: 1, truncated: false }));
    fake.when('git_discard', () => { now = status(); return { ref: 'refs/x', discarded: [change('a.ts')] }; });
    fake.when('git_discard_undo', () => { now = status({ unstaged: [change('a.ts')] }); return { success: true }; });
    await fireEvent.click(screen.getByRole('button', { name: text.git.discardAll }));
    await screen.findByText(text.git.discarded(1));
    await screen.findByText(text.git.clean);
    await fireEvent.click(screen.getByRole('button', { name: text.git.undo }));
    await screen.findByRole('button', { name: 'Stage a.ts' });
    expect(asked(fake, 'git_discard_undo')).toEqual([{ ref: 'refs/x' }]);
    expect(screen.queryByText(text.git.discarded(1))).toBeNull();
  });

  test('a part of one is discarded, and comes back too', async () => {
    const { fake } = await page(status({ unstaged: [change('a.ts')] }));
    fake.when('git_diff', () => ({ files: [fileDiff('a.ts')], fileCount: 1, truncated: false }));
    fake.when('git_discard', () => ({ ref: 'refs/x', discarded: [change('a.ts')] }));
    fake.when('git_discard_undo', () => ({ success: true }));
    await fireEvent.click(screen.getByRole('button', { name: /^a\.ts/ }));
    await fireEvent.click(await screen.findByRole('button', { name: text.git.discardLines }));
    await screen.findByText(text.git.discardedLines);
    expect(asked(fake, 'git_discard')).toEqual([{ paths: ['a.ts'], hunks: ['h1'] }]);
    await fireEvent.click(screen.getByRole('button', { name: text.git.undo }));
    await until(() => expect(asked(fake, 'git_discard_undo')).toEqual([{ ref: 'refs/x' }]));
  });

  test('ten thousand of them are in the page only as far as they are near', async () => {
    vi.stubGlobal('IntersectionObserver', class {
      observe(): void {}
      disconnect(): void {}
    });
    await page(status({ unstaged: Array.from({ length: 10_000 }, (_, i) => change(`d/${i}.ts`)) }));
    screen.getByText('10000');
    expect(document.querySelectorAll('*').length).toBeLessThan(800);
  });

  test('a project without git says what to do', async () => {
    await page(() => { throw new RequestError({ code: 'GIT_NOT_INITIALIZED', message: 'x' }); });
    await screen.findByText(text.git.noneHint);
  });

  test('nothing in names, lines or refs runs or is fetched', async () => {
    const unstaged = XSS_PAYLOADS.map((payload, index) => change(`${payload}${index}`));
    const { fake } = await page(status({ branch: XSS_PAYLOADS[0], unstaged }));
    fake.when('git_diff', ({ paths }) => ({
      files: [fileDiff(paths![0], { hunks: [{ ...fileDiff('').hunks[0], header: `@@ -1 +1 @@ ${XSS_PAYLOADS[1]}`, lines: XSS_PAYLOADS.flatMap((payload) => [`-${payload}`, `+${payload}x`]) }] })], fileCount: 1, truncated: false,
    }));
    await fireEvent.click(screen.getAllByRole('button', { expanded: false })[0]);
    await screen.findByRole('button', { name: text.git.stageLines });
    expect(document.querySelectorAll('script, img, iframe, object, embed, svg script, form, input')).toHaveLength(0);
    expect([...document.querySelectorAll('main *')].flatMap((element) => element.getAttributeNames()).filter((name) => name.startsWith('on'))).toEqual([]);
  });
});

describe('a commit', () => {
  const staged = status({ staged: [change('a.ts')] });
  async function write(message: string) {
    await fireEvent.click(screen.getByRole('button', { name: `${text.git.commit(1)}…` }));
    await fireEvent.input(await screen.findByRole('textbox', { name: text.git.message }), { target: { value: message } });
  }

  test('is made of what is staged; its message is kept until then, and no longer', async () => {
    const { fake, shown } = await page(staged);
    fake.when('git_commit', () => ({ sha: 'b', subject: 'Say hello' }));
    await write('Say hello');
    shown.unmount();
    const again = await page(staged);
    again.fake.when('git_commit', () => ({ sha: 'b', subject: 'Say hello' }));
    await fireEvent.click(screen.getByRole('button', { name: `${text.git.commit(1)}…` }));
    await until(() => expect(screen.getByRole<HTMLTextAreaElement>('textbox', { name: text.git.message }).value).toBe('Say hello'));
    await fireEvent.click(screen.getByRole('button', { name: text.git.commit(1) }));
    await screen.findByText(text.git.committed('Say hello'));
    expect(asked(again.fake, 'git_commit')).toEqual([{ message: 'Say hello' }]);
    expect(await deviceStore.keys(['commit'])).toEqual([]);
  });

  test('that a hook refuses keeps its message and shows what the hook said', async () => {
    const { fake } = await page(staged);
    fake.when('git_commit', () => { throw gitError('git failed.', { exitCode: 1, stderr: 'lint: 3 problems' }); });
    await write('Say hello');
    await fireEvent.click(screen.getByRole('button', { name: text.git.commit(1) }));
    const alert = await screen.findByRole('alert');
    expect(alert.textContent).toContain(text.git.errors.hook);
    within(alert).getByText('lint: 3 problems');
    expect(screen.getByRole<HTMLTextAreaElement>('textbox', { name: text.git.message }).value).toBe('Say hello');
  });

  test('whose answer was lost is known by what HEAD is afterwards', async () => {
    let now = staged;
    const { fake } = await page(() => now);
    fake.when('git_commit', () => { throw new ConnectionLost(); });
    fake.when('git_log', () => ({ from: 'b', commits: [{ sha: 'b', parents: [], subject: 'Say hello', authorName: 'A', authorEmail: 'a', authoredAt: '' }], hasMore: false }));
    await write('Say hello');
    await fireEvent.click(screen.getByRole('button', { name: text.git.commit(1) }));
    expect((await screen.findByRole('alert')).textContent).toContain(text.git.errors.lost);
    now = status({ head: 'b'.repeat(40) });
    fake.register('again');
    await screen.findByText(text.git.committed('Say hello'));
    expect(screen.queryByRole('alert')).toBeNull();
    expect(await deviceStore.keys(['commit'])).toEqual([]);
  });

  describe('of a machine that takes keys', () => {
    const keyed = { ...staged, keyMemory: 'one' };
    const send = async (fake: FakeConnection, ...answers: (Error | { sha: string; subject: string })[]) => {
      fake.when('git_commit', () => {
        const answer = answers.shift()!;
        if (answer instanceof Error) throw answer;
        return answer;
      });
      await write('Say hello');
      await fireEvent.click(screen.getByRole('button', { name: text.git.commit(1) }));
    };
    const made = { sha: 'b', subject: 'Say hello' };

    test('whose answer was lost is asked for again under the same key, and no error is shown', async () => {
      const { fake } = await page(keyed);
      await send(fake, new ConnectionLost(), new NotConnected(), made);
      await screen.findByText(text.git.committed('Say hello'));
      expect(screen.queryByRole('alert')).toBeNull();
      const [{ key }, ...again] = asked(fake, 'git_commit');
      expect(key).toMatch(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      expect(again).toEqual([{ message: 'Say hello', key }, { message: 'Say hello', key }]);
    });

    test('that the machine may have made before it went away is asked for again too', async () => {
      const { fake } = await page(keyed);
      await send(fake, new RequestError({ code: 'MACHINE_OFFLINE', message: 'Away.', details: { reason: 'gone' } }), made);
      await screen.findByText(text.git.committed('Say hello'));
      expect(new Set(asked(fake, 'git_commit').map(({ key }) => key)).size).toBe(1);
    });

    test('is not asked for again when the machine was restarted, which forgets', async () => {
      const { fake } = await page(keyed);
      fake.when('git_commit', () => {
        fake.when('git_status', () => status({ ...keyed, keyMemory: 'another' }));
        throw new ConnectionLost();
      });
      await write('Say hello');
      await fireEvent.click(screen.getByRole('button', { name: text.git.commit(1) }));
      expect((await screen.findByRole('alert')).textContent).toContain(text.git.errors.lost);
      expect(fake.count('git_commit')).toBe(1);
    });

    test('is waited for ten minutes at most, also while the machine cannot be asked', async () => {
      const { fake } = await page(keyed);
      const began = Date.now();
      fake.when('git_commit', () => {
        fake.when('git_status', () => {
          vi.spyOn(Date, 'now').mockReturnValue(began + 11 * 60_000);
          throw new ConnectionLost();
        });
        throw new ConnectionLost();
      });
      await write('Say hello');
      await fireEvent.click(screen.getByRole('button', { name: text.git.commit(1) }));
      expect((await screen.findByRole('alert')).textContent).toContain(text.git.errors.lost);
      vi.restoreAllMocks();
    });

    test('leaves what is written meanwhile, and the field that it is written in', async () => {
      const { fake } = await page(keyed);
      await send(fake, new ConnectionLost(), new NotConnected(), made);
      await fireEvent.input(screen.getByRole('textbox'), { target: { value: 'The next one' } });
      await screen.findByText(text.git.committed('Say hello'));
      expect(screen.getByRole<HTMLTextAreaElement>('textbox').value).toBe('The next one');
    });

    test('says that it waits, and need not be waited for; what is written meanwhile stays', async () => {
      const { fake } = await page(keyed);
      await send(fake, new ConnectionLost(), new NotConnected(), new NotConnected());
      await fireEvent.input(screen.getByRole('textbox'), { target: { value: 'The next one' } });
      await fireEvent.click(await screen.findByRole('button', { name: text.git.stopWaiting }));
      expect((await screen.findByRole('alert')).textContent).toContain(text.git.errors.lost);
      expect(screen.queryByText(text.git.waits)).toBeNull();
      expect(screen.getByRole<HTMLTextAreaElement>('textbox').value).toBe('The next one');
    });

    test.each([
      ['that was never sent', new NotConnected(), text.git.errors.lost],
      ['to a machine that is not there', new RequestError({ code: 'MACHINE_OFFLINE', message: 'Away.' }), text.errors.MACHINE_OFFLINE],
      ['that is refused', gitError('Nothing is staged.'), 'Nothing is staged.'],
    ])('%s is told at once, and the next one has another key', async (_, error, sentence) => {
      const { fake } = await page(keyed);
      await send(fake, error, made);
      expect((await screen.findByRole('alert')).textContent).toContain(sentence);
      await fireEvent.click(screen.getByRole('button', { name: text.git.commit(1) }));
      await screen.findByText(text.git.committed('Say hello'));
      const [first, second] = asked(fake, 'git_commit');
      expect(first.key).not.toBe(second.key);
    });

    test('is not asked for again when the machine may have forgotten it', async () => {
      const { fake } = await page(keyed);
      const began = Date.now();
      fake.when('git_commit', () => {
        vi.spyOn(Date, 'now').mockReturnValue(began + 11 * 60_000);
        throw new ConnectionLost();
      });
      await write('Say hello');
      await fireEvent.click(screen.getByRole('button', { name: text.git.commit(1) }));
      expect((await screen.findByRole('alert')).textContent).toContain(text.git.errors.lost);
      expect(fake.count('git_commit')).toBe(1);
      vi.restoreAllMocks();
    });
  });

  test('is amended with the message that it had, and a pushed one warns', async () => {
    const { fake } = await page(staged);
    fake.when('git_log', () => ({ from: 'a', commits: [{ sha: 'a', parents: [], subject: 'Before', body: 'More.', authorName: 'A', authorEmail: 'a', authoredAt: '' }], hasMore: false }));
    fake.when('git_commit', () => ({ sha: 'b', subject: 'Before' }));
    await fireEvent.click(screen.getByRole('button', { name: `${text.git.commit(1)}…` }));
    await fireEvent.click(await screen.findByRole('checkbox', { name: text.git.amend }));
    await screen.findByText(text.git.amendPushed);
    await until(() => expect(screen.getByRole<HTMLTextAreaElement>('textbox', { name: text.git.message }).value).toBe('Before\n\nMore.'));
    await fireEvent.click(screen.getByRole('button', { name: text.git.amendNow }));
    await until(() => expect(asked(fake, 'git_commit')).toEqual([{ message: 'Before\n\nMore.', amend: true }]));
  });
});

describe('pull and push', () => {
  test('tell how far they are, and are stopped', async () => {
    const { fake } = await page(status({ ahead: 2 }));
    let refuse: (error: unknown) => void = () => {};
    fake.when('git_push', (_, { onSent, onEvent }) => {
      onSent?.('r7');
      onEvent?.({ type: 'progress', payload: { message: 'Writing objects: 40%' } });
      return new Promise((_resolve, reject) => (refuse = reject));
    });
    fake.when('git_cancel', () => { refuse(gitError('Stopped.', { reason: 'cancelled' })); return { cancelled: true }; });
    screen.getByText(text.git.ahead(2));
    await fireEvent.click(screen.getByRole('button', { name: text.git.push }));
    await screen.findByText('Writing objects: 40%');
    await fireEvent.click(screen.getByRole('button', { name: text.git.stop }));
    expect(asked(fake, 'git_cancel')).toEqual([{ requestId: 'r7' }]);
    await screen.findByText(text.git.stopped);
    expect(screen.queryByRole('alert')).toBeNull();
  });

  test('a branch that no remote knows is published, and followed from then on', async () => {
    const { fake } = await page(status({ upstream: undefined }));
    fake.when('git_push', () => ({ success: true, remote: 'origin', branch: 'main', output: '' }));
    await fireEvent.click(screen.getByRole('button', { name: text.git.publish }));
    await screen.findByText(text.git.done.push('origin/main'));
    expect(asked(fake, 'git_push')).toEqual([{ setUpstream: true }]);
  });

  test('a push that is behind offers the pull that helps', async () => {
    const { fake } = await page(status({ ahead: 1 }));
    fake.when('git_push', () => { throw gitError('The remote has commits that this branch lacks. Pull first.', { stderr: 'non-fast-forward' }); });
    fake.when('git_pull', () => { throw gitError('Both sides have new commits. Pull again with merge or rebase.', { stderr: 'Not possible to fast-forward' }); });
    await fireEvent.click(screen.getByRole('button', { name: text.git.push }));
    await fireEvent.click(within(await screen.findByRole('alert')).getByRole('button', { name: text.git.pull }));
    await screen.findByRole('button', { name: text.git.pullRebase });
  });

  test('a conflict can be given to the agent; nothing is sent by it', async () => {
    const { fake, drafts } = await page(status({ behind: 1, ahead: 1 }));
    fake.when('git_pull', () => { throw gitError('Both sides changed the same lines of a.ts. Nothing was changed here.', { stderr: 'CONFLICT' }); });
    await fireEvent.click(screen.getByRole('button', { name: text.git.pull }));
    await fireEvent.click(await screen.findByRole('button', { name: text.git.askAgent }));
    expect(drafts.draft).toBe(text.git.askPull);
    expect(location.hash).toBe('#/m/m/p/p/new');
    expect(fake.count('agent_session_new')).toBe(0);
  });
});

test('branches are found, switched to and made', async () => {
  const { fake } = await page(status(), 'branches');
  const branch = (name: string, kind: 'local' | 'remote', more = {}) => ({ name, kind, sha: 'x', ahead: 0, behind: 0, committedAt: '', subject: 's', ...more });
  fake.when('git_branches', () => ({ current: 'main', branches: [branch('main', 'local', { upstream: 'origin/main' }), branch('fix', 'local'), branch('origin/main', 'remote'), branch('origin/deep/idea', 'remote')] }));
  fake.when('git_checkout', ({ ref }) => ({ branch: ref, detached: false, head: 'x' }));
  fake.when('git_branch_create', ({ name }) => ({ name, sha: 'x' }));
  fake.register('again');
  await fireEvent.click(await screen.findByRole('button', { name: 'Switch to origin/deep/idea' }));
  await screen.findByText(text.git.switched('deep/idea'));
  expect(screen.queryByRole('button', { name: 'Switch to origin/main' })).toBeNull();
  await fireEvent.click(screen.getByRole('button', { name: text.git.newBranch }));
  await fireEvent.input(screen.getByRole('textbox', { name: text.git.branchName }), { target: { value: ' next ' } });
  await until(() => expect(screen.getByRole<HTMLButtonElement>('button', { name: text.git.create }).disabled).toBe(false));
  await fireEvent.click(screen.getByRole('button', { name: text.git.create }));
  await screen.findByText(text.git.switched('next'));
  expect(asked(fake, 'git_checkout')).toEqual([{ ref: 'deep/idea' }, { ref: 'next' }]);
  await fireEvent.input(screen.getByRole('searchbox'), { target: { value: 'FIX' } });
  expect(screen.getAllByRole('listitem')).toHaveLength(1);
});

test('history goes on from where it began', async () => {
  const commit = (sha: string) => ({ sha, parents: [], subject: `commit ${sha}`, authorName: 'Ann', authorEmail: 'a', authoredAt: '' });
  const { fake } = await page(status(), 'log', undefined, (early) => early.when('git_log', ({ skip }) => ({ from: 'tip', commits: [commit(skip ? 'old' : 'new')], hasMore: !skip })));
  await fireEvent.click(await screen.findByRole('button', { name: text.git.older }));
  await screen.findByRole('link', { name: 'commit old' });
  expect(screen.getAllByRole('link', { name: /^commit/ })).toHaveLength(2);
  expect(asked(fake, 'git_log').at(-1)).toEqual({ ref: 'tip', skip: 1, limit: 50 });
});

test('a commit is shown with its message and its files', async () => {
  const { fake } = await page(status(), 'commit', 'c1');
  fake.when('git_log', () => ({ from: 'c1', commits: [{ sha: 'c1', parents: [], subject: 'Say hello', body: 'Because.', authorName: 'Ann', authorEmail: 'a', authoredAt: '' }], hasMore: false }));
  fake.when('git_diff', () => ({ files: [fileDiff('a.ts')], fileCount: 400, truncated: true }));
  fake.register('again');
  await screen.findByRole('heading', { name: 'Say hello' });
  screen.getByText('Because.');
  screen.getByText(text.git.shownFiles(1, 400));
  await screen.findByText('same'); // so small that it is unfolded
  expect(asked(fake, 'git_diff').at(-1)).toEqual({ scope: 'commit', commit: 'c1' });
});
