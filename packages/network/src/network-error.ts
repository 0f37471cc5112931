export type NetworkErrorCode =
  /** A file that is no safetensors file, or a damaged one. */
  | "SAFETENSORS_INVALID"
  /** Weights that do not belong to the graph, or a file of another architecture than the one named. */
  | "ARCHITECTURE_MISMATCH"
  | "GRAPH_INVALID"
  | "PLAN_INVALID"
  | "PRESET_UNKNOWN";

/** An input that is wrong; the message names it, its value and the remedy. */
export class NetworkError extends Error {
  readonly code: NetworkErrorCode;
  constructor(code: NetworkErrorCode, message: string) {
    super(message);
    this.name = "NetworkError";
    this.code = code;
  }
}
