/** The question before something is done with a job, compression or sweep. */
import { Checkbox, JsonInput, NumberInput, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { queryClient } from "../api/query-client.ts";
import { ActionButton } from "./action-button.tsx";
import { Dialog } from "./dialog.tsx";
import { numberIn } from "./number-in.ts";
import { Problem } from "./problem.tsx";
import type { Given, Verb } from "./verbs.ts";
import { useWhyNot } from "./why-not.ts";

const LISTS = { job: "/jobs", compression: "/compressions", sweep: "/sweeps" } as const;

/** What is acted on. */
export interface VerbTarget {
  /** The record as a sentence names it. */
  what: "job" | "compression" | "sweep";
  id: string;
  name: string | null;
  priority?: number;
}

interface RunningOptions {
  onDone?(): void;
  onError?(error: Error): void;
}

/** Does verbs; goes to a record that one makes. On its own page a record that is deleted is left. */
export function useRunning({ what, id }: VerbTarget, onItsPage: boolean, { onDone, onError }: RunningOptions) {
  const navigate = useNavigate();
  return useMutation({
    mutationFn: ({ verb, ...given }: Given & { verb: Verb }) => verb.run(given),
    onError,
    onSuccess: async (record, { verb }) => {
      onDone?.();
      if (verb.name === "Delete" && onItsPage) await navigate({ to: LISTS[what], search: {} });
      for (const key of ["jobs", "compressions", "sweeps", "overview"])
        void queryClient.invalidateQueries({ queryKey: [key] });
      // A retry of a job, and a clone, are records of their own.
      if (record.id === id) return;
      if (what === "job") void navigate({ to: "/jobs/$jobId", params: { jobId: record.id } });
      else if (what === "sweep") void navigate({ to: "/sweeps/$sweepId", params: { sweepId: record.id }, search: {} });
      else void navigate({ to: "/compressions/$compressionId", params: { compressionId: record.id } });
    },
  });
}

interface VerbDialogProps extends VerbTarget {
  verb: Verb;
  onItsPage: boolean;
  onClose(): void;
}

export function VerbDialog({ verb, onItsPage, onClose, ...target }: VerbDialogProps) {
  const whyNot = useWhyNot("submit");
  const running = useRunning(target, onItsPage, { onDone: onClose });
  const called = target.name ?? target.id;
  return (
    <Dialog onClose={onClose} title={`${verb.name}: ${called}`}>
      <Stack>
        {running.error && <Problem error={running.error} />}
        <Question
          verb={verb}
          what={target.what}
          called={called}
          priority={target.priority ?? 50}
          why={whyNot}
          busy={running.isPending}
          onDone={(given) => running.mutate({ verb, ...given })}
        />
      </Stack>
    </Dialog>
  );
}

export function RefusalDialog({ error, onClose }: { error: Error; onClose(): void }) {
  return (
    <Dialog onClose={onClose} title="Refused">
      <Problem error={error} />
    </Dialog>
  );
}

interface QuestionProps {
  verb: Verb;
  what: string;
  /** Its name, or its identifier where it has none. */
  called: string;
  priority: number;
  /** Why it cannot be done now. */
  why: string | null;
  busy: boolean;
  onDone(given: Given): void;
}

function Question({ verb, what, called, priority: before, why, busy, onDone }: QuestionProps) {
  const [text, setText] = useState("{}");
  const [priority, setPriority] = useState<number | string>(before);
  const [models, setModels] = useState(false);
  const changes = parseObject(text);
  const numeric = numberIn(priority) ?? Number.NaN;
  const ready = verb.asks === "changes" ? changes !== null : verb.asks === "priority" ? !Number.isNaN(numeric) : true;
  return (
    <Stack>
      {verb.asks === "yes" && <Text>A cancelled {what} does not go on. What it has written so far stays.</Text>}
      {verb.asks === "deletion" && (
        <>
          <Text>
            The {what} <b>{called}</b> is removed with its log, its curves and its files. This cannot be taken back.
          </Text>
          <Checkbox
            label="Delete the models that it made as well"
            checked={models}
            onChange={(event) => setModels(event.currentTarget.checked)}
          />
        </>
      )}
      {verb.asks === "changes" && (
        <JsonInput
          label="Changes"
          description={`What is different in the new ${what}, as a JSON merge patch; {} for none.`}
          validationError="This is no JSON."
          autosize
          minRows={4}
          value={text}
          onChange={setText}
        />
      )}
      {verb.asks === "priority" && (
        <NumberInput
          label="Priority"
          description="0 to 100; of the jobs of one key, a higher one goes first."
          min={0}
          max={100}
          allowDecimal={false}
          value={priority}
          onChange={setPriority}
        />
      )}
      <ActionButton
        loading={busy}
        why={why ?? (ready ? undefined : "What is asked for above is missing.")}
        color={verb.asks === "deletion" ? "red" : undefined}
        onClick={() => onDone({ changes: changes ?? {}, priority: numeric, models })}
      >
        {actionName(verb, what)}
      </ActionButton>
    </Stack>
  );
}

function actionName({ name }: Verb, what: string): string {
  if (name === "Clone") return `Start the new ${what}`;
  return name === "Priority" ? "Set priority" : `${name} the ${what}`;
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}
