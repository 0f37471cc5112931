import type { DatasetImage } from "@drc/contracts";
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

/** Some images of a version in their order, `number` from 1. A version may have very many. */
export function describeImages(
  database: Database,
  { datasetId, version, after, limit }: { datasetId: string; version: number; after: number; limit: number },
): Promise<{ number: number; image: DatasetImage }[]> {
  return database.$queryRaw<{ number: number; image: DatasetImage }[]>`
    SELECT listed.number::int AS number, image
    FROM "DatasetVersion", jsonb_array_elements(images) WITH ORDINALITY AS listed (image, number)
    WHERE "datasetId" = ${datasetId} AND "DatasetVersion".number = ${version} AND listed.number > ${after}
    ORDER BY listed.number
    LIMIT ${limit}`;
}
