import {
  type CalibrationImage,
  fineTune,
  fineTuneToOriginal,
  type StageControl,
  suitablePatches,
} from "@drc/compression";
import { DEFAULT_PATCH, fineTuneSettings } from "@drc/contracts";
import type { Model, Network } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";

interface FineTuning {
  tensorflow: TensorFlow;
  original: Model;
  compressed: Model;
  images: readonly CalibrationImage[];
  teacher: Network | undefined;
  steps: number;
  control: StageControl;
}

/** Trains the compressed network on: against HR images where all images have one, else the original's outputs. */
export async function fineTuneCompressed(given: FineTuning): Promise<Model> {
  const { tensorflow, original, compressed, images, teacher, steps, control } = given;
  const settings = { ...fineTuneSettings.parse({ steps }), patchSize: DEFAULT_PATCH };
  const common = {
    tensorflow,
    model: compressed,
    teacher,
    settings: { ...settings, ...suitablePatches(compressed.primal.graph, images, settings) },
    validation: [],
    control,
  };
  const pairs = images.flatMap(({ hr, ...image }) => (hr ? [{ ...image, hr }] : []));
  const { model } =
    pairs.length === images.length
      ? await fineTune({ ...common, images: pairs })
      : await fineTuneToOriginal({ ...common, images, original: original.primal });
  return model;
}
