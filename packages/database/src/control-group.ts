import { type JobState, UNFINISHED_STATES } from "@drc/contracts";
import { type Database, Prisma, type Transaction } from "./client.ts";
import { type JobChanges, requestCancel, requestPause, resumeJob } from "./control-job.ts";
import { cancelJobs } from "./transition.ts";

/** Jobs that belong together. */
export type JobGroup = { compressionId: string } | { sweepId: string };

/** Of jobs on which no attempt is at work. */
const WAITING_STATES = ["blocked", "queued", "paused"] as const satisfies readonly JobState[];

/** Whether a request to a group found anything to act on. */
export type GroupControl = "done" | "ended";

/** Jobs that are cancelled in one transaction: their locks are held until its end. */
const CANCELLED_TOGETHER = 500;

/** Cancels what has not ended. Again, on a group that was cancelled, it does nothing. */
export function cancelGroup(database: Database, group: JobGroup): Promise<GroupControl> {
  return control(database, group, async () => {
    await changeRow(database, group, { paused: false });
    // From the last stage to the first: one that ends meanwhile lets none behind it start.
    while ((await cancelWaiting(database, group)) > 0);
    for (const jobId of await jobsIn(database, group, UNFINISHED_STATES)) await requestCancel(database, jobId);
  });
}

/** @returns how many. */
function cancelWaiting(database: Database, group: JobGroup): Promise<number> {
  return database.$transaction(async (transaction) => {
    const jobIds = await lockJobs(transaction, group, WAITING_STATES, CANCELLED_TOGETHER);
    return cancelJobs(transaction, jobIds, WAITING_STATES, "Requested.");
  });
}

/** Pauses what runs or is queued; stages that wait for others stay blocked until it is resumed. */
export function pauseGroup(database: Database, group: JobGroup): Promise<GroupControl> {
  return control(database, group, async () => {
    await changeRow(database, group, { paused: true });
    // Read again: until the row said so, a stage may have been queued.
    for (const jobId of await jobsIn(database, group, ["queued", "running", "pausing"]))
      await requestPause(database, jobId);
  });
}

/** Goes on where it was paused. */
export function resumeGroup(database: Database, group: JobGroup): Promise<GroupControl> {
  return control(database, group, async () => {
    await changeRow(database, group, { paused: false });
    for (const jobId of await jobsIn(database, group, ["pausing", "paused"])) await resumeJob(database, jobId);
  });
}

/** Changes name, labels or priority, of its unfinished jobs too. */
export function changeGroup(database: Database, group: JobGroup, changes: JobChanges): Promise<GroupControl> {
  return control(database, group, () =>
    database.$transaction(async (transaction) => {
      const jobIds = await lockJobs(transaction, group, UNFINISHED_STATES);
      const { name, labels } = changes;
      await changeRow(transaction, group, { name, labels });
      await transaction.job.updateMany({ where: { id: { in: jobIds } }, data: changes });
    }),
  );
}

async function control(database: Database, group: JobGroup, act: () => Promise<void>): Promise<GroupControl> {
  const jobIds = await jobsIn(database, group, UNFINISHED_STATES);
  if (jobIds.length === 0) return "ended";
  await act();
  return "done";
}

/** In the order of the stages. */
async function jobsIn(database: Database, group: JobGroup, states: readonly JobState[]): Promise<string[]> {
  const jobs = await database.job.findMany({
    where: { ...group, state: { in: [...states] } },
    select: { id: true },
    orderBy: [{ createdAt: "asc" }, { id: "asc" }],
  });
  return jobs.map((job) => job.id);
}

/** From the last stage to the first, everywhere: two that lock them never wait for each other. */
async function lockJobs(
  transaction: Transaction,
  group: JobGroup,
  states: readonly JobState[],
  limit?: number,
): Promise<string[]> {
  const ofGroup =
    "sweepId" in group
      ? Prisma.sql`"sweepId" = ${group.sweepId}`
      : Prisma.sql`"compressionId" = ${group.compressionId}`;
  const jobs = await transaction.$queryRaw<{ id: string }[]>`
    SELECT id FROM "Job" WHERE ${ofGroup} AND state = ANY (${[...states]})
    ORDER BY "createdAt" DESC, id DESC LIMIT ${limit ?? null}::int FOR NO KEY UPDATE`;
  return jobs.map(({ id }) => id);
}

async function changeRow(
  database: Transaction,
  group: JobGroup,
  data: { paused?: boolean; name?: string; labels?: string[] },
): Promise<void> {
  if ("sweepId" in group) await database.sweep.update({ where: { id: group.sweepId }, data });
  else await database.compression.update({ where: { id: group.compressionId }, data });
}
