import type { DryRunResource } from "@drc/contracts";
import { formatSeconds, withPrefix } from "../terminal/numbers.ts";
import { formatTable } from "../terminal/table.ts";

/** What a submission would run, for people; `end` says what became of it. */
export function formatDryRun({ jobs, seconds }: DryRunResource, end = "Nothing was submitted."): string {
  const rows = jobs.map((job, position) => [
    String(position),
    job.kind,
    job.deviceClass,
    job.waitsFor.join(", "),
    job.steps === null ? "" : String(job.steps),
    job.multiplyAdds === null ? "" : withPrefix(job.multiplyAdds),
    job.seconds === null ? "unknown" : formatSeconds(job.seconds),
  ]);
  const table = formatTable(
    [
      { title: "#", align: "right" },
      { title: "job" },
      { title: "device" },
      { title: "after" },
      { title: "steps", align: "right" },
      { title: "multiply-adds", align: "right" },
      { title: "time", align: "right" },
    ],
    rows,
  );
  const total =
    seconds === null
      ? "Times are those of such jobs that have run on this server; of some none has."
      : `One after the other: ${formatSeconds(seconds)}, by how long such jobs took on this server.`;
  return `${table}\n${total}\n${end}\n`;
}
