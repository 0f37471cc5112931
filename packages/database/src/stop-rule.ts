import type { CreateSweepBody, EvaluateResult, StopWhen, SweepPointStages } from "@drc/contracts";
import type { Transaction } from "./client.ts";

/**
 * Why the job, a fine-tuning of a sweep, is not worth its time by the sweep's rule; its points then say so. Null where
 * it is, and for every other job. The parents of the job have succeeded, so that the answer is always the same.
 */
export async function stopPoints(transaction: Transaction, jobId: string): Promise<string | null> {
  const job = await transaction.job.findUniqueOrThrow({ where: { id: jobId }, include: { sweep: true } });
  const rule = (job.sweep?.body as CreateSweepBody | undefined)?.stopWhen;
  if (job.sweepId === null || rule === undefined || job.kind !== "fine-tune") return null;
  const points = await transaction.$queryRaw<{ number: number; stages: SweepPointStages }[]>`
    SELECT number, stages FROM "SweepPoint" WHERE "sweepId" = ${job.sweepId} AND stages->>'fineTune' = ${jobId}`;
  const [stages] = points.map((point) => point.stages);
  if (!stages?.evaluatePruned) return null;
  const psnrOf = async (id: string) => {
    const { result } = await transaction.job.findUniqueOrThrow({ where: { id }, select: { result: true } });
    // Null is infinite: all images are the same.
    return (result as unknown as EvaluateResult).mean.psnr ?? Infinity;
  };
  const reason = judge(rule, await psnrOf(stages.evaluatePruned), await psnrOf(stages.evaluateBicubic));
  if (reason === null) return null;
  await transaction.sweepPoint.updateMany({
    where: { sweepId: job.sweepId, number: { in: points.map(({ number }) => number) } },
    data: { stopReason: reason },
  });
  return reason;
}

function judge(rule: StopWhen, pruned: number, bicubic: number): string | null {
  const least = "psnrBelow" in rule ? rule.psnrBelow : bicubic - rule.belowBicubic;
  if (pruned >= least) return null;
  const asked =
    "psnrBelow" in rule
      ? `the rule asks for ${rule.psnrBelow} dB`
      : `the rule asks for ${rule.belowBicubic} dB below bicubic (${bicubic.toFixed(2)} dB) or more`;
  return `Stopped early: the pruned network has ${pruned.toFixed(2)} dB before its fine-tuning; ${asked}.`;
}
