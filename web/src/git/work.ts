import { hasCode, RequestError } from '../net/errors';
import type { Target } from '../net/link';
import type { Envelope, GitPullMode, Progress } from '../protocol.gen';
import { text } from '../ui/text';
import type { Repository } from './repository.svelte';

export const stage = (repository: Repository, paths: string[], hunks?: string[]) =>
  repository.run('stage', () => repository.change('git_stage', { paths, hunks }));

export const unstage = (repository: Repository, paths: string[], hunks?: string[]) =>
  repository.run('stage', () => repository.change('git_unstage', { paths, hunks }));

/** Throws changes away; `undo` brings them back. */
export const discard = (repository: Repository, paths: string[], hunks?: string[]) =>
  repository.run('discard', async () => {
    const { ref, discarded } = await repository.change('git_discard', { paths, hunks });
    repository.discarded = [...repository.discarded, { ref, told: hunks ? text.git.discardedLines : text.git.discarded(discarded.length) }];
  });

export const undo = (repository: Repository) =>
  repository.run(
    'undo',
    async () => {
      const last = repository.discarded.at(-1);
      if (!last) return;
      try {
        await repository.change('git_discard_undo', { ref: last.ref });
      } catch (error) {
        if (hasCode(error, 'NOT_FOUND')) forget(repository, last.ref);
        throw error;
      }
      forget(repository, last.ref);
    },
    () => text.git.undone,
  );

export function forget(repository: Repository, ref: string): void {
  repository.discarded = repository.discarded.filter((kept) => kept.ref !== ref);
}

export const commit = (repository: Repository, message: string, amend: boolean) =>
  repository.run('commit', () => repository.change('git_commit', { message, amend: amend || undefined }), ({ subject }) => text.git.committed(subject));

export const checkout = (repository: Repository, ref: string) =>
  repository.run('checkout', () => repository.change('git_checkout', { ref }), ({ branch, head }) => text.git.switched(branch ?? head?.slice(0, 8) ?? ref));

/** Makes a branch here and goes on with it. */
export const createBranch = (repository: Repository, name: string) =>
  repository.run(
    'checkout',
    async () => {
      // Before the first commit there is nothing to begin it at, and git says so.
      await repository.change('git_branch_create', { name });
      return repository.change('git_checkout', { ref: name });
    },
    () => text.git.switched(name),
  );

/** To be stopped is no failure. */
const isStopped = (error: unknown): boolean => error instanceof RequestError && error.details?.reason === 'cancelled';

/** What goes over the network: it tells how far it is, and can be stopped. */
function transfer(repository: Repository, work: 'push' | 'pull' | 'fetch', action: (follow: Pick<Target, 'onSent' | 'onEvent'>) => Promise<string>) {
  const follow = {
    onSent: (requestId: string) => (repository.transfer = { requestId, progress: '' }),
    onEvent: ({ type, payload }: Envelope) => {
      const message = type === 'progress' ? (payload as Progress | undefined)?.message : undefined;
      if (message && repository.transfer) repository.transfer = { ...repository.transfer, progress: message };
    },
  };
  return repository.run(
    work,
    async () => {
      try {
        return await action(follow);
      } catch (error) {
        if (isStopped(error)) return text.git.stopped;
        throw error;
      } finally {
        repository.transfer = undefined;
      }
    },
    (told) => told,
  );
}

export const push = (repository: Repository) =>
  transfer(repository, 'push', async (follow) => {
    const setUpstream = repository.status?.upstream ? undefined : true;
    const { remote, branch } = await repository.request('git_push', { setUpstream }, follow);
    return text.git.done.push(`${remote}/${branch}`);
  });

export const pull = (repository: Repository, mode?: GitPullMode) =>
  transfer(repository, 'pull', async (follow) => ((await repository.request('git_pull', { mode }, follow)).updated ? text.git.done.pulled : text.git.done.upToDate));

export const fetchRemote = (repository: Repository) =>
  transfer(repository, 'fetch', async (follow) => {
    await repository.request('git_fetch', {}, follow);
    return text.git.done.fetched;
  });

/** Ends the transfer that is under way; its own answer then says that it was stopped. */
export async function stopTransfer(repository: Repository): Promise<void> {
  const { transfer: running } = repository;
  if (!running) return;
  try {
    await repository.request('git_cancel', { requestId: running.requestId });
  } catch (error) {
    if (hasCode(error, 'INVALID_REQUEST')) repository.transfer = { ...running, progress: text.git.errors.noStop };
    // Otherwise it is over already, or nobody can be reached: its own answer tells.
  }
}
