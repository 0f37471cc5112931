export { type DrnConfiguration, drnGraph } from "./architectures/drn.ts";
export { importPytorch } from "./architectures/import-pytorch.ts";
export {
  configurationOf,
  dualFeatures,
  type NetworkConfiguration,
  networkGraph,
  PRESETS,
  preset,
} from "./architectures/registry.ts";
export * from "./bicubic-kernel.ts";
export * from "./budget.ts";
export * from "./channel-groups.ts";
export * from "./cost.ts";
export * from "./create-model.ts";
export * from "./dual-network.ts";
export * from "./export/export-model.ts";
export * from "./export/onnx.ts";
export * from "./export/tfjs.ts";
export * from "./graph.ts";
export * from "./inference-stages.ts";
export * from "./last-feature.ts";
export * from "./model-file.ts";
export * from "./network-error.ts";
export * from "./network-label.ts";
export * from "./node-geometry.ts";
export * from "./plan-space.ts";
export * from "./random.ts";
export * from "./receptive-field.ts";
export * from "./safetensors.ts";
export * from "./surgery.ts";
export * from "./tensorflow-layout.ts";
export * from "./validate.ts";
