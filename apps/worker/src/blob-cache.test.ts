import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sha256Of } from "./atomic-file.ts";
import { BlobCache, BlobDamagedError } from "./blob-cache.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "drc-cache-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function blobOf(text: string) {
  return { sha256: sha256Of(Buffer.from(text)), sizeBytes: Buffer.byteLength(text) };
}

function cacheOf(texts: readonly string[], maxBytes = 1000) {
  const opened: string[] = [];
  const byName = new Map(texts.map((text) => [blobOf(text).sha256, text]));
  const cache = new BlobCache(join(folder, "cache"), maxBytes, async (sha256) => {
    opened.push(sha256);
    return Readable.from([Buffer.from(byName.get(sha256) ?? "something else")]);
  });
  return { cache, opened };
}

describe("BlobCache", () => {
  it("fetches a blob once and links it again", async () => {
    const { cache, opened } = cacheOf(["photograph"]);
    await cache.linkTo(blobOf("photograph"), join(folder, "first"));
    await cache.linkTo(blobOf("photograph"), join(folder, "second"));
    expect(await readFile(join(folder, "second"), "utf8")).toBe("photograph");
    expect(opened).toHaveLength(1);
  });

  it("refuses and names a blob whose bytes are others (field case 14)", async () => {
    const { cache } = cacheOf([]);
    const blob = blobOf("checkpoint");
    const refused = cache.linkTo(blob, join(folder, "checkpoint"));
    await expect(refused).rejects.toThrow(BlobDamagedError);
    await expect(refused).rejects.toThrow(blob.sha256);
    expect(await readdir(folder)).toEqual(["cache"]);
  });

  it("makes room without taking files from a job", async () => {
    const { cache, opened } = cacheOf(["aaaaaaaaaa", "bbbbbbbbbb"], 10);
    await cache.linkTo(blobOf("aaaaaaaaaa"), join(folder, "a"));
    await cache.linkTo(blobOf("bbbbbbbbbb"), join(folder, "b"));
    await cache.makeRoom();
    expect(await readFile(join(folder, "a"), "utf8")).toBe("aaaaaaaaaa");
    await cache.linkTo(blobOf("aaaaaaaaaa"), join(folder, "a-again"));
    await cache.linkTo(blobOf("bbbbbbbbbb"), join(folder, "b-again"));
    expect(opened).toHaveLength(3);
  });
});
