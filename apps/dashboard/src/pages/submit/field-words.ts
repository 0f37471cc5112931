/** How a form calls the fields and values of a request, and what it says about them. */

const WORDS: Readonly<Record<string, string>> = {
  fineTune: "Fine-tuning",
  fineTuneTargets: "Targets of the fine-tuning",
  train: "Training",
  keepImages: "Keep the super-resolved images",
  movingAverageDecay: "Decay of the moving average",
  patchSize: "Patch size (LR pixels)",
  dualWeight: "Weight of the dual loss (λ)",
  maxRunSeconds: "Longest run time (s)",
  maxAttempts: "Attempts",
  stopWhen: "Early stop",
  pruned: "Measure pruned networks before their fine-tuning as well",
  psnrBelow: "PSNR below",
  remove: "Share to remove",
  unpaired: "Unpaired images",
  unpairedBatchSize: "Unpaired patches in a step",
  gradientClip: "Largest norm of the gradient",
  warmUpSteps: "Warm-up steps",
  everySteps: "Steps between two falls",
  validationEverySteps: "Steps between validations",
  checkpointEverySteps: "Steps between checkpoints",
  alphaLearningRate: "Learning rate of α",
  alphaWeightDecay: "Weight decay of α",
};

const EXPLAINED: Readonly<Record<string, string>> = {
  unpaired: "More images, without an HR twin: they count for the dual loss alone.",
  validation: "Images that are kept out of the training, to measure the network on.",
  fineTuneTargets: "What the outputs are drawn to: the images, or the outputs of the network before its pruning.",
  teacher: "A network of the same scale, whose last feature that of the compressed one is drawn to.",
  plan: "What decides how many channels each layer keeps.",
  importance: "What decides which channels of a layer are kept.",
  guide: "The loss that tells second order which errors matter.",
  order: "Second order follows what a step of the weights does to the loss of α: five passes a step, not two.",
  channelsPerRound: "1 is the published rule; more is faster and less exact.",
  of: "Whose share it is",
  remove: "0.3, or 30 %",
  widthMultiple: "What widths are multiples of",
  schedule: "How the learning rate falls.",
  warmUpSteps: "Over these first steps the learning rate rises.",
  gradientClip: "Left empty, it is not clipped.",
  movingAverageDecay: "Left empty, there is no moving average.",
  dualWeight: "0 leaves the dual networks out.",
  psnrBelow: "dB; a pruned network with less is not fine-tuned.",
  belowBicubic: "dB; a pruned network that is further under bicubic is not fine-tuned.",
  baseline: "The method that the summary compares the others with; left empty, the first one.",
  seed: "The same seed gives the same bits on one machine.",
  priority: "0 to 100; of the jobs of one key, a higher one goes first.",
  maxAttempts: "Of each job that fails for a reason that can pass, such as a crash.",
  maxRunSeconds: "Of each job, in all of its attempts together.",
};

/** `learningRate` is "Learning rate". */
export function wordsOf(name: string): string {
  const known = WORDS[name];
  if (known !== undefined) return known;
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What its name does not tell; undefined where that is nothing. */
export function explanationOf(name: string): string | undefined {
  return EXPLAINED[name];
}

/** A value that a menu offers. */
export function valueText(value: string): string {
  return value === "multiplyAdds" ? "multiply-adds" : value;
}

/** What a menu says where nothing is chosen, and no schema has a default. */
export function emptyText(name: string): string {
  return name === "device" ? "The server's own" : "None";
}

/** A field by the pointer to it, such as "Budget › Share to remove". */
export function fieldText(pointer: string): string {
  const steps = pointer.split("/").filter((step) => step !== "" && step !== "spec");
  return steps.map((step) => (/^\d+$/.test(step) ? String(Number(step) + 1) : wordsOf(step))).join(" › ");
}
