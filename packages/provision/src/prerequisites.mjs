import { mkdir, statfs } from "node:fs/promises";
import { runCommand } from "./command.mjs";
import { megabytes } from "./report.mjs";

/** Something that the user has to install or free; the message is one line that says what. */
export class SetupError extends Error {
  /** @override */
  name = "SetupError";
}

/**
 * @param {string} program
 * @param {string[]} args a harmless call, such as `--version`
 * @param {string} remedy what to install
 * @returns {Promise<string>} what the call printed
 * @throws {SetupError}
 */
export async function requireProgram(program, args, remedy) {
  try {
    return await runCommand(program, args);
  } catch {
    throw new SetupError(`${program} is missing or does not work: ${remedy}`);
  }
}

/** @throws {SetupError} when there is no Python 3 with a pip that knows today's wheel names */
export async function requirePip() {
  await requireProgram("python3", ["-c", "import zipfile"], "install Python 3 (Debian, Ubuntu: apt install python3)");
  const pip = await requireProgram(
    "python3",
    ["-m", "pip", "--version"],
    "install pip for Python 3 (Debian, Ubuntu: apt install python3-pip)",
  );
  const major = Number(/^pip (\d+)/m.exec(pip)?.[1]);
  // pip 20.3 was the first to know manylinux_2_x names.
  if (major < 21) {
    throw new SetupError(`pip ${major} is too old, 21 or newer is needed: python3 -m pip install --upgrade pip`);
  }
}

/**
 * @param {string} folder
 * @param {number} neededBytes
 * @param {string} purpose
 */
export async function requireDiskSpace(folder, neededBytes, purpose) {
  await mkdir(folder, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  if (freeBytes < neededBytes) {
    throw new SetupError(
      `${purpose} needs ${megabytes(neededBytes)} free in ${folder}, there are ${megabytes(freeBytes)}: free some, or set DRC_CACHE to a folder on another disk`,
    );
  }
}
