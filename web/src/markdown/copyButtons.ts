import { copyText } from '../ui/copyText';
import { text } from '../ui/text';

/** Gives every code block in the element a button that copies it. */
export function addCopyButtons(element: HTMLElement): void {
  for (const pre of element.querySelectorAll('pre')) {
    const frame = document.createElement('div');
    const bar = document.createElement('div');
    const language = document.createElement('span');
    frame.className = 'code';
    bar.className = 'bar';
    language.textContent = /language-(\S+)/.exec(pre.firstElementChild?.className ?? '')?.[1] ?? '';
    pre.tabIndex = 0; // it scrolls, so the keyboard has to reach it
    pre.replaceWith(frame);
    bar.append(language, copyButton(pre));
    frame.append(bar, pre);
  }
}

function copyButton(pre: HTMLElement): HTMLButtonElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'copy';
  button.textContent = text.copy;
  button.addEventListener('click', () => {
    void copyText(pre.textContent ?? '').then((done) => {
      button.textContent = done ? text.copied : text.notCopied;
      setTimeout(() => (button.textContent = text.copy), 2_000);
    });
  });
  return button;
}
