import type { ImageData } from '../protocol.gen';

/** As many as go with one message. */
export const MOST_IMAGES = 5;
/** In bytes: up to here the log keeps the picture itself, so that every device of the user shows it. */
const ROOM = 190_000;
/** From what a model still reads at best to what is left of it when the room is small. */
const STEPS = [[1568, 0.85], [1568, 0.7], [1280, 0.7], [1024, 0.65], [768, 0.6], [512, 0.5]] as const;

/** How large a picture is drawn so that neither side is longer than `edge`; never larger than it is. */
export function fit(width: number, height: number, edge: number): { width: number; height: number } {
  const scale = Math.min(1, edge / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** A picture as it is sent: scaled down, upright, and without what a camera writes into it (place, time, device). */
export async function toImage(file: Blob): Promise<ImageData> {
  const picture = await createImageBitmap(file, { imageOrientation: 'from-image' });
  try {
    let blob: Blob | undefined;
    // Screenshots are small as PNG, and sharp.
    if (file.type === 'image/png') blob = await draw(picture, STEPS[0][0], 'image/png');
    for (const [edge, quality] of STEPS) {
      if (blob && blob.size <= ROOM) break;
      blob = await draw(picture, edge, 'image/jpeg', quality);
    }
    return { mediaType: blob!.type, data: await base64(blob!) };
  } finally {
    picture.close();
  }
}

async function draw(picture: ImageBitmap, edge: number, type: string, quality?: number): Promise<Blob> {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, fit(picture.width, picture.height, edge));
  const context = canvas.getContext('2d')!;
  if (type === 'image/jpeg') {
    context.fillStyle = '#fff'; // what is transparent would be black
    context.fillRect(0, 0, canvas.width, canvas.height);
  }
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, type, quality));
  canvas.width = canvas.height = 0; // some phones keep the memory of a canvas for long otherwise
  if (!blob) throw new Error('The picture could not be drawn.');
  return blob;
}

function base64(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve((reader.result as string).split(',', 2)[1]);
    reader.onerror = () => reject(reader.error ?? new Error('The picture could not be read.'));
    reader.readAsDataURL(blob);
  });
}
