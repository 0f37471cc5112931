import type { EvaluateResult } from "@drc/contracts";
import { counted, milliseconds } from "./format.ts";
import type { Column } from "./table.tsx";

/** Beside latencies that are compared. */
export const BUSY_MACHINE = "90th percentile far above the median is that of a busy machine";

type Latency = EvaluateResult["latencyHr1280x720"] | null;

/** What was measured for an SR image of 1280×720, and on what. */
export function latencyColumns<Row>(latencyOf: (row: Row) => Latency): Column<Row>[] {
  return [
    { title: "Latency for 1280×720", as: "number", cell: (row) => milliseconds(latencyOf(row)?.medianMs) },
    { title: "90th percentile", as: "number", cell: (row) => milliseconds(latencyOf(row)?.percentile90Ms) },
  ];
}

/** The column of what it was measured on. */
export function measuredOn<Row>(latencyOf: (row: Row) => Latency): Column<Row> {
  return {
    title: "Measured on",
    as: "wide",
    cell: (row) => {
      const latency = latencyOf(row);
      return latency ? `${latency.device}, ${counted(latency.threads, "thread")}` : "–";
    },
  };
}
