import { randomBytes } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { runtimeFolder } from "./versions.mjs";

/** Folders of the runtime that the npm package looks for in its own folder. N-API 8 is in every supported Node. */
const LINKS = ["deps", "lib/napi-v8"];

/** @returns {string} the folder of the installed npm package */
export function tfjsPackageFolder() {
  return path.dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-node-gpu/package.json"));
}

/**
 * Points the installed npm package at the runtime in the cache. Cheap, and safe while other processes load TensorFlow:
 * each link is replaced in one step.
 *
 * @param {import("./versions.mjs").Device} device
 * @returns {string} the runtime's folder
 */
export function linkRuntime(device) {
  const runtime = runtimeFolder(device);
  for (const name of LINKS) {
    const link = path.join(tfjsPackageFolder(), name);
    const target = path.join(runtime, name);
    if (linkTarget(link) === target) continue;
    mkdirSync(path.dirname(link), { recursive: true });
    if (existsSync(link) && !lstatSync(link).isSymbolicLink()) rmSync(link, { recursive: true });
    const temporary = `${link}.${randomBytes(4).toString("hex")}`;
    symlinkSync(target, temporary);
    renameSync(temporary, link);
  }
  return runtime;
}

/** @param {import("./versions.mjs").Device} device */
export function isLinked(device) {
  const runtime = runtimeFolder(device);
  return LINKS.every((name) => linkTarget(path.join(tfjsPackageFolder(), name)) === path.join(runtime, name));
}

/** @param {string} link */
function linkTarget(link) {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}
