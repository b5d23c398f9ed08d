/** Up and down go from row to row; right unfolds, left folds or goes to the directory above. */
export function treeKeys(element: HTMLElement): () => void {
  const rows = (): HTMLElement[] => [...element.querySelectorAll<HTMLElement>('[data-path]')];
  function pressed(event: KeyboardEvent): void {
    const row = (event.target as HTMLElement).closest<HTMLElement>('[data-path]');
    if (!row || event.altKey || event.ctrlKey || event.metaKey) return;
    const all = rows();
    const at = all.indexOf(row);
    const expanded = row.getAttribute('aria-expanded');
    const path = row.dataset.path!;
    if (event.key === 'ArrowDown') all[at + 1]?.focus();
    else if (event.key === 'ArrowUp') all[at - 1]?.focus();
    else if (event.key === 'Home') all[0].focus();
    else if (event.key === 'End') all.at(-1)!.focus();
    else if (event.key === 'ArrowRight' && expanded === 'false') row.click();
    else if (event.key === 'ArrowRight' && expanded === 'true') all[at + 1]?.focus();
    else if (event.key === 'ArrowLeft' && expanded === 'true') row.click();
    else if (event.key === 'ArrowLeft') all.find((other) => other.dataset.path === path.slice(0, Math.max(0, path.lastIndexOf('/'))))?.focus();
    else return;
    event.preventDefault();
  }
  element.addEventListener('keydown', pressed);
  return () => element.removeEventListener('keydown', pressed);
}
