import type { BlobReference } from "@drc/contracts";
import type { Transaction } from "./client.ts";

/** Notes blobs that are in the store; those that are known already stay as they are. */
export async function registerBlobs(transaction: Transaction, blobs: readonly BlobReference[]): Promise<void> {
  if (blobs.length === 0) return;
  await transaction.blob.createMany({
    data: blobs.map(({ sha256, sizeBytes }) => ({ sha256, sizeBytes: BigInt(sizeBytes) })),
    skipDuplicates: true,
  });
}
