import type { ErrorCode, ErrorInfo } from '../protocol.gen';

/** The relay or the machine answered with an error; `message` is meant for a person. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly code: ErrorCode;
  readonly details: ErrorInfo['details'];

  constructor(info: ErrorInfo) {
    super(info.message);
    this.code = info.code;
    this.details = info.details;
  }
}

/** The socket went away before the answer came, so nobody knows whether the request was carried out. */
export class ConnectionLost extends Error {
  override readonly name: string = 'ConnectionLost';
  constructor(message = 'The connection was lost before the answer came.') {
    super(message);
  }
}

/** There was no connection to ask over: nothing was sent. */
export class NotConnected extends ConnectionLost {
  override readonly name = 'NotConnected';
  constructor() {
    super('There is no connection.');
  }
}

/** There is no token that could sign this device in: it has to be paired. */
export class NotPaired extends Error {
  override readonly name = 'NotPaired';
  /** True when there was a token and the relay no longer takes it. */
  readonly revoked: boolean;

  constructor(revoked: boolean) {
    super('This device is not paired.');
    this.revoked = revoked;
  }
}

export const hasCode = (error: unknown, ...codes: ErrorCode[]): boolean =>
  error instanceof RequestError && codes.includes(error.code);
