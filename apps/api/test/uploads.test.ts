import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type DatasetVersionResource, datasetVersionResource, type UploadResource } from "@drc/contracts";
import { describeVersions } from "@drc/database";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { form, problemOf, readyDataset, startApi, type TestApi } from "./support/api.ts";
import { makeTar, type TarEntry } from "./support/tar.ts";
import { makeZip, type ZipFileEntry } from "./support/zip.ts";

let api: TestApi;
/** Where this file's server, and no other, puts its temporary files. */
let temporary: string;

const LIMITS = {
  files: 20,
  imageBytes: 10_000,
  archiveBytes: 50_000,
  unpackedBytes: 30_000,
  archiveRatio: 100,
  modelBytes: 1_000_000,
};

beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), "drc-uploads-test-"));
  vi.stubEnv("TMPDIR", temporary);
  api = await startApi(LIMITS);
});
afterAll(async () => {
  await api.stop();
  vi.unstubAllEnvs();
  await rm(temporary, { recursive: true, force: true });
});

async function newDataset(): Promise<string> {
  return (await api.post("/v1/datasets", { name: "uploads" })).json().id;
}

async function upload(datasetId: string, files: { name: string; bytes: Uint8Array }[]) {
  return api.send({ url: `/v1/datasets/${datasetId}/files`, ...form(files) });
}

function uploadZip(datasetId: string, entries: ZipFileEntry[]) {
  return upload(datasetId, [{ name: "images.zip", bytes: makeZip(entries) }]);
}

it("keeps several images, equal bytes once (field case 27)", async () => {
  const id = await newDataset();
  const bytes = Buffer.from("the same bytes");
  const response = await upload(id, [
    { name: "a.png", bytes },
    { name: "b.png", bytes },
  ]);
  expect(response.statusCode).toBe(201);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  expect(response.json<UploadResource>().files).toEqual([
    { name: "a.png", sha256, sizeBytes: bytes.length },
    { name: "b.png", sha256, sizeBytes: bytes.length },
  ]);
  expect(await api.services.store.read(sha256)).toEqual(bytes);
  expect((await api.get(`/v1/datasets/${id}`)).json()).toMatchObject({ files: 2, versions: 0 });
});

it("replaces a file that is uploaded again, for later versions only", async () => {
  const id = await newDataset();
  await upload(id, [{ name: "a.png", bytes: Buffer.from("first") }]);
  await api.post(`/v1/datasets/${id}/versions`, { scale: 4 });
  await upload(id, [{ name: "a.png", bytes: Buffer.from("second") }]);
  await api.post(`/v1/datasets/${id}/versions`, { scale: 4 });
  const versions = await api.services.database.datasetVersion.findMany({
    where: { datasetId: id },
    orderBy: { number: "asc" },
  });
  const hash = (text: string) => createHash("sha256").update(text).digest("hex");
  expect(versions.map((version) => version.files)).toEqual([
    [{ name: "a.png", sha256: hash("first"), sizeBytes: 5 }],
    [{ name: "a.png", sha256: hash("second"), sizeBytes: 6 }],
  ]);
});

it("unpacks an archive, with its folders and without hidden files", async () => {
  const id = await newDataset();
  const response = await uploadZip(id, [
    { name: "day/", bytes: Buffer.alloc(0), mode: 0o040755 },
    { name: "day/1.png", bytes: Buffer.from("one") },
    { name: "day/2.png", bytes: Buffer.from("two") },
    { name: "__MACOSX/day/._1.png" },
    { name: "day/.DS_Store" },
  ]);
  expect(response.statusCode).toBe(201);
  const { files, ignored } = response.json<UploadResource>();
  expect(files.map((file) => [file.name, file.sizeBytes])).toEqual([
    ["day/1.png", 3],
    ["day/2.png", 3],
  ]);
  expect(ignored).toEqual(["__MACOSX/day/._1.png", "day/.DS_Store"]);
});

const HOSTILE: [string, ZipFileEntry[], RegExp][] = [
  ["a path out of the archive", [{ name: "../evil.png" }], /relative path|point elsewhere/],
  ["an absolute path", [{ name: "/etc/evil.png" }], /absolute path/],
  ["a backslash", [{ name: "..\\evil.png" }], /backslash|invalid characters/],
  ["control characters", [{ name: "a\nb.png" }], /control characters/],
  ["a link", [{ name: "link.png", mode: 0o120777 }], /link/],
  ["a device", [{ name: "device.png", mode: 0o020666 }], /special file/],
  ["a wrong checksum", [{ name: "a.png", crc: 1 }], /checksum/],
  ["a lying size", [{ name: "a.png", bytes: Buffer.alloc(5_000), uncompressedSize: 10 }], /too many bytes|size/],
  ["an archive in the archive", [{ name: "a.png", bytes: makeZip([{ name: "b.png" }]) }], /archive in an archive/],
  ["encryption", [{ name: "a.png", flags: 0x801 }], /encrypted/],
  ["a rare compression", [{ name: "a.png", method: 12 }], /compression method/],
  ["two files of one name", [{ name: "a.png" }, { name: "a.png" }], /two files/],
  ["files that share bytes", [{ name: "a.png" }, { name: "b.png", sharesBytes: true }], /shares bytes/],
  ["nothing", [], /no file/],
];

it.each(HOSTILE)("refuses an archive with %s and keeps none of it", async (_what, entries, detail) => {
  const id = await newDataset();
  const response = await uploadZip(id, [{ name: "good.png" }, ...entries].slice(entries.length === 0 ? 1 : 0));
  const problem = problemOf(response);
  expect(problem).toMatchObject({ status: 422, code: "ARCHIVE_INVALID" });
  expect(problem.detail).toMatch(detail);
  expect((await api.get(`/v1/datasets/${id}`)).json()).toMatchObject({ files: 0 });
});

const HOSTILE_TAR: [string, TarEntry[], RegExp][] = [
  ["a path out of the archive", [{ name: "../evil.png" }], /point elsewhere/],
  ["a path out of the archive in an extended header", [{ name: "a.png", pax: { path: "b/../../evil.png" } }], /point/],
  ["a path out of the archive in a long name", [{ name: "../evil.png", longName: true }], /point elsewhere/],
  ["an absolute path", [{ name: "/etc/evil.png" }], /absolute path/],
  ["a backslash", [{ name: "..\\evil.png" }], /backslash/],
  ["control characters", [{ name: "a\nb.png" }], /control characters/],
  ["a symbolic link", [{ name: "link.png", type: "2" }], /link/],
  ["a hard link", [{ name: "link.png", type: "1" }], /link/],
  ["a device", [{ name: "device.png", type: "3" }], /special file/],
  ["a pipe", [{ name: "pipe.png", type: "6" }], /special file/],
  ["a sparse file", [{ name: "sparse.png", type: "S" }], /special file/],
  ["a wrong checksum", [{ name: "a.png", checksum: "0000001" }], /header.*damaged/],
  ["a number that is none", [{ name: "a.png", size: "99999999999" }], /number that cannot be read/],
  ["a negative size", [{ name: "a.png", size: "\xff".repeat(12) }], /number that cannot be read/],
  ["a size beyond its end", [{ name: "a.png", size: "00000017000" }], /cut off/],
  ["an endless extended header", [{ name: "x", type: "x", size: "00010000000" }], /too long/],
  ["a damaged extended header", [{ name: "x", type: "x", bytes: Buffer.from("999 path=a\n") }], /extended header/],
  ["a zip archive in the archive", [{ name: "a.png", bytes: makeZip([{ name: "b.png" }]) }], /archive in an archive/],
  ["a gzip file in the archive", [{ name: "a.png", bytes: gzipSync("b") }], /archive in an archive/],
  ["two files of one name", [{ name: "a.png" }, { name: "./a.png" }], /two files/],
];

describe.each([
  ["tar", (bytes: Buffer) => bytes],
  ["tar.gz", gzipSync],
])("a %s archive", (_kind, pack) => {
  function uploadTar(datasetId: string, entries: TarEntry[], bytes = makeTar(entries)) {
    return upload(datasetId, [{ name: "images.tar", bytes: pack(bytes) }]);
  }

  it("is unpacked, with its folders and without hidden files", async () => {
    const id = await newDataset();
    const long = `${"folder/".repeat(20)}4.png`;
    const response = await uploadTar(id, [
      { name: "./", type: "5" },
      { name: "./day/", type: "5" },
      { name: "./day/1.png", bytes: Buffer.from("one") },
      { name: "day/2.png", bytes: Buffer.alloc(512, "2") },
      { name: "short.png", bytes: Buffer.alloc(700, "3"), pax: { path: "имя-図像.png", comment: "x".repeat(600) } },
      { name: long, longName: true, bytes: Buffer.alloc(0) },
      { name: "5.png", prefix: "night", bytes: Buffer.from("five") },
      { name: "day/._1.png" },
      { name: "__MACOSX/1.png" },
    ]);
    expect(response.statusCode).toBe(201);
    const { files, ignored } = response.json<UploadResource>();
    expect(files.map((file) => [file.name, file.sizeBytes])).toEqual([
      ["day/1.png", 3],
      ["day/2.png", 512],
      ["имя-図像.png", 700],
      [long, 0],
      ["night/5.png", 4],
    ]);
    expect(ignored).toEqual(["day/._1.png", "__MACOSX/1.png"]);
    expect(await api.services.store.read(files[2].sha256)).toEqual(Buffer.alloc(700, "3"));
  });

  it.each(HOSTILE_TAR)("with %s is refused, and none of it is kept", async (_what, entries, detail) => {
    const id = await newDataset();
    const problem = problemOf(await uploadTar(id, [{ name: "good.png" }, ...entries]));
    expect(problem).toMatchObject({ status: 422, code: "ARCHIVE_INVALID" });
    expect(problem.detail).toMatch(detail);
    expect((await api.get(`/v1/datasets/${id}`)).json()).toMatchObject({ files: 0 });
  });

  it.each<[string, TarEntry[]]>([
    ["a file that is too large", [{ name: "a.png", bytes: Buffer.alloc(10_001) }]],
    ["files that are too much together", ["a", "b", "c", "d"].map((name) => ({ name, bytes: Buffer.alloc(9_000) }))],
    ["too many files", Array.from({ length: 21 }, (_, i) => ({ name: `${i}.png` }))],
  ])("with %s is refused", async (_what, entries) => {
    const id = await newDataset();
    expect(problemOf(await uploadTar(id, entries))).toMatchObject({ status: 413, code: "PAYLOAD_TOO_LARGE" });
    expect((await api.get(`/v1/datasets/${id}`)).json()).toMatchObject({ files: 0 });
  });

  it("that is cut off anywhere is refused", async () => {
    const whole = makeTar([{ name: "a.png", bytes: Buffer.alloc(600, 1) }, { name: "b.png" }]);
    for (const length of [700, 512 + 1024, 512 + 1024 + 200, whole.length - 1024]) {
      const id = await newDataset();
      const response = await uploadTar(id, [], whole.subarray(0, length));
      expect(problemOf(response)).toMatchObject({ code: "ARCHIVE_INVALID", detail: "The archive is cut off." });
    }
  });
});

it("refuses a gzip file that is cut off, or holds no tar archive", async () => {
  const id = await newDataset();
  const packed = gzipSync(makeTar([{ name: "a.png", bytes: Buffer.alloc(9_000, 1) }]));
  const cut = await upload(id, [{ name: "images.tar.gz", bytes: packed.subarray(0, packed.length - 20) }]);
  expect(problemOf(cut)).toMatchObject({ code: "ARCHIVE_INVALID", detail: expect.stringMatching(/cannot be read/) });
  const image = await upload(id, [{ name: "a.png.gz", bytes: gzipSync("an image") }]);
  expect(problemOf(image)).toMatchObject({ detail: expect.stringMatching(/no tar archive/) });
});

it("refuses archives that unpack to far more than they have", async () => {
  const strict = await startApi({ ...LIMITS, imageBytes: 2 ** 22, unpackedBytes: 2 ** 23, archiveRatio: 20 });
  const bytes = Buffer.alloc(3 * 2 ** 20);
  const archives = {
    zip: makeZip([{ name: "a.png", bytes }]),
    "tar.gz": gzipSync(makeTar([{ name: "a.png", bytes }])),
  };
  for (const [kind, archive] of Object.entries(archives)) {
    const { id } = (await strict.post("/v1/datasets", { name: kind })).json();
    const response = await strict.send({
      url: `/v1/datasets/${id}/files`,
      ...form([{ name: `a.${kind}`, bytes: archive }]),
    });
    expect(problemOf(response)).toMatchObject({ status: 413, detail: expect.stringMatching(/20 times its size/) });
  }
  await strict.stop();
});

it("keeps the folders in the names of a form's files", async () => {
  const id = await newDataset();
  const response = await upload(id, [
    { name: "HR/1.png", bytes: Buffer.from("hr") },
    { name: "LR/1.png", bytes: Buffer.from("lr") },
  ]);
  expect(response.json<UploadResource>().files.map(({ name }) => name)).toEqual(["HR/1.png", "LR/1.png"]);
  const outside = await upload(id, [{ name: "../1.png", bytes: Buffer.from("hr") }]);
  expect(problemOf(outside)).toMatchObject({ status: 422, errors: [{ file: "../1.png" }] });
});

const TOO_LARGE: [string, ZipFileEntry[]][] = [
  ["a file that unpacks to too much", [{ name: "a.png", bytes: Buffer.alloc(10_001) }]],
  [
    "files that unpack to too much together",
    ["a", "b", "c", "d"].map((name) => ({ name, bytes: Buffer.alloc(9_000) })),
  ],
  ["too many files", Array.from({ length: 21 }, (_, i) => ({ name: `${i}.png` }))],
];

it.each(TOO_LARGE)("refuses an archive with %s", async (_what, entries) => {
  const id = await newDataset();
  expect(problemOf(await uploadZip(id, entries))).toMatchObject({ status: 413, code: "PAYLOAD_TOO_LARGE" });
  expect((await api.get(`/v1/datasets/${id}`)).json()).toMatchObject({ files: 0 });
});

it("refuses an archive that is cut off, and leaves no temporary file", async () => {
  const id = await newDataset();
  const whole = makeZip([{ name: "a.png" }, { name: "b.png" }]);
  const response = await upload(id, [{ name: "images.zip", bytes: whole.subarray(0, whole.length - 30) }]);
  expect(problemOf(response)).toMatchObject({ code: "ARCHIVE_INVALID" });
  expect(await readdir(temporary)).toEqual([]);
});

it("refuses an image that is too large, and names it", async () => {
  const id = await newDataset();
  const response = await upload(id, [{ name: "large.png", bytes: Buffer.alloc(10_001, 1) }]);
  expect(problemOf(response)).toMatchObject({ status: 413, errors: [{ file: "large.png" }] });
});

it("refuses two files of one name, a form without files, and no form", async () => {
  const id = await newDataset();
  const twice = ["one", "two"].map((text) => ({ name: "a.png", bytes: Buffer.from(text) }));
  expect(problemOf(await upload(id, twice))).toMatchObject({ status: 422, errors: [{ file: "a.png" }] });
  expect(problemOf(await upload(id, []))).toMatchObject({ status: 422 });
  expect(problemOf(await api.post(`/v1/datasets/${id}/files`, { a: 1 }))).toMatchObject({ status: 422 });
});

it("makes no version of a dataset without files", async () => {
  const id = await newDataset();
  expect(problemOf(await api.post(`/v1/datasets/${id}/versions`, { scale: 4 }))).toMatchObject({ status: 409 });
});

it("numbers versions that are made at once one after the other", async () => {
  const id = await newDataset();
  await upload(id, [{ name: "a.png", bytes: Buffer.from("a") }]);
  const made = await Promise.all(
    Array.from({ length: 5 }, () => api.post(`/v1/datasets/${id}/versions`, { scale: 2 })),
  );
  expect(made.map((response) => response.json().version).sort()).toEqual([1, 2, 3, 4, 5]);
  const { items } = (await api.get(`/v1/datasets/${id}/versions`)).json();
  expect(items.map((item: { version: number }) => item.version)).toEqual([5, 4, 3, 2, 1]);
});

it("counts the images of a version without reading them", async () => {
  const sizes = [
    { width: 96, height: 96 },
    { width: 120, height: 96 },
    { width: 96, height: 120 },
  ];
  const { datasetId, version } = await readyDataset(api, 4, sizes);
  const { database } = api.services;
  await database.datasetVersion.update({
    where: { datasetId_number: { datasetId, number: version } },
    data: { onAlpha: { background: [1, 2, 3] } },
  });
  await api.post(`/v1/datasets/${datasetId}/versions`, { scale: 2 });
  const url = `/v1/datasets/${datasetId}/versions`;
  const { items } = (await api.get(url)).json();
  expect(items.map((item: DatasetVersionResource) => [item.version, item.state, item.images])).toEqual([
    [2, "ingesting", 0],
    [1, "ready", 3],
  ]);
  const one = (await api.get(`${url}/${version}`)).json();
  expect(one).toEqual(items[1]);
  expect(datasetVersionResource.parse(one)).toMatchObject({ scale: 4, onAlpha: { background: [1, 2, 3] }, notes: [] });
  expect((await api.get(`${url}/3`)).statusCode).toBe(404);
  // What a version holds for the jobs stays in the database.
  const described = await describeVersions(database, datasetId);
  expect(described.flatMap(Object.keys)).not.toContain("files");
  expect(described.map(({ images }) => images)).toEqual([0, 3]);
});
