/** Puts text on the clipboard; the modern way is missing where the page is not served over HTTPS. */
export async function copyText(content: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(content);
    return true;
  } catch {
    return copyBySelection(content);
  }
}

function copyBySelection(content: string): boolean {
  const area = document.createElement('textarea');
  area.value = content;
  area.readOnly = true;
  area.className = 'visually-hidden';
  document.body.append(area);
  area.select();
  try {
    return document.execCommand('copy');
  } finally {
    area.remove();
  }
}
