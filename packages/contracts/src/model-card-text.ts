import type { ModelCard, ModelCardStage } from "./model-card.ts";
import type { Latency, RuntimeInfo } from "./results.ts";

const UNKNOWN = "unknown";

/** The card as Markdown; `unknownOrigin` stands in it where nothing says where the network comes from. */
export function formatModelCard(card: ModelCard, unknownOrigin = "Uploaded; nothing else is known."): string {
  const { cost, widths } = card;
  const facts = [
    ["architecture", `${card.architecture}, ×${card.scale}`],
    ["licence", card.licence ?? UNKNOWN],
    ["parameters", number(cost.parameters)],
    ["multiply-adds, 96×96 LR", number(cost.multiplyAddsLr96x96)],
    ["multiply-adds, 1280×720 HR", number(cost.multiplyAddsHr1280x720)],
    ["dual networks in the file", String(card.dualNetworks)],
    ["model", card.modelId ?? "–"],
    ["SHA-256 of the safetensors file", card.sha256 ?? UNKNOWN],
    ["size of the safetensors file", card.sizeBytes === null ? UNKNOWN : `${number(card.sizeBytes)} bytes`],
  ];
  return `${[
    `# ${escaped(card.name)}`,
    table(["", ""], facts),
    "## Input and output",
    "The input is one RGB image, float32 in 0..255, of any height and width; the output is the super-resolved image in the " +
      "same range, neither rounded nor clipped. ONNX: `lr` and `sr`, `[batch, 3, height, width]`; TensorFlow.js: `lr` and " +
      "`sr`, `[batch, height, width, 3]`; the safetensors file has PyTorch's names and layout.",
    "## Widths",
    widths.length === 0
      ? "No width of this network can shrink."
      : table(
          ["read by", "channels"],
          widths.map(({ group, width }) => [group, String(width)]),
        ),
    "## Where it comes from",
    lineage(card, unknownOrigin),
    "## Quality",
    quality(card),
  ].join("\n\n")}\n`;
}

function lineage({ lineage: stages, baseModels }: ModelCard, unknownOrigin: string): string {
  if (stages.length === 0 && baseModels.length === 0) return unknownOrigin;
  const bases = baseModels.map(
    (base) => `- from the model ${base.modelId}, “${escaped(base.name)}”, SHA-256 \`${base.sha256}\``,
  );
  return [...bases, ...stages.map((stage) => stageLine(stage))].join("\n");
}

function stageLine(stage: ModelCardStage): string {
  const { kind, jobId, known, seed, dataset, method, budget, settings, runtimes, exact, endedAt } = stage;
  const job = jobId === null ? "" : `, job ${jobId}`;
  if (!known) return `- **${kind}**${job}: deleted, nothing else is known`;
  const facts = [
    ...(method === null ? [] : [`method ${method}`]),
    ...(budget === null
      ? []
      : [
          `budget: ${percent(budget.asked)} of ${budget.of} asked, ${percent(budget.achieved)} achieved` +
            `${budget.met ? "" : " (not met)"}, widths in multiples of ${budget.widthMultiple}`,
        ]),
    ...(dataset === null ? [] : [`data ${describeDataset(dataset)}`]),
    ...(seed === null ? [] : [`seed ${seed}`]),
    ...(Object.keys(settings).length === 0 ? [] : [`settings \`${JSON.stringify(settings)}\``]),
    ...runtimes.map((runtime) => `run on ${describeRuntime(runtime)}`),
    ...(exact ? [] : ["resumed on another runtime, so that its bits are not those of an uninterrupted run"]),
    ...(endedAt === null ? [] : [`ended ${endedAt}`]),
  ];
  return [`- **${kind}**${job}`, ...facts.map((fact) => `  - ${fact}`)].join("\n");
}

function describeDataset({ datasetId, version, sha256, images }: NonNullable<ModelCardStage["dataset"]>): string {
  const content = sha256 === null ? "deleted since" : `${images} images, SHA-256 \`${sha256}\``;
  return `${datasetId} version ${version} (${content})`;
}

function describeRuntime({ backend, tensorflowVersion, device, threads, processor, flags }: RuntimeInfo): string {
  const settings = Object.entries(flags ?? {}).map(([flag, value]) => `${flag} ${value}`);
  return [
    `${backend} ${tensorflowVersion}`,
    device,
    `${threads} threads`,
    ...(processor ? [processor] : []),
    ...settings,
  ]
    .map(escaped)
    .join(", ");
}

function quality({ quality: evaluations }: ModelCard): string {
  if (evaluations.length === 0) return "Not evaluated.";
  return evaluations
    .map(({ jobId, dataset, images, psnr, ssim, protocol, latency, latencyHr1280x720 }) =>
      [
        `- **PSNR ${psnr === null ? "–" : `${psnr.toFixed(2)} dB`}, SSIM ${ssim === null ? "–" : ssim.toFixed(4)}**, ` +
          `mean over ${images} images of ${describeDataset(dataset)}, job ${jobId}`,
        `  - protocol: ${Object.entries(protocol)
          .map(([field, value]) => `${field}: ${value}`)
          .join("; ")}`,
        ...[latency, latencyHr1280x720].flatMap((measured) => (measured ? [`  - ${describeLatency(measured)}`] : [])),
      ].join("\n"),
    )
    .join("\n");
}

function describeLatency(latency: Latency): string {
  const { lrWidth, lrHeight, medianMs, percentile90Ms, runs, device, threads } = latency;
  return (
    `latency of ${lrWidth}×${lrHeight} LR pixels: median ${medianMs.toFixed(1)} ms, 90th percentile ` +
    `${percentile90Ms.toFixed(1)} ms over ${runs} passes after a warm-up, ${device}, ${threads} threads`
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => escaped(cell)).join(" | ")} |`;
  return [line(head), `| ${head.map(() => "---").join(" | ")} |`, ...rows.map(line)].join("\n");
}

/** Names are other people's words: they must not become markup. */
const escaped = (text: string) => text.replace(/[|<>[\]\\*_]/g, (sign) => `\\${sign}`).replace(/\s+/g, " ");
const number = (value: number) => Math.round(value).toLocaleString("en-US");
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
