/** What a form needs of a schema: the JSON Schema that zod gives of what a request may hold. */
import { z } from "zod";
import { wordsOf } from "./field-words.ts";

export interface FormNode {
  type?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: FormNode[];
  oneOf?: FormNode[];
  properties?: Record<string, FormNode>;
  required?: string[];
  items?: FormNode;
  prefixItems?: FormNode[];
  minimum?: number;
  maximum?: number;
}

export type Json = undefined | null | boolean | number | string | Json[] | { [name: string]: Json };
export type Path = readonly string[];

export function formNodeOf(schema: z.ZodType): FormNode {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any", reused: "inline" }) as FormNode;
}

export function isObject(value: Json): value is { [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Each way to fill a field in; words that stand for themselves are ways of their own. */
export function alternativesOf(node: FormNode): FormNode[] {
  const given = node.anyOf ?? node.oneOf ?? [node];
  return given.flatMap((one) => {
    if (one.anyOf || one.oneOf) return alternativesOf(one);
    return given.length > 1 && one.enum ? one.enum.map((value): FormNode => ({ const: value })) : [one];
  });
}

/** Whether a value is meant for this alternative; it need not be whole yet. */
export function matches(node: FormNode, value: Json): boolean {
  if (node.const !== undefined) return value === node.const;
  if (node.enum) return node.enum.includes(value);
  if (node.properties) {
    const { properties } = node;
    if (!isObject(value)) return false;
    const fits = Object.keys(value).every((key) => key in properties);
    return (
      fits && Object.entries(properties).every(([key, { const: fixed }]) => fixed === undefined || value[key] === fixed)
    );
  }
  if (node.type === "array") return Array.isArray(value);
  return node.type === "integer" ? typeof value === "number" : typeof value === node.type;
}

/** With what an alternative begins when it is chosen. */
export function startOf(node: FormNode): Json {
  if (node.const !== undefined) return node.const as Json;
  if (!node.properties) return undefined;
  const fixed = Object.entries(node.properties).flatMap(([key, { const: value }]) =>
    value === undefined ? [] : [[key, value as Json] as const],
  );
  return Object.fromEntries(fixed);
}

export function valueAt(body: Json, path: Path): Json {
  return path.reduce<Json>((value, key) => (isObject(value) ? value[key] : undefined), body);
}

/**
 * The same with another value there; `undefined` takes the field away, and objects that are left empty with it, but for
 * those along the first `kept` steps of the path.
 */
export function withValueAt(body: Json, [key, ...rest]: Path, value: Json, kept = 0): Json {
  const { [key]: inner, ...others } = isObject(body) ? body : {};
  const changed = rest.length === 0 ? value : withValueAt(inner, rest, value, kept - 1);
  const isEmpty = kept <= 0 && rest.length > 0 && isObject(changed) && Object.keys(changed).length === 0;
  return changed === undefined || isEmpty ? others : { ...(isObject(body) ? body : {}), [key]: changed };
}

/** 30 % is 0.3. What is no number goes to the server as it is, which says what is wrong with it. */
export function numberOf(text: string): Json {
  const [, percent] = /^\s*(\d+(?:\.\d+)?)\s*%\s*$/.exec(text) ?? [];
  if (percent !== undefined) return Number((Number(percent) / 100).toPrecision(12));
  return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}

export const pointerOf = (path: Path) => `/${path.join("/")}`;

/** What a menu calls an alternative. */
export function nameOfAlternative(node: FormNode): string {
  if (node.const !== undefined) return String(node.const);
  const fixed = Object.values(node.properties ?? {}).find(({ const: value }) => value !== undefined);
  if (fixed) return String(fixed.const);
  const keys = Object.keys(node.properties ?? {});
  const names: Readonly<Record<string, string>> = {
    datasetId: "a dataset version",
    modelId: "a model",
    fromJob: "the result of a job",
    share: "a share of the images",
    preset: "a preset",
    blocks: "blocks and features",
    like: "the shape that a plan gives another network",
  };
  return names[keys[0]] ?? (keys.length > 0 ? keys.map(wordsOf).join(", ") : (node.type ?? "a value"));
}
