import { luma, type RgbImage } from "@drc/imaging";

/**
 * The top left corner of the square window of `size` pixels with the most detail: the largest sum of absolute
 * differences between neighbours of Y. Windows are tried at every eighth pixel.
 */
export function detailedWindow(image: RgbImage, size: number): { x: number; y: number } {
  const { width, height } = image;
  const y = luma(image, "bt601");
  // sums[row][column] over everything above and to the left, so that a window takes four look-ups.
  const sums = new Float64Array((width + 1) * (height + 1));
  for (let row = 0; row < height; row++) {
    let line = 0;
    for (let column = 0; column < width; column++) {
      const at = row * width + column;
      if (column > 0) line += Math.abs(y[at] - y[at - 1]);
      if (row > 0) line += Math.abs(y[at] - y[at - width]);
      sums[(row + 1) * (width + 1) + column + 1] = sums[row * (width + 1) + column + 1] + line;
    }
  }
  let best = { x: 0, y: 0, detail: -1 };
  for (let top = 0; top + size <= height; top += 8) {
    for (let left = 0; left + size <= width; left += 8) {
      const corner = (row: number, column: number) => sums[row * (width + 1) + column];
      const detail =
        corner(top + size, left + size) - corner(top, left + size) - corner(top + size, left) + corner(top, left);
      if (detail > best.detail) best = { x: left, y: top, detail };
    }
  }
  return { x: best.x, y: best.y };
}
