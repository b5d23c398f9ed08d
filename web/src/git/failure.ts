import { ConnectionLost, RequestError } from '../net/errors';
import { explain } from '../ui/explain';
import { text } from '../ui/text';

/** What would help. */
export type Next = 'pull' | 'pullMerge' | 'pullRebase' | 'publish' | 'stageAll' | 'askConflicts' | 'askPull';

export interface Failure {
  /** For a person: what happened and what to do. */
  sentence: string;
  /** git's own words. */
  said?: string;
  next: Next[];
}

interface Rule {
  said: RegExp;
  /** Where the machine has none. */
  sentence?: string;
  next?: Next[];
}

// The first that fits git's words, which are always English, or the machine's sentence.
const RULES: Rule[] = [
  { said: /does not appear to be a git repository|Could not read from remote repository|[Rr]epository not found/, sentence: text.git.errors.remoteGone },
  { said: /hook declined|remote rejected|protected branch|pre-receive/i, sentence: text.git.errors.remoteRefused },
  { said: /non-fast-forward|fetch first|lacks\. Pull first/, next: ['pull'] },
  { said: /Not possible to fast-forward|Both sides have new commits|divergent branches/, next: ['pullMerge', 'pullRebase'] },
  { said: /Both sides changed the same lines/, next: ['askPull'] },
  { said: /no tracking information|no upstream|follows no branch/, next: ['publish'] },
  { said: /unresolved conflicts|needs merge|unmerged/, next: ['askConflicts'] },
  { said: /nothing (?:added )?to commit|no changes added|Nothing is staged/, next: ['stageAll'] },
];

/** Something of ours was not done, and its message says why. */
export class Refusal extends Error {}

/** A failure of git as a sentence, git's words, and what would help. */
export function explainGit(error: unknown, work: string): Failure {
  if (error instanceof ConnectionLost) return { sentence: text.git.errors.lost, next: [] };
  if (error instanceof Refusal) return { sentence: error.message, next: [] };
  if (!(error instanceof RequestError)) return { sentence: explain(error), next: [] };
  const said = error.details?.stderr?.trim() || undefined;
  const rule = RULES.find((known) => known.said.test(`${said ?? ''}\n${error.message}`));
  return { sentence: sentenceOf(error, rule?.sentence, work), said, next: rule?.next ?? [] };
}

function sentenceOf(error: RequestError, known: string | undefined, work: string): string {
  if (error.code !== 'GIT_ERROR' || !error.message.startsWith('git failed')) return explain(error);
  // Of what happens at a commit the machine knows everything but the words of hooks.
  return known ?? (work === 'commit' ? text.git.errors.hook : text.git.errors.unknown);
}
