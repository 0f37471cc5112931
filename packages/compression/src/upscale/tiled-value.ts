import type { NodeScale } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { type Rectangle, scaled, type TileGrid } from "./tile-grid.ts";
import type { StoredTile, TileStore } from "./tile-store.ts";

/** A node's values over a whole image, stored as one piece `[1, height, width, channels]` for each cell of a grid. */
export class TiledValue {
  private readonly cells: StoredTile[][];
  private readonly tensorflow: TensorFlow;
  private readonly store: TileStore;
  private readonly grid: TileGrid;
  private readonly scale: NodeScale;

  constructor(tensorflow: TensorFlow, store: TileStore, grid: TileGrid, scale: NodeScale) {
    this.tensorflow = tensorflow;
    this.store = store;
    this.grid = grid;
    this.scale = scale;
    this.cells = grid.rows.slice(1).map(() => []);
  }

  /** Stores the cells of `part`, which has to be made of whole ones, out of the values that fill `window`. */
  set(part: Rectangle, values: Tensor, window: Rectangle): void {
    for (const row of touched(this.grid.rows, part.top, part.bottom)) {
      for (const column of touched(this.grid.columns, part.left, part.right)) {
        const piece = cut(this.tensorflow, values, this.scaled(window), this.scaled(this.cell(row, column)));
        this.cells[row][column] = this.store.put(piece);
        piece.dispose();
      }
    }
  }

  /** The values in a rectangle that is given in pixels of the network's input; the caller disposes them. */
  window(rectangle: Rectangle): Tensor {
    const { tf, operations } = this.tensorflow;
    const wanted = this.scaled(rectangle);
    const join = (parts: Tensor[], along: number) => (parts.length === 1 ? parts[0] : operations.concat(parts, along));
    return tf.tidy(() => {
      const bands = touched(this.grid.rows, rectangle.top, rectangle.bottom).map((row) =>
        join(
          touched(this.grid.columns, rectangle.left, rectangle.right).map((column) => {
            const cell = this.scaled(this.cell(row, column));
            return cut(this.tensorflow, this.cells[row][column].read(), cell, wanted);
          }),
          2,
        ),
      );
      return join(bands, 1);
    });
  }

  /** Frees the rows of cells that end at or above that pixel of the network's input. */
  freeAbove(pixel: number): void {
    this.cells.forEach((cells, row) => {
      if (this.grid.rows[row + 1] > pixel) return;
      for (const cell of cells) cell.free();
      cells.length = 0;
    });
  }

  free(): void {
    this.freeAbove(Number.POSITIVE_INFINITY);
  }

  private cell(row: number, column: number): Rectangle {
    const { rows, columns } = this.grid;
    return { top: rows[row], left: columns[column], bottom: rows[row + 1], right: columns[column + 1] };
  }

  private scaled(rectangle: Rectangle): Rectangle {
    return scaled(rectangle, this.scale);
  }
}

/** Of values that fill the rectangle `from`, those that lie in `wanted`; the caller disposes them. */
export function cut({ tf }: TensorFlow, values: Tensor, from: Rectangle, wanted: Rectangle): Tensor {
  const top = Math.max(from.top, wanted.top);
  const left = Math.max(from.left, wanted.left);
  const height = Math.min(from.bottom, wanted.bottom) - top;
  const width = Math.min(from.right, wanted.right) - left;
  if (height === values.shape[1] && width === values.shape[2]) return values.clone();
  const channels = values.shape[3] as number;
  // Not the operation that keeps its index tensors: sizes differ from image to image.
  return tf.slice(values, [0, top - from.top, left - from.left, 0], [1, height, width, channels]);
}

/** Which of the stretches between neighbouring borders the range touches. */
function touched(borders: readonly number[], start: number, end: number): number[] {
  const indices: number[] = [];
  for (let i = 0; i + 1 < borders.length; i++) if (borders[i] < end && borders[i + 1] > start) indices.push(i);
  return indices;
}
