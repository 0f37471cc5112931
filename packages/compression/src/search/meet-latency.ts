import { LATENCY_TOLERANCE_SHARE, type NetworkGraph, type ResolvedBudget } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import { AbortedError, type StageControl, yieldToEvents } from "../control.ts";
import { measurePlanLatency, type PlanLatency } from "./plan-latency.ts";
import type { SearchCheckpoints } from "./search-checkpoints.ts";

interface MeetLatencyRequest {
  tensorflow: TensorFlow;
  graph: NetworkGraph;
  resolved: ResolvedBudget;
  /** The method's plan for a budget. */
  planFor(resolved: ResolvedBudget): number[];
  control: StageControl;
  checkpoints: SearchCheckpoints;
}

const REPAIRS = 3;
/** Near enough to repair no further: what is left is the noise of the measurement. */
const NEAR_SHARE = LATENCY_TOLERANCE_SHARE / 4;

/**
 * The plan whose measured latency is nearest to the budget. Curves of single kinds of groups do not add up quite to
 * the latency of a plan, so the budget is moved by the error of what was measured, and the plan found anew.
 * @throws AbortedError
 */
export async function meetLatency(request: MeetLatencyRequest): Promise<PlanLatency> {
  const { tensorflow, graph, resolved, control, checkpoints } = request;
  const { plans } = checkpoints.measurements;
  const error = ({ removedShare }: PlanLatency) => removedShare - resolved.budget.remove;
  let { targetCost } = resolved;
  let nearest: PlanLatency | undefined;
  for (let repair = 0; repair <= REPAIRS; repair++) {
    const plan = request.planFor({ ...resolved, targetCost });
    let measured = plans.find((known) => known.plan.join() === plan.join());
    if (measured === undefined) {
      measured = await measurePlanLatency(tensorflow, graph, plan, "full", control.signal).catch(async (error) => {
        if (!(error instanceof AbortedError)) throw error;
        await checkpoints.write();
        throw new AbortedError("channel-search", repair);
      });
      plans.push(measured);
      await checkpoints.write();
      await yieldToEvents();
    }
    if (!nearest || Math.abs(error(measured)) < Math.abs(error(nearest))) nearest = measured;
    if (Math.abs(error(measured)) <= NEAR_SHARE) break;
    targetCost += error(measured) * resolved.space.wholeCost;
  }
  return nearest as PlanLatency;
}
