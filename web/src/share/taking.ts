import { keepShared, type Shared } from './shared';

const MAX_TEXT = 256 * 1024;
const MAX_IMAGES = 5;
const MAX_IMAGE_BYTES = 5 * 1024 * 1024;
const IMAGE = /^image\/(?:png|jpeg|gif|webp)$/;

/** In the worker: what another app shares is kept on this device, and the app opens where the person says what becomes of it. */
export async function takeShared(request: Request): Promise<Response> {
  try {
    await keepShared(read(await request.formData()));
  } catch {
    // not a form: the screen then says that nothing came
  }
  return Response.redirect('/#/begin', 303);
}

/** Title, text and address are one text; of the images those that can go with a message. */
export function read(form: FormData): Shared {
  const texts = ['title', 'text', 'url'].map((name) => form.get(name)).filter((part): part is string => typeof part === 'string' && part.trim() !== '');
  const images = form.getAll('images').filter((part): part is File => typeof part !== 'string');
  const fit = images.filter((image) => IMAGE.test(image.type) && image.size <= MAX_IMAGE_BYTES).slice(0, MAX_IMAGES);
  const text = [...new Set(texts.map((part) => part.trim()))].join('\n').slice(0, MAX_TEXT);
  return { text, images: fit, leftOut: images.length - fit.length };
}
