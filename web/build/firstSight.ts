import type { Plugin, Rollup } from 'vite';
import { text } from '../src/ui/text.ts';

const PAGE = 'index.html';
const STYLES = /<link rel="stylesheet"[^>]* href="\/(assets\/[^"]+)">/;

/**
 * Makes index.html stand by itself: its words are those of the catalogue, and the styles of the first load lie in it, so that it is painted as it arrives.
 * The relay allows what is inline by its hash.
 */
export function firstSight(): Plugin {
  return {
    name: 'first-sight',
    transformIndexHtml: (html) => html.replace(/%([a-z]+)\.([a-z]+)%/g, (_, group: string, name: string) => words(group, name)),
    generateBundle: {
      order: 'post',
      handler: (_, bundle) => takeInStyles(bundle),
    },
  };
}

/** Where the text names the relay, the page fills in its address. */
function words(group: string, name: string): string {
  const found = (text as unknown as Record<string, Record<string, string | ((host: string) => string)> | undefined>)[group]?.[name];
  if (found === undefined) throw new Error(`index.html asks for ${group}.${name}, which the catalogue (src/ui/text.ts) does not have.`);
  return typeof found === 'string' ? found : found('%host%');
}

function takeInStyles(bundle: Rollup.OutputBundle): void {
  const page = bundle[PAGE] as Rollup.OutputAsset;
  const html = String(page.source);
  const [link, file] = STYLES.exec(html)!;
  page.source = html.replace(link, () => `<style>${String((bundle[file] as Rollup.OutputAsset).source).trim()}</style>`);
  delete bundle[file];

  // A part that is loaded later names the files it needs, this one among them; the script that came with it is there as surely.
  const chunks = Object.values(bundle).filter((output): output is Rollup.OutputChunk => output.type === 'chunk');
  const entry = chunks.find((chunk) => chunk.isEntry)!;
  for (const chunk of chunks) chunk.code = chunk.code.replaceAll(`"${file}"`, `"${entry.fileName}"`);
}
