import { ApiError } from "@drc/contracts";
import {
  type Database,
  databaseNow,
  findReaders,
  lockInputs,
  type NamedInput,
  type Reader,
  type Transaction,
} from "@drc/database";

/** A message stays readable however many jobs there are. */
const NAMED_JOBS = 5;

/** No transaction takes longer: what was created before, and could not be seen yet, is committed or gone. */
const LONGEST_TRANSACTION_MS = 60_000;

/** Something to delete that jobs may name. */
interface Deletion {
  /** For the message: `The dataset ds_…`. */
  what: string;
  /** How jobs name it; called twice. Throws where it is not there, or cannot be deleted. */
  inputs(transaction: Transaction): Promise<NamedInput[]>;
  remove(transaction: Transaction): Promise<void>;
}

/**
 * Deletes what no unfinished job reads. All jobs are looked at before anything is held up; under the lock, which every
 * submission waits for, only those that have come since.
 * @throws ApiError `CONFLICT` that names the unfinished jobs which read it.
 */
export async function deleteUnread(database: Database, { what, inputs, remove }: Deletion): Promise<void> {
  const since = new Date((await databaseNow(database)).getTime() - LONGEST_TRANSACTION_MS);
  const looked = await inputs(database);
  refuseReaders(what, await findReaders(database, looked));
  await database.$transaction(async (transaction) => {
    await lockInputs(transaction);
    const named = await inputs(transaction);
    refuseReaders(what, await findReaders(transaction, looked, since));
    const known = new Set(looked.map((input) => JSON.stringify(input)));
    const more = named.filter((input) => !known.has(JSON.stringify(input)));
    refuseReaders(what, await findReaders(transaction, more));
    await remove(transaction);
  });
}

function refuseReaders(what: string, readers: readonly Reader[]): void {
  if (readers.length === 0) return;
  const named = readers.slice(0, NAMED_JOBS).map(({ id, kind, state }) => `${id} (${kind}, ${state})`);
  const more = readers.length > named.length ? ` and ${readers.length - named.length} more` : "";
  throw new ApiError(
    "CONFLICT",
    `${what} is still used by unfinished jobs: ${named.join(", ")}${more}. Wait for their end, or cancel them.`,
  );
}

export function deleteDataset(database: Database, id: string): Promise<void> {
  return deleteUnread(database, {
    what: `The dataset ${id}`,
    inputs: async () => [{ datasetId: id }],
    async remove(transaction) {
      await transaction.datasetVersion.deleteMany({ where: { datasetId: id } });
      await transaction.datasetFile.deleteMany({ where: { datasetId: id } });
      const { count } = await transaction.dataset.deleteMany({ where: { id } });
      if (count === 0) throw new ApiError("NOT_FOUND", `There is no dataset ${id}.`);
    },
  });
}

export function deleteDatasetVersion(database: Database, datasetId: string, number: number): Promise<void> {
  return deleteUnread(database, {
    what: `Version ${number} of the dataset ${datasetId}`,
    inputs: async () => [{ datasetId, version: number }],
    async remove(transaction) {
      const { count } = await transaction.datasetVersion.deleteMany({ where: { datasetId, number } });
      if (count === 0) throw new ApiError("NOT_FOUND", `There is no version ${number} of a dataset ${datasetId}.`);
    },
  });
}

export function deleteModel(database: Database, id: string): Promise<void> {
  return deleteUnread(database, {
    what: `The model ${id}`,
    async inputs(transaction) {
      const model = await transaction.model.findUnique({ where: { id }, select: { originJobId: true, role: true } });
      if (!model) throw new ApiError("NOT_FOUND", `There is no model ${id}.`);
      return namesOfModel({ id, ...model });
    },
    async remove(transaction) {
      await transaction.model.delete({ where: { id } });
    },
  });
}

/** How specs may name a model: by itself, and the best one of a job by the job. */
export function namesOfModel({
  id,
  originJobId,
  role,
}: {
  id: string;
  originJobId: string | null;
  role: string;
}): NamedInput[] {
  return [{ modelId: id }, ...(originJobId !== null && role === "best" ? [{ fromJob: originJobId }] : [])];
}
