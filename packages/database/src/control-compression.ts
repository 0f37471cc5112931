import { FINAL_STATES } from "@drc/contracts";
import type { Database } from "./client.ts";
import { changeJob, type JobChanges, requestCancel, requestPause, resumeJob } from "./control-job.ts";

/** Whether a request to a compression found anything to act on. */
export type CompressionControl = "done" | "ended";

/** Cancels what has not ended. Again, on a compression that was cancelled, it does nothing. */
export function cancelCompression(database: Database, id: string): Promise<CompressionControl> {
  return control(database, id, async (jobIds) => {
    await setPaused(database, id, false);
    // From the last stage to the first: one that ends meanwhile lets none behind it start.
    for (const jobId of jobIds.toReversed()) await requestCancel(database, jobId);
  });
}

/** Pauses what runs or is queued; stages that wait for others stay blocked until it is resumed. */
export function pauseCompression(database: Database, id: string): Promise<CompressionControl> {
  return control(database, id, async () => {
    await setPaused(database, id, true);
    // Read again: until the row said so, a stage may have been queued.
    for (const jobId of await unfinishedJobs(database, id)) await requestPause(database, jobId);
  });
}

/** Goes on where it was paused. */
export function resumeCompression(database: Database, id: string): Promise<CompressionControl> {
  return control(database, id, async (jobIds) => {
    await setPaused(database, id, false);
    for (const jobId of jobIds) await resumeJob(database, jobId);
  });
}

/** Changes name, labels or priority, of its unfinished jobs too. */
export function changeCompression(database: Database, id: string, changes: JobChanges): Promise<CompressionControl> {
  return control(database, id, async (jobIds) => {
    const { name, labels } = changes;
    await database.compression.update({ where: { id }, data: { name, labels } });
    for (const jobId of jobIds) await changeJob(database, jobId, changes);
  });
}

async function control(
  database: Database,
  id: string,
  act: (unfinished: readonly string[]) => Promise<void>,
): Promise<CompressionControl> {
  const jobIds = await unfinishedJobs(database, id);
  if (jobIds.length === 0) return "ended";
  await act(jobIds);
  return "done";
}

/** In the order of the stages. */
async function unfinishedJobs(database: Database, compressionId: string): Promise<string[]> {
  const jobs = await database.job.findMany({
    where: { compressionId, state: { notIn: [...FINAL_STATES] } },
    select: { id: true },
    orderBy: [{ createdAt: "asc" }, { id: "asc" }],
  });
  return jobs.map((job) => job.id);
}

async function setPaused(database: Database, id: string, paused: boolean): Promise<void> {
  await database.compression.update({ where: { id }, data: { paused } });
}
