/** Before the next painting; a page that is not shown paints nothing, so there a timer does. */
export function nextFrame(work: () => void): void {
  if (document.hidden) setTimeout(work, 100);
  else requestAnimationFrame(work);
}
