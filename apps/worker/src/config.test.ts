import { expect, it } from "vitest";
import { readConfig } from "./config.ts";

const NEEDED = {
  DATABASE_URL: "postgresql://localhost/drc",
  REDIS_URL: "redis://localhost",
  S3_ENDPOINT: "http://localhost:9000",
  S3_ACCESS_KEY: "access",
  S3_SECRET_KEY: "secret",
};

function slotsOf(environment: Record<string, string>): string[] {
  return readConfig({ ...NEEDED, ...environment }).slots.map(({ name }) => name);
}

it("has slots for the jobs of the device that is the server's default", () => {
  expect(slotsOf({})).toEqual(["none-0", "cpu-0"]);
  expect(slotsOf({ DRC_DEVICE: "gpu" })).toEqual(["none-0", "gpu-0"]);
});

it("prefers the slots that are given", () => {
  expect(slotsOf({ DRC_DEVICE: "gpu", DRC_SLOTS: "cpu:2" })).toEqual(["cpu-0", "cpu-1"]);
});

it("takes the limit of an image's pixels from its variable", () => {
  expect(readConfig(NEEDED).maxImagePixels).toBe(128_000_000);
  expect(readConfig({ ...NEEDED, DRC_IMAGE_PIXELS: "1000" }).maxImagePixels).toBe(1000);
});

it("names each variable that is wrong", () => {
  const wrong = () => readConfig({ ...NEEDED, S3_ENDPOINT: "", DRC_SLOTS: "tpu:1" });
  expect(wrong).toThrow(/S3_ENDPOINT[\s\S]*DRC_SLOTS: "tpu:1" is no slot/);
});
