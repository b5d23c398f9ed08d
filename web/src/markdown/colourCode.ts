import { highlighter } from '../diff/highlighter';
import { languageOf, LANGUAGES } from '../diff/languages';
import { segmentsOf } from '../diff/segments';
import '../diff/syntax.css';

/** Beyond this it would be more elements than anybody reads. */
const MOST = 20_000;

/** Gives the code in the element its colours when they are known; the text is never another. */
export function colourCode(element: HTMLElement): () => void {
  let wanted = true;
  for (const code of element.querySelectorAll<HTMLElement>('pre > code[class^="language-"]')) {
    const name = code.className.slice('language-'.length).toLowerCase();
    const language = LANGUAGES.includes(name) ? name : languageOf(`x.${name}`);
    const source = code.textContent ?? '';
    if (!language || source.length > MOST) continue;
    void highlighter.colour(language, source).then((lines) => {
      if (!wanted || lines.length === 0 || code.textContent !== source) return;
      code.replaceChildren(...source.split('\n').flatMap((line, index) => [
        ...(index > 0 ? ['\n'] : []),
        ...segmentsOf(line, lines[index] ?? [], []).map(({ text, kind }) => {
          if (!kind) return text;
          const span = document.createElement('span');
          span.className = `code-${kind}`;
          span.textContent = text;
          return span;
        }),
      ]));
    });
  }
  return () => (wanted = false);
}
