import type { RgbImage } from "@drc/imaging";
import { INPUT, type InferenceStage, type NodeScale, nodeGeometry } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import type { Tensor, Tensor4D } from "@tensorflow/tfjs-node-gpu";
import { yieldToEvents } from "../control.ts";
import type { LoadedNetwork } from "../loaded-model.ts";
import { type Rectangle, refined, scaled, surroundings, type TileGrid } from "./tile-grid.ts";
import { deviceStore, scratchStore } from "./tile-store.ts";
import { cut, TiledValue } from "./tiled-value.ts";

export interface TiledInference {
  tensorflow: TensorFlow;
  network: LoadedNetwork;
  stages: readonly InferenceStage[];
  grid: TileGrid;
  /** A folder for what later stages read; without it that stays on the device. */
  scratch?: string;
  image: RgbImage;
  /** Gets each finished part of the output, `part` in output pixels, `values` `[height, width, 3]` in 0..255. */
  emit(part: Rectangle, values: Float32Array): void;
  /** Called after each tile of each stage; what it throws ends the inference. */
  afterTile?(): void;
}

/** How often `afterTile` is called. */
export function countTiles(stages: readonly InferenceStage[], { rows, columns }: TileGrid): number {
  return stages.length * (rows.length - 1) * (columns.length - 1);
}

/**
 * Runs the network over all tiles of the image, one stage after the other. Every tile sees its surroundings as far as
 * the stage's receptive field, and every global mean is that of the whole image. Nothing stays on the device, whether
 * it ends or throws.
 */
export async function inferTiled(request: TiledInference): Promise<void> {
  const { tensorflow, network, stages, grid } = request;
  const geometry = nodeGeometry(network.compiled.graph);
  const scaleOf = (name: string) => geometry.get(name)?.scale as NodeScale;
  const store = request.scratch === undefined ? deviceStore(tensorflow) : scratchStore(tensorflow, request.scratch);
  const radius = Math.max(...stages.map((stage) => stage.radius));
  const cells = {
    // The last rows of a tile are kept until the next row of tiles has seen them, and only these.
    rows: refined(grid.rows, radius),
    // From a file the last columns are read without the rest of the tile; on the device a slice of it is as cheap.
    columns: request.scratch === undefined ? grid.columns : refined(grid.columns, radius),
  };
  const kept = new Map<string, TiledValue>();
  const means = new Map<string, Tensor>();
  try {
    for (const stage of stages) {
      const isLast = stage === stages[stages.length - 1];
      if (!isLast)
        for (const name of stage.makes) kept.set(name, new TiledValue(tensorflow, store, cells, scaleOf(name)));
      const sums = stage.means.map((mean) => ({ ...mean, sum: new PositionSum(tensorflow, scaleOf(mean.of)) }));
      for (let row = 0; row + 1 < grid.rows.length; row++) {
        for (let column = 0; column + 1 < grid.columns.length; column++) {
          tensorflow.tf.tidy(() => inferTile(request, stage, { row, column, kept, means, sums, isLast, scaleOf }));
          request.afterTile?.();
          await yieldToEvents();
        }
        for (const name of stage.frees) kept.get(name)?.freeAbove(grid.rows[row + 1] - stage.radius);
      }
      for (const name of stage.frees) {
        kept.get(name)?.free();
        kept.delete(name);
      }
      for (const { node, sum } of sums) means.set(node, sum.mean());
    }
  } finally {
    for (const value of kept.values()) value.free();
    store.dispose();
    tensorflow.tf.dispose([...means.values()]);
  }
}

interface TileRequest {
  row: number;
  column: number;
  kept: ReadonlyMap<string, TiledValue>;
  means: ReadonlyMap<string, Tensor>;
  sums: readonly { of: string; sum: PositionSum }[];
  isLast: boolean;
  scaleOf(name: string): NodeScale;
}

function inferTile(
  { tensorflow, network, grid, image, emit }: TiledInference,
  stage: InferenceStage,
  tile: TileRequest,
) {
  const { row, column, kept, means, sums, isLast, scaleOf } = tile;
  const { rows, columns } = grid;
  const part = { top: rows[row], left: columns[column], bottom: rows[row + 1], right: columns[column + 1] };
  const window = surroundings(grid, part, stage.radius);
  const replace = new Map<string, Tensor>(means);
  for (const name of stage.reads) if (name !== INPUT) replace.set(name, (kept.get(name) as TiledValue).window(window));
  const targets = [...new Set([...stage.makes, ...stage.means.map(({ of }) => of)])];
  const run = network.compiled.forward(network.parameters, imageTensor(tensorflow, image, window), {
    targets,
    replace,
  });
  for (const { of, sum } of sums) sum.add(run.value(of), window, part);
  for (const name of stage.makes) {
    if (!isLast) {
      kept.get(name)?.set(part, run.value(name), window);
      continue;
    }
    const scale = scaleOf(name);
    const own = scaled(part, scale);
    const values = cut(tensorflow, run.value(name), scaled(window, scale), own);
    emit(own, values.dataSync<"float32">() as Float32Array);
  }
  run.dispose();
}

/** `[1, height, width, 3]` in 0..255. */
function imageTensor({ tf }: TensorFlow, { width, data }: RgbImage, { top, left, bottom, right }: Rectangle): Tensor4D {
  const stride = 3 * (right - left);
  const values = new Float32Array((bottom - top) * stride);
  for (let y = top; y < bottom; y++) {
    const from = 3 * (y * width + left);
    values.set(data.subarray(from, from + stride), (y - top) * stride);
  }
  return tf.tensor4d(values, [1, bottom - top, right - left, 3]);
}

/** The mean over all positions of an image, summed up tile by tile in float64. */
class PositionSum {
  private sum: Float64Array | undefined;
  private positions = 0;
  private readonly tensorflow: TensorFlow;
  private readonly scale: NodeScale;

  constructor(tensorflow: TensorFlow, scale: NodeScale) {
    this.tensorflow = tensorflow;
    this.scale = scale;
  }

  add(values: Tensor, window: Rectangle, part: Rectangle): void {
    const own = cut(this.tensorflow, values, scaled(window, this.scale), scaled(part, this.scale));
    const tileMean = this.tensorflow.operations.meanOverPositions(own).dataSync<"float32">();
    const positions = (own.shape[1] as number) * (own.shape[2] as number);
    this.sum ??= new Float64Array(tileMean.length);
    for (let channel = 0; channel < tileMean.length; channel++) this.sum[channel] += positions * tileMean[channel];
    this.positions += positions;
  }

  /** `[1, 1, 1, channels]`; the caller disposes it. */
  mean(): Tensor {
    const means = Float32Array.from(this.sum ?? [], (value) => value / this.positions);
    return this.tensorflow.tf.tensor4d(means, [1, 1, 1, means.length]);
  }
}
