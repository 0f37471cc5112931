import type { JobEventResource } from "@drc/contracts";
import { dateTime } from "../../components/format.ts";
import { Table } from "../../components/table.tsx";

/** The newest first. */
export function EventList({ events }: { events: readonly JobEventResource[] }) {
  return (
    <Table
      label="Events"
      rows={events.toReversed()}
      keyOf={({ number }) => String(number)}
      columns={[
        { title: "No.", as: "number", cell: ({ number }) => number },
        { title: "Time", as: "short", cell: ({ createdAt }) => dateTime(createdAt) },
        { title: "Event", as: "short", cell: ({ type }) => type },
        { title: "Data", as: "wide", cell: ({ data }) => <code>{dataText(data)}</code> },
      ]}
    />
  );
}

function dataText(data: Record<string, unknown>): string {
  const fields = Object.entries(data).map(
    ([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return fields.join(", ");
}
