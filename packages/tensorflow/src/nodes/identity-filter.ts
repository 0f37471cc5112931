import type { WeightTensor } from "@drc/network";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";

/** Filters on the device that hand every channel on as it is: those of the mean shift, whose work is in the bias. */
const identities = new WeakSet<Tensor>();

/** Remembers whether a filter is the identity, from its values in the file's layout `[out, in, height, width]`. */
export function noteIdentity(filter: Tensor, { shape: [outs, ins, height, width], data }: WeightTensor): void {
  if (outs !== ins || height * width !== 1) return;
  if (data.every((value, i) => value === (i % (ins + 1) === 0 ? 1 : 0))) identities.add(filter);
}

export function isIdentity(filter: Tensor): boolean {
  return identities.has(filter);
}
