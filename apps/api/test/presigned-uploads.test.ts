import { type PresignedUploadResource, presignedUploadResource, UPLOAD_PART_BYTES } from "@drc/contracts";
import { claimUpload, finishUpload, releaseUpload, renewCompletion } from "@drc/database";
import { createModel, encodeModel } from "@drc/network";
import { PresignedUploads } from "@drc/storage";
import { afterAll, beforeAll, expect, it } from "vitest";
import { completeUpload } from "../src/uploads/complete-upload.ts";
import { makeKey, problemOf, startApi, type TestApi } from "./support/api.ts";
import { makeTar } from "./support/tar.ts";
import { announce, leftovers, putPart, sha256, someBytes, uploadBytes } from "./support/uploads.ts";
import { makeZip } from "./support/zip.ts";

let api: TestApi;
beforeAll(async () => {
  api = await startApi(undefined, { ownBucket: true });
});
afterAll(() => api.stop());

const MEBIBYTE = 1024 * 1024;

async function read(id: string): Promise<PresignedUploadResource> {
  return (await api.get(`/v1/uploads/${id}`)).json();
}

async function newDataset(): Promise<string> {
  return (await api.post("/v1/datasets", { name: "uploads" })).json().id;
}

it("takes a large file in parts, goes on after a cut without those that arrived, and keeps it once (field case 52)", async () => {
  const bytes = someBytes(40 * MEBIBYTE);
  const upload = await announce(api, bytes);
  expect(presignedUploadResource.parse(upload)).toMatchObject({ state: "open", partSizeBytes: UPLOAD_PART_BYTES });
  expect(upload.parts.map((part) => part.sizeBytes)).toEqual([16, 16, 8].map((size) => size * MEBIBYTE));
  await putPart(upload, upload.parts[0], bytes);
  await putPart(upload, upload.parts[1], bytes);
  const cut = fetch(upload.parts[2].url ?? "", {
    method: "PUT",
    headers: { "content-length": String(8 * MEBIBYTE) },
    // Half of the part, and then the connection breaks.
    body: new ReadableStream({
      start(controller) {
        controller.enqueue(new Uint8Array(4 * MEBIBYTE));
        controller.error(new Error("cut"));
      },
    }),
    duplex: "half",
  } as RequestInit);
  await expect(cut).rejects.toThrow();
  const refused = problemOf(await api.post(`/v1/uploads/${upload.id}/complete`));
  expect(refused).toMatchObject({ status: 409, detail: expect.stringContaining("lacks parts: 3") });

  // The same announcement finds what has arrived.
  const again = await announce(api, bytes, "renamed.bin");
  expect(again).toMatchObject({ id: upload.id, name: "renamed.bin" });
  expect(again.parts.map(({ arrived, url }) => [arrived, url === null])).toEqual([
    [true, true],
    [true, true],
    [false, false],
  ]);
  expect((await read(upload.id)).parts.map(({ arrived }) => arrived)).toEqual([true, true, false]);
  await putPart(again, again.parts[2], bytes);
  const complete = await api.post(`/v1/uploads/${upload.id}/complete`);
  expect(complete.json()).toMatchObject({ state: "complete", parts: [] });
  expect((await api.post(`/v1/uploads/${upload.id}/complete`)).json()).toEqual(complete.json());
  expect(sha256(await api.services.store.read(upload.sha256))).toBe(upload.sha256);

  const known = await announce(api, bytes);
  expect(known).toMatchObject({ state: "complete", parts: [] });
  expect(known.id).not.toBe(upload.id);
});

it("refuses other bytes than announced with both hashes, and removes them (field case 52)", async () => {
  const bytes = someBytes(6 * MEBIBYTE);
  const before = await leftovers(api.services.s3);
  const upload = await announce(api, bytes);
  const other = someBytes(6 * MEBIBYTE);
  await putPart(upload, upload.parts[0], other);
  const refused = problemOf(await api.post(`/v1/uploads/${upload.id}/complete`));
  expect(refused).toMatchObject({ status: 422, code: "UPLOAD_INVALID", errors: [{ pointer: "/sha256" }] });
  expect(refused.detail).toContain(`Expected ${sha256(bytes)}, found ${sha256(other)}.`);
  expect((await api.get(`/v1/uploads/${upload.id}`)).statusCode).toBe(404);
  expect(await api.services.store.has(sha256(other))).toBe(false);
  expect(await leftovers(api.services.s3)).toEqual(before);
});

it("takes no part of another size, and takes one that the store has all the same for missing", async () => {
  const bytes = someBytes(100);
  const upload = await announce(api, bytes);
  const put = (url: string | null, body: string) => fetch(url ?? "", { method: "PUT", body });
  for (const body of ["too short", "x".repeat(101)]) {
    expect((await put(upload.parts[0].url, body)).status).toBe(403);
  }
  expect((await api.post(`/v1/uploads/${upload.id}/complete`)).json().detail).toContain("lacks parts: 1.");
  const { key, multipartId } = await api.services.database.upload.findUniqueOrThrow({ where: { id: upload.id } });
  const open = { key: key ?? "", multipartId: multipartId ?? "" };
  expect((await put(api.services.presigned.partUrl(open, { number: 1, sizeBytes: 9 }, 60), "too short")).ok).toBe(true);
  expect((await read(upload.id)).parts).toMatchObject([{ arrived: false, sizeBytes: 100 }]);
  const refused = problemOf(await api.post(`/v1/uploads/${upload.id}/complete`));
  expect(refused.detail).toContain("1 (9 bytes in the place of 100)");
  await putPart(upload, upload.parts[0], bytes);
  expect((await api.post(`/v1/uploads/${upload.id}/complete`)).json()).toMatchObject({ state: "complete" });
});

it("leaves nothing of an upload that is deleted (field case 52)", async () => {
  const before = await leftovers(api.services.s3);
  const bytes = someBytes(20 * MEBIBYTE);
  const upload = await announce(api, bytes);
  await putPart(upload, upload.parts[0], bytes);
  expect(await leftovers(api.services.s3)).toHaveLength(before.length + 1);
  expect((await api.remove(`/v1/uploads/${upload.id}`)).statusCode).toBe(204);
  expect(await leftovers(api.services.s3)).toEqual(before);
  expect((await api.remove(`/v1/uploads/${upload.id}`)).statusCode).toBe(404);
  expect((await fetch(upload.parts[1].url ?? "", { method: "PUT", body: "late" })).ok).toBe(false);
});

it("completes once, however many ask", async () => {
  const bytes = someBytes(5 * MEBIBYTE);
  const upload = await announce(api, bytes);
  await putPart(upload, upload.parts[0], bytes);
  const answers = await Promise.all(Array.from({ length: 5 }, () => api.post(`/v1/uploads/${upload.id}/complete`)));
  expect(answers.map((answer) => answer.statusCode).filter((status) => status !== 200 && status !== 202)).toEqual([]);
  expect(await read(upload.id)).toMatchObject({ state: "complete" });
});

/** Holds what is asked of the store next, until `go`. */
function holdExamination() {
  const { presigned } = api.services;
  const examine = presigned.examine.bind(presigned);
  let go = () => {};
  const gone = new Promise<void>((resolve) => {
    go = resolve;
  });
  presigned.examine = async (open) => {
    presigned.examine = examine;
    await gone;
    return examine(open);
  };
  return () => go();
}

it("goes on by itself where a completion takes long, and tells who asks again how it ended", async () => {
  const bytes = someBytes(1000);
  const complete = (id: string) => api.post(`/v1/uploads/${id}/complete`);
  const good = await announce(api, bytes);
  await putPart(good, good.parts[0], bytes);
  let go = holdExamination();
  expect(await completeUpload(api.services, good.id, { answerMs: 0 })).toMatchObject({ state: "completing" });
  const meanwhile = await complete(good.id);
  expect(meanwhile.statusCode).toBe(202);
  expect(meanwhile.json()).toMatchObject({ state: "completing", parts: [] });
  expect((await api.remove(`/v1/uploads/${good.id}`)).statusCode).toBe(409);
  go();
  await expect.poll(async () => (await complete(good.id)).statusCode, { timeout: 20_000 }).toBe(200);

  const other = await announce(api, someBytes(1000));
  await putPart(other, other.parts[0], bytes);
  go = holdExamination();
  await completeUpload(api.services, other.id, { answerMs: 0 });
  go();
  await expect.poll(async () => (await complete(other.id)).statusCode, { timeout: 20_000 }).toBe(422);
  expect((await complete(other.id)).statusCode).toBe(404);
});

it("does not reopen an upload that another process has taken over", async () => {
  const { database } = api.services;
  const upload = await announce(api, someBytes(1000));
  const first = await claimUpload(database, upload.id);
  expect(await claimUpload(database, upload.id)).toBeNull();
  const silent = { completingAt: new Date(Date.now() - 31_000) };
  await database.upload.update({ where: { id: upload.id }, data: silent });
  const second = await claimUpload(database, upload.id);
  if (!first || !second) throw new Error("They were not claimed.");
  await releaseUpload(database, first);
  await renewCompletion(database, first);
  expect(await finishUpload(database, first)).toBeNull();
  expect(await database.upload.findUnique({ where: { id: upload.id } })).toEqual(second);
  await database.upload.update({ where: { id: upload.id }, data: silent });
  await renewCompletion(database, second);
  expect(await claimUpload(database, upload.id)).toBeNull();
  await releaseUpload(database, second);
  expect(await read(upload.id)).toMatchObject({ state: "open" });
});

it("goes on where a process died between joining the parts and noting it", async () => {
  const bytes = someBytes(1000);
  const upload = await announce(api, bytes);
  await putPart(upload, upload.parts[0], bytes);
  const { database, s3 } = api.services;
  const row = await database.upload.findUniqueOrThrow({ where: { id: upload.id } });
  const presigned = new PresignedUploads(s3);
  const open = { key: row.key ?? "", multipartId: row.multipartId ?? "" };
  await presigned.join(open, (await presigned.arrivedParts(open)) ?? []);
  await database.upload.update({
    where: { id: upload.id },
    data: { state: "completing", completingAt: new Date(Date.now() - 3_600_000) },
  });
  expect((await api.post(`/v1/uploads/${upload.id}/complete`)).json()).toMatchObject({ state: "complete" });
});

it("answers other requests while the store does not answer a dozen announcements", async () => {
  const { presigned } = api.services;
  const start = presigned.start.bind(presigned);
  let answer = () => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  let asked = 0;
  presigned.start = async () => {
    asked++;
    await answered;
    return start();
  };
  const contents = Array.from({ length: 12 }, () => someBytes(100));
  const pending = Promise.all(contents.map((bytes) => announce(api, bytes)));
  await expect.poll(() => asked, { timeout: 30_000 }).toBe(12);
  expect((await api.get("/v1/datasets")).statusCode).toBe(200);
  answer();
  expect((await pending).map(({ state }) => state)).toEqual(contents.map(() => "open"));
  presigned.start = start;
});

it("starts nothing for an upload that the key's limit refuses", async () => {
  const { key } = await makeKey(api, { limits: { storedBytes: 1000 } });
  const before = await leftovers(api.services.s3);
  const body = { name: "a.bin", sizeBytes: 1001, sha256: sha256(someBytes(1001)) };
  const { presigned } = api.services;
  const start = presigned.start.bind(presigned);
  let started = 0;
  presigned.start = () => {
    started++;
    return start();
  };
  const refused = await api.as(key).post("/v1/uploads", body);
  presigned.start = start;
  expect(problemOf(refused)).toMatchObject({ code: "QUOTA_EXCEEDED" });
  expect(started).toBe(0);
  expect(await leftovers(api.services.s3)).toEqual(before);
});

it("says what is wrong with an announcement", async () => {
  const good = { name: "a.bin", sizeBytes: 10, sha256: "a".repeat(64) };
  const refused = async (changes: object) => problemOf(await api.post("/v1/uploads", { ...good, ...changes }));
  expect(await refused({ sha256: "A" })).toMatchObject({ status: 422, errors: [{ pointer: "/sha256" }] });
  expect(await refused({ sizeBytes: 0 })).toMatchObject({ status: 422, errors: [{ pointer: "/sizeBytes" }] });
  expect(await refused({ sizeBytes: 6e9 })).toMatchObject({ status: 422, errors: [{ pointer: "/sizeBytes" }] });
  expect(await refused({ name: "../a" })).toMatchObject({ status: 422, errors: [{ pointer: "/name" }] });
});

it("signs URLs for the address that clients reach", async () => {
  const presigned = new PresignedUploads(api.services.s3, "https://store.example:9443");
  const url = new URL(presigned.partUrl({ key: "incoming/x", multipartId: "m" }, { number: 3, sizeBytes: 10 }, 600));
  expect(url.origin).toBe("https://store.example:9443");
  expect(url.searchParams.get("partNumber")).toBe("3");
  expect(url.searchParams.get("X-Amz-Signature")).toMatch(/^[0-9a-f]{64}$/);
});

it("adds uploads to a dataset: images as they are, archives unpacked", async () => {
  const id = await newDataset();
  const image = await uploadBytes(api, someBytes(100), "a.png");
  const zip = await uploadBytes(api, makeZip([{ name: "b.png", bytes: someBytes(50) }]), "images.zip");
  const tar = await uploadBytes(api, makeTar([{ name: "day/c.png", bytes: someBytes(60) }, { name: ".d" }]), "c.tar");
  const uploads = [{ uploadId: image.id, name: "HR/a.png" }, { uploadId: zip.id }, { uploadId: tar.id }];
  const response = await api.post(`/v1/datasets/${id}/files`, { uploads });
  expect(response.statusCode).toBe(201);
  expect(response.json()).toMatchObject({
    files: [
      { name: "HR/a.png", sha256: image.sha256, sizeBytes: 100 },
      { name: "b.png", sizeBytes: 50 },
      { name: "day/c.png", sizeBytes: 60 },
    ],
    ignored: [".d"],
  });
  expect((await api.get(`/v1/datasets/${id}`)).json()).toMatchObject({ files: 3 });
});

it("refuses uploads that are not complete, not there, badly named or too large", async () => {
  const id = await newDataset();
  const open = await announce(api, someBytes(100));
  const add = (...uploads: object[]) => api.post(`/v1/datasets/${id}/files`, { uploads });
  expect(problemOf(await add({ uploadId: open.id }))).toMatchObject({
    status: 409,
    errors: [{ pointer: "/uploads/0/uploadId" }],
  });
  expect(problemOf(await add({ uploadId: `upl_${"0".repeat(20)}` }))).toMatchObject({ status: 422 });
  expect(problemOf(await add({ uploadId: "x" }))).toMatchObject({ errors: [{ pointer: "/uploads/0/uploadId" }] });
  expect(problemOf(await add())).toMatchObject({ errors: [{ pointer: "/uploads" }] });
  const complete = await uploadBytes(api, someBytes(100), "a.png");
  expect(problemOf(await add({ uploadId: complete.id, name: "../a.png" }))).toMatchObject({ status: 422 });
  expect(problemOf(await add({ uploadId: complete.id }, { uploadId: complete.id }))).toMatchObject({
    detail: expect.stringContaining("two files of this name"),
  });
});

it("makes a model of an upload", async () => {
  const file = Buffer.from(encodeModel(createModel({ scale: 4, blocks: 1, features: 4, seed: 7 })));
  const upload = await uploadBytes(api, file, "small.safetensors");
  const response = await api.post("/v1/models", { uploadId: upload.id });
  expect(response.statusCode).toBe(201);
  expect(response.json()).toMatchObject({ name: "small", scale: 4, sizeBytes: file.length, role: "uploaded" });
  const named = await api.post("/v1/models", { uploadId: upload.id, name: "mine", scale: 2 });
  expect(problemOf(named)).toMatchObject({ status: 422, code: "ARCHITECTURE_MISMATCH" });
  expect(problemOf(await api.post("/v1/models", { name: "x" }))).toMatchObject({ errors: [{ pointer: "/uploadId" }] });
});
