import { type ChannelGroup, findNode, type Network } from "@drc/network";

/** Per channel of the group all weights that read it, as one vector. */
export function consumerWeights(network: Network, group: ChannelGroup): Float64Array[] {
  const values = Array.from({ length: group.width }, (): number[] => []);
  for (const consumer of group.consumers) {
    const node = findNode(network.graph, consumer.node);
    const weight = node.op === "conv2d" ? network.weights.get(node.weight) : undefined;
    if (!weight) throw new Error(`The consumer "${consumer.node}" has no weights.`);
    const [outputs, inputs, height, width] = weight.shape;
    const taps = height * width;
    consumer.channels.forEach((indices, channel) => {
      for (const input of indices) {
        for (let output = 0; output < outputs; output++) {
          const base = (output * inputs + input) * taps;
          for (let tap = 0; tap < taps; tap++) values[channel].push(weight.data[base + tap]);
        }
      }
    });
  }
  return values.map((vector) => Float64Array.from(vector));
}
