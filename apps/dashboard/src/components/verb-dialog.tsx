/** The question before something is done with a job, compression or sweep. */
import { Checkbox, NumberInput, Stack, Text, Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { queryClient } from "../api/query-client.ts";
import { ActionButton } from "./action-button.tsx";
import { changesFrom } from "./changes-from.ts";
import { Dialog } from "./dialog.tsx";
import { errorsByPointer, isAtFields } from "./field-errors.ts";
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
        {running.error && !isAtFields(running.error, "/priority") && <Problem error={running.error} />}
        <Question
          verb={verb}
          what={target.what}
          called={called}
          priority={target.priority ?? 50}
          why={whyNot}
          busy={running.isPending}
          wrongPriority={verb.asks === "priority" ? errorsByPointer(running.error).get("/priority") : undefined}
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
  /** What the server says against it. */
  wrongPriority?: string;
  onDone(given: Given): void;
}

function Question({ verb, what, called, priority: before, why, busy, wrongPriority, onDone }: QuestionProps) {
  const [text, setText] = useState(() => JSON.stringify(verb.body ?? {}, null, 2));
  const [priority, setPriority] = useState<number | string>(before);
  const [models, setModels] = useState(false);
  const { value: changed, wrong: wrongText } = parseObject(text);
  const numeric = numberIn(priority) ?? Number.NaN;
  const isMissing = verb.asks === "priority" && Number.isNaN(numeric);
  const whyNot = why ?? wrongText ?? (isMissing ? "Give a number first." : undefined);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onDone({ changes: changed ? changesFrom(verb.body ?? {}, changed) : {}, priority: numeric, models });
  };
  return (
    <Stack component="form" onSubmit={submit}>
      {verb.asks === "yes" && (
        <Text>
          A cancelled {what} does not go on: a retry begins at the first step
          {what === "job" ? "" : " of what was cancelled"}. What it has written so far stays. To let it go on later from
          where it is, pause it.
        </Text>
      )}
      {verb.asks === "retry" && (
        <Text>
          {what === "job"
            ? "A new job does the same work again with the same seed. It begins at the first step, whatever checkpoints this one has written; this one stays as it ended."
            : `What has succeeded of this ${what} stays. What failed or was cancelled, and what waits for it, is done by new jobs, each from its first step, whatever checkpoints there are.`}
        </Text>
      )}
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
        <Textarea
          label={`The new ${what}`}
          description="The request that made this one, with every default filled in: change what is to be different."
          error={wrongText}
          autosize
          minRows={4}
          maxRows={18}
          spellCheck={false}
          classNames={{ input: "mono" }}
          value={text}
          onChange={({ currentTarget }) => setText(currentTarget.value)}
        />
      )}
      {verb.asks === "priority" && (
        <NumberInput
          label="Priority"
          description="0 to 100; of the jobs of one key, a higher one goes first."
          min={0}
          max={100}
          // What is out of its range is refused, and not another number than the one that was typed.
          clampBehavior="none"
          error={wrongPriority}
          allowDecimal={false}
          value={priority}
          onChange={setPriority}
        />
      )}
      <ActionButton type="submit" loading={busy} why={whyNot} color={verb.asks === "deletion" ? "red" : undefined}>
        {actionName(verb, what)}
      </ActionButton>
    </Stack>
  );
}

function actionName({ name }: Verb, what: string): string {
  if (name === "Clone") return `Start the new ${what}`;
  return name === "Priority" ? "Set priority" : `${name} the ${what}`;
}

function parseObject(text: string): { value?: Record<string, unknown>; wrong?: string } {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { value: { ...value } };
    return { wrong: "This is no JSON object: it begins with { and ends with }." };
  } catch (error) {
    return { wrong: `This is no JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}
