/** What is being written before the caret, if it is the name of a file after an @; `from` is where the @ stands. */
export function mentionQuery(draft: string, caret: number): { query: string; from: number } | undefined {
  const match = /(?:^|[\s(])@([^\s@]*)$/.exec(draft.slice(0, caret));
  return match ? { query: match[1], from: caret - match[1].length - 1 } : undefined;
}

/** The draft with the file named in it, and where one writes on. */
export function withMention(draft: string, from: number, caret: number, path: string): { draft: string; caret: number } {
  // A directory is gone on from; a file is said.
  const mention = /\s/.test(path) ? `@"${path}"` : `@${path}`;
  const end = path.endsWith('/') ? '' : ' ';
  const before = `${draft.slice(0, from)}${mention}${end}`;
  return { draft: before + draft.slice(caret).replace(/^ /, end ? '' : ' '), caret: before.length };
}

/** The better ones first: those whose name begins with what was written, then the shorter ones. */
export function ranked(paths: readonly string[], query: string): string[] {
  const wanted = query.toLowerCase();
  const rank = (path: string): number => {
    const name = path.replace(/\/$/, '').split('/').at(-1)!.toLowerCase();
    return (name.startsWith(wanted) ? 0 : name.includes(wanted) ? 1 : 2) * 1_000 + Math.min(path.length, 999);
  };
  return [...new Set(paths)].sort((one, other) => rank(one) - rank(other) || (one < other ? -1 : 1));
}
