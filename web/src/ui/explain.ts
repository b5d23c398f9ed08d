import { ConnectionLost, NotConnected, RequestError } from '../net/errors';
import { text } from './text';

/** A failure as a sentence, and what to do about it where that is known. */
export function explain(error: unknown): string {
  if (error instanceof RequestError) {
    const known = text.errors[error.code as keyof typeof text.errors];
    const sentence = known ?? error.message;
    const action = error.details?.action;
    return action && !sentence.includes(action) ? `${sentence} ${action}` : sentence;
  }
  if (error instanceof NotConnected) return text.errors.notConnected;
  return error instanceof ConnectionLost ? text.errors.connectionLost : text.errors.UNKNOWN_ERROR;
}
