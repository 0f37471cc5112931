import { ApiError } from "@drc/contracts";
import { type Database, findReaders, lockInputs, type NamedInput, type Reader, type Transaction } from "@drc/database";

/** A message stays readable however many jobs there are. */
const NAMED_JOBS = 5;

/** @throws ApiError `CONFLICT` that names the unfinished jobs which read one of these inputs. */
export async function requireUnread(
  transaction: Transaction,
  what: string,
  inputs: readonly NamedInput[],
): Promise<void> {
  const readers = new Map<string, Reader>();
  for (const input of inputs) {
    for (const reader of await findReaders(transaction, input)) readers.set(reader.id, reader);
  }
  if (readers.size === 0) return;
  const named = [...readers.values()].slice(0, NAMED_JOBS).map(({ id, kind, state }) => `${id} (${kind}, ${state})`);
  const more = readers.size > named.length ? ` and ${readers.size - named.length} more` : "";
  throw new ApiError(
    "CONFLICT",
    `${what} is still used by unfinished jobs: ${named.join(", ")}${more}. Wait for their end, or cancel them.`,
  );
}

export async function deleteDataset(database: Database, id: string): Promise<void> {
  await database.$transaction(async (transaction) => {
    await lockInputs(transaction);
    await requireUnread(transaction, `The dataset ${id}`, [{ datasetId: id }]);
    await transaction.datasetVersion.deleteMany({ where: { datasetId: id } });
    await transaction.datasetFile.deleteMany({ where: { datasetId: id } });
    const { count } = await transaction.dataset.deleteMany({ where: { id } });
    if (count === 0) throw new ApiError("NOT_FOUND", `There is no dataset ${id}.`);
  });
}

export async function deleteDatasetVersion(database: Database, datasetId: string, number: number): Promise<void> {
  await database.$transaction(async (transaction) => {
    await lockInputs(transaction);
    const what = `Version ${number} of the dataset ${datasetId}`;
    await requireUnread(transaction, what, [{ datasetId, version: number }]);
    const { count } = await transaction.datasetVersion.deleteMany({ where: { datasetId, number } });
    if (count === 0) throw new ApiError("NOT_FOUND", `There is no version ${number} of a dataset ${datasetId}.`);
  });
}

export async function deleteModel(database: Database, id: string): Promise<void> {
  await database.$transaction(async (transaction) => {
    await lockInputs(transaction);
    const model = await transaction.model.findUnique({ where: { id }, select: { originJobId: true, role: true } });
    if (!model) throw new ApiError("NOT_FOUND", `There is no model ${id}.`);
    await requireUnread(transaction, `The model ${id}`, namesOfModel({ id, ...model }));
    await transaction.model.delete({ where: { id } });
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
