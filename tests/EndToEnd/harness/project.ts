import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export const SECRET = 'nothing from outside the project may be seen';

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** The project of every test: text, a directory, a picture, a binary file, one that is too large, and a link that leads out. */
export async function fillProject(directory: string, outside: string): Promise<void> {
  await mkdir(join(directory, 'src'));
  await writeFile(join(directory, 'README.md'), '# Shop\n\nold words\n');
  await writeFile(join(directory, 'src/server.ts'), "export const greeting = 'hello from the server';\n");
  await writeFile(join(directory, 'logo.png'), Buffer.from(PIXEL, 'base64'));
  await writeFile(join(directory, 'data.bin'), Uint8Array.from([1, 2, 0, 255]));
  // Text as far as it is read, and nothing after that.
  await writeFile(join(directory, 'huge.txt'), 'one of many lines\n'.repeat(60_000));
  await truncate(join(directory, 'huge.txt'), 11 * 1024 * 1024);
  await writeFile(outside, SECRET);
  await symlink(outside, join(directory, 'way-out.txt'));
}
