/** What a compression was asked for, as its body says it. */
import type { BudgetCost, CreateCompressionBody } from "@drc/contracts";

export const COST_NAMES: Record<BudgetCost, string> = {
  parameters: "parameters",
  multiplyAdds: "multiply-adds",
  latency: "latency",
};

type Body = Partial<CreateCompressionBody>;

export function budgetOf(body: Record<string, unknown>): { name: string; remove: number } | undefined {
  const { budget } = body as Body;
  return budget && { name: COST_NAMES[budget.of], remove: budget.remove };
}

/** Such as "drn-s ×4", or which model. */
export function networkOf(body: Record<string, unknown>): string {
  const { network, model } = body as { network?: Record<string, unknown>; model?: { modelId: string } };
  if (model) return model.modelId;
  if (!network) return "–";
  const { preset, blocks, features } = network;
  const name = typeof preset === "string" ? preset : `DRN, ${blocks} × ${features} features`;
  return `${name}, ×${network.scale}`;
}
