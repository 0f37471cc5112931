import { randomUUID } from "node:crypto";
import { closeSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { TensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";

/** Where the tiles are put that later stages read. */
export interface TileStore {
  /** Takes a copy; the tensor stays the caller's. */
  put(values: Tensor): StoredTile;
  dispose(): void;
}

export interface StoredTile {
  /** A tensor that the caller disposes. */
  read(): Tensor;
  free(): void;
}

/** Tiles on the device. */
export function deviceStore({ tf }: TensorFlow): TileStore {
  return {
    put(values) {
      const kept = tf.keep(values.clone());
      return { read: () => kept.clone(), free: () => kept.dispose() };
    },
    dispose() {},
  };
}

/**
 * Tiles in a file of that folder. It has no name after it was opened, so nothing is left of it when the process ends,
 * however it ends. Throws what the file system says, such as ENOSPC.
 */
export function scratchStore({ tf }: TensorFlow, folder: string): TileStore {
  const path = join(folder, `.drc-${randomUUID()}`);
  const file = openSync(path, "wx+", 0o600);
  rmSync(path);
  let end = 0;
  // Tiles have few sizes: a freed place is taken by the next tile of the same size.
  const places = new Map<number, number[]>();

  function write(values: Tensor): { place: number; length: number } {
    const data = values.dataSync<"float32">();
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const place = places.get(bytes.length)?.pop() ?? end;
    if (place === end) end += bytes.length;
    transfer(bytes, place, (offset, position) => writeSync(file, bytes, offset, bytes.length - offset, position));
    return { place, length: bytes.length };
  }

  function read(place: number, length: number): Float32Array {
    const bytes = new Uint8Array(length);
    transfer(bytes, place, (offset, position) => readSync(file, bytes, offset, bytes.length - offset, position));
    return new Float32Array(bytes.buffer);
  }

  return {
    put(values) {
      const shape = values.shape as [number, number, number, number];
      const { place, length } = write(values);
      return {
        read: () => tf.tensor4d(read(place, length), shape),
        free: () => void places.set(length, [...(places.get(length) ?? []), place]),
      };
    },
    dispose: () => closeSync(file),
  };
}

/** Goes on until all bytes are through: a system call may do less than it was asked for. */
function transfer(bytes: Uint8Array, place: number, step: (offset: number, position: number) => number): void {
  for (let done = 0; done < bytes.length; ) {
    const count = step(done, place + done);
    if (count === 0) throw new Error("The scratch file ended before its tile did.");
    done += count;
  }
}
