import type { ModelResource } from "@drc/contracts";
import { count, dateTime, decibels, percent, short } from "./format.ts";
import { type PickerProps, RecordPicker } from "./record-picker.tsx";
import { MODELS } from "./records.ts";

interface ModelPickerProps extends PickerProps {
  /** Where it is compared with another one: the menu says how much smaller each is. */
  original?: ModelResource;
}

export function ModelPicker({ original, ...field }: ModelPickerProps) {
  return (
    <RecordPicker
      {...field}
      source={MODELS}
      placeholder="Choose a model"
      text={({ id, name, scale, cost }) =>
        `${name} · ×${scale} · ${short(cost.parameters)} parameters · ${shortId(id)}`
      }
      detail={(model) => whatTellsApart(model, original)}
    />
  );
}

/** Models of one sweep may all have one name. */
function whatTellsApart(model: ModelResource, original: ModelResource | undefined): string {
  const { id, scale, cost, role, metrics, createdAt } = model;
  return [
    `×${scale}`,
    `${count(cost.parameters)} parameters${removed(model, original)}`,
    ...(metrics.validationPsnr == null ? [] : [`${decibels(metrics.validationPsnr)} in validation`]),
    ...(role === "last" ? ["last step"] : []),
    dateTime(createdAt).slice(0, -3),
    shortId(id),
  ].join(" · ");
}

function removed({ id, cost }: ModelResource, original: ModelResource | undefined): string {
  if (!original || id === original.id || cost.parameters >= original.cost.parameters) return "";
  return ` (${percent(1 - cost.parameters / original.cost.parameters)} removed)`;
}

/** Its end, which is enough to tell models apart. */
function shortId(id: string): string {
  return `…${id.slice(-5)}`;
}
