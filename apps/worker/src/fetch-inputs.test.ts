import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { connectDatabase } from "@drc/database";
import { StoreError } from "@drc/storage";
import { expect, it } from "vitest";
import { BlobCache } from "./blob-cache.ts";
import { InputFetcher } from "./fetch-inputs.ts";

it("refuses a checkpoint whose bytes have another hash than its manifest says, and names it (field case 14)", async () => {
  const folder = await mkdtemp(join(tmpdir(), "drc-inputs-"));
  const sha256 = "5".repeat(64);
  const cache = new BlobCache(join(folder, "cache"), 1000, async () =>
    Readable.from(
      (async function* () {
        yield Buffer.from("half of");
        throw new StoreError("BLOB_CORRUPT", `The blob ${sha256} came back with another hash.`);
      })(),
    ),
  );
  // Nothing is asked of the database: a manifest names its blobs.
  const inputs = new InputFetcher(connectDatabase("postgres://127.0.0.1:1/none"), cache, folder);
  const manifest = { step: 70, files: [{ name: "checkpoint.safetensors", sha256, sizeBytes: 10 }] };
  await expect(inputs.checkpoint(manifest)).rejects.toMatchObject({
    code: "CHECKPOINT_INVALID",
    message: `The checkpoint of step 70 cannot be used. The blob ${sha256} came back with another hash.`,
  });
  await rm(folder, { recursive: true });
});
