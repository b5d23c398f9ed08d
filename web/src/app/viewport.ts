/** Keeps the app as high as what the keyboard leaves visible, where the browser lays it over the page instead (iOS). */
export function followViewport(): void {
  const viewport = window.visualViewport;
  if (!viewport) return;
  const root = document.documentElement.style;
  const follow = (): void => {
    if (viewport.scale > 1.01) return; // zoomed in by hand: leave the layout alone
    root.setProperty('--viewport-height', `${Math.round(viewport.height)}px`);
    root.setProperty('--viewport-top', `${Math.round(viewport.offsetTop)}px`);
  };
  viewport.addEventListener('resize', follow);
  viewport.addEventListener('scroll', follow);
  follow();
}
