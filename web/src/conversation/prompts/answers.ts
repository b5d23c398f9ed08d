import type { PromptQuestion } from '../../protocol.gen';

export interface Choice {
  labels: string[];
  other: string;
}

/** What to answer to each question, by its text; undefined while one of them has no answer. */
export function answersOf(questions: PromptQuestion[], choices: Choice[]): Record<string, string> | undefined {
  const answers: Record<string, string> = {};
  for (const [index, question] of questions.entries()) {
    const { labels, other } = choices[index];
    // In the order in which they were offered, whatever the order of the taps.
    const chosen = question.options.map((option) => option.label).filter((label) => labels.includes(label));
    if (other.trim()) chosen.push(other.trim());
    if (chosen.length === 0) return undefined;
    answers[question.question] = chosen.join(', ');
  }
  return answers;
}
