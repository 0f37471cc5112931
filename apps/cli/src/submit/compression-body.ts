import { realpath } from "node:fs/promises";
import {
  type BudgetCost,
  type DatasetContent,
  type DatasetVersionResource,
  IMPORTANCE_METHODS,
  type Importance,
  importanceReadsHr,
  importance as importanceSettings,
  type ModelResource,
  type OnAlpha,
  type Scale,
  SEARCH_METHODS,
  type SearchMethod,
  searchReadsHr,
  secondOrderCalibrationSettings,
} from "@drc/contracts";
import { NetworkError, preset as presetConfiguration } from "@drc/network";
import type { DrcClient } from "@drc/sdk";
import { CliError, EXIT } from "../cli-error.ts";
import { datasetOf, type GivenImages, givenImages, givenVersion } from "./given-images.ts";
import { givenModel } from "./given-model.ts";

/** What `drc submit --data` is given. */
export interface CompressionOptions {
  /** A folder, or a dataset version of the server (`ds_…`, `ds_…@2`), as the other images. */
  data: string;
  /** By default that of the version, or HR images. */
  content?: DatasetContent;
  evaluation?: string;
  evaluationContent?: DatasetContent;
  unpaired?: string;
  skipBadFiles?: true;
  onOddSize?: "modcrop" | "reject";
  onAlpha?: OnAlpha;
  scale?: Scale;
  preset?: string;
  model?: string;
  teacher?: string;
  remove: number;
  of: BudgetCost;
  widthMultiple?: number;
  plan: SearchMethod;
  importance: Importance["method"];
  steps?: number;
  fineTuneSteps?: number;
  fineTuneTargets?: "images" | "original";
  seed: number;
  name?: string;
  label?: string[];
}

type CheckedOptions = CompressionOptions & { content: DatasetContent };

const DEFAULT_SCALE = 4;
export const DEFAULT_PRESET = "drn-xs";

const WITHOUT_EVALUATION =
  "No --evaluation: PSNR will be that to the original network's outputs; to HR images none is measured.\n";

/** Uploads what the options name, and gives the body of `POST /v1/compressions`. */
export async function compressionBody(
  client: DrcClient,
  options: CompressionOptions,
): Promise<Record<string, unknown>> {
  const { preset = DEFAULT_PRESET, remove, of, plan, importance, steps, fineTuneSteps, seed, name, label } = options;
  const { widthMultiple } = options;
  // All that can be wrong here is found before any image is uploaded.
  const given = await givenVersion(client, "--data", options.data);
  const { content = given?.content ?? "hr" } = options;
  if (given && content !== given.content) throw otherContent(given, content);
  checkOptions({ ...options, content });
  const images = await findAllImages(client, { ...options, content });
  const model = options.model === undefined ? undefined : await givenModel(client, "--model", options.model);
  const scale = model ? scaleOf(model, options.scale) : (options.scale ?? DEFAULT_SCALE);
  const teacher = options.teacher === undefined ? undefined : await givenModel(client, "--teacher", options.teacher);
  if (teacher) checkTeacherScale(teacher, scale);
  checkVersions(images, scale);
  if (!images.evaluation) process.stderr.write(WITHOUT_EVALUATION);
  const { skipBadFiles, onOddSize, onAlpha } = options;
  const settings = { scale, onBadFile: skipBadFiles ? ("skip" as const) : ("fail" as const), onOddSize, onAlpha };
  const dataset = await datasetOf(client, images.data, settings);
  return {
    dataset,
    ...(images.evaluation ? { evaluation: { dataset: await datasetOf(client, images.evaluation, settings) } } : {}),
    ...(images.unpaired ? { unpaired: await datasetOf(client, images.unpaired, settings) } : {}),
    ...(model
      ? { model: { modelId: model.id } }
      : { network: { preset, scale }, ...(steps === undefined ? {} : { train: { steps } }) }),
    ...(teacher ? { teacher: { modelId: teacher.id } } : {}),
    budget: { of, remove, ...(widthMultiple === undefined ? {} : { widthMultiple }) },
    method: { plan, importance: { method: importance } },
    ...(fineTuneSteps === undefined ? {} : { fineTune: { steps: fineTuneSteps } }),
    fineTuneTargets: targetsOf({ ...options, content }),
    seed,
    ...(name === undefined ? {} : { name }),
    ...(label === undefined ? {} : { labels: label }),
  };
}

/** Without HR images, the outputs of the network before its pruning are all that there is to draw to. */
function targetsOf({ content, fineTuneTargets }: CheckedOptions): "images" | "original" {
  return fineTuneTargets ?? (content === "lr" ? "original" : "images");
}

function checkOptions(options: CheckedOptions): void {
  const { content, evaluation, evaluationContent, unpaired } = options;
  checkNetworkOptions(options);
  if (evaluation === undefined && evaluationContent !== undefined) {
    throw usage(
      "--evaluation-content: it says what --evaluation holds, which is not given; give both, or leave it out.",
    );
  }
  if (content === "lr") checkNeedsNoHr(options);
  else if (evaluation === undefined) {
    const why = "measuring on the images of the training would say little";
    throw usage(`--evaluation: give a folder of images that are not in --data; ${why}.`);
  }
  if (unpaired !== undefined && targetsOf(options) === "original") {
    const why = "the targets are the original network's outputs, so all images are read without HR";
    throw usage(`--unpaired: ${why}; put these into --data.`);
  }
}

/** Options of the network to train: none beside a model, else a preset that there is at the scale. */
function checkNetworkOptions({ model, preset, steps, scale }: CompressionOptions): void {
  if (model !== undefined) {
    const why = "it is of a network to train, and --model names one that is trained; leave one of the two out.";
    if (preset !== undefined) throw usage(`--preset: ${why}`);
    if (steps !== undefined) throw usage(`--steps: ${why} Those of the fine-tuning are --fine-tune-steps.`);
    return;
  }
  try {
    presetConfiguration(preset ?? DEFAULT_PRESET, scale ?? DEFAULT_SCALE);
  } catch (error) {
    // Its message begins with the name of the option that is wrong.
    if (error instanceof NetworkError) throw usage(`--${error.message}`);
    throw error;
  }
}

/** Refuses what LR images alone do not do, as the server would after the upload. */
function checkNeedsNoHr({ model, fineTuneTargets, plan, importance }: CheckedOptions): void {
  const lacking = "HR images, which --content lr does not give";
  if (model === undefined) throw usage(`--model: training a network takes ${lacking}; give a model to compress.`);
  if (fineTuneTargets === "images") throw usage(`--fine-tune-targets: images takes ${lacking}; take original.`);
  const planReadsHr = (method: SearchMethod) => searchReadsHr(method, secondOrderCalibrationSettings.parse({}));
  if (planReadsHr(plan)) {
    throw usage(`--plan: ${plan} reads ${lacking}; take ${oneOf(SEARCH_METHODS.filter((one) => !planReadsHr(one)))}.`);
  }
  const choiceReadsHr = (method: Importance["method"]) => importanceReadsHr(importanceSettings.parse({ method }));
  if (choiceReadsHr(importance)) {
    const others = oneOf(IMPORTANCE_METHODS.filter((one) => !choiceReadsHr(one)));
    throw usage(`--importance: ${importance} reads ${lacking}; take ${others}.`);
  }
}

function oneOf(names: readonly string[]): string {
  return `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}

interface AllImages {
  data: GivenImages;
  evaluation?: GivenImages;
  unpaired?: GivenImages;
}

async function findAllImages(client: DrcClient, options: CheckedOptions): Promise<AllImages> {
  const { data, content, evaluation, evaluationContent, unpaired } = options;
  if (evaluation !== undefined) await refuseSameFolder(data, evaluation);
  return {
    data: await givenImages(client, "--data", data, content),
    evaluation:
      evaluation === undefined
        ? undefined
        : await givenImages(
            client,
            "--evaluation",
            evaluation,
            evaluationContent ?? (content === "pairs" ? "pairs" : "hr"),
          ),
    // What a network reads, whether or not somebody would call it LR.
    unpaired: unpaired === undefined ? undefined : await givenImages(client, "--unpaired", unpaired, "lr"),
  };
}

/** The images of a version have been read for one scale; the server would say so only after an upload beside it. */
function checkVersions(images: AllImages, scale: Scale): void {
  for (const [name, given] of Object.entries(images) as [keyof AllImages, GivenImages | undefined][]) {
    if (given === undefined || "folder" in given || given.scale === scale) continue;
    const { datasetId, version } = given;
    throw usage(`--${name}: version ${version} of ${datasetId} is for ×${given.scale}, the network for ×${scale}.`);
  }
}

function otherContent({ datasetId, version, content }: DatasetVersionResource, given: DatasetContent): CliError {
  return usage(`--content: version ${version} of ${datasetId} holds ${content}, not ${given}; leave --content out.`);
}

/** PSNR on the images of the training would say nothing about other images. */
async function refuseSameFolder(data: string, evaluation: string): Promise<void> {
  // A folder that is not there is refused when its images are listed.
  const [one, other] = await Promise.all([data, evaluation].map((folder) => realpath(folder).catch(() => undefined)));
  if (one === undefined || one !== other) return;
  throw usage(
    `--evaluation: ${evaluation} is the folder of --data; give a folder of other images: what is measured on the ` +
      "images of the training says little about others.",
  );
}

/** The model's own, which is the only one that may be given. */
function scaleOf(model: ModelResource, given: Scale | undefined): Scale {
  if (given === undefined || given === model.scale) return model.scale as Scale;
  throw usage(`--scale: the model is one for ×${model.scale}, and ${given} is given; leave --scale out.`);
}

function checkTeacherScale(teacher: ModelResource, scale: Scale): void {
  if (teacher.scale === scale) return;
  throw usage(
    `--teacher: it is a network for ×${teacher.scale}, the compressed one for ×${scale}; give one for ×${scale}.`,
  );
}

function usage(message: string): CliError {
  return new CliError(message, EXIT.usage);
}
