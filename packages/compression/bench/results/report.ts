/**
 * Writes the tables of docs/results.md and its curves from the file of runs; what stands between
 * `<!-- table NAME -->` and `<!-- end -->` is replaced.
 *
 *   npm run results:report            writes them
 *   npm run results:report -- --check fails where the page is not what the runs say
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { curvesSvg } from "./curve.ts";
import { BASES, type BaseName, type ChoiceName, type PlanName } from "./experiments.ts";
import { meanOf, pairedDifference, standardDeviation, verdict } from "./pairing.ts";
import { type BaseRun, type PointRun, type QualityBySet, readRuns } from "./runs-file.ts";

const { values: options } = parseArgs({
  options: {
    folder: { type: "string", default: "docs/results" },
    page: { type: "string", default: "docs/results.md" },
    check: { type: "boolean", default: false },
  },
});

const runs = await readRuns(join(options.folder, "runs.jsonl"));
const bases = new Map<string, BaseRun>();
for (const run of runs) if (run.kind === "base") bases.set(run.base, run);
/** Of each base network only what hangs on its newest file. */
const points = runs
  .filter((run) => run.kind === "point")
  .filter((run) => bases.get(run.base)?.sha256 === run.baseSha256);

const SETS = ["Set5", "Set14", "BSD100"];
const db = (value: number | null | undefined) => (value === null || value === undefined ? "–" : value.toFixed(2));
const signed = (value: number) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;
const share = (value: number) => `${(100 * value).toFixed(1)} %`;
const sets = (quality: QualityBySet | null | undefined) => SETS.map((set) => db(quality?.[set]?.psnr));

function difference(one: QualityBySet | undefined, other: QualityBySet | undefined): [string, string] {
  if (!one || !other) return ["–", "–"];
  const paired = pairedDifference(one, other);
  return [`${signed(paired.mean)} ± ${paired.halfInterval.toFixed(3)}`, verdict(paired)];
}

type Row = readonly (string | number)[];

/** Padded as the formatter pads it. */
function table(head: Row, rows: readonly Row[]): string {
  if (rows.length === 0) return "None of its points has been run yet.";
  const texts = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, i) => Math.max(3, ...texts.map((row) => row[i].length)));
  const line = (row: readonly string[]) => `| ${row.map((text, i) => text.padEnd(widths[i])).join(" | ")} |`;
  return [
    line(texts[0]),
    `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`,
    ...texts.slice(1).map(line),
  ].join("\n");
}

interface Where {
  base: BaseName;
  remove: number;
  plan: PlanName;
  choice: ChoiceName;
  seed?: number;
  rounds?: number;
}

function find({ base, remove, plan, choice, seed = 1, rounds = 1 }: Where): PointRun | undefined {
  return points.find(
    (at) =>
      at.base === base &&
      at.remove === remove &&
      at.plan === plan &&
      at.choice === choice &&
      at.seed === seed &&
      at.rounds === rounds,
  );
}

const CORE: readonly BaseName[] = ["base0", "base1"];
const BUDGETS = [0.3, 0.5, 0.7];

const HEAD = ["removed", "base", "plan", "choice", "before: Set5", "Set5", "Set14", "BSD100"];

function row(at: PointRun): string[] {
  const rounds = at.rounds === 1 ? "" : `, ${at.rounds} rounds`;
  const before = at.before ? db(at.before.Set5.psnr) : "–";
  return [share(at.removedShare), at.base, `\`${at.plan}\``, `\`${at.choice}\`${rounds}`, before, ...sets(at.after)];
}

/** The points named, each beside the reference of its base and budget. */
function compared(wanted: readonly Where[], referenceName: string, referenceOf: (at: Where) => Where): string {
  const rows = wanted.flatMap((where) => {
    const at = find(where);
    if (!at) return [];
    const reference = find(referenceOf(where));
    return [[...row(at), ...(at === reference ? ["–", "–"] : difference(at.after, reference?.after))]];
  });
  return table([...HEAD, `against ${referenceName}`, ""], rows);
}

function grid(
  choices: readonly ChoiceName[],
  plans: readonly PlanName[],
  budgets: readonly number[] = BUDGETS,
): Where[] {
  return budgets.flatMap((remove) =>
    CORE.flatMap((base) => plans.flatMap((plan) => choices.map((choice) => ({ base, remove, plan, choice })))),
  );
}

const CHOICES: readonly ChoiceName[] = [
  "second-order",
  "l1",
  "fpgm",
  "taylor",
  "greedy-4",
  "greedy",
  "greedy-4-no-dual",
];
const RANDOM: readonly ChoiceName[] = ["random-1", "random-2", "random-3"];

function randomRows(): string {
  const rows = BUDGETS.flatMap((remove) =>
    CORE.flatMap((base) => {
      const draws = RANDOM.map((choice) => find({ base, remove, plan: "second-order", choice })).filter(
        (at) => at !== undefined,
      );
      if (draws.length === 0) return [];
      const spread = (set: string) => {
        const values = draws.map(({ after }) => after[set].psnr ?? Number.NaN);
        return `${meanOf(values).toFixed(2)} ± ${standardDeviation(values).toFixed(2)}`;
      };
      return [[share(draws[0].removedShare), base, draws.length, ...SETS.map(spread)]];
    }),
  );
  return table(["removed", "base", "draws", ...SETS], rows);
}

/** Against what is given, at the same plan, budget and base. */
const toward =
  (other: Partial<Where>) =>
  (at: Where): Where => ({ ...at, seed: 1, rounds: 1, ...other });

function trainedWithout(): string {
  const rows = (["base1", "base2"] as const).flatMap((name) => {
    const dual = bases.get(name);
    const plain = bases.get(`${name}-no-dual`);
    if (!dual || !plain) return [];
    return [
      [
        `seed ${BASES[name].seed}`,
        sets(dual.quality).join(" / "),
        sets(plain.quality).join(" / "),
        ...difference(dual.quality, plain.quality),
      ],
    ];
  });
  return table(["", "λ = 0.1: Set5 / Set14 / BSD100", "λ = 0", "λ = 0.1 against 0", ""], rows);
}

function baseRows(): string {
  const rows = [...bases.values()].map(({ base, cost, quality, steps }) => [
    `\`${base}\``,
    `×${BASES[base].scale}`,
    BASES[base].dualWeight,
    steps ?? "5000, PyTorch",
    cost.parameters.toLocaleString("en"),
    ...sets(quality),
  ]);
  return table(["network", "scale", "λ", "steps", "parameters", ...SETS], rows);
}

function seedRows(): string {
  const seeds = [1, 2, 3]
    .map((seed) => find({ base: "base0", remove: 0.5, plan: "second-order", choice: "second-order", seed }))
    .filter((at) => at !== undefined);
  const spread = (set: string) => {
    const values = seeds.map(({ after }) => after[set].psnr ?? Number.NaN);
    return `${meanOf(values).toFixed(3)} ± ${standardDeviation(values).toFixed(3)}`;
  };
  return table(["seeds", ...SETS], seeds.length < 2 ? [] : [[seeds.length, ...SETS.map(spread)]]);
}

function costRows(): string {
  const stages = new Map<string, number[]>();
  for (const { plan, choice, cpuSeconds, remove } of points) {
    if (remove !== 0.5) continue;
    const put = (name: string, seconds: number) => stages.set(name, [...(stages.get(name) ?? []), seconds]);
    put(`plan \`${plan}\``, cpuSeconds.plan);
    if (choice !== "from-scratch") put(`choice \`${choice.replace(/-[123]$/, "")}\``, cpuSeconds.choice);
  }
  const rows = [...stages].map(([name, seconds]) => [name, meanOf(seconds).toFixed(1)]);
  return table(
    ["stage, half removed", "CPU-seconds"],
    rows.sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

const SO = { plan: "second-order", choice: "second-order" } as const;

const TABLES: Record<string, () => string> = {
  bases: baseRows,
  "dual-in-training": trainedWithout,
  choices: () => compared(grid(CHOICES, ["second-order"]), "`l1`", toward({ choice: "l1" })),
  random: randomRows,
  plans: () =>
    compared(
      grid(["l1", "second-order"], ["uniform", "drc", "drc-published", "second-order", "balanced"]),
      "`uniform`",
      toward({ plan: "uniform" }),
    ),
  "dual-in-search": () =>
    compared(
      grid(["l1", "second-order"], ["drc", "drc-no-dual"], [0.5]),
      "`drc-no-dual`",
      toward({ plan: "drc-no-dual" }),
    ),
  published: () => compared(grid(["greedy-4", "l1"], ["drc", "drc-published"]), "`second-order` in both", toward(SO)),
  guides: () =>
    compared(
      grid(["second-order", "second-order:dual", "second-order:primal", "second-order:both"], ["second-order"]),
      "`primal`",
      toward({ choice: "second-order:primal" }),
    ),
  rounds: () =>
    compared(
      grid(["second-order"], ["second-order"]).map((where) => ({ ...where, rounds: 2 })),
      "one round",
      toward({}),
    ),
  scratch: () =>
    compared(
      grid(["from-scratch"], ["second-order", "balanced"], [0.5]),
      "compressed, `second-order`",
      toward({ choice: "second-order" }),
    ),
  seeds: seedRows,
  x2: () =>
    compared(
      [
        ...(["second-order", "l1", "greedy-4", "random-1"] as const).map((choice) => ({
          plan: "second-order" as const,
          choice,
        })),
        { plan: "uniform" as const, choice: "l1" as const },
      ].map((where) => ({ base: "x2-base" as const, remove: 0.5, ...where })),
      "`l1`",
      toward({ plan: "second-order", choice: "l1" }),
    ),
  costs: costRows,
};

const CURVES: readonly { name: string; plan: PlanName; choice: ChoiceName }[] = [
  { name: "second order, balanced", plan: "balanced", choice: "second-order" },
  { name: "second order", ...SO },
  { name: "l1, same plan", plan: "second-order", choice: "l1" },
  { name: "l1, uniform", plan: "uniform", choice: "l1" },
  { name: "taylor, same plan", plan: "second-order", choice: "taylor" },
  { name: "greedy, same plan", plan: "second-order", choice: "greedy-4" },
  { name: "random, same plan", plan: "second-order", choice: "random-1" },
];

function curveOf(base: BaseName, set: string): string {
  const whole = bases.get(base);
  const curves = CURVES.map(({ name, plan, choice }) => {
    const at = [...BUDGETS].reverse().map((remove) => find({ base, remove, plan, choice }));
    const curve = at
      .filter((point) => point !== undefined)
      .map(({ cost, after }) => ({ parameters: cost.parameters, psnr: after[set].psnr ?? 0 }));
    if (whole) curve.push({ parameters: whole.cost.parameters, psnr: whole.quality[set].psnr ?? 0 });
    return { name, points: curve };
  });
  return curvesSvg(
    `${set} ×4 after fine-tuning, ${base}`,
    curves.filter(({ points: each }) => each.length > 1),
  );
}

const page = await readFile(options.page, "utf8");
const written = new Map<string, string>();
written.set(
  options.page,
  page.replace(/<!-- table ([\w-]+) -->\n[\s\S]*?<!-- end -->/g, (_, name: string) => {
    const make = TABLES[name];
    if (!make)
      throw new Error(`${options.page} asks for the table ${name}; there are ${Object.keys(TABLES).join(", ")}.`);
    return `<!-- table ${name} -->\n\n${make()}\n\n<!-- end -->`;
  }),
);
for (const base of CORE) {
  if (bases.has(base)) written.set(join(options.folder, `${base}-set14.svg`), curveOf(base, "Set14"));
}
for (const [path, text] of written) {
  if (!options.check) await writeFile(path, text);
  else if ((await readFile(path, "utf8").catch(() => "")) !== text) {
    throw new Error(`${path} is not what the runs say: npm run results:report`);
  }
}
