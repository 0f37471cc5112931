import type { AttemptResource } from "@drc/contracts";
import { Tone } from "../../components/state-badge.tsx";
import { Table } from "../../components/table.tsx";
import { Ago, Lasting } from "../../components/time.tsx";

/** The newest first, as the API has them. */
export function Attempts({ attempts }: { attempts: readonly AttemptResource[] }) {
  return (
    <Table
      label="Attempts"
      rows={attempts}
      keyOf={({ number }) => String(number)}
      empty="It has not been tried yet."
      columns={[
        { title: "No.", as: "number", cell: ({ number }) => number },
        { title: "Outcome", as: "short", cell: ({ outcome }) => <Outcome outcome={outcome} /> },
        { title: "Reason", as: "wide", cell: ({ reason }) => reason ?? "" },
        { title: "Began", as: "number", cell: ({ startedAt }) => <Ago at={startedAt} /> },
        { title: "Lasted", as: "number", cell: ({ startedAt, endedAt }) => <Lasting from={startedAt} to={endedAt} /> },
        {
          title: "From step",
          as: "number",
          cell: ({ resumedFromStep, exact }) =>
            resumedFromStep === null ? "0" : `${resumedFromStep}${exact === false ? ", other runtime" : ""}`,
        },
        { title: "Device", as: "short", cell: ({ device, runtime }) => runtime?.processor ?? device },
        { title: "Worker", as: "short", cell: ({ workerId }) => <span className="mono">{workerId}</span> },
      ]}
    />
  );
}

function Outcome({ outcome }: { outcome: string | null }) {
  if (outcome === null) return <Tone tone="running">running</Tone>;
  if (outcome === "succeeded") return <Tone tone="succeeded">{outcome}</Tone>;
  return <Tone tone={outcome === "failed" ? "failed" : "attention"}>{outcome}</Tone>;
}
