/**
 * A checkpoint: one safetensors file with everything that a stage needs to go on as if it had not stopped.
 *
 * Models are stored under a prefix each, further tensors by name, and the rest as JSON in the file's metadata.
 */
import {
  decodeModel,
  encodeModel,
  type Model,
  NetworkError,
  readSafetensors,
  type SafeTensor,
  writeSafetensors,
} from "@drc/network";

export interface Checkpoint<State> {
  /** The kind of stage that wrote it: a checkpoint resumes the same kind only. */
  stage: string;
  state: State;
  models: Record<string, Model>;
  tensors: Record<string, Float32Array>;
}

const FORMAT = "drc-checkpoint/1";

export class CheckpointError extends Error {
  readonly code = "CHECKPOINT_INVALID";
  constructor(message: string) {
    super(message);
    this.name = "CheckpointError";
  }
}

export function encodeCheckpoint<State>(checkpoint: Checkpoint<State>): Uint8Array {
  const tensors = new Map<string, SafeTensor>();
  for (const [name, data] of Object.entries(checkpoint.tensors)) {
    tensors.set(`tensor.${name}`, { dtype: "F32", shape: [data.length], data });
  }
  for (const [name, model] of Object.entries(checkpoint.models)) {
    const bytes = encodeModel(model);
    tensors.set(`model.${name}`, { dtype: "U8", shape: [bytes.length], data: bytes });
  }
  return writeSafetensors(tensors, {
    format: FORMAT,
    stage: checkpoint.stage,
    state: JSON.stringify(checkpoint.state),
  });
}

/** Throws `CheckpointError` for a file that is none, one that is damaged, or one of another stage. */
export function decodeCheckpoint<State>(bytes: Uint8Array, stage: string): Checkpoint<State> {
  try {
    return decode(bytes, stage);
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    throw new CheckpointError(`The checkpoint is damaged. ${error.message}`);
  }
}

function decode<State>(bytes: Uint8Array, stage: string): Checkpoint<State> {
  const file = readSafetensors(bytes);
  if (file.metadata.format !== FORMAT) {
    throw new CheckpointError("The file is not a checkpoint; a finished model cannot be resumed, only fine-tuned.");
  }
  if (file.metadata.stage !== stage) {
    throw new CheckpointError(`The checkpoint is one of ${file.metadata.stage}; ${stage} cannot resume from it.`);
  }
  const models: Record<string, Model> = {};
  const tensors: Record<string, Float32Array> = {};
  for (const [name, tensor] of file.tensors) {
    if (name.startsWith("model.")) models[name.slice("model.".length)] = decodeModel(tensor.data as Uint8Array);
    else tensors[name.slice("tensor.".length)] = tensor.data as Float32Array;
  }
  return { stage, state: JSON.parse(file.metadata.state) as State, models, tensors };
}
