import { mkdir, rename, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import {
  createReporter,
  downloadWheel,
  extractWheel,
  isComplete,
  makeCacheEntry,
  requireDiskSpace,
  requirePip,
  requireProgram,
  runCommand,
  SetupError,
} from "@drc/provision";
import { isLinked, linkRuntime, tfjsPackageFolder } from "./link.mjs";
import { ensureOwnOperations, ownOperations } from "./own-operations.mjs";
import { standardError } from "./standard-error.mjs";
import { RECIPES, runtimeFolder, TENSORFLOW_VERSION } from "./versions.mjs";

/** @typedef {{folder: string, device: import("./versions.mjs").Device, tensorflowVersion: string}} RuntimeInfo */

/**
 * The runtime that is wanted: `DRC_DEVICE`, else the one that is linked now, else the CPU's. (The GPU's also computes on
 * a CPU, so that a call without the variable must not take it away.)
 *
 * @param {string | undefined} wanted the value of `DRC_DEVICE`
 * @returns {import("./versions.mjs").Device}
 */
export function runtimeDevice(wanted) {
  if (wanted === "cpu" || wanted === "gpu") return wanted;
  if (wanted) throw new SetupError(`DRC_DEVICE is "${wanted}": it can be cpu or gpu`);
  return isRuntimeLinked("gpu") ? "gpu" : "cpu";
}

/** @param {import("./versions.mjs").Device} device */
export function isRuntimeLinked(device) {
  return isComplete(runtimeFolder(device)) && isLinked(device);
}

/** @param {import("./versions.mjs").Device} device */
export function isRuntimeReady(device) {
  return isRuntimeLinked(device) && ownOperations.isReady() && standardError.isReady();
}

/**
 * Makes the native runtime in the cache unless it is there (274 MB to download for the CPU, some 3 GB for the GPU), and
 * links the npm package to it. Several processes may call it at once: one works, the others wait.
 *
 * @param {{device: import("./versions.mjs").Device, report?: import("@drc/provision").Reporter}} options
 * @returns {Promise<RuntimeInfo>}
 * @throws {SetupError} naming what to install
 */
export async function ensureRuntime({ device, report = createReporter() }) {
  const folder = runtimeFolder(device);
  await makeCacheEntry(
    folder,
    async (staging) => {
      report.line(`TensorFlow ${TENSORFLOW_VERSION} for the ${device.toUpperCase()}, into ${folder}`);
      const compiler = await requireCompiler();
      await requirePip();
      await requireDiskSpace(path.dirname(folder), RECIPES[device].peakBytes, `TensorFlow for the ${device}`);
      await fetchLibraries(device, staging, report);
      report.line("  compiling the addon");
      await compileAddon(compiler, staging);
      await rm(path.join(staging, "tensorflow"), { recursive: true });
      return { tensorflow: TENSORFLOW_VERSION, device, node: process.version };
    },
    (pid) => report.line(`TensorFlow is being set up by process ${pid}, waiting for it`),
  );
  if (!standardError.isReady()) await standardError.ensure(await requireCompiler());
  if (!ownOperations.isReady()) await ensureOwnOperations(await requireCompiler(), device, report);
  linkRuntime(device);
  return { folder, device, tensorflowVersion: TENSORFLOW_VERSION };
}

/** @returns {Promise<string>} the C++ compiler's name */
async function requireCompiler() {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new SetupError(`TensorFlow's native runtime needs Linux on x64, this is ${process.platform} ${process.arch}`);
  }
  for (const compiler of ["c++", "g++", "clang++"]) {
    const found = await runCommand(compiler, ["--version"]).catch(() => undefined);
    if (found) return compiler;
  }
  return requireProgram("c++", ["--version"], "install a C++ compiler (Debian, Ubuntu: apt install g++)");
}

/**
 * @param {import("./versions.mjs").Device} device
 * @param {string} staging
 * @param {import("@drc/provision").Reporter} report
 */
async function fetchLibraries(device, staging, report) {
  const download = path.join(staging, "download");
  const libraries = path.join(staging, "deps", "lib");
  await mkdir(libraries, { recursive: true });

  /** @param {string} requirement @param {string} target @param {string} pattern */
  const fetch = async (requirement, target, pattern) => {
    await mkdir(download);
    const wheel = await downloadWheel(requirement, download, report);
    await extractWheel(wheel, target, pattern, report);
    await rm(download, { recursive: true });
  };

  await fetch(
    RECIPES[device].wheel,
    staging,
    "tensorflow/(lib[^/]*[.]so[.]2$|include/(tensorflow/c/|tensorflow/core/platform/|tsl/platform/|xla/tsl/c/))",
  );
  for (const [file, link] of [
    ["libtensorflow_cc.so.2", "libtensorflow.so"],
    ["libtensorflow_framework.so.2", "libtensorflow_framework.so"],
  ]) {
    await rename(path.join(staging, "tensorflow", file), path.join(libraries, file));
    await symlink(file, path.join(libraries, link));
  }
  // TensorFlow's libraries look for CUDA's in ../nvidia/<name>/lib, relative to themselves.
  for (const requirement of RECIPES[device].cudaWheels) {
    await fetch(requirement, path.join(staging, "deps"), "nvidia/.*[.]so([.]|$)|nvidia/cuda_nvcc/(bin|nvvm)/");
  }
}

/**
 * What node-gyp would do with the package's `binding.gyp`, without the Python, make and Node headers that it asks for.
 *
 * @param {string} compiler
 * @param {string} staging
 */
async function compileAddon(compiler, staging) {
  const source = path.join(tfjsPackageFolder(), "binding");
  const output = path.join(staging, "lib", "napi-v8");
  const nodeHeaders = path.dirname(createRequire(import.meta.url).resolve("node-api-headers/include/node_api.h"));
  await mkdir(output, { recursive: true });
  await runCommand(compiler, [
    "-std=c++17",
    "-O2",
    "-fPIC",
    "-shared",
    "-DNAPI_VERSION=8",
    "-DBUILDING_NODE_EXTENSION",
    `-I${nodeHeaders}`,
    `-I${path.join(staging, "tensorflow", "include")}`,
    path.join(source, "tfjs_backend.cc"),
    path.join(source, "tfjs_binding.cc"),
    `-L${path.join(staging, "deps", "lib")}`,
    "-ltensorflow",
    "-ltensorflow_framework",
    "-Wl,-rpath,$ORIGIN/../../deps/lib",
    "-o",
    path.join(output, "tfjs_binding.node"),
  ]);
}
