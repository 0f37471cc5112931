import { UNFINISHED_STATES } from "@drc/contracts";
import type { Database } from "./client.ts";
import { changeJob, type JobChanges, requestCancel, requestPause, resumeJob } from "./control-job.ts";

/** Jobs that belong together. */
export type JobGroup = { compressionId: string } | { sweepId: string };

/** Whether a request to a group found anything to act on. */
export type GroupControl = "done" | "ended";

/** Cancels what has not ended. Again, on a group that was cancelled, it does nothing. */
export function cancelGroup(database: Database, group: JobGroup): Promise<GroupControl> {
  return control(database, group, async (jobIds) => {
    await changeRow(database, group, { paused: false });
    // From the last stage to the first: one that ends meanwhile lets none behind it start.
    for (const jobId of jobIds.toReversed()) await requestCancel(database, jobId);
  });
}

/** Pauses what runs or is queued; stages that wait for others stay blocked until it is resumed. */
export function pauseGroup(database: Database, group: JobGroup): Promise<GroupControl> {
  return control(database, group, async () => {
    await changeRow(database, group, { paused: true });
    // Read again: until the row said so, a stage may have been queued.
    for (const jobId of await unfinishedJobs(database, group)) await requestPause(database, jobId);
  });
}

/** Goes on where it was paused. */
export function resumeGroup(database: Database, group: JobGroup): Promise<GroupControl> {
  return control(database, group, async (jobIds) => {
    await changeRow(database, group, { paused: false });
    for (const jobId of jobIds) await resumeJob(database, jobId);
  });
}

/** Changes name, labels or priority, of its unfinished jobs too. */
export function changeGroup(database: Database, group: JobGroup, changes: JobChanges): Promise<GroupControl> {
  return control(database, group, async (jobIds) => {
    const { name, labels } = changes;
    await changeRow(database, group, { name, labels });
    for (const jobId of jobIds) await changeJob(database, jobId, changes);
  });
}

async function control(
  database: Database,
  group: JobGroup,
  act: (unfinished: readonly string[]) => Promise<void>,
): Promise<GroupControl> {
  const jobIds = await unfinishedJobs(database, group);
  if (jobIds.length === 0) return "ended";
  await act(jobIds);
  return "done";
}

/** In the order of the stages. */
async function unfinishedJobs(database: Database, group: JobGroup): Promise<string[]> {
  const jobs = await database.job.findMany({
    where: { ...group, state: { in: [...UNFINISHED_STATES] } },
    select: { id: true },
    orderBy: [{ createdAt: "asc" }, { id: "asc" }],
  });
  return jobs.map((job) => job.id);
}

async function changeRow(
  database: Database,
  group: JobGroup,
  data: { paused?: boolean; name?: string; labels?: string[] },
): Promise<void> {
  if ("sweepId" in group) await database.sweep.update({ where: { id: group.sweepId }, data });
  else await database.compression.update({ where: { id: group.compressionId }, data });
}
