import { type CreateSweepBody, type SweepResource, sweepState } from "@drc/contracts";
import type { SweepFilter } from "@drc/sdk";
import { getRouteApi, Link } from "@tanstack/react-router";
import { client } from "../../api/client.ts";
import { count } from "../../components/format.ts";
import { SweepLink } from "../../components/job-link.tsx";
import { Labels } from "../../components/labels.tsx";
import { Page } from "../../components/page.tsx";
import { Bar } from "../../components/progress-bar.tsx";
import { RecordList } from "../../components/record-list.tsx";
import type { Column } from "../../components/table.tsx";
import { Ago, Lasting } from "../../components/time.tsx";
import { VerbMenu } from "../../components/verb-controls.tsx";
import { sweepVerbs } from "../../components/verbs.ts";
import { SweepStateBadge } from "./sweep-state.tsx";
import "./sweeps.css";

const route = getRouteApi("/signed-in/sweeps");

export function SweepsPage() {
  const navigate = route.useNavigate();
  return (
    <Page title="Sweeps">
      <RecordList<SweepResource, SweepFilter>
        what="sweep"
        states={sweepState.options}
        search={route.useSearch()}
        goTo={(search) => navigate({ search })}
        read={(filter, page) => client.sweeps.page(filter, page)}
        columns={COLUMNS}
        verbsOf={sweepVerbs}
        empty={
          <>
            There is no sweep yet: it compares budgets, methods and seeds.{" "}
            <Link to="/submit" search={{ what: "sweep" }}>
              Submit one
            </Link>
          </>
        }
      />
    </Page>
  );
}

const COLUMNS: Column<SweepResource>[] = [
  { title: "Sweep", as: "wide", cell: ({ id, name }) => <SweepLink id={id} name={name} /> },
  { title: "State", as: "short", cell: ({ state }) => <SweepStateBadge state={state} /> },
  { title: "Jobs ended", as: "short", cell: (sweep) => <JobsEnded sweep={sweep} /> },
  { title: "Points", as: "number", cell: ({ points }) => count(points) },
  { title: "Grid", as: "short", cell: ({ body }) => <GridText body={body} /> },
  { title: "Labels", cell: ({ labels }) => <Labels labels={labels} /> },
  { title: "Created", as: "short", cell: ({ createdAt }) => <Ago at={createdAt} /> },
  { title: "Took", as: "number", cell: ({ createdAt, endedAt }) => <Lasting from={createdAt} to={endedAt} /> },
  {
    title: "Actions",
    as: "short",
    head: <span className="visually-hidden">Actions</span>,
    cell: (sweep) => <VerbMenu what="sweep" id={sweep.id} name={sweep.name} verbs={sweepVerbs(sweep)} />,
  },
];

function JobsEnded({ sweep: { id, name, jobs } }: { sweep: SweepResource }) {
  return (
    <div className="sweep-progress">
      <Bar label={`Jobs of ${name ?? id} that have ended`} done={jobs.ended} of={jobs.total} />
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
