import { ProblemError } from "@drc/sdk";
import { Button, Group, SegmentedControl, SimpleGrid, Stack, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { ActionButton } from "../../components/action-button.tsx";
import { errorsByPointer } from "../../components/field-errors.ts";
import { Panel } from "../../components/panel.tsx";
import { Problem } from "../../components/problem.tsx";
import { useWhyNot } from "../../components/why-not.ts";
import { Estimate } from "./estimate.tsx";
import { fieldText } from "./field-words.ts";
import { type FormContext, formContext, useForm } from "./form-context.ts";
import { type Json, type Path, valueAt, withValueAt } from "./form-node.ts";
import { type Created, type FormKind, presetPathsOf, trainsNetwork, workNodeOf } from "./forms.ts";
import { GridField } from "./grid-field.tsx";
import { leadToField } from "./lead-to-field.ts";
import { RequestText } from "./request-panel.tsx";
import { SchemaField, SchemaFields } from "./schema-field.tsx";

const ESTIMATE_AFTER_MS = 600;
const SUBMISSION_FIELDS = ["name", "labels", "seed", "device", "priority", "maxAttempts", "maxRunSeconds"];
/** What is asked for first, in this order; the rest is behind "All settings". */
const FIRST = ["network", "model", "train", "dataset", "evaluation", "budget", "grid", "method", "keepImages"];

/** Where what is wrong with a field is, for a list of it. */
const FIELDS = { textOf: fieldText, leadTo: leadToField };

interface SubmitFormProps {
  kind: FormKind;
  /** With what it begins. */
  given: Json;
  onChanged(body: Json): void;
  onCreated(created: Created): void;
  /** Takes away all that was filled in. */
  onClear(): void;
}

/** One form: its fields are those of the request's schema; what is left empty has its default. */
export function SubmitForm({ kind, given, onChanged, onCreated, onClear }: SubmitFormProps) {
  const unable = useWhyNot("submit");
  const [begun] = useState<Json>(given);
  const [body, setBody] = useState<Json>(begun);
  const [asked] = useDebouncedValue(body, ESTIMATE_AFTER_MS);
  const missing = kind.missing(body);
  const estimate = useQuery({
    queryKey: ["dry-run", kind.id, asked],
    queryFn: ({ signal }) => kind.dryRun(asked, signal),
    enabled: kind.missing(asked) === undefined,
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });
  // Where no answer came it may have been made: what is submitted again unchanged is made once.
  const sent = useRef<{ body: Json; key: string }>(undefined);
  const creating = useMutation({
    mutationFn: () => {
      const last = sent.current;
      const key = last && last.body === body ? last.key : newIdempotencyKey();
      sent.current = { body, key };
      return kind.create(body, key);
    },
    onSuccess: ({ id }) => onCreated({ resource: kind.resource, id }),
  });
  const refusal = creating.error ?? (missing === undefined ? estimate.error : null);
  const errors = useMemo(() => errorsByPointer(refusal), [refusal]);
  const effective = useMemo(() => kind.effective(body), [kind, body]);
  const reset = creating.reset;
  const change = useCallback(
    (path: Path, value: Json, kept?: number) => {
      reset();
      setBody((old) => withValueAt(old, path, value, kept));
    },
    [reset],
  );
  useEffect(() => {
    if (body !== begun) onChanged(body);
  }, [body, begun, onChanged]);
  const context: FormContext = useMemo(() => ({ body, effective, errors, change }), [body, effective, errors, change]);
  // What is typed after the refusal may be right, and what was only hindered may go well now: it is asked for anew at once.
  const isRefused = refusal instanceof ProblemError && refusal.code === "VALIDATION_FAILED" && asked === body;
  const whyNot = unable ?? missing ?? (isRefused ? "The server refuses it as it is" : undefined);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    creating.mutate();
  };
  return (
    <formContext.Provider value={context}>
      <form onSubmit={submit} noValidate>
        <div className="submit-columns">
          <Stack gap="md">
            <Work kind={kind} />
            <Panel title="Name and order">
              <SchemaFields node={{ properties: pick(kind.schema.properties, SUBMISSION_FIELDS) }} path={[]} />
            </Panel>
          </Stack>
          <Stack gap="md" className="submit-beside">
            <Panel title="Estimate">
              <Estimate missing={missing} query={estimate} isOld={asked !== body || estimate.isPlaceholderData} />
            </Panel>
            {refusal && <Problem error={refusal} fields={FIELDS} />}
            <Group gap="xs">
              <ActionButton type="submit" flex={1} loading={creating.isPending} why={whyNot}>
                Submit
              </ActionButton>
              <Button variant="default" onClick={onClear}>
                Clear
              </Button>
            </Group>
            <RequestText kind={kind} body={body} />
          </Stack>
        </div>
      </form>
    </formContext.Provider>
  );
}

/** What is to be computed. */
function Work({ kind }: { kind: FormKind }) {
  const { body, change } = useForm();
  const { node, path } = workNodeOf(kind);
  const properties = node.properties ?? {};
  const first = FIRST.filter((name) => name in properties);
  const isChoice = "network" in properties && "model" in properties;
  const isNew = valueAt(body, ["network"]) !== undefined;
  const trains = trainsNetwork(body);
  const rest = Object.keys(properties).filter((name) => !first.includes(name) && !SUBMISSION_FIELDS.includes(name));
  const presets = presetPathsOf(kind, body);
  return (
    <>
      <Panel title="What">
        <Stack gap="sm">
          {isChoice && (
            <SegmentedControl
              aria-label="Which network"
              value={isNew ? "network" : "model"}
              data={[
                { value: "model", label: "A model" },
                { value: "network", label: "A new network" },
              ]}
              onChange={(value) => {
                const wantsNew = value === "network";
                change(["model"], undefined);
                change(["network"], wantsNew ? { preset: "drn-xs", scale: 4 } : undefined);
                if (!wantsNew) change(["train"], undefined);
              }}
            />
          )}
          {first
            .filter((name) => !isChoice || shownFor(name, isNew, trains))
            .map((name) => (
              <WorkField
                key={name}
                name={name}
                node={properties[name]}
                path={[...path, name]}
                required={isRequired(name, node.required)}
              />
            ))}
        </Stack>
      </Panel>
      {(presets.length > 0 || rest.length > 0) && (
        <Panel title="Settings">
          <Stack gap="sm">
            {presets.length > 0 && <PresetButtons paths={presets} />}
            <SchemaFields node={{ properties: pick(properties, rest) }} path={path} without={["settings"]} />
            {/* Of a training: what it is about is not folded once more, and the preset stands above. */}
            {properties.settings && (
              <SchemaFields node={properties.settings} path={[...path, "settings"]} without={["preset"]} />
            )}
          </Stack>
        </Panel>
      )}
    </>
  );
}

function shownFor(name: string, isNew: boolean, trains: boolean): boolean {
  if (name === "model") return !isNew;
  return name === "network" ? isNew : name !== "train" || trains;
}

/** Browsers have `crypto.randomUUID` on https and on this machine alone. */
function newIdempotencyKey(): string {
  return `form-${crypto.getRandomValues(new Uint32Array(4)).join("-")}`;
}

/** Which of two fields is required, no schema says. */
function isRequired(name: string, required: readonly string[] = []): boolean {
  return required.includes(name) || name === "model" || name === "network";
}

interface WorkFieldProps {
  name: string;
  node: FormKind["schema"];
  path: Path;
  required: boolean;
}

function WorkField({ name, node, path, required }: WorkFieldProps) {
  if (name === "grid") return <GridField node={node} />;
  if (name === "budget") return <BudgetField node={node} path={path} />;
  if (name === "evaluation") return <EvaluationField node={node} path={path} required={required} />;
  return <SchemaField node={node} path={path} required={required} open={name === "network"} />;
}

/** Left out, nothing is evaluated. */
function EvaluationField({ node, path, required }: Omit<WorkFieldProps, "name">) {
  const { body } = useForm();
  return (
    <Stack gap="sm">
      <SchemaField
        node={node.properties?.dataset ?? {}}
        path={[...path, "dataset"]}
        label="Evaluation dataset"
        required={required}
      />
      {valueAt(body, path) !== undefined && <SchemaFields node={node} path={path} without={["dataset"]} />}
    </Stack>
  );
}

const SHARES = [0.3, 0.5, 0.7];

function BudgetField({ node, path }: { node: FormKind["schema"]; path: Path }) {
  const { change } = useForm();
  return (
    <SimpleGrid cols={{ base: 1, xs: 3 }} spacing="sm" verticalSpacing="xs">
      <SchemaField node={node.properties?.of ?? {}} path={[...path, "of"]} label="Budget of" required />
      <div>
        <SchemaField node={node.properties?.remove ?? {}} path={[...path, "remove"]} required />
        <Group gap={4} mt={6} role="group" aria-label="Usual shares">
          {SHARES.map((share) => (
            <Button key={share} variant="default" size="compact-sm" onClick={() => change([...path, "remove"], share)}>
              {100 * share} %
            </Button>
          ))}
        </Group>
      </div>
      <SchemaField node={node.properties?.widthMultiple ?? {}} path={[...path, "widthMultiple"]} />
    </SimpleGrid>
  );
}

/** All stages at once: the settings for a CPU and minutes, or the paper's. */
function PresetButtons({ paths }: { paths: readonly Path[] }) {
  const { body, change } = useForm();
  const chosen = paths.every((path) => valueAt(body, [...path, "preset"]) === "published") ? "published" : "small";
  const set = (preset: string) => {
    for (const path of paths) change([...path, "preset"], preset === "small" ? undefined : preset);
  };
  return (
    <div>
      <SegmentedControl
        aria-label="Preset"
        value={chosen}
        onChange={set}
        data={[
          { value: "small", label: "Small" },
          { value: "published", label: "Published" },
        ]}
      />
      <Text size="sm" c="dimmed" mt={4}>
        Small is for a CPU and minutes, published has the paper&apos;s values. What is left empty has the preset&apos;s
        value, which stands there in grey.
      </Text>
    </div>
  );
}

function pick<T>(properties: Record<string, T> | undefined, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(properties ?? {}).filter(([name]) => names.includes(name)));
}
