import type { Model } from "@drc/network";
import { type CompiledNetwork, compile, type Parameters, type TensorFlow } from "@drc/tensorflow";

export interface LoadedNetwork {
  compiled: CompiledNetwork;
  parameters: Parameters;
}

/** A model on the device: primal and dual networks compiled, their weights as tensors. */
export class LoadedModel {
  readonly primal: LoadedNetwork;
  readonly duals: LoadedNetwork[];

  constructor(tensorflow: TensorFlow, model: Model) {
    const load = ({ graph, weights }: Model["primal"]): LoadedNetwork => {
      const compiled = compile(tensorflow, graph);
      return { compiled, parameters: compiled.load(weights) };
    };
    this.primal = load(model.primal);
    this.duals = model.duals.map(load);
  }

  get networks(): LoadedNetwork[] {
    return [this.primal, ...this.duals];
  }

  /** The present weights in PyTorch's names and layout. */
  read(): Model {
    const read = ({ compiled, parameters }: LoadedNetwork) => ({
      graph: compiled.graph,
      weights: compiled.read(parameters),
    });
    return { primal: read(this.primal), duals: this.duals.map(read) };
  }

  dispose(): void {
    for (const { parameters } of this.networks) {
      for (const tensor of parameters.values()) tensor.dispose();
      parameters.clear();
    }
  }
}
