import { contentOf } from '../files/content';
import { hasCode } from '../net/errors';
import { text } from '../ui/text';
import { Refusal } from './failure';
import type { Repository } from './repository.svelte';
import { ABSENT, takeBack } from './takeBack';
import type { TurnFile } from './turns';

/** What brings a file back to how the agent left it. */
export interface Redo {
  content: string;
  /** What is there instead; "" is nothing. */
  etag: string;
}

/** Takes this turn's part out of the file, if it is there as the agent wrote it; nothing else in the file is touched. */
export async function undoFile(repository: Repository, file: TurnFile): Promise<Redo | undefined> {
  return repository.run('undoFile', () => withSentence(async () => {
    const { kind, text: content, etag } = contentOf(file.path, await repository.request('fs_read', { path: file.path }));
    const before = kind === 'text' ? takeBack(content, file.steps) : undefined;
    if (before === undefined) throw new Refusal(text.git.cannotUndo);
    if (before !== ABSENT) return { content, etag: (await repository.request('fs_write', { path: file.path, content: before, expectedEtag: etag })).etag };
    // Some agents do not tell a new file from one that they wrote over.
    if (await mayHaveBeenThere(repository, file.path)) throw new Refusal(text.git.unknownBefore);
    await repository.request('fs_delete', { path: file.path });
    return { content, etag: '' };
  }));
}

export const redoFile = (repository: Repository, path: string, { content, etag }: Redo) =>
  repository.run('undoFile', () => withSentence(async () => {
    await repository.request('fs_write', { path, content, expectedEtag: etag, createDirectories: true });
    return true;
  }));

async function mayHaveBeenThere(repository: Repository, path: string): Promise<boolean> {
  // Without git nobody knows what was there before.
  return repository.missing || (await repository.request('git_file_base', { path })).exists;
}

async function withSentence<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (hasCode(error, 'CONFLICT', 'FILE_NOT_FOUND')) throw new Refusal(text.git.cannotUndo);
    throw error;
  }
}
