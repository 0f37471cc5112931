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
