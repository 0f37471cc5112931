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
