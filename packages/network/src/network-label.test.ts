import { expect, it } from "vitest";
import { drnGraph } from "./architectures/drn.ts";
import { networkLabel } from "./network-label.ts";
import { planWidths, shrinkGraphToPlan } from "./surgery.ts";

const graph = drnGraph({ scale: 2, blocks: 2, features: 8 });

it("is the architecture of a whole network", () => {
  expect(networkLabel(graph)).toBe("drn scale=2 blocks=2 features=8");
});

it("says how much is left of a network that channels were removed from", () => {
  const small = shrinkGraphToPlan(
    graph,
    planWidths(graph).map((width) => Math.ceil(width / 2)),
  );
  expect(networkLabel(small)).toBe("drn scale=2 blocks=2 features=8, 53 % of the parameters");
});

it("is the architecture of a network that is no DRN", () => {
  expect(networkLabel({ ...graph, architecture: "other" })).toBe("other");
});
