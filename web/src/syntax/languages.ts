import type { LanguageSupport, StreamParser } from '@codemirror/language';

type Load = () => Promise<LanguageSupport>;

/** A mode of CodeMirror 5, for languages without a grammar of their own. */
const legacy = (load: () => Promise<StreamParser<unknown>>): Load => async () => {
  const [{ LanguageSupport, StreamLanguage }, mode] = await Promise.all([import('@codemirror/language'), load()]);
  return new LanguageSupport(StreamLanguage.define(mode));
};
const javascript = (options: { jsx?: boolean; typescript?: boolean }): Load => async () => (await import('@codemirror/lang-javascript')).javascript(options);
const html: Load = async () => (await import('@codemirror/lang-html')).html();
const cpp: Load = async () => (await import('@codemirror/lang-cpp')).cpp();
const css: Load = async () => (await import('@codemirror/lang-css')).css();
const xml: Load = async () => (await import('@codemirror/lang-xml')).xml();
const shell = legacy(async () => (await import('@codemirror/legacy-modes/mode/shell')).shell);
const clike = (pick: 'csharp' | 'kotlin' | 'scala' | 'dart' | 'objectiveC'): Load => legacy(async () => (await import('@codemirror/legacy-modes/mode/clike'))[pick]);

const LANGUAGES: [string, Load][] = [
  ['js mjs cjs jsx', javascript({ jsx: true })],
  ['ts mts cts', javascript({ typescript: true })],
  ['tsx', javascript({ jsx: true, typescript: true })],
  ['json jsonc json5 webmanifest map', async () => (await import('@codemirror/lang-json')).json()],
  ['css scss less', css],
  ['html htm vue svelte astro', html],
  ['md markdown mdx', async () => (await import('@codemirror/lang-markdown')).markdown()],
  ['py pyi', async () => (await import('@codemirror/lang-python')).python()],
  ['rs', async () => (await import('@codemirror/lang-rust')).rust()],
  ['c h cc cpp cxx hh hpp hxx ino', cpp],
  ['java', async () => (await import('@codemirror/lang-java')).java()],
  ['go', async () => (await import('@codemirror/lang-go')).go()],
  ['xml svg xaml csproj props targets plist slnx', xml],
  ['yml yaml', async () => (await import('@codemirror/lang-yaml')).yaml()],
  ['sql', async () => (await import('@codemirror/lang-sql')).sql()],
  ['php', async () => (await import('@codemirror/lang-php')).php()],
  ['sh bash zsh ksh bashrc zshrc profile envrc', shell],
  ['cs', clike('csharp')],
  ['kt kts', clike('kotlin')],
  ['scala', clike('scala')],
  ['dart', clike('dart')],
  ['m mm', clike('objectiveC')],
  ['rb gemspec', legacy(async () => (await import('@codemirror/legacy-modes/mode/ruby')).ruby)],
  ['swift', legacy(async () => (await import('@codemirror/legacy-modes/mode/swift')).swift)],
  ['toml lock', legacy(async () => (await import('@codemirror/legacy-modes/mode/toml')).toml)],
  ['lua', legacy(async () => (await import('@codemirror/legacy-modes/mode/lua')).lua)],
  ['ps1 psm1', legacy(async () => (await import('@codemirror/legacy-modes/mode/powershell')).powerShell)],
  ['diff patch', legacy(async () => (await import('@codemirror/legacy-modes/mode/diff')).diff)],
  ['ini properties env editorconfig gitconfig conf', legacy(async () => (await import('@codemirror/legacy-modes/mode/properties')).properties)],
];
const NAMES: Record<string, string> = { dockerfile: 'sh', makefile: 'sh', gemfile: 'rb', rakefile: 'rb', jenkinsfile: 'java' };

/** The language of a file by its name; undefined when none is known. */
export function languageOf(path: string): Load | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  const extension = NAMES[name] ?? name.slice(name.lastIndexOf('.') + 1);
  return LANGUAGES.find(([extensions]) => extensions.split(' ').includes(extension))?.[1];
}
