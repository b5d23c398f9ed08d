const BY_EXTENSION: Record<string, string> = {
  bash: 'bash', sh: 'bash', zsh: 'bash', c: 'c', h: 'c', cc: 'cpp', cpp: 'cpp', cxx: 'cpp', hpp: 'cpp', cs: 'csharp', css: 'css', dart: 'dart', diff: 'diff', patch: 'diff',
  ex: 'elixir', exs: 'elixir', go: 'go', gradle: 'kotlin', graphql: 'graphql', hs: 'haskell', htm: 'xml', html: 'xml', ini: 'ini', java: 'java', js: 'javascript',
  cjs: 'javascript', mjs: 'javascript', jsx: 'javascript', json: 'json', jsonc: 'json', kt: 'kotlin', kts: 'kotlin', less: 'less', lua: 'lua', md: 'markdown', mk: 'makefile',
  php: 'php', pl: 'perl', pm: 'perl', props: 'xml', csproj: 'xml', ps1: 'powershell', py: 'python', pyi: 'python', r: 'r', rb: 'ruby', rs: 'rust', scala: 'scala', scss: 'scss',
  slnx: 'xml', sql: 'sql', svelte: 'xml', svg: 'xml', swift: 'swift', targets: 'xml', toml: 'ini', ts: 'typescript', cts: 'typescript', mts: 'typescript', tsx: 'typescript',
  vue: 'xml', xml: 'xml', yaml: 'yaml', yml: 'yaml', zig: 'c',
};
const BY_NAME: Record<string, string> = { dockerfile: 'dockerfile', containerfile: 'dockerfile', makefile: 'makefile', gemfile: 'ruby', rakefile: 'ruby', '.bashrc': 'bash', '.gitconfig': 'ini', '.editorconfig': 'ini' };

/** Every language the highlighter is asked for. */
export const LANGUAGES = [...new Set([...Object.values(BY_EXTENSION), ...Object.values(BY_NAME)])];

/** The highlighter's name for the language of a file; undefined for one without colours. */
export function languageOf(path: string): string | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  return own(BY_NAME, name) ?? own(BY_EXTENSION, /\.([^.]+)$/.exec(name)?.[1] ?? '');
}

const own = (table: Record<string, string>, key: string): string | undefined => (Object.hasOwn(table, key) ? table[key] : undefined);
