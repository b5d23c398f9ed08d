import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export const SECRET = 'nothing from outside the project may be seen';

/** The project of every test: text, a directory, a binary file, one that is too large, and a link that leads out. */
export async function fillProject(directory: string, outside: string): Promise<void> {
  await mkdir(join(directory, 'src'));
  await writeFile(join(directory, 'README.md'), '# Shop\n\nold words\n');
  await writeFile(join(directory, 'src/server.ts'), "export const greeting = 'hello from the server';\n");
  await writeFile(join(directory, 'logo.png'), Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0, 255]));
  await writeFile(join(directory, 'huge.txt'), '');
  await truncate(join(directory, 'huge.txt'), 11 * 1024 * 1024);
  await writeFile(outside, SECRET);
  await symlink(outside, join(directory, 'way-out.txt'));
}
