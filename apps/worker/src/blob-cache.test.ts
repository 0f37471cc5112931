import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sha256Of } from "./atomic-file.ts";
import { BlobCache } from "./blob-cache.ts";

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
    return Readable.from([Buffer.from(byName.get(sha256) ?? "")]);
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

  it("leaves nothing behind of a blob that came damaged (field case 14)", async () => {
    const cache = new BlobCache(join(folder, "cache"), 1000, async () =>
      Readable.from(
        (async function* () {
          yield Buffer.from("half of");
          throw new Error("the hash is another");
        })(),
      ),
    );
    await expect(cache.linkTo(blobOf("checkpoint"), join(folder, "checkpoint"))).rejects.toThrow("the hash is another");
    const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    expect(files).toEqual([]);
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
