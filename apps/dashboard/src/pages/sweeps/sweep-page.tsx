import {
  type CreateSweepBody,
  SWEEP_POINT_STATES,
  type SweepDetailResource,
  type SweepSummaryResource,
} from "@drc/contracts";
import { Button, Group, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { client } from "../../api/client.ts";
import { DatasetText } from "../../components/dataset-text.tsx";
import { count, dateTime, duration } from "../../components/format.ts";
import { Page } from "../../components/page.tsx";
import { Panel } from "../../components/panel.tsx";
import { Bar } from "../../components/progress-bar.tsx";
import { QueryView } from "../../components/query-view.tsx";
import { RecordPage } from "../../components/record-page.tsx";
import { Lasting } from "../../components/time.tsx";
import { VerbButtons } from "../../components/verb-controls.tsx";
import { sweepVerbs } from "../../components/verbs.ts";
import { PointsTable } from "./points-table.tsx";
import { shownState } from "./shown-state.ts";
import { SummaryTable } from "./summary-table.tsx";
import { SweepCurve } from "./sweep-curve.tsx";
import { SweepStateBadge } from "./sweep-state.tsx";
import "./sweeps.css";

const REFRESH_MS = 2_000;

export function SweepPage() {
  const { sweepId } = useParams({ from: "/signed-in/sweeps/$sweepId" });
  const sweep = useQuery({
    queryKey: ["sweeps", sweepId],
    queryFn: ({ signal }) => client.sweeps.get(sweepId, { signal }),
    refetchInterval: ({ state: { data } }) => (data?.endedAt == null ? REFRESH_MS : false),
  });
  const measured = sweep.data && measuredCount(sweep.data);
  const summary = useQuery({
    queryKey: ["sweeps", sweepId, "summary", measured],
    queryFn: ({ signal }) => client.sweeps.summary(sweepId, { signal }),
    enabled: measured !== undefined,
    placeholderData: (before) => before,
  });
  return (
    <RecordPage title="Sweep" query={sweep}>
      {(data) => (
        <Page title={data.name ?? "Sweep"} heading={<Heading sweep={data} />} actions={<Actions sweep={data} />}>
          <Stack gap="sm">
            <HowFar sweep={data} />
            <QueryView query={summary}>{(means) => <Results sweep={data} summary={means} />}</QueryView>
            <PointsTable sweep={data} />
            <Facts sweep={data} />
          </Stack>
        </Page>
      )}
    </RecordPage>
  );
}

/** Another number as soon as there is something new to sum up. */
function measuredCount({ points, original, bicubic }: SweepDetailResource): string {
  const measured = points.filter(({ state }) => state === "succeeded").length;
  return `${measured} ${original.quality !== null} ${bicubic !== null}`;
}

function Heading({ sweep: { id, name, state } }: { sweep: SweepDetailResource }) {
  return (
    <Group gap="sm">
      {name ?? <span className="mono">{id}</span>}
      <span className="beside-title">
        <SweepStateBadge state={state} />
      </span>
    </Group>
  );
}

function Actions({ sweep }: { sweep: SweepDetailResource }) {
  const { id, name } = sweep;
  return (
    <Group gap="xs">
      <VerbButtons what="sweep" id={id} name={name} verbs={sweepVerbs(sweep)} />
      <Downloads id={id} />
    </Group>
  );
}

function Downloads({ id }: { id: string }) {
  const file = (format: string) => ({
    component: "a" as const,
    href: `/v1/sweeps/${encodeURIComponent(id)}/summary?format=${format}`,
    download: `${id}.${format}`,
    variant: "default",
    size: "compact-sm",
  });
  return (
    <Group gap="xs">
      <Button {...file("csv")}>CSV</Button>
      <Button {...file("json")}>JSON</Button>
    </Group>
  );
}

/** Of all of its points together. */
function HowFar({ sweep }: { sweep: SweepDetailResource }) {
  const { endedAt, jobs, points } = sweep;
  const secondsLeft = Math.max(0, ...points.map(({ progress }) => progress?.secondsLeft ?? 0));
  const shown = points.map(shownState);
  const states = SWEEP_POINT_STATES.map((state) => [state, shown.filter((one) => one === state).length] as const);
  return (
    <section className="panel panel-body" aria-label="Progress">
      <Bar label="Jobs that have ended" done={jobs.ended} of={jobs.total} />
      <p className="sweep-states">
        {count(jobs.ended)} of {count(jobs.total)} jobs ended. Points:{" "}
        {states.flatMap(([state, many]) => (many === 0 ? [] : `${count(many)} ${state}`)).join(", ")}.
        {endedAt === null && secondsLeft > 0 && ` What runs now needs ${duration(secondsLeft)} more.`}
      </p>
    </section>
  );
}

function Facts({ sweep }: { sweep: SweepDetailResource }) {
  const { id, labels, createdAt, endedAt, original } = sweep;
  const body = sweep.body as unknown as CreateSweepBody;
  const { grid, dataset, evaluation, network } = body;
  return (
    <Panel title="What is compared">
      <dl className="facts">
        <dt>Base network</dt>
        <dd>
          {network ? networkText(network) : "a given model"}
          {original.modelId !== null && (
            <>
              {" · "}
              <Link className="mono" to="/models/$modelId" params={{ modelId: original.modelId }}>
                {original.modelId}
              </Link>
            </>
          )}
        </dd>
        <dt>Methods</dt>
        <dd>
          {grid.methods.map(({ name }) => name).join(", ")}
          {grid.methods.length > 1 && ` (compared with ${body.baseline ?? grid.methods[0].name})`}
        </dd>
        <dt>Trained on</dt>
        <dd>
          <DatasetText {...dataset} />
        </dd>
        <dt>Evaluated on</dt>
        <dd>
          <DatasetText {...evaluation.dataset} />
        </dd>
        <dt>Stopped early</dt>
        <dd>{stopText(body)}</dd>
        {labels.length > 0 && (
          <>
            <dt>Labels</dt>
            <dd>{labels.join(", ")}</dd>
          </>
        )}
        <dt>Created</dt>
        <dd>
          {dateTime(createdAt)}, {endedAt === null ? "runs for " : "took "}
          <Lasting from={createdAt} to={endedAt} />
        </dd>
        <dt>Identifier</dt>
        <dd>
          <span className="mono">{id}</span>
        </dd>
      </dl>
      <details className="sweep-body">
        <summary>As it was asked for</summary>
        <pre>{JSON.stringify(sweep.body, null, 2)}</pre>
      </details>
    </Panel>
  );
}

function networkText(network: NonNullable<CreateSweepBody["network"]>): string {
  return Object.entries(network)
    .map(([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`)
    .join(", ");
}

function stopText({ stopWhen }: CreateSweepBody): string {
  if (stopWhen === undefined) return "none: every point is fine-tuned";
  if ("psnrBelow" in stopWhen) return `points whose pruned network is under ${stopWhen.psnrBelow} dB`;
  return `points whose pruned network is more than ${stopWhen.belowBicubic} dB under bicubic interpolation`;
}

function Results({ sweep, summary }: { sweep: SweepDetailResource; summary: SweepSummaryResource }) {
  return (
    <>
      <SweepCurve sweep={sweep} summary={summary} />
      <SummaryTable summary={summary} />
    </>
  );
}
