import { Checkbox, NativeSelect, Stack, TextInput } from "@mantine/core";
import { useEffect, useMemo, useState } from "react";
import { emptyText, explanationOf, valueText, wordsOf } from "./field-words.ts";
import { type FormContext, formContext, useForm } from "./form-context.ts";
import {
  alternativesOf,
  type FormNode,
  type Json,
  matches,
  nameOfAlternative,
  numberOf,
  type Path,
  pointerOf,
  startOf,
  valueAt,
} from "./form-node.ts";
import { DatasetField, ModelField } from "./known-fields.tsx";
import { fieldId } from "./lead-to-field.ts";
import { ListInput } from "./list-input.tsx";

interface SchemaFieldProps {
  node: FormNode;
  path: Path;
  label?: string;
  /** Of an object: its fields at once, and not behind a line that opens them. */
  open?: boolean;
  required?: boolean;
}

/** A field for whatever a schema allows there; those of one sort look the same in every form. */
export function SchemaField({ node, path, label = wordsOf(path[path.length - 1]), open, required }: SchemaFieldProps) {
  const alternatives = alternativesOf(node);
  if (alternatives.length > 1) {
    return <ChoiceField alternatives={alternatives} path={path} label={label} required={required} />;
  }
  const [only] = alternatives;
  const { properties } = only;
  if (properties && "datasetId" in properties) return <DatasetField path={path} label={label} required={required} />;
  if (properties && "modelId" in properties) return <ModelField path={path} label={label} required={required} />;
  if (properties) return <ObjectField node={only} path={path} label={label} open={open} />;
  if (only.enum) return <EnumField values={only.enum.map(String)} path={path} label={label} required={required} />;
  if (only.type === "boolean") return <BooleanField path={path} label={label} />;
  if (only.type === "array") return <ListField node={only} path={path} label={label} />;
  return <TextField node={only} path={path} label={label} required={required} />;
}

function ObjectField({ node, path, label, open }: { node: FormNode; path: Path; label: string; open?: boolean }) {
  const { errors } = useForm();
  const [isUnfolded, setUnfolded] = useState(false);
  const isWrong = errorWithin(errors, path) !== undefined;
  // A refusal unfolds it. It stays so when that is gone: somebody types in there.
  useEffect(() => {
    if (isWrong) setUnfolded(true);
  }, [isWrong]);
  const fields = <SchemaFields node={node} path={path} />;
  if (open) return fields;
  return (
    <details className="form-group" open={isUnfolded} onToggle={({ currentTarget }) => setUnfolded(currentTarget.open)}>
      <summary>{label}</summary>
      {fields}
    </details>
  );
}

/** What is wrong with a field of this one. */
function errorWithin(errors: FormContext["errors"], path: Path): string | undefined {
  const within = `${pointerOf(path)}/`;
  return [...errors].find(([pointer]) => pointer.startsWith(within))?.[1];
}

/** All fields of an object but for those that are fixed or left out. */
export function SchemaFields({
  node,
  path,
  without = [],
}: {
  node: FormNode;
  path: Path;
  without?: readonly string[];
}) {
  const entries = Object.entries(node.properties ?? {}).filter(
    ([key, field]) => field.const === undefined && !without.includes(key),
  );
  return (
    <Stack gap="sm">
      {entries.map(([key, field]) => (
        <SchemaField key={key} node={field} path={[...path, key]} required={node.required?.includes(key)} />
      ))}
    </Stack>
  );
}

interface FieldProps {
  path: Path;
  label: string;
  required?: boolean;
}

function ChoiceField({ alternatives, path, label, required }: FieldProps & { alternatives: readonly FormNode[] }) {
  const form = useForm();
  const { body, effective, errors, change } = form;
  const value = valueAt(body, path);
  // While nothing is filled in, a value fits several alternatives: then it is the one that it was before.
  const [before, setBefore] = useState(-1);
  const stays = value !== undefined && before >= 0 && matches(alternatives[before], value);
  const first = value === undefined ? -1 : alternatives.findIndex((one) => matches(one, value));
  const chosen = stays ? before : first;
  if (chosen !== -1 && chosen !== before) setBefore(chosen);
  const usual = alternatives.find((one) => matches(one, valueAt(effective, path)));
  const one = alternatives[chosen];
  const innerError = errorWithin(errors, path);
  // The fields of a default are not shown: what is refused of them can be changed once it is chosen.
  const ofDefault = value === undefined && usual && innerError;
  // Whoever empties the last field of what he has chosen, to type anew, has not chosen otherwise.
  const inner = useMemo(
    () => ({ ...form, change: (at: Path, to: Json, kept = path.length) => form.change(at, to, kept) }),
    [form, path.length],
  );
  return (
    <div>
      <NativeSelect
        id={fieldId(path)}
        label={label}
        description={explanationOf(path[path.length - 1])}
        required={required}
        value={String(chosen)}
        error={
          errors.get(pointerOf(path)) ??
          (ofDefault && `${innerError} Choose ${nameOfAlternative(usual)} here to change that.`)
        }
        data={[
          { value: "-1", label: required ? "Choose" : usual ? `Default: ${nameOfAlternative(usual)}` : "None" },
          ...alternatives.map((node, i) => ({ value: String(i), label: nameOfAlternative(node) })),
        ]}
        onChange={({ currentTarget }) => {
          setBefore(Number(currentTarget.value));
          const next = alternatives[Number(currentTarget.value)];
          change(path, next && startOf(next));
        }}
      />
      {one && one.const === undefined && (
        <formContext.Provider value={inner}>
          <div className="form-inner">
            <SchemaField node={one} path={path} label={nameOfAlternative(one)} open />
          </div>
        </formContext.Provider>
      )}
    </div>
  );
}

function EnumField({ values, path, label, required }: FieldProps & { values: readonly string[] }) {
  const { body, effective, errors, change } = useForm();
  const name = path[path.length - 1];
  const usual = valueAt(effective, path);
  const empty = usual === undefined ? emptyText(name) : `Default: ${valueText(String(usual))}`;
  return (
    <NativeSelect
      id={fieldId(path)}
      label={label}
      description={explanationOf(name)}
      required={required}
      value={String(valueAt(body, path) ?? "")}
      error={errors.get(pointerOf(path))}
      data={[
        { value: "", label: required ? "Choose" : empty },
        ...values.map((one) => ({ value: one, label: valueText(one) })),
      ]}
      onChange={({ currentTarget: { value } }) => change(path, value === "" ? undefined : value)}
    />
  );
}

function BooleanField({ path, label }: FieldProps) {
  const { body, effective, errors, change } = useForm();
  return (
    <Checkbox
      id={fieldId(path)}
      label={label}
      checked={Boolean(valueAt(body, path) ?? valueAt(effective, path))}
      error={errors.get(pointerOf(path))}
      onChange={({ currentTarget }) => change(path, currentTarget.checked)}
    />
  );
}

/** Text or a number; left empty, the default counts, which stands there in grey. */
function TextField({ node, path, label, required }: FieldProps & { node: FormNode }) {
  const { body, effective, errors, change } = useForm();
  const isNumber = node.type === "number" || node.type === "integer";
  const value = valueAt(body, path);
  const [text, setText] = useState(String(value ?? ""));
  // While somebody writes `1e-` or `0.` the text stays his; a value that comes from elsewhere is shown.
  const shown = value === undefined ? "" : isNumber && numberOf(text) === value ? text : String(value);
  const usual = valueAt(effective, path);
  return (
    <TextInput
      id={fieldId(path)}
      label={label}
      description={explanationOf(path[path.length - 1])}
      required={required}
      classNames={isNumber ? { wrapper: "number-field" } : undefined}
      inputMode={isNumber ? "decimal" : undefined}
      value={shown}
      placeholder={required || usual === undefined || usual === null ? undefined : String(usual)}
      error={errors.get(pointerOf(path))}
      onChange={({ currentTarget }) => {
        const written = currentTarget.value;
        setText(written);
        change(path, written === "" ? undefined : isNumber ? numberOf(written) : written);
      }}
    />
  );
}

/** Several values with commas between them. */
export function ListField({ node, path, label, required }: FieldProps & { node: FormNode }) {
  const { body, errors, change } = useForm();
  const given = valueAt(body, path);
  return (
    <ListInput
      id={fieldId(path)}
      label={label}
      description="Several with commas between them"
      required={required}
      items={Array.isArray(given) ? given : []}
      isNumber={node.items?.type === "integer" || node.items?.type === "number"}
      error={[...errors].find(([pointer]) => `${pointer}/`.startsWith(`${pointerOf(path)}/`))?.[1]}
      onChange={(items) => change(path, items.length === 0 ? undefined : items)}
    />
  );
}
