import type { DatasetVersion } from "../generated/client.ts";
import type { Database } from "./client.ts";

/** A dataset version as it is answered: its files and images are thousands of names and hashes, of which it needs none. */
export interface DescribedVersion extends Omit<DatasetVersion, "files" | "images"> {
  /** How many. */
  images: number;
}

/** The versions of a dataset from new to old, or the one of a number. The images are counted in the database. */
export function describeVersions(database: Database, datasetId: string, number?: number): Promise<DescribedVersion[]> {
  return database.$queryRaw<DescribedVersion[]>`
    SELECT "datasetId", number, scale, border, content, "onBadFile", "onOddSize", "onAlpha", state,
      jsonb_array_length(images) AS images, "badFiles", notes, "ingestJobId", "createdAt"
    FROM "DatasetVersion"
    WHERE "datasetId" = ${datasetId} AND (${number ?? null}::int IS NULL OR number = ${number ?? null}::int)
    ORDER BY number DESC`;
}
