import type { Bulk } from '../net/link';
import type { FsReadResponse } from '../protocol.gen';
import { nameOf } from './paths';

/** What a file is, as far as it was read. */
export interface Content {
  kind: 'text' | 'binary' | 'image';
  text: string;
  bytes: Uint8Array<ArrayBuffer>;
  /** How much of the file this is. */
  read: number;
  size: number;
  modifiedAt: string;
  etag: string;
}

const IMAGES: Record<string, string> = {
  png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', gif: 'image/gif', webp: 'image/webp', avif: 'image/avif', bmp: 'image/bmp', ico: 'image/x-icon', svg: 'image/svg+xml',
};

export const extensionOf = (path: string): string => /[^.]\.([^.]+)$/.exec(nameOf(path))?.[1].toLowerCase() ?? '';
export const imageType = (path: string): string | undefined => IMAGES[extensionOf(path)];
/** A picture that is text as well. */
export const isDrawing = (path: string): boolean => extensionOf(path) === 'svg';
export const isMarkdown = (path: string): boolean => ['md', 'markdown', 'mdx'].includes(extensionOf(path));

export function contentOf(path: string, answer: FsReadResponse & Bulk, before?: Content): Content {
  const raw = answer.bulk ?? (answer.encoding === 'base64' ? fromBase64(answer.content ?? '') : undefined);
  // A part may end within a character; the next one then begins with it.
  const bytes = raw && !answer.binary ? raw.subarray(0, raw.length - cutAtEnd(raw)) : raw;
  const type = imageType(path);
  const image = type !== undefined && answer.binary;
  // The byte order mark stays: what is saved later is to be what was read.
  const text = answer.binary ? '' : bytes ? new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes) : answer.content ?? '';
  const read = (before?.read ?? 0) + (bytes?.length ?? new TextEncoder().encode(text).length);
  return {
    kind: image ? 'image' : answer.binary ? 'binary' : 'text',
    text: (before?.text ?? '') + text,
    bytes: bytes ?? new Uint8Array(),
    read,
    size: answer.size,
    modifiedAt: answer.modifiedAt,
    etag: answer.etag,
  };
}

function fromBase64(content: string): Uint8Array<ArrayBuffer> {
  const binary = atob(content);
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index++) bytes[index] = binary.charCodeAt(index);
  return bytes;
}

/** How many bytes at the end belong to a UTF-8 character that goes on after it. */
function cutAtEnd(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back];
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
  }
  return 0;
}
