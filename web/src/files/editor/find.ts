import { closeSearchPanel, findNext, findPrevious, openSearchPanel, SearchQuery, setSearchQuery } from '@codemirror/search';
import type { EditorView } from '@codemirror/view';

/** Counting further would take longer than anybody wants to know. */
const COUNTED = 1000;

/** Marks every match; says how many there are. */
export function find(view: EditorView, words: string): number {
  const query = new SearchQuery({ search: words, literal: true });
  openSearchPanel(view);
  view.dispatch({ effects: setSearchQuery.of(query) });
  if (!query.valid) return 0;
  let count = 0;
  const matches = query.getCursor(view.state);
  while (count < COUNTED && !matches.next().done) count++;
  return count;
}

export const next = (view: EditorView): void => void findNext(view);
export const previous = (view: EditorView): void => void findPrevious(view);
export const endFind = (view: EditorView): void => void closeSearchPanel(view);
