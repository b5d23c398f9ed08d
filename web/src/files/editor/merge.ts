import { unifiedMergeView } from '@codemirror/merge';
import type { Extension } from '@codemirror/state';
import { text } from '../../ui/text';

/** Our text with what differs from theirs marked, and a choice at each difference. */
export function against(theirs: string): Extension {
  return unifiedMergeView({
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
}
