import { ConnectionLost, hasCode } from '../net/errors';
import type { GitChange, GitDiffScope, GitFileDiff } from '../protocol.gen';
import { explainGit } from './failure';
import type { Repository } from './repository.svelte';

/** What changed in one file, asked for again whenever the repository may have changed. */
export class Difference {
  file = $state.raw<GitFileDiff>();
  loaded = $state(false);
  problem = $state('');
  #repository: Repository;
  #shown = '';

  constructor(repository: Repository) {
    this.#repository = repository;
  }

  async load(change: GitChange, scope: GitDiffScope, signal: AbortSignal): Promise<void> {
    const paths = change.origPath ? [change.path, change.origPath] : [change.path];
    try {
      const { files } = await this.#repository.request('git_diff', { scope, paths }, { signal });
      const file = files.find(({ path }) => path === change.path);
      // The same again would only make the screen work, and the reader lose the place.
      const shown = JSON.stringify(file) ?? '';
      if (shown !== this.#shown || !this.loaded) this.file = file;
      this.#shown = shown;
      this.loaded = true;
      this.problem = '';
    } catch (error) {
      if (signal.aborted || error instanceof ConnectionLost || hasCode(error, 'MACHINE_OFFLINE')) return; // comes again by itself
      this.problem = explainGit(error, 'diff').sentence;
    }
  }
}
