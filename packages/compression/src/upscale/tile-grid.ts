import type { NodeScale } from "@drc/network";

/** A part of an image in pixels of the network's input; `bottom` and `right` are exclusive. */
export interface Rectangle {
  top: number;
  left: number;
  bottom: number;
  right: number;
}

/** An image cut into tiles: the borders between them, from 0 to the image's height and width. */
export interface TileGrid {
  rows: number[];
  columns: number[];
}

/** Tiles of about equal size, none larger than `tileSize`, that begin at multiples of `alignment`. */
export function tileGrid(height: number, width: number, tileSize: number, alignment: number): TileGrid {
  return { rows: borders(height, tileSize, alignment), columns: borders(width, tileSize, alignment) };
}

function borders(length: number, tileSize: number, alignment: number): number[] {
  const units = Math.ceil(length / alignment);
  const count = Math.ceil(units / Math.max(1, Math.floor(tileSize / alignment)));
  return Array.from({ length: count + 1 }, (_, i) =>
    i === count ? length : alignment * Math.floor((units * i) / count),
  );
}

/** More borders, `margin` pixels before and after each: what neighbours see of a tile is then apart from the rest. */
export function refined(borders: readonly number[], margin: number): number[] {
  const length = borders[borders.length - 1];
  const all = borders.flatMap((border) => [border - margin, border, border + margin]);
  return [...new Set(all)].filter((border) => border >= 0 && border <= length).sort((a, b) => a - b);
}

/** The rectangle with `radius` pixels more on every side, as far as the image goes. */
export function surroundings({ rows, columns }: TileGrid, part: Rectangle, radius: number): Rectangle {
  return {
    top: Math.max(0, part.top - radius),
    left: Math.max(0, part.left - radius),
    bottom: Math.min(rows[rows.length - 1], part.bottom + radius),
    right: Math.min(columns[columns.length - 1], part.right + radius),
  };
}

/** The same rectangle in positions of a node. */
export function scaled({ top, left, bottom, right }: Rectangle, { up, down }: NodeScale): Rectangle {
  const at = (pixels: number) => Math.ceil((pixels * up) / down);
  return { top: at(top), left: at(left), bottom: at(bottom), right: at(right) };
}
