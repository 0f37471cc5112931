import { expect, it } from "vitest";
import { readConfig } from "./config.ts";
import { UPLOAD_LIMITS } from "./uploads/limits.ts";

const NEEDED = {
  DATABASE_URL: "postgresql://localhost/drc",
  REDIS_URL: "redis://localhost",
  S3_ENDPOINT: "http://localhost:9000",
  S3_ACCESS_KEY: "access",
  S3_SECRET_KEY: "secret",
};

it("takes each limit of uploads from its variable, and has a default for it", () => {
  expect(readConfig(NEEDED).uploads).toEqual(UPLOAD_LIMITS);
  const { uploads } = readConfig({
    ...NEEDED,
    DRC_UPLOAD_FILES: "1",
    DRC_UPLOAD_IMAGE_BYTES: "2",
    DRC_UPLOAD_ARCHIVE_BYTES: "3",
    DRC_UPLOAD_UNPACKED_BYTES: "4",
    DRC_UPLOAD_ARCHIVE_RATIO: "5",
    DRC_UPLOAD_MODEL_BYTES: "6",
  });
  expect(uploads).toEqual({
    files: 1,
    imageBytes: 2,
    archiveBytes: 3,
    unpackedBytes: 4,
    archiveRatio: 5,
    modelBytes: 6,
  });
});

it("names each limit that is no whole number from 1", () => {
  const wrong = () => readConfig({ ...NEEDED, DRC_UPLOAD_FILES: "0", DRC_UPLOAD_ARCHIVE_RATIO: "many" });
  expect(wrong).toThrow(/DRC_UPLOAD_FILES[\s\S]*DRC_UPLOAD_ARCHIVE_RATIO/);
});

it("takes the key, the ranges and the retries of webhooks, and names what is wrong with them", () => {
  const none = readConfig({ ...NEEDED, DRC_SECRET_KEY: "", DRC_WEBHOOK_ALLOW: "" }).webhooks;
  expect(none.box).toBeNull();
  expect(none.allowed.allows("127.0.0.1")).toBe(false);
  expect(none.retryDelaysMs).toHaveLength(9);
  const { box, allowed, retryDelaysMs } = readConfig({
    ...NEEDED,
    DRC_SECRET_KEY: "0f".repeat(32),
    DRC_WEBHOOK_ALLOW: "127.0.0.0/8, fd00::/8",
    DRC_WEBHOOK_RETRY_SECONDS: "0.2,5,300",
  }).webhooks;
  expect(box?.open(box.seal("text", "owner"), "owner")).toBe("text");
  expect(["127.0.0.1", "fd00::1", "10.0.0.1"].map((address) => allowed.allows(address))).toEqual([true, true, false]);
  expect(retryDelaysMs).toEqual([200, 5_000, 300_000]);
  const wrong = { DRC_SECRET_KEY: "short", DRC_WEBHOOK_ALLOW: "10.0.0.0", DRC_WEBHOOK_RETRY_SECONDS: "soon" };
  expect(() => readConfig({ ...NEEDED, ...wrong })).toThrow(
    /DRC_SECRET_KEY: .*64[\s\S]*DRC_WEBHOOK_ALLOW: 10\.0\.0\.0 is not a range[\s\S]*DRC_WEBHOOK_RETRY_SECONDS/,
  );
});
