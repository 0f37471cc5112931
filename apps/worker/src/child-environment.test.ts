import { describe, expect, it } from "vitest";
import { childEnvironment } from "./child-environment.ts";

const parent = {
  PATH: "/bin",
  HOME: "/home/someone",
  DATABASE_URL: "postgres://user:secret@host/db",
  S3_SECRET_KEY: "secret",
  REDIS_URL: "redis://:secret@host",
  NODE_OPTIONS: "--inspect",
};

describe("childEnvironment", () => {
  it("gives each GPU slot its one device and memory growth (field case 9)", () => {
    const first = childEnvironment(parent, { device: "gpu", gpuId: "0", threads: 4 });
    const second = childEnvironment(parent, { device: "gpu", gpuId: "1", threads: 4 });
    expect(first.CUDA_VISIBLE_DEVICES).toBe("0");
    expect(second.CUDA_VISIBLE_DEVICES).toBe("1");
    expect(first.TF_FORCE_GPU_ALLOW_GROWTH).toBe("true");
  });

  it("hides every GPU from a CPU slot (field case 9)", () => {
    expect(childEnvironment(parent, { device: "cpu", threads: 2 }).CUDA_VISIBLE_DEVICES).toBe("-1");
    expect(childEnvironment(parent, { device: "none", threads: 1 }).CUDA_VISIBLE_DEVICES).toBe("-1");
  });

  it("refuses a GPU slot without an id", () => {
    expect(() => childEnvironment(parent, { device: "gpu", threads: 1 })).toThrow(/id of its GPU/);
  });

  it("passes no credentials on", () => {
    const environment = childEnvironment(parent, { device: "cpu", threads: 3 });
    expect(JSON.stringify(environment)).not.toContain("secret");
    expect(environment.NODE_OPTIONS).toBeUndefined();
    expect(environment.PATH).toBe("/bin");
    expect(environment.TF_NUM_INTRAOP_THREADS).toBe("3");
  });
});
