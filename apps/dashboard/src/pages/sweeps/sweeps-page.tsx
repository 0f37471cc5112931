import { type CreateSweepBody, type SweepResource, sweepState } from "@drc/contracts";
import { Button, Group, NativeSelect, TextInput } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { client } from "../../api/client.ts";
import { count } from "../../components/format.ts";
import { SweepLink } from "../../components/job-link.tsx";
import { Page } from "../../components/page.tsx";
import { PagedTable } from "../../components/paged-table.tsx";
import { usePaging } from "../../components/pager.tsx";
import { Panel } from "../../components/panel.tsx";
import { useRecordList } from "../../components/record-list.ts";
import { SelectionBar } from "../../components/selection.tsx";
import type { Column } from "../../components/table.tsx";
import { Ago, Lasting } from "../../components/time.tsx";
import { VerbMenu } from "../../components/verb-controls.tsx";
import { sweepVerbs } from "../../components/verbs.ts";
import { SweepStateBadge } from "./sweep-state.tsx";
import "./sweeps.css";

export function SweepsPage() {
  const { cursor, ...filter } = useSearch({ from: "/signed-in/sweeps" });
  const navigate = useNavigate({ from: "/sweeps" });
  const paging = usePaging(cursor, (wanted) => navigate({ search: (before) => ({ ...before, cursor: wanted }) }));
  const { query, selection, columns } = useRecordList<SweepResource>(
    ["sweeps", "list", filter, cursor],
    (page) => client.sweeps.page(filter, { cursor, ...page }),
    COLUMNS,
  );
  const filtered = filter.state !== undefined || filter.label !== undefined;
  return (
    <Page title="Sweeps">
      <Panel title="All sweeps" aside={<Filters />} flush>
        <SelectionBar<SweepResource> what="sweep" selection={selection} verbsOf={sweepVerbs} />
        <PagedTable
          label="Sweeps"
          query={query}
          paging={paging}
          columns={columns}
          empty={
            filtered
              ? "No sweep is like that."
              : "There are no sweeps yet. A sweep compares budgets, methods and seeds: POST /v1/sweeps, or npx drc sweep FILE."
          }
        />
      </Panel>
    </Page>
  );
}

function Filters() {
  const { state, label } = useSearch({ from: "/signed-in/sweeps" });
  const navigate = useNavigate({ from: "/sweeps" });
  return (
    <Group
      component="form"
      gap="xs"
      onSubmit={(event) => {
        event.preventDefault();
        const wanted = new FormData(event.currentTarget as unknown as HTMLFormElement).get("label");
        void navigate({ search: { state, label: String(wanted).trim() || undefined } });
      }}
    >
      <NativeSelect
        aria-label="State"
        size="xs"
        value={state ?? ""}
        data={[{ value: "", label: "Any state" }, ...sweepState.options]}
        onChange={(event) => {
          const wanted = sweepState.options.find((one) => one === event.currentTarget.value);
          void navigate({ search: { label, state: wanted } });
        }}
      />
      <TextInput
        key={label}
        name="label"
        aria-label="Label"
        placeholder="Label"
        size="xs"
        w={130}
        defaultValue={label}
      />
      <Button type="submit" variant="default" size="xs">
        Filter
      </Button>
    </Group>
  );
}

const COLUMNS: Column<SweepResource>[] = [
  { title: "Sweep", as: "wide", cell: ({ id, name }) => <SweepLink id={id} name={name} /> },
  { title: "State", as: "short", cell: ({ state }) => <SweepStateBadge state={state} /> },
  { title: "Jobs ended", as: "short", cell: (sweep) => <JobsEnded sweep={sweep} /> },
  { title: "Points", as: "number", cell: ({ points }) => count(points) },
  { title: "Grid", as: "short", cell: ({ body }) => <GridText body={body} /> },
  { title: "Labels", cell: ({ labels }) => <LabelsText text={labels.join(", ")} /> },
  { title: "Created", as: "short", cell: ({ createdAt }) => <Ago at={createdAt} /> },
  { title: "Took", as: "number", cell: ({ createdAt, endedAt }) => <Lasting from={createdAt} to={endedAt} /> },
  {
    title: "Actions",
    as: "short",
    head: <span className="visually-hidden">Actions</span>,
    cell: (sweep) => <VerbMenu what="sweep" id={sweep.id} name={sweep.name} verbs={sweepVerbs(sweep)} />,
  },
];

/** Cut where it is long: `drc sweep` writes a hash of its file. */
function LabelsText({ text }: { text: string }) {
  if (text === "") return <>–</>;
  return (
    <div className="sweep-labels" title={text}>
      {text}
    </div>
  );
}

function JobsEnded({ sweep: { id, name, jobs } }: { sweep: SweepResource }) {
  return (
    <div className="sweep-progress">
      <div
        className="bar"
        role="progressbar"
        aria-label={`Jobs of ${name ?? id} that have ended`}
        aria-valuemin={0}
        aria-valuemax={jobs.total}
        aria-valuenow={jobs.ended}
      >
        <div style={{ width: `${jobs.total === 0 ? 0 : (100 * jobs.ended) / jobs.total}%` }} />
      </div>
      {count(jobs.ended)} of {count(jobs.total)}
    </div>
  );
}

function GridText({ body }: { body: SweepResource["body"] }) {
  const { budgets, methods, seeds } = (body as unknown as CreateSweepBody).grid;
  const plural = (values: readonly unknown[], word: string) =>
    `${values.length} ${word}${values.length === 1 ? "" : "s"}`;
  return <>{`${plural(budgets, "budget")} × ${plural(methods, "method")} × ${plural(seeds, "seed")}`}</>;
}
