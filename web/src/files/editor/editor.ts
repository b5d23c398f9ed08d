import { defaultKeymap, history, historyKeymap, indentWithTab, redo, redoDepth, undo, undoDepth } from '@codemirror/commands';
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting, type LanguageSupport } from '@codemirror/language';
import { search } from '@codemirror/search';
import { Annotation, Compartment, EditorState, type Extension } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, highlightSpecialChars, keymap, lineNumbers } from '@codemirror/view';
import { classHighlighter } from '@lezer/highlight';
import { INVISIBLE, mark } from '../../ui/visible';
import { indentOf, lineEndOf } from './form';
import { adoptSyntaxColours, theme } from './theme';

export interface EditorOptions {
  text: string;
  label: string;
  /** When the text was changed by the user, or undone. */
  changed(editor: Editor): void;
  save(): void;
  extensions?: Extension;
}

/** Set from outside, which is not something the user wrote. */
const fromOutside = Annotation.define<boolean>();

/** CodeMirror in a shadow tree: there its styles are adopted ones, which the CSP lets pass. */
export class Editor {
  readonly view: EditorView;
  #language = new Compartment();

  constructor(host: HTMLElement, options: EditorOptions) {
    const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
    adoptSyntaxColours(root);
    this.view = new EditorView({ root, parent: root as unknown as DocumentFragment, state: this.#state(options) });
    // What is being written stays in sight when the keyboard takes its part of the screen.
    const resized = new ResizeObserver(() => {
      const { head } = this.view.state.selection.main;
      if (this.view.hasFocus) this.view.dispatch({ effects: EditorView.scrollIntoView(head, { y: 'nearest', yMargin: 24 }) });
    });
    resized.observe(host);
    this.destroy = () => {
      resized.disconnect();
      this.view.destroy();
    };
  }

  readonly destroy: () => void;

  /** Exactly what is to be in the file. */
  get text(): string {
    return this.view.state.sliceDoc();
  }
  get canUndo(): boolean {
    return undoDepth(this.view.state) > 0;
  }
  get canRedo(): boolean {
    return redoDepth(this.view.state) > 0;
  }
  undo = (): void => void undo(this.view);
  redo = (): void => void redo(this.view);

  /** Shows what somebody else wrote. */
  replace(text: string): void {
    if (text === this.text) return;
    this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: this.view.state.toText(text) }, annotations: fromOutside.of(true) });
  }

  speak(language: LanguageSupport): void {
    this.view.dispatch({ effects: this.#language.reconfigure(language) });
  }

  #state({ text, label, changed, save, extensions = [] }: EditorOptions): EditorState {
    return EditorState.create({
      doc: text,
      extensions: [
        EditorState.lineSeparator.of(lineEndOf(text)),
        indentUnit.of(indentOf(text)),
        lineNumbers(),
        history(),
        drawSelection(),
        indentOnInput(),
        bracketMatching(),
        highlightActiveLine(),
        highlightSpecialChars({ specialChars: new RegExp(INVISIBLE.source, 'gu'), render: special }),
        syntaxHighlighting(classHighlighter),
        search({ createPanel: () => ({ dom: document.createElement('div') }) }), // ours stands outside
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0', autocapitalize: 'off', autocorrect: 'off', spellcheck: 'false' }),
        keymap.of([{ key: 'Mod-s', preventDefault: true, run: () => (save(), true) }, ...defaultKeymap, ...historyKeymap, indentWithTab]),
        EditorView.updateListener.of((update) => {
          const outside = update.transactions.some((transaction) => transaction.annotation(fromOutside));
          if (update.docChanged && !outside) changed(this);
        }),
        this.#language.of([]),
        theme,
        extensions,
      ],
    });
  }
}

function special(code: number): HTMLElement {
  const element = document.createElement('span');
  element.className = 'cm-specialChar';
  element.textContent = mark(String.fromCodePoint(code));
  return element;
}
