// What the scripted model does with a message; tests/FakeAnthropic/README.md says what the fields mean.
const words = 'the quick brown fox jumps over the lazy dog and thinks about it '.repeat(12);

/** The message's id is in the answer, so that the answer can be known again. */
export function script(kind, id) {
  const answer = { text: `Answer to ${id}.` };
  const tool = (name, input) => [{ blocks: [{ text: 'I will do it.' }, { tool: name, input }] }, answer];
  const steps = {
    say: () => [answer],
    stream: () => [{ text: `Answer to ${id}. ${words}`, chunks: 40, chunkDelayMs: 25 }],
    write: () => tool('Write', { file_path: `{{cwd}}/agent/${id.slice(0, 2)}.txt`, content: `${id}\n` }),
    bash: () => tool('Bash', { command: `mkdir -p agent && touch agent/${id.slice(0, 2)}.touched && seq 1 50`, description: 'Touch a file' }),
    never: () => [{ text: 'one two three four five six', waitFor: `never-${id}` }],
  }[kind]();
  return `${kind} ${id} [[steps:${JSON.stringify(steps)}]]`;
}
