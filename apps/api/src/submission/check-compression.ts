import type { CreateCompressionBody } from "@drc/contracts";
import type { Transaction } from "@drc/database";
import { checkInputs, checkMethod } from "./check-stages.ts";
import { Findings } from "./findings.ts";
import { checkBudget } from "./networks.ts";

/** Refuses a compression of which any stage cannot work, with the pointer of each field that is wrong. */
export async function checkCompression(transaction: Transaction, body: CreateCompressionBody): Promise<void> {
  const findings = new Findings();
  const inputs = await checkInputs(findings, transaction, body);
  checkBudget(findings, "/budget", body.budget, inputs.network);
  checkMethod(findings, "/method", body.method, inputs);
  findings.throwIfAny();
}
