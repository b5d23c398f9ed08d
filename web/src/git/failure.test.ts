// @vitest-environment node
import { expect, test } from 'vitest';
import { ConnectionLost, RequestError } from '../net/errors';
import type { ErrorInfo } from '../protocol.gen';
import { text } from '../ui/text';
import { explainGit } from './failure';

const said = (message: string, stderr?: string, code: ErrorInfo['code'] = 'GIT_ERROR') => new RequestError({ code, message, details: { stderr } });

test.each<[string, unknown, string, string[], string]>([
  ['the remote is ahead', said('The remote has commits that this branch lacks. Pull first.', '! [rejected] main -> main (non-fast-forward)'), 'push', ['pull'], 'Pull first.'],
  ['both sides have commits', said('Both sides have new commits. Pull again with merge or rebase.', 'fatal: Not possible to fast-forward, aborting.'), 'pull', ['pullMerge', 'pullRebase'], 'Both sides'],
  ['both sides changed a line', said('Both sides changed the same lines of a.txt. Nothing was changed here.', 'CONFLICT (content)'), 'pull', ['askPull'], 'a.txt'],
  ['there is no upstream', said('This branch follows no branch of a remote. Push it once with setUpstream.', 'There is no tracking information'), 'pull', ['publish'], 'follows no branch'],
  ['there are conflicts', said('There are unresolved conflicts. Resolve them first.', 'U a.txt\nerror: Committing is not possible because you have unmerged files.'), 'commit', ['askConflicts'], 'conflicts'],
  ['nothing is staged', said('Nothing is staged. Stage something first.', 'nothing to commit'), 'commit', ['stageAll'], 'Nothing is staged'],
  ['the index is locked', said('Another git is at work in this repository.', "fatal: Unable to create '.git/index.lock': File exists."), 'stage', [], 'Another git is at work'],
  ['a hook refused the commit', said('git failed.', 'eslint: 3 problems'), 'commit', [], text.git.errors.hook],
  ['the remote’s rule refused', said('git failed.', '! [remote rejected] main -> main (protected branch hook declined)'), 'push', [], text.git.errors.remoteRefused],
  ['the remote is not there', said('git failed.', 'fatal: Could not read from remote repository.'), 'push', [], text.git.errors.remoteGone],
  ['the remote refuses the keys', said('The remote refused the machine\'s SSH keys.', 'Permission denied (publickey). Could not read from remote repository.'), 'push', [], 'SSH keys'],
  ['nobody knows why', said('git failed.', 'fatal: odd'), 'checkout', [], text.git.errors.unknown],
  ['the connection was lost', new ConnectionLost(), 'commit', [], text.git.errors.lost],
  ['the machine is away', said('x', undefined, 'MACHINE_OFFLINE'), 'push', [], text.errors.MACHINE_OFFLINE],
])('%s: a sentence, and what helps', (_, error, work, next, sentence) => {
  const failure = explainGit(error, work);
  expect(failure.next).toEqual(next);
  expect(failure.sentence).toContain(sentence);
  expect(failure.sentence).toMatch(/[.!?]$/);
});
