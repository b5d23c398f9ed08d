import { unifiedMergeView } from '@codemirror/merge';
import type { Extension } from '@codemirror/state';
import { EditorView, ViewPlugin } from '@codemirror/view';
import { text } from '../../ui/text';
import { visible } from '../../ui/visible';

/** Our text with what differs from theirs marked, and a choice at each difference. */
export function against(theirs: string): Extension {
  const merge = unifiedMergeView({
    original: theirs,
    gutter: true,
    collapseUnchanged: { margin: 3, minSize: 6 },
    mergeControls: (type, action) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = type === 'accept' ? text.files.keepThis : text.files.useTheirs;
      button.addEventListener('mousedown', (event) => event.preventDefault()); // the keyboard stays as it is
      button.addEventListener('click', action);
      return button;
    },
  });
  return [merge, ViewPlugin.define((view) => (showInvisible(view), { update: (update) => showInvisible(update.view) }))];
}

/** Their lines are drawn by the merge view, which knows nothing of characters that hide. */
function showInvisible(view: EditorView): void {
  view.requestMeasure({
    key: showInvisible,
    read: () => {
      for (const chunk of view.dom.querySelectorAll('.cm-deletedChunk')) {
        const nodes = document.createTreeWalker(chunk, NodeFilter.SHOW_TEXT);
        for (let node = nodes.nextNode() as Text | null; node; node = nodes.nextNode() as Text | null) {
          const shown = visible(node.data);
          if (shown !== node.data) node.data = shown;
        }
      }
    },
  });
}
