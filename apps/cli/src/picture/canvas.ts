import { createImage, type RgbImage } from "@drc/imaging";
import { GLYPH_HEIGHT, GLYPH_WIDTH, glyphColumns } from "./glyphs.ts";

export type Colour = readonly [red: number, green: number, blue: number];

/** An image to paste pictures and text into. */
export class Canvas {
  readonly image: RgbImage;

  constructor(width: number, height: number, background: Colour) {
    this.image = createImage(width, height);
    for (let i = 0; i < width * height; i++) this.image.data.set(background, 3 * i);
  }

  /** Pastes `source` with its top left corner at (`x`, `y`), each of its pixels `zoom`×`zoom` large. */
  paste(source: RgbImage, x: number, y: number, zoom: number): void {
    for (let row = 0; row < source.height * zoom; row++) {
      for (let column = 0; column < source.width * zoom; column++) {
        const from = 3 * (Math.floor(row / zoom) * source.width + Math.floor(column / zoom));
        this.point(x + column, y + row, source.data.subarray(from, from + 3));
      }
    }
  }

  /** One line of text, `size` canvas pixels to a pixel of the font; (`x`, `y`) is its top left corner. */
  text(text: string, x: number, y: number, size: number, colour: Colour): void {
    [...text].forEach((character, i) => {
      glyphColumns(character).forEach((bits, column) => {
        for (let row = 0; row < GLYPH_HEIGHT; row++) {
          if (bits & (1 << row)) this.square(x + (i * (GLYPH_WIDTH + 1) + column) * size, y + row * size, size, colour);
        }
      });
    });
  }

  private square(x: number, y: number, size: number, colour: Colour): void {
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) this.point(x + column, y + row, colour);
    }
  }

  /** What lies outside is cut off. */
  private point(x: number, y: number, colour: ArrayLike<number>): void {
    if (x < 0 || y < 0 || x >= this.image.width || y >= this.image.height) return;
    this.image.data.set(colour, 3 * (y * this.image.width + x));
  }
}
