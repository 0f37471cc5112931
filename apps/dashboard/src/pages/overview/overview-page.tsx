import type { JobState, OverviewResource, WorkerUsage } from "@drc/contracts";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { client } from "../../api/client.ts";
import { bytes, count, duration, percent } from "../../components/format.ts";
import { JobLink } from "../../components/job-link.tsx";
import type { ListSearch } from "../../components/list-search.ts";
import { Page } from "../../components/page.tsx";
import { Panel } from "../../components/panel.tsx";
import { errorLine } from "../../components/problem-text.ts";
import { ProgressBar } from "../../components/progress-bar.tsx";
import { QueryView } from "../../components/query-view.tsx";
import { Tone } from "../../components/state-badge.tsx";
import { Table } from "../../components/table.tsx";
import { Ago, Lasting } from "../../components/time.tsx";
import { FirstSteps } from "./first-steps.tsx";
import { Throughput } from "./throughput.tsx";

const REFRESH_MS = 2_000;

export function OverviewPage() {
  const overview = useQuery({
    queryKey: ["overview"],
    queryFn: ({ signal }) => client.server.overview({ signal }),
    refetchInterval: REFRESH_MS,
  });
  return (
    <Page title="Overview">
      <QueryView query={overview}>
        {(data) => (
          <div className="stack">
            <FirstSteps overview={data} />
            <Numbers overview={data} />
            <Slots overview={data} />
            <div className="columns">
              <Queue overview={data} />
              <Throughput spans={data.throughput} />
            </div>
            <Failures overview={data} />
          </div>
        )}
      </QueryView>
    </Page>
  );
}

/** Each number of jobs has a link to what it counts. */
function Numbers({ overview: { workers, unfinished, throughput } }: { overview: OverviewResource }) {
  const slots = workers.flatMap((worker) => worker.slots);
  const busy = slots.filter(({ job }) => job !== null).length;
  const jobs = (state: JobState) => unfinished.reduce((sum, one) => sum + (one.state === state ? one.jobs : 0), 0);
  const ended = (name: "succeeded" | "failed") => throughput.reduce((sum, span) => sum + span[name], 0);
  const counted: readonly [name: string, search: ListSearch & { state: JobState }, jobs: number][] = [
    ["Queued", { state: "queued" }, jobs("queued")],
    ["Waiting for other jobs", { state: "blocked" }, jobs("blocked")],
    ["Paused", { state: "paused" }, jobs("paused")],
    ["Succeeded, last hour", { state: "succeeded", endedWithin: "1h" }, ended("succeeded")],
    ["Failed, last hour", { state: "failed", endedWithin: "1h" }, ended("failed")],
  ];
  return (
    <dl className="numbers">
      <div>
        <dt>Slots busy</dt>
        <dd>
          {busy} <small>of {slots.length}</small>
        </dd>
      </div>
      {counted.map(([name, search, value]) => (
        <div key={name}>
          <dt>
            <Link to="/jobs" search={search}>
              {name}
            </Link>
          </dt>
          <dd>{count(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

type Slot = OverviewResource["workers"][number]["slots"][number];
interface SlotRow {
  key: string;
  host: string;
  processId: number;
  first: boolean;
  usage: WorkerUsage | null;
  slot: Slot;
}

function Slots({ overview: { workers, lost } }: { overview: OverviewResource }) {
  const rows = workers.flatMap(({ id, host, processId, usage, slots }) =>
    slots.map((slot, i): SlotRow => ({ key: `${id} ${i}`, host, processId, first: i === 0, usage, slot })),
  );
  return (
    <Panel title="Slots and devices" flush>
      <Table
        label="Slots and devices"
        rows={rows}
        keyOf={({ key }) => key}
        empty="No worker is running. npx drc up starts one; more machines: more workers."
        columns={[
          {
            title: "Worker",
            as: "short",
            cell: ({ host, processId, first }) =>
              first && (
                <>
                  {host} <span className="dimmed">process {processId}</span>
                </>
              ),
          },
          { title: "Device", as: "short", cell: ({ slot }) => deviceName(slot) },
          { title: "State", as: "short", cell: ({ slot }) => <SlotState slot={slot} /> },
          {
            title: "Job",
            cell: ({ slot: { job } }) =>
              job && (
                <>
                  <JobLink id={job.id} name={job.name} /> <span className="dimmed">{job.kind}</span>
                </>
              ),
          },
          {
            title: "Progress",
            as: "wide",
            cell: ({ slot: { job } }) =>
              job?.progress && (
                <ProgressBar
                  progress={job.progress}
                  label={`Progress of ${job.name ?? job.id}`}
                  goesOn={job.state === "running"}
                />
              ),
          },
          {
            title: "Busy",
            as: "number",
            cell: ({ first, usage, slot }) => busyText(first, usage, slot),
          },
          { title: "Memory", as: "number", cell: ({ first, usage, slot }) => memoryText(first, usage, slot) },
          { title: "Running for", as: "number", cell: ({ slot: { job } }) => job && <Lasting from={job.startedAt} /> },
        ]}
      />
      {lost.length > 0 && (
        <p className="note attention">
          Not heard of any more, and tried again when the lease of each has run out:{" "}
          {lost.map(({ id, name }, i) => (
            <span key={id}>
              {i > 0 && ", "}
              <JobLink id={id} name={name} />
            </span>
          ))}
        </p>
      )}
    </Panel>
  );
}

const gpuOf = (usage: WorkerUsage | null, { device }: Slot) =>
  usage?.gpus.find(({ index }) => device === `gpu ${index}`);

/** Of a GPU its own; of all processors of the machine in the worker's first line. */
function busyText(first: boolean, usage: WorkerUsage | null, slot: Slot): string {
  const gpu = gpuOf(usage, slot);
  if (gpu) return gpu.busyShare === null ? "" : percent(gpu.busyShare, 0);
  return first && usage ? percent(usage.cpuShare, 0) : "";
}

/** Of a GPU its own; of the machine in the worker's first line. */
function memoryText(first: boolean, usage: WorkerUsage | null, slot: Slot): string {
  const gpu = gpuOf(usage, slot);
  if (gpu) return `${bytes(gpu.usedBytes)} of ${bytes(gpu.totalBytes)}`;
  return first && usage ? `${bytes(usage.memoryUsedBytes)} of ${bytes(usage.memoryTotalBytes)}` : "";
}

function deviceName({ deviceClass, device }: Slot): string {
  return deviceClass === "none" ? "no device" : device;
}

function SlotState({ slot: { backend, job } }: { slot: Slot }) {
  if (backend === "failed") return <Tone tone="failed">cannot compute</Tone>;
  if (backend === "trying") return <Tone tone="attention">starting</Tone>;
  if (job === null) return <Tone tone="waiting">idle</Tone>;
  return <Tone tone={job.state === "running" ? "running" : "attention"}>{job.state}</Tone>;
}

function Queue({ overview: { queue } }: { overview: OverviewResource }) {
  return (
    <Panel title="Queue" flush>
      <Table
        label="Queue"
        rows={queue}
        keyOf={({ kind, deviceClass }) => `${kind} ${deviceClass}`}
        empty="Nothing is queued."
        columns={[
          {
            title: "Kind",
            as: "wide",
            cell: ({ kind }) => (
              <Link to="/jobs" search={{ state: "queued", kind }}>
                {kind}
              </Link>
            ),
          },
          {
            title: "Needs",
            as: "short",
            cell: ({ deviceClass }) => (deviceClass === "none" ? "no device" : deviceClass),
          },
          { title: "Jobs", as: "number", cell: ({ jobs }) => count(jobs) },
          { title: "Longest wait", as: "number", cell: ({ oldestSeconds }) => duration(oldestSeconds) },
        ]}
        below={({ waitsFor }) => waitsFor && <span className="attention">{waitsFor}</span>}
      />
    </Panel>
  );
}

function Failures({ overview: { failures } }: { overview: OverviewResource }) {
  return (
    <Panel title="Latest failures" flush>
      <Table
        label="Latest failures"
        rows={failures}
        keyOf={({ id }) => id}
        empty="No job has failed."
        columns={[
          { title: "Job", as: "wide", cell: ({ id, name }) => <JobLink id={id} name={name} /> },
          { title: "Kind", as: "short", cell: ({ kind }) => kind },
          { title: "When", as: "number", cell: ({ endedAt }) => <Ago at={endedAt} /> },
        ]}
        below={({ error }) => error && <span className="clamp">{errorLine(error)}</span>}
      />
    </Panel>
  );
}
