/** What the models of a compression or sweep are called, so that people can tell them apart. */
import { type Budget, type CreateCompressionBody, cutText, type Importance, type SearchMethod } from "@drc/contracts";
import { findModel, type Transaction } from "@drc/database";
import { networkLabel } from "@drc/network";
import { graphOfSpec } from "./networks.ts";

/** A longer name of a network would hide what comes after it. */
const LONGEST_BASE = 100;

const COSTS: Record<Budget["of"], string> = {
  parameters: "parameters",
  multiplyAdds: "multiply-adds",
  latency: "latency",
};

/** The network that is made smaller: its model's name, or the one that a training gets, as "drn-s ×4". */
export async function baseName(
  transaction: Transaction,
  { network, model }: Pick<CreateCompressionBody, "network" | "model">,
): Promise<string> {
  if (network) return "preset" in network ? `${network.preset} ×${network.scale}` : networkLabel(graphOfSpec(network));
  return cutText((model && (await findModel(transaction, model))?.name) ?? "", LONGEST_BASE);
}

/** As "drn-s ×4, 50 % of the parameters removed, l1"; seeds and stages come after it. */
export function compressedName(base: string, { of, remove, widthMultiple }: Budget, method: string): string {
  const share = percentOf(remove);
  const widths = widthMultiple === undefined ? "" : ` in widths of ${widthMultiple}`;
  return `${base}, ${share} % of the ${COSTS[of]} removed${widths}, ${method}`;
}

/** A budget in few words: "50 % of parameters". */
export function budgetLabel({ of, remove, widthMultiple }: Budget): string {
  const widths = widthMultiple === undefined ? "" : `, widths of ${widthMultiple}`;
  return `${percentOf(remove)} % of ${COSTS[of]}${widths}`;
}

function percentOf(share: number): number {
  return Number((100 * share).toPrecision(4));
}

/** A compression's method in the words of a sweep's: "l1", or "l1/uniform" where the plan is another than by default. */
export function methodLabel({ importance, plan }: { importance: Importance; plan: SearchMethod }): string {
  return plan === "balanced" ? importance.method : `${importance.method}/${plan}`;
}
