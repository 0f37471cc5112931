/** The file of `drc sweep`: the body of `POST /v1/sweeps`, in which folders of images and model files may stand. */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { text } from "node:stream/consumers";
import {
  checkBySchema,
  createDatasetVersionBody,
  createSweepBody,
  type FieldError,
  type ValidationInput,
} from "@drc/contracts";
import { isMap, isScalar, LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { CliError, EXIT } from "../cli-error.ts";
import { fileReason } from "../file-reason.ts";

type Fields = Record<string, unknown>;

/** Images that are on this machine. */
export interface LocalImages {
  /** Where it stands in the file, such as `evaluation.dataset`. */
  field: string;
  /** A folder, or which of the demo's photographs. */
  source: { folder: string } | { photographs: "train" | "held-out" };
  /** Settings of the version; the network's scale comes to it. */
  settings: Omit<z.output<typeof versionSettings>, "scale">;
}

export interface LocalModel {
  field: string;
  path: string;
}

export interface SweepFile {
  /** As it stands there, but for paths, which are whole. */
  given: Fields;
  images: LocalImages[];
  models: LocalModel[];
}

const versionSettings = createDatasetVersionBody.in.omit({ scale: true });
const localImages = z.union([
  z.strictObject({ folder: z.string().min(1), ...versionSettings.shape }),
  z.strictObject({ photographs: z.enum(["train", "held-out"]), ...versionSettings.shape }),
]);
const localModel = z.strictObject({ file: z.string().min(1) });

const IMAGE_FIELDS = [["dataset"], ["unpaired"], ["validation"], ["evaluation", "dataset"]];
const MODEL_FIELDS = [["model"], ["teacher"]];

/** What stands in the place of what is not uploaded yet, for the check before it. */
const SOME_DATASET: Exclude<ValidationInput, { share: number }> = { datasetId: `ds_${"0".repeat(20)}`, version: 1 };
const SOME_MODEL = { modelId: `mdl_${"0".repeat(20)}` };

/**
 * Reads and checks the file, before anything is sent; `-` is standard input, whose paths are relative to the working
 * folder. Throws where it is not right, with the path and line of each field.
 */
export async function readSweepFile(file: string): Promise<SweepFile> {
  const content = await (file === "-" ? text(process.stdin) : readFile(file, "utf8")).catch(
    (error: NodeJS.ErrnoException) => {
      throw new CliError(`file: ${file} cannot be read (${fileReason(error)}).`, EXIT.usage);
    },
  );
  const name = file === "-" ? "standard input" : file;
  const { given, lineOf } = parseFile(content, name);
  const folder = file === "-" ? process.cwd() : dirname(resolve(file));
  const images: LocalImages[] = [];
  const models: LocalModel[] = [];
  const errors: FieldError[] = [];
  const checked = structuredClone(given);
  for (const path of IMAGE_FIELDS) {
    const value = at(given, path);
    if (!isFields(value) || !("folder" in value || "photographs" in value)) continue;
    const parsed = checkBySchema(localImages, value);
    if ("errors" in parsed) {
      errors.push(...parsed.errors.map((error) => ({ ...error, pointer: `/${path.join("/")}${error.pointer ?? ""}` })));
    } else {
      const { value: found } = parsed;
      const source = "folder" in found ? { folder: resolve(folder, found.folder) } : { photographs: found.photographs };
      if ("folder" in source) (value as Fields).folder = source.folder;
      const { folder: _folder, photographs: _photographs, ...settings } = found as Fields;
      images.push({ field: path.join("."), source, settings: settings as LocalImages["settings"] });
    }
    put(checked, path, SOME_DATASET);
  }
  for (const path of MODEL_FIELDS) {
    const value = at(given, path);
    if (!isFields(value) || !("file" in value)) continue;
    const parsed = checkBySchema(localModel, value);
    if ("errors" in parsed) {
      errors.push(...parsed.errors.map((error) => ({ ...error, pointer: `/${path.join("/")}${error.pointer ?? ""}` })));
    } else {
      value.file = resolve(folder, parsed.value.file);
      models.push({ field: path.join("."), path: value.file as string });
    }
    put(checked, path, SOME_MODEL);
  }
  const parsed = checkBySchema(createSweepBody, checked);
  if ("errors" in parsed) errors.push(...parsed.errors);
  if (errors.length > 0) throw refusal(name, errors, lineOf);
  return { given, images, models };
}

/** The same fields, with what they name in the place of a folder or file. */
export function withReplaced(given: Fields, replacements: ReadonlyMap<string, unknown>): Fields {
  const copy = structuredClone(given);
  for (const [field, value] of replacements) put(copy, field.split("."), value);
  return copy;
}

/** Errors of a body, at the path and, where the file tells, the line of each field. */
function refusal(
  name: string,
  errors: readonly FieldError[],
  lineOf: (path: string[]) => number | undefined,
): CliError {
  const lines = errors.map(({ pointer = "", detail }) => {
    const path = pathOf(pointer);
    const line = lineOf(path);
    return `${name}${line === undefined ? "" : `:${line}`}: ${path.length > 0 ? `${shownPath(path)}: ` : ""}${detail}`;
  });
  return new CliError(lines.join("\n     "), EXIT.usage);
}

/** `/grid/budgets/0/remove` as it would be written in a program: grid.budgets[0].remove. */
export function shownPath(path: readonly string[]): string {
  return path.map((part, i) => (/^\d+$/.test(part) ? `[${part}]` : `${i === 0 ? "" : "."}${part}`)).join("");
}

export function pathOf(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function parseFile(content: string, name: string): { given: Fields; lineOf(path: string[]): number | undefined } {
  // JSON is YAML, but for tabs and how errors read.
  const lines = new LineCounter();
  const document = parseDocument(content, { lineCounter: lines, prettyErrors: true });
  const [error] = document.errors;
  if (error) {
    const { line } = error.linePos?.[0] ?? { line: 1 };
    throw new CliError(
      `${name}:${line}: this is neither YAML nor JSON: ${error.message.split(" at line ")[0]}.`,
      EXIT.usage,
    );
  }
  const given: unknown = document.toJS();
  if (!isFields(given)) throw new CliError(`${name}: it holds no fields; see docs/sweeps.md.`, EXIT.usage);
  const lineOf = (path: string[]) => {
    // The field itself, or the nearest one around it that is there.
    for (let length = path.length; length > 0; length--) {
      const parent = document.getIn(path.slice(0, length - 1).map(indexOr), true);
      const key = path[length - 1];
      const pair = isMap(parent)
        ? parent.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
        : undefined;
      const node = pair?.key ?? document.getIn(path.slice(0, length).map(indexOr), true);
      const range = (node as { range?: [number, number, number] } | undefined)?.range;
      if (range) return lines.linePos(range[0]).line;
    }
    return undefined;
  };
  return { given, lineOf };
}

function indexOr(part: string): string | number {
  return /^\d+$/.test(part) ? Number(part) : part;
}

function at(fields: Fields, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (isFields(value) ? value[key] : undefined), fields);
}

function put(fields: Fields, path: readonly string[], value: unknown): void {
  const parent = at(fields, path.slice(0, -1));
  if (isFields(parent)) parent[path[path.length - 1]] = value;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
