import type { GroupValues } from "./architecture.ts";

/** Plain numbers, so that a checkpoint can hold them exactly as JSON. */
export interface ArchitectureAdamState {
  first: number[][];
  second: number[][];
  steps: number;
}

const BETA_1 = 0.9;
const BETA_2 = 0.999;
const EPSILON = 1e-8;

/** Adam with L2 weight decay (added to the gradient) on α, in float64: there are a few hundred values at most. */
export class ArchitectureAdam {
  private readonly current: ArchitectureAdamState;
  private readonly weightDecay: number;

  constructor(alphas: GroupValues, weightDecay: number, state?: ArchitectureAdamState) {
    const zeros = () => alphas.map((alpha) => [...new Float64Array(alpha.length)]);
    this.weightDecay = weightDecay;
    this.current = state ?? { first: zeros(), second: zeros(), steps: 0 };
  }

  /** Changes `alphas` in place. */
  step(alphas: GroupValues, gradients: GroupValues, learningRate: number): void {
    const state = this.current;
    state.steps++;
    const firstCorrection = 1 - BETA_1 ** state.steps;
    const secondCorrection = 1 - BETA_2 ** state.steps;
    alphas.forEach((alpha, group) => {
      const first = state.first[group];
      const second = state.second[group];
      for (let k = 0; k < alpha.length; k++) {
        const gradient = gradients[group][k] + this.weightDecay * alpha[k];
        first[k] = BETA_1 * first[k] + (1 - BETA_1) * gradient;
        second[k] = BETA_2 * second[k] + (1 - BETA_2) * gradient ** 2;
        alpha[k] -= (learningRate * first[k]) / firstCorrection / (Math.sqrt(second[k] / secondCorrection) + EPSILON);
      }
    });
  }

  state(): ArchitectureAdamState {
    return this.current;
  }
}
