import { EditorView } from '@codemirror/view';
import syntax from '../../syntax/syntax.css?inline';

let colours: CSSStyleSheet | undefined;

export function adoptSyntaxColours(root: ShadowRoot): void {
  colours ??= new CSSStyleSheet();
  colours.replaceSync(syntax);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, colours];
}

/** The app's own roles, so that it follows light and dark by itself. */
export const theme = EditorView.theme({
  '&': { height: '100%', color: 'var(--text)', backgroundColor: 'var(--surface)', fontSize: '0.85rem' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.55', overscrollBehavior: 'contain' },
  '.cm-content': { paddingBlock: '12px', caretColor: 'var(--accent)', unicodeBidi: 'plaintext' },
  '.cm-cursor': { borderInlineStartColor: 'var(--accent)', borderInlineStartWidth: '2px' },
  '.cm-gutters': { color: 'var(--text-soft)', backgroundColor: 'var(--code)', borderInlineEnd: '1px solid var(--line)', borderRight: 'none' },
  '.cm-activeLineGutter, .cm-activeLine': { backgroundColor: 'transparent' },
  '&.cm-focused .cm-activeLine': { boxShadow: 'inset 2px 0 var(--accent)' },
  '.cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground': { backgroundColor: 'var(--accent-ground)' },
  '.cm-searchMatch': { backgroundColor: 'var(--attention-ground)', outline: '1px solid var(--attention)' },
  '.cm-searchMatch-selected': { backgroundColor: 'var(--attention)', color: 'var(--attention-ground)' },
  '.cm-searchMatch-selected *': { color: 'inherit' },
  '.cm-specialChar': { color: 'var(--danger)', backgroundColor: 'var(--danger-ground)' },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--accent-ground)' },
  '.cm-panels': { display: 'none' },
  // The conflict view.
  '.cm-changedLine, .cm-insertedLine': { backgroundColor: 'var(--added-ground) !important' },
  '.cm-changedText': { background: 'none', textDecoration: 'underline', textDecorationColor: 'var(--added)' },
  '.cm-deletedChunk': { backgroundColor: 'var(--removed-ground) !important', paddingInlineStart: '6px' },
  '.cm-deletedText, .cm-deletedLine del': { background: 'none', textDecoration: 'none', color: 'var(--removed)' },
  '.cm-changeGutter': { width: '3px', paddingInlineStart: '0' },
  '.cm-chunkButtons': { position: 'static !important', display: 'flex', gap: '8px', padding: '6px' },
  '.cm-chunkButtons button': {
    minHeight: '44px', padding: '0 12px', border: '1px solid var(--line-strong)', borderRadius: '10px', color: 'var(--text)', background: 'var(--surface)', font: '600 0.85rem var(--sans)', margin: '0',
  },
  '.cm-collapsedLines': { color: 'var(--text-soft)', background: 'var(--code)', padding: '10px 12px' },
});
