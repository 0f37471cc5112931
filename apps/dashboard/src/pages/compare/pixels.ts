/** A decoded image with what is needed to show it and to compute with it. */
export interface Picture {
  bitmap: ImageBitmap;
  width: number;
  height: number;
  /** RGBA, rows from the top. */
  data: Uint8ClampedArray;
}

/** Decodes a PNG file as it is stored; with a size, each pixel is repeated until it has it. */
export async function readPicture(file: Blob, size?: { width: number; height: number }): Promise<Picture> {
  const decoded = await createImageBitmap(file, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const { width, height } = size ?? decoded;
  const context = contextOf(width, height);
  context.imageSmoothingEnabled = false;
  context.drawImage(decoded, 0, 0, width, height);
  const image = context.getImageData(0, 0, width, height);
  if (!size) return { bitmap: decoded, width, height, data: image.data };
  decoded.close();
  return { bitmap: await createImageBitmap(image), width, height, data: image.data };
}

function contextOf(width: number, height: number) {
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("This browser gives no canvas to compute the difference on.");
  return context;
}

export interface Difference {
  image: ImageData;
  /** Over all samples, in gray levels of 0 to 255. */
  mean: number;
  largest: number;
  /** Samples that are equal. */
  equalShare: number;
}

/** |a − b| of each sample times the gain; two images of one size. */
export function differenceOf(a: Picture, b: Picture, gain: number): Difference {
  const image = new ImageData(a.width, a.height);
  let sum = 0;
  let largest = 0;
  let equal = 0;
  for (let i = 0; i < a.data.length; i += 4) {
    for (let channel = i; channel < i + 3; channel++) {
      const difference = Math.abs(a.data[channel] - b.data[channel]);
      sum += difference;
      if (difference > largest) largest = difference;
      if (difference === 0) equal++;
      image.data[channel] = gain * difference;
    }
    image.data[i + 3] = 255;
  }
  const samples = 3 * a.width * a.height;
  return { image, mean: sum / samples, largest, equalShare: equal / samples };
}

/** The middle of the square of this side in which two images differ most. */
export function whereTheyDifferMost(a: Picture, b: Picture, side: number): { x: number; y: number } {
  const step = Math.max(4, side >> 2);
  const columns = Math.ceil(a.width / step);
  const rows = Math.ceil(a.height / step);
  const cells = new Float64Array(columns * rows);
  for (let y = 0; y < a.height; y++) {
    const row = Math.floor(y / step) * columns;
    for (let x = 0; x < a.width; x++) {
      const i = 4 * (y * a.width + x);
      cells[row + Math.floor(x / step)] +=
        Math.abs(a.data[i] - b.data[i]) +
        Math.abs(a.data[i + 1] - b.data[i + 1]) +
        Math.abs(a.data[i + 2] - b.data[i + 2]);
    }
  }
  const reach = Math.min(Math.round(side / step), columns, rows);
  let best = { sum: -1, x: 0, y: 0 };
  for (let y = 0; y + reach <= rows; y++) {
    for (let x = 0; x + reach <= columns; x++) {
      let sum = 0;
      for (let dy = 0; dy < reach; dy++) {
        for (let dx = 0; dx < reach; dx++) sum += cells[(y + dy) * columns + x + dx];
      }
      if (sum > best.sum) best = { sum, x, y };
    }
  }
  const middle = (cell: number, length: number) => Math.min((cell + reach / 2) * step, length - 1);
  return { x: middle(best.x, a.width), y: middle(best.y, a.height) };
}
