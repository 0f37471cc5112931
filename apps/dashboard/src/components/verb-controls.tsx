import { Checkbox, Group, JsonInput, Menu, NumberInput, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { queryClient } from "../api/query-client.ts";
import { ActionButton } from "./action-button.tsx";
import { Dialog } from "./dialog.tsx";
import { Problem } from "./problem.tsx";
import type { Given, Verb } from "./verbs.ts";
import { useWhyNot } from "./why-not.ts";

const LISTS = { job: "/jobs", compression: "/compressions", sweep: "/sweeps" } as const;

interface VerbsProps {
  /** The record as a sentence names it. */
  what: "job" | "compression" | "sweep";
  id: string;
  name: string | null;
  priority?: number;
  verbs: readonly Verb[];
}

/** All verbs as buttons; those that are not possible now say why. */
export function VerbButtons(props: VerbsProps) {
  const { start, dialog, why } = useVerbs(props, true);
  return (
    <>
      <Group gap="xs">
        {props.verbs.map((verb) => (
          <ActionButton key={verb.name} variant="default" size="compact-sm" why={why(verb)} onClick={() => start(verb)}>
            {verb.name}
          </ActionButton>
        ))}
      </Group>
      {dialog}
    </>
  );
}

/** All verbs behind one button. Nothing of the menu is made before somebody opens it: a list has many rows. */
export function VerbMenu(props: VerbsProps) {
  const [wanted, setWanted] = useState(false);
  const label = `Actions on ${props.name ?? props.id}`;
  if (wanted) return <OpenMenu {...props} label={label} />;
  return (
    <button
      type="button"
      className="row-button"
      aria-haspopup="menu"
      aria-label={label}
      onClick={() => setWanted(true)}
    >
      …
    </button>
  );
}

function OpenMenu({ label, ...props }: VerbsProps & { label: string }) {
  const { start, dialog, why } = useVerbs(props, false);
  return (
    <>
      <Menu defaultOpened position="bottom-end" withinPortal>
        <Menu.Target>
          <button type="button" className="row-button" aria-label={label}>
            …
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          {props.verbs.map((verb) => (
            <Menu.Item
              key={verb.name}
              disabled={why(verb) !== null}
              title={why(verb) ?? undefined}
              onClick={() => start(verb)}
            >
              {verb.name}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {dialog}
    </>
  );
}

/** Runs verbs, after a question where one asks for it, and shows a refusal. On its own page a record that is deleted is left. */
function useVerbs({ what, id, name, priority }: VerbsProps, onItsPage: boolean) {
  const navigate = useNavigate();
  const whyNot = useWhyNot("submit");
  const [asked, setAsked] = useState<Verb | null>(null);
  const running = useMutation({
    mutationFn: ({ verb, ...given }: Given & { verb: Verb }) => verb.run(given),
    onSuccess: async (record, { verb }) => {
      setAsked(null);
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
  const why = ({ impossible }: Verb): string | null => impossible ?? whyNot;
  const start = (verb: Verb) => {
    running.reset();
    if (verb.asks === undefined) running.mutate({ verb, changes: {}, priority: 0, models: false });
    else setAsked(verb);
  };
  const close = () => {
    setAsked(null);
    running.reset();
  };
  const dialog = (asked !== null || running.error !== null) && (
    <Dialog onClose={close} title={asked ? `${asked.name}: ${name ?? id}` : "Refused"}>
      <Stack>
        {running.error && <Problem error={running.error} />}
        {asked && (
          <Question
            verb={asked}
            what={what}
            called={name ?? id}
            priority={priority ?? 50}
            why={why(asked)}
            busy={running.isPending}
            onDone={(given) => running.mutate({ verb: asked, ...given })}
          />
        )}
      </Stack>
    </Dialog>
  );
  return { start, dialog, why };
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
  const numeric = typeof priority === "number" ? priority : Number.NaN;
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
