/** This close to the end counts as being there. */
const NEAR = 48;

/** Keeps a log at its end while the reader is there, and leaves it alone while they read above. */
export function stickToEnd() {
  let scroller: HTMLElement | undefined;
  let atEnd = $state(true);

  const toEnd = (): void => {
    if (scroller) scroller.scrollTop = scroller.scrollHeight;
    atEnd = true;
  };
  const follow = new ResizeObserver(() => atEnd && toEnd());

  return {
    get atEnd() {
      return atEnd;
    },
    toEnd,
    scroller(element: HTMLElement) {
      scroller = element;
      let last = element.scrollTop;
      const look = (): void => {
        const away = element.scrollHeight - element.clientHeight - element.scrollTop;
        // Only the reader scrolls up; content that grows moves the end away, not the reader.
        if (away <= NEAR) atEnd = true;
        else if (element.scrollTop < last) atEnd = false;
        last = element.scrollTop;
      };
      element.addEventListener('scroll', look, { passive: true });
      follow.observe(element);
      return () => follow.disconnect();
    },
    content(element: HTMLElement) {
      follow.observe(element);
    },
  };
}
