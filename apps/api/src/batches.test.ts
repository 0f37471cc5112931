import { expect, it } from "vitest";
import { Batches, type Outcome } from "./batches.ts";

interface Run {
  asked: readonly string[];
  end(outcomes?: Outcome<string>[] | Error): void;
}

/** Batches whose runs the test ends. */
function controlled(options: { size: number; inFlight: number }) {
  const runs: Run[] = [];
  const batches = new Batches<string, string>(
    (asked) =>
      new Promise((resolve, reject) => {
        const all = () => asked.map((one): Outcome<string> => ({ status: "fulfilled", value: one.toUpperCase() }));
        runs.push({ asked, end: (given) => (given instanceof Error ? reject(given) : resolve(given ?? all())) });
      }),
    { ...options, keyOf: (asked) => (asked.startsWith("key") ? asked : undefined) },
  );
  return { runs, batches };
}

const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

it("takes together what comes together or while others are under way, at most so many", async () => {
  const { runs, batches } = controlled({ size: 3, inFlight: 1 });
  const first = [batches.ask("a"), batches.ask("b")];
  await turn();
  const later = ["c", "d", "e", "f"].map((one) => batches.ask(one));
  await turn();
  expect(runs.map(({ asked }) => asked)).toEqual([["a", "b"]]);
  runs[0].end();
  expect(await Promise.all(first)).toEqual(["A", "B"]);
  await turn();
  runs[1].end();
  await turn();
  runs[2].end();
  expect(await Promise.all(later)).toEqual(["C", "D", "E", "F"]);
  expect(runs.map(({ asked }) => asked)).toEqual([["a", "b"], ["c", "d", "e"], ["f"]]);
});

it("runs so many at the same time, and none that has the same key twice", async () => {
  const { runs, batches } = controlled({ size: 9, inFlight: 2 });
  const all = ["key 1", "key 1", "key 1", "a"].map((one) => batches.ask(one));
  await turn();
  await turn();
  expect(runs.map(({ asked }) => asked)).toEqual([["key 1", "a"], ["key 1"]]);
  runs[1].end();
  await turn();
  runs[0].end();
  runs[2].end();
  expect(await Promise.all(all)).toEqual(["KEY 1", "KEY 1", "KEY 1", "A"]);
});

it("goes on while one of a batch takes longer", async () => {
  const { runs, batches } = controlled({ size: 2, inFlight: 1 });
  const [slow, quick] = [batches.ask("a"), batches.ask("b")];
  await turn();
  let end = (_answer: string) => {};
  runs[0].end([new Promise((resolve) => (end = resolve)), { status: "fulfilled", value: "B" }]);
  expect(await quick).toBe("B");
  const later = batches.ask("c");
  await turn();
  runs[1].end();
  expect(await later).toBe("C");
  end("A");
  expect(await slow).toBe("A");
});

it("fails one alone, or all of a batch, and goes on", async () => {
  const { runs, batches } = controlled({ size: 2, inFlight: 1 });
  const answers = Promise.allSettled(["a", "b", "c", "d", "e"].map((one) => batches.ask(one)));
  await turn();
  runs[0].end([
    { status: "rejected", reason: new Error("alone") },
    { status: "fulfilled", value: "B" },
  ]);
  await turn();
  runs[1].end(new Error("together"));
  await turn();
  runs[2].end();
  expect((await answers).map((one) => (one.status === "fulfilled" ? one.value : one.reason.message))).toEqual([
    "alone",
    "B",
    "together",
    "together",
    "E",
  ]);
});
