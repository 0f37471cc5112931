import { expect, it } from "vitest";
import type { z } from "zod";
import { createDatasetVersionBody } from "./dataset-settings.ts";
import { fieldErrors } from "./field-errors.ts";
import { displayName } from "./identifiers.ts";
import { createJobBody } from "./job-specs.ts";
import { messageOf } from "./messages.ts";
import { jobListQuery } from "./resources.ts";
import { sweepMethod } from "./sweep-methods.ts";
import { createWebhookBody } from "./webhooks.ts";

function detailsOf(schema: z.ZodType, value: unknown): Record<string, string> {
  const { error } = schema.safeParse(value, { error: messageOf, reportInput: true });
  return Object.fromEntries(fieldErrors(error?.issues ?? []).map(({ pointer = "", detail }) => [pointer, detail]));
}

it("names the value and all that would be taken in its place", () => {
  expect(detailsOf(createDatasetVersionBody, { scale: 3 })).toEqual({ "/scale": "3 is not 2, 4 or 8." });
  expect(detailsOf(createDatasetVersionBody, { scale: 2, border: "wrap" })).toEqual({
    "/border": '"wrap" is not "symmetric" or "replicate".',
  });
});

it("says of a missing field that it is required, and what it is", () => {
  expect(detailsOf(createDatasetVersionBody, {})).toEqual({ "/scale": "This field is required: 2, 4 or 8." });
  expect(detailsOf(createJobBody, { kind: "train" })).toEqual({ "/spec": "This field is required: an object." });
});

it("names all wrong values of a body at once, with their ranges", () => {
  const dataset = { datasetId: "ds_00000000000000000000", version: 0 };
  const settings = { steps: "many", batchSize: 5000, patchSize: 1.5 };
  const spec = { network: { preset: "drn-xs", scale: 2 }, dataset, settings };
  expect(detailsOf(createJobBody, { kind: "train", spec })).toEqual({
    "/spec/dataset/version": "0 is too small; at least 1.",
    "/spec/settings/steps": '"many" is not a number.',
    "/spec/settings/batchSize": "5000 is too large; at most 1024.",
    "/spec/settings/patchSize": "1.5 is not a whole number.",
  });
});

it("names the field that an unknown one was most likely meant for, where one is close", () => {
  const dataset = { datasetId: "ds_00000000000000000000", version: 1 };
  const settings = { learning_rate: 1e-4, setps: 100, warmth: 3 };
  const spec = { network: { preset: "drn-xs", scale: 2 }, dataset, settings };
  expect(detailsOf(createJobBody, { kind: "train", spec, lables: [] })).toEqual({
    "/lables": 'This field is unknown here. Did you mean "labels"?',
    "/spec/settings/learning_rate": 'This field is unknown here. Did you mean "learningRate"?',
    "/spec/settings/setps": 'This field is unknown here. Did you mean "steps"?',
    "/spec/settings/warmth": "This field is unknown here. Leave it out, or look for a misspelling.",
  });
});

it("looks for no more than twenty of the unknown fields of an object", () => {
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`scale${i}`, 2]));
  const details = Object.values(detailsOf(createDatasetVersionBody, { scale: 2, ...many }));
  expect(details).toHaveLength(1_000);
  expect(details.map((detail) => detail.includes('"scale"')).lastIndexOf(true)).toBeLessThan(20);
  expect(details[0]).toContain('Did you mean "scale"?');
});

it("names a share to remove that is none", () => {
  const dataset = { datasetId: "ds_00000000000000000000", version: 1 };
  const spec = { model: { modelId: "mdl_00000000000000000000" }, dataset, budget: { of: "parameters", remove: 50 } };
  expect(detailsOf(createJobBody, { kind: "channel-search", spec })).toEqual({
    "/spec/budget/remove": "50 is not usable; the share to remove is a number between 0 and 1, both excluded.",
  });
});

it("says what is wrong in a method that has fields, not that it is no name", () => {
  const steps = { preset: "from-scratch", steps: 0 };
  expect(detailsOf(sweepMethod, steps)).toEqual({ "/steps": "0 is too small; at least 1." });
  expect(Object.keys(detailsOf(sweepMethod, { preset: "l2" }))).toEqual(["/preset"]);
  expect(Object.keys(detailsOf(sweepMethod, { preset: "l1", name: "\n" }))).toEqual(["/name"]);
});

it("refuses names and addresses that no database keeps", () => {
  expect(Object.keys(detailsOf(displayName, "half \ud800"))).toEqual([""]);
  expect(detailsOf(displayName, "whole \ud83d\ude00")).toEqual({});
  expect(Object.keys(detailsOf(jobListQuery, { search: "a\0" }))).toEqual(["/search"]);
  expect(Object.keys(detailsOf(createWebhookBody, { url: "http://there/\0" }))).toEqual(["/url"]);
});
