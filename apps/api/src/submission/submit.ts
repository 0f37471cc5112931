import type { DryRunResource } from "@drc/contracts";
import type { CreationAnswer, Database, Job, Transaction } from "@drc/database";
import type { FastifyReply, FastifyRequest } from "fastify";
import { createOnce } from "../create-once.ts";
import { dryRun } from "./dry-run.ts";

/** What a submission makes, and what follows from it. */
export interface Submission<Made> {
  /** What the caller asked for, as `createOnce` has it. */
  sent: unknown;
  create(transaction: Transaction): Promise<Made>;
  jobsOf(made: Made): readonly Job[];
  answer(transaction: Transaction, made: Made): CreationAnswer | Promise<CreationAnswer>;
}

/** Creates what was submitted, once, or with `onlyDryRun` says what would run. */
export async function submit<Made>(
  database: Database,
  request: FastifyRequest,
  reply: FastifyReply,
  onlyDryRun: boolean,
  { sent, create, jobsOf, answer }: Submission<Made>,
): Promise<FastifyReply | DryRunResource> {
  if (onlyDryRun) return dryRun(database, async (transaction) => jobsOf(await create(transaction)));
  return createOnce(database, request, reply, sent, async (transaction) =>
    answer(transaction, await create(transaction)),
  );
}
