import { createHash } from "node:crypto";
import type { DatasetImage, ModelCard } from "@drc/contracts";
import type { Transaction } from "@drc/database";

/** Hashes of dataset versions, each computed once. */
export class DatasetHashes {
  private readonly database: Transaction;
  private readonly known = new Map<string, ModelCard["quality"][number]["dataset"]>();

  constructor(database: Transaction) {
    this.database = database;
  }

  async describe({ datasetId, version }: { datasetId: string; version: number }) {
    const key = `${datasetId}@${version}`;
    const before = this.known.get(key);
    if (before) return before;
    const row = await this.database.datasetVersion.findUnique({
      where: { datasetId_number: { datasetId, number: version } },
      select: { images: true },
    });
    const images = row && (row.images as unknown as DatasetImage[]);
    const described = {
      datasetId,
      version,
      sha256: images ? hashOf(images) : null,
      images: images?.length ?? null,
    };
    this.known.set(key, described);
    return described;
  }
}

/** One line an image: its name and the hashes of its files, HR first. */
function hashOf(images: readonly DatasetImage[]): string {
  const hash = createHash("sha256");
  for (const { name, hr, lrs } of images) {
    hash.update(`${[JSON.stringify(name), hr?.sha256 ?? "-", ...lrs.map(({ sha256 }) => sha256)].join(" ")}\n`);
  }
  return hash.digest("hex");
}
