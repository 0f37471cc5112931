/** `npm run chaos -- --minutes 10 --seed 1`; exit code 1 where anything did not hold. */
import { parseArgs } from "node:util";
import { runChaos } from "./run.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
    compressions: { type: "string", default: "12" },
  },
});
const minutes = positive("minutes", values.minutes);
const seed = positive("seed", values.seed);
const compressions = positive("compressions", values.compressions);

function positive(name: string, value: string): number {
  const number = Number(value);
  if (Number.isFinite(number) && number > 0) return number;
  console.error(`--${name}: ${value} is not a number above 0.`);
  process.exit(2);
}

const report = await runChaos({ minutes, seed, compressions, log: console.log });
for (const fault of report.faults) console.log(`FAULT  ${fault}`);
console.log(JSON.stringify({ ...report, faults: report.faults.length }));
process.exitCode = report.faults.length === 0 ? 0 : 1;
