/** Keeps the app as high as what the keyboard leaves visible, where the browser lays it over the page instead (iOS). */
export function followViewport(): void {
  const viewport = window.visualViewport;
  if (!viewport) return;
  const root = document.documentElement.style;
  const tallest = new Map<number, number>();
  const follow = (): void => {
    if (viewport.scale > 1.01) return; // zoomed in by hand: leave the layout alone
    const tall = Math.max(tallest.get(viewport.width) ?? 0, viewport.height);
    tallest.set(viewport.width, tall);
    document.documentElement.toggleAttribute('data-keyboard', viewport.height < tall * 0.75);
    root.setProperty('--viewport-height', `${Math.round(viewport.height)}px`);
    root.setProperty('--viewport-top', `${Math.round(viewport.offsetTop)}px`);
  };
  viewport.addEventListener('resize', follow);
  viewport.addEventListener('scroll', follow);
  follow();
}
