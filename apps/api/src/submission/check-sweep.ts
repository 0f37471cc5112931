import { type CreateSweepBody, isFromScratch } from "@drc/contracts";
import type { Transaction } from "@drc/database";
import { checkInputs, checkMethod, checkPlanOf, trainingOf } from "./check-stages.ts";
import { Findings } from "./findings.ts";
import { checkBudget } from "./networks.ts";

/**
 * Refuses a sweep of which any point cannot work, with the pointer of each field that is wrong.
 * @returns the steps with which the base network was or will be trained; null where that is not known.
 */
export async function checkSweep(
  transaction: Transaction,
  body: CreateSweepBody,
): Promise<{ baseSteps: number | null }> {
  const findings = new Findings();
  const inputs = await checkInputs(findings, transaction, body);
  const { budgets, methods } = body.grid;
  for (const [i, budget] of budgets.entries()) {
    checkBudget(findings, `/grid/budgets/${i}`, budget, inputs.network);
  }
  for (const [i, method] of methods.entries()) {
    const pointer = `/grid/methods/${i}`;
    if (isFromScratch(method)) {
      checkPlanOf(findings, pointer, method, inputs);
      findings.add(pointer, 'The server does not train "from-scratch" yet. Leave it out.');
    } else checkMethod(findings, pointer, method, inputs);
  }
  findings.throwIfAny();
  return { baseSteps: body.network ? trainingOf(body).steps : null };
}
