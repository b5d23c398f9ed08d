import type { GitChange, GitStatusResponse } from '../protocol.gen';

export type GroupName = 'conflicted' | 'staged' | 'changed' | 'untracked';

export interface Group {
  name: GroupName;
  /** Where its differences are: of the index, or of the working tree. */
  scope: 'staged' | 'unstaged';
  changes: GitChange[];
}

/** What has changed, in the order in which it wants attention; empty groups are left out. */
export function groupsOf(status: GitStatusResponse): Group[] {
  const groups: Group[] = [
    { name: 'conflicted', scope: 'unstaged', changes: status.conflicted },
    { name: 'staged', scope: 'staged', changes: status.staged },
    { name: 'changed', scope: 'unstaged', changes: status.unstaged.filter((change) => change.status !== '?') },
    { name: 'untracked', scope: 'unstaged', changes: status.unstaged.filter((change) => change.status === '?') },
  ];
  return groups.filter((group) => group.changes.length > 0);
}

/** The file's name, and where it lies. */
export function parted(path: string): { name: string; directory: string } {
  const end = path.replace(/\/$/, '').lastIndexOf('/');
  return { name: path.slice(end + 1), directory: path.slice(0, Math.max(0, end)) };
}
