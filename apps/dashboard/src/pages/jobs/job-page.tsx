import { isFinal, type JobDetailResource, type RuntimeInfo } from "@drc/contracts";
import { Alert, Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { client } from "../../api/client.ts";
import type { JobRecords } from "../../api/job-records.ts";
import { useJobStream } from "../../api/use-job-stream.ts";
import { bytes, count, counted, duration } from "../../components/format.ts";
import { CompressionLink, JobLink } from "../../components/job-link.tsx";
import { JsonView } from "../../components/json-view.tsx";
import { Page } from "../../components/page.tsx";
import { Panel } from "../../components/panel.tsx";
import { Pipeline } from "../../components/pipeline.tsx";
import { ProblemBox } from "../../components/problem.tsx";
import { errorLine } from "../../components/problem-text.ts";
import { ProgressBar } from "../../components/progress-bar.tsx";
import { QueryView } from "../../components/query-view.tsx";
import { RecordPage } from "../../components/record-page.tsx";
import { StateBadge } from "../../components/state-badge.tsx";
import { Table } from "../../components/table.tsx";
import { Ago, useNow } from "../../components/time.tsx";
import { VerbButtons } from "../../components/verb-controls.tsx";
import { jobVerbs } from "../../components/verbs.ts";
import { Attempts } from "./attempts.tsx";
import { EventList } from "./event-list.tsx";
import { JobCurves } from "./job-curves.tsx";
import { LogView } from "./log-view.tsx";
import { PointStages } from "./point-stages.tsx";
import { JobError, WhyItWaits } from "./why.tsx";

const REFRESH_MS = 2_000;
const route = getRouteApi("/signed-in/jobs/$jobId");

export function JobPage() {
  const { jobId } = route.useParams();
  const job = useQuery({
    queryKey: ["jobs", jobId],
    queryFn: ({ signal }) => client.jobs.get(jobId, { signal }),
    refetchInterval: ({ state: { data } }) => (data && isFinal(data.state) ? false : REFRESH_MS),
  });
  // Keyed by the job: what is chosen on one job's page says nothing about the next.
  return (
    <RecordPage title="Job" query={job}>
      {(data) => <Job key={jobId} job={data} />}
    </RecordPage>
  );
}

function Job({ job }: { job: JobDetailResource }) {
  const records = useJobStream(job.id);
  const progress = isFinal(job.state) ? null : (newer(records, job) ?? null);
  return (
    <Page
      title={`${job.name ?? job.kind} – job`}
      heading={
        <span className="heading">
          <span className="heading-name">{job.name ?? job.kind}</span>
          {job.name !== null && <span className="heading-kind dimmed">{job.kind}</span>}{" "}
          <StateBadge state={job.state} />
        </span>
      }
      actions={<VerbButtons what="job" id={job.id} name={job.name} priority={job.priority} verbs={jobVerbs(job)} />}
    >
      <div className="stack">
        <JobError job={job} />
        <WhyItWaits job={job} />
        {job.compressionId !== null && <OfCompression id={job.compressionId} jobId={job.id} />}
        {job.sweepId !== null && <PointStages sweepId={job.sweepId} jobId={job.id} />}
        {progress && (
          <Panel title={`Progress: ${progress.stage}`}>
            <ProgressBar progress={progress} label="Progress" goesOn={job.state === "running"} />
          </Panel>
        )}
        {job.state === "running" && !progress && (
          <Panel title="Progress">
            {job.checkpointStep === null ? "It starts." : `It goes on from step ${count(job.checkpointStep)}.`}
          </Panel>
        )}
        <Facts job={job} />
        {job.recordsRemovedAt !== null && (
          <Alert variant="outline" color="gray">
            The events, metrics and log lines of this job were removed <Ago at={job.recordsRemovedAt} />, for their age.
          </Alert>
        )}
        {records.refusal && (
          <ProblemBox
            title="Its log, curves and events cannot be read now"
            detail={errorLine(records.refusal.problem)}
          />
        )}
        <JobCurves records={records} />
        <Records job={job} records={records} />
      </div>
    </Page>
  );
}

/** The stream tells of progress at once, the job itself every few seconds; but a new attempt begins anew. */
function newer({ progress }: JobRecords, job: JobDetailResource) {
  return job.state === "running" ? (progress ?? job.progress) : job.progress;
}

function OfCompression({ id, jobId }: { id: string; jobId: string }) {
  const compression = useQuery({
    queryKey: ["compressions", id],
    queryFn: ({ signal }) => client.compressions.get(id, { signal }),
    refetchInterval: ({ state: { data } }) => (data?.jobs.every(({ state }) => isFinal(state)) ? false : REFRESH_MS),
  });
  return (
    <Panel
      title="Stages of its compression"
      aside={<CompressionLink id={id} name={compression.data?.name ?? "The compression"} />}
    >
      <QueryView query={compression}>{(data) => <Pipeline compression={data} current={jobId} />}</QueryView>
    </Panel>
  );
}

/** What its attempts took together; a pause is none of it. */
function RanFor({ attempts }: { attempts: JobDetailResource["attemptHistory"] }) {
  const now = useNow();
  if (attempts.length === 0) return <>–</>;
  const ms = attempts.map(({ startedAt, endedAt }) => (endedAt ? Date.parse(endedAt) : now) - Date.parse(startedAt));
  return <>{duration(ms.reduce((sum, one) => sum + one, 0) / 1000)}</>;
}

/** Models that it made, by what its result calls them. */
const MADE = [
  ["modelId", "Model"],
  ["lastModelId", "Model of the last step"],
] as const;

function Facts({ job }: { job: JobDetailResource }) {
  const [newest] = job.attemptHistory;
  const facts: [string, ReactNode][] = [
    [
      "Identifier",
      <span key="id" className="mono">
        {job.id}
      </span>,
    ],
    ["Kind", job.kind],
    ["Created", <Ago key="created" at={job.createdAt} />],
    ["Ran for", <RanFor key="ran" attempts={job.attemptHistory} />],
    [
      "Device",
      newest?.runtime ? deviceText(newest.runtime) : job.deviceClass === "none" ? "needs none" : job.deviceClass,
    ],
    [
      "Attempts",
      `${job.attempts}; it gives up when ${job.maxAttempts} ${job.maxAttempts === 1 ? "has" : "have"} failed`,
    ],
    ["Priority", job.priority],
    ["Seed", job.seed],
  ];
  if (job.labels.length > 0) facts.push(["Labels", job.labels.join(" ")]);
  for (const [key, name] of MADE) {
    const modelId = job.result?.[key];
    if (typeof modelId !== "string" || (key === "lastModelId" && modelId === job.result?.modelId)) continue;
    facts.push([
      name,
      <Link key={key} to="/models/$modelId" params={{ modelId }} className="mono">
        {modelId}
      </Link>,
    ]);
  }
  if (job.checkpointStep !== null) facts.push(["Newest checkpoint", `step ${count(job.checkpointStep)}`]);
  if (job.retryOf !== null) facts.push(["Retry of", <JobLink key="retry" id={job.retryOf} />]);
  return (
    <Panel title="Job">
      <dl className="facts-wide">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}

function deviceText({ device, threads, backend, tensorflowVersion, processor }: RuntimeInfo): string {
  return `${processor ?? device}, ${counted(threads, "thread")}, ${backend} ${tensorflowVersion}`;
}

function Records({ job, records }: { job: JobDetailResource; records: JobRecords }) {
  return (
    <section className="panel" aria-label="Records">
      <Tabs defaultValue="log" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="log">Log</Tabs.Tab>
          <Tabs.Tab value="attempts">Attempts ({job.attemptHistory.length})</Tabs.Tab>
          <Tabs.Tab value="result">Result</Tabs.Tab>
          <Tabs.Tab value="spec">Spec</Tabs.Tab>
          <Tabs.Tab value="artifacts">Artifacts ({job.artifacts.length})</Tabs.Tab>
          <Tabs.Tab value="events">Events ({records.events.length})</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="log">
          <LogView records={records} live={!isFinal(job.state)} />
        </Tabs.Panel>
        <Tabs.Panel value="attempts">
          <Attempts attempts={job.attemptHistory} />
        </Tabs.Panel>
        <Tabs.Panel value="result">
          <JsonView label="Result" value={job.result} empty="There is no result yet." />
        </Tabs.Panel>
        <Tabs.Panel value="spec">
          <JsonView label="Spec" value={job.spec} />
        </Tabs.Panel>
        <Tabs.Panel value="artifacts">
          <Table
            label="Artifacts"
            rows={job.artifacts}
            keyOf={({ name }) => name}
            empty="It has kept no files."
            columns={[
              {
                title: "Name",
                as: "wide",
                cell: ({ name }) => (
                  <a href={`/v1/jobs/${job.id}/artifacts/${encodeURIComponent(name)}`} download={name}>
                    {name}
                  </a>
                ),
              },
              { title: "Type", as: "short", cell: ({ contentType }) => contentType },
              { title: "Size", as: "number", cell: ({ sizeBytes }) => bytes(sizeBytes) },
            ]}
          />
        </Tabs.Panel>
        <Tabs.Panel value="events">
          <EventList events={records.events} />
        </Tabs.Panel>
      </Tabs>
    </section>
  );
}
