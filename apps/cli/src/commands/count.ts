import { readFile } from "node:fs/promises";
import {
  costAtPublishedSizes,
  type NetworkConfiguration,
  NetworkError,
  type NetworkGraph,
  networkGraph,
  PRESETS,
  type PublishedCost,
  planWidths,
  preset,
  shrinkGraphToPlan,
} from "@drc/network";
import { type Command, InvalidArgumentError } from "commander";
import { z } from "zod";
import { CliError, EXIT } from "../cli-error.ts";
import { fileReason } from "../file-reason.ts";
import { readModel } from "../read-model.ts";
import { groupDigits, withPrefix } from "../terminal/numbers.ts";

interface CountOptions {
  preset?: string;
  blocks?: number;
  features?: number;
  scale?: number;
  plan?: string;
  json?: true;
}

/** `drc count`: parameters and multiply-adds of a network, whole or cut to a channel plan. Needs no server. */
export function registerCount(program: Command): void {
  program
    .command("count")
    .description("count parameters and multiply-adds of a network (needs no server)")
    .argument("[model]", "model (safetensors, as drc writes it), in the place of a preset")
    .option("--preset <name>", `network: ${PRESETS.join(", ")}`)
    .option("--blocks <count>", "residual blocks a phase of a DRN, in the place of a preset", positive)
    .option("--features <count>", "features of a DRN, in the place of a preset", positive)
    .option("--scale <factor>", "2, 3, 4 or 8", positive)
    .option("--plan <file>", "JSON list of widths: count the network after surgery to them")
    .option("--json", "print one JSON document")
    .action(async (model: string | undefined, options: CountOptions) => {
      const cost = await count(model, options);
      process.stdout.write(options.json ? `${JSON.stringify(cost)}\n` : formatCost(cost));
    });
}

function positive(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1) throw new InvalidArgumentError("Give a whole number from 1.");
  return value;
}

async function count(model: string | undefined, options: CountOptions): Promise<PublishedCost> {
  try {
    const graph = model === undefined ? networkGraph(configurationOf(options)) : await graphOf(model, options);
    if (options.plan === undefined) return costAtPublishedSizes(graph);
    const widths = await readPlan(options.plan);
    const { length } = planWidths(graph);
    if (widths.length !== length) {
      throw new CliError(
        `--plan: ${options.plan} has ${widths.length} widths; the network takes ${length}`,
        EXIT.usage,
      );
    }
    return costAtPublishedSizes(shrinkGraphToPlan(graph, widths));
  } catch (error) {
    if (error instanceof NetworkError) throw new CliError(error.message, EXIT.usage);
    throw error;
  }
}

async function graphOf(model: string, { preset: name, blocks, features, scale }: CountOptions): Promise<NetworkGraph> {
  if (name !== undefined || blocks !== undefined || features !== undefined || scale !== undefined) {
    throw new CliError(
      "model: it says all of the network; leave --preset, --blocks, --features and --scale out",
      EXIT.usage,
    );
  }
  return (await readModel(model, "model")).primal.graph;
}

function configurationOf({ preset: name, blocks, features, scale }: CountOptions): NetworkConfiguration {
  if (scale === undefined) throw new CliError("--scale: it is missing; give 2, 3, 4 or 8", EXIT.usage);
  if (name !== undefined && blocks === undefined && features === undefined) return preset(name, scale);
  if (name === undefined && blocks !== undefined && features !== undefined) {
    if (scale === 2 || scale === 4 || scale === 8) return { scale, blocks, features };
    throw new CliError(`--scale: ${scale} is not one of 2, 4 and 8; give 2, 4 or 8`, EXIT.usage);
  }
  throw new CliError("--preset: give either a preset, or both --blocks and --features", EXIT.usage);
}

async function readPlan(file: string): Promise<number[]> {
  const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new CliError(`--plan: ${file} cannot be read (${fileReason(cause)})`, EXIT.usage);
  });
  try {
    return z.array(z.int().min(1)).parse(JSON.parse(text));
  } catch {
    throw new CliError(`--plan: ${file} is not a JSON list of widths, such as [12, 20, 36]`, EXIT.usage);
  }
}

function formatCost({ parameters, multiplyAddsLr96x96, multiplyAddsHr1280x720 }: PublishedCost): string {
  return (
    `parameters                    ${groupDigits(parameters)}\n` +
    `multiply-adds, 96×96 LR       ${withPrefix(multiplyAddsLr96x96)}\n` +
    `multiply-adds, 1280×720 HR    ${withPrefix(multiplyAddsHr1280x720)}\n`
  );
}
