/** The link in what a command printed for a person. */
export function pairUrlIn(printed: string): string {
  const link = /https?:\S+#pair=[\w-]+/.exec(printed)?.[0];
  if (!link) throw new Error(`No pairing link was printed:\n${printed}`);
  return link;
}
