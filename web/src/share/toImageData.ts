import type { ImageData } from '../protocol.gen';

/** As they go with a message. */
export function toImageData(images: Blob[]): Promise<ImageData[]> {
  return Promise.all(images.map(async (image) => ({ mediaType: image.type, data: await base64Of(image) })));
}

function base64Of(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve((reader.result as string).split(',', 2)[1]);
    reader.onerror = () => reject(reader.error ?? new Error('The image cannot be read.'));
    reader.readAsDataURL(blob);
  });
}
