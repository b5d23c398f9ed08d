import { tokensOf } from './tokens';

addEventListener('message', ({ data: { id, language, code } }: MessageEvent<{ id: number; language: string; code: string }>) => {
  void tokensOf(language, code).then(
    (lines) => postMessage({ id, lines }),
    () => postMessage({ id, lines: [] }),
  );
});
