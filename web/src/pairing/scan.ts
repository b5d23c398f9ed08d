/** The browser's own reader of QR codes; not every browser has one. */
interface Detector {
  detect(source: HTMLVideoElement): Promise<{ rawValue: string }[]>;
}
interface DetectorClass {
  new (options: { formats: string[] }): Detector;
  getSupportedFormats(): Promise<string[]>;
}

/** Often enough for a hand that moves, seldom enough for a phone's battery. */
const LOOK_EVERY = 200;
const detectorClass = (): DetectorClass | undefined => (globalThis as { BarcodeDetector?: DetectorClass }).BarcodeDetector;

/** What can be said without waiting; index.html says the same. */
export const mayScan = (): boolean => detectorClass() !== undefined && typeof navigator.mediaDevices?.getUserMedia === 'function';

/** Can this browser scan by itself, here? */
export async function canScan(): Promise<boolean> {
  if (!mayScan()) return false;
  try {
    return (await detectorClass()!.getSupportedFormats()).includes('qr_code');
  } catch {
    return false;
  }
}

/** Shows the camera in the video and looks until `found` takes what a code says; the camera is off when it ends, however it does. */
export async function scan(video: HTMLVideoElement, found: (text: string) => boolean, signal: AbortSignal): Promise<void> {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' }, audio: false });
  const stop = (): void => stream.getTracks().forEach((track) => track.stop());
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (signal.aborted) return;
    video.srcObject = stream;
    await video.play();
    const detector = new (detectorClass()!)({ formats: ['qr_code'] });
    while (!signal.aborted) {
      const codes = await detector.detect(video).catch(() => []); // a frame that is not there yet
      if (codes.some((code) => found(code.rawValue))) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
    }
  } finally {
    stop();
    video.srcObject = null;
  }
}
