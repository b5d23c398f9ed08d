/** What jsdom lacks and the app uses. */
globalThis.ResizeObserver ??= class {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
};
if (typeof Element !== 'undefined') Element.prototype.scrollIntoView ??= () => {};
