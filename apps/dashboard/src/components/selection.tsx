import { Button, Group, Text } from "@mantine/core";
import { useEffect, useMemo, useState } from "react";
import { useLostSince } from "../api/connection.ts";
import { queryClient } from "../api/query-client.ts";
import { useMay } from "../api/session.ts";
import { ConfirmButton } from "./confirm-button.tsx";
import { count, counted } from "./format.ts";
import type { Column } from "./table.tsx";
import type { Verb } from "./verbs.ts";

export interface Named {
  id: string;
  name: string | null;
}

export interface Selection<Row> {
  chosen: readonly Row[];
  /** The boxes, to stand before the other columns. */
  column: Column<Row>;
  chooseAll(): void;
  clear(): void;
}

/** Rows of a list that are chosen to be told something together. What leaves the list is chosen no longer. */
export function useSelection<Row extends Named>(rows: readonly Row[] | undefined): Selection<Row> {
  const [ids, setIds] = useState<ReadonlySet<string>>(NONE);
  const chosen = useMemo(() => rows?.filter(({ id }) => ids.has(id)) ?? [], [rows, ids]);
  useEffect(() => {
    if (rows && chosen.length < ids.size) setIds(new Set(chosen.map(({ id }) => id)));
  }, [rows, chosen, ids]);
  const column = useMemo((): Column<Row> => {
    const turn = (id: string) =>
      setIds((before) => new Set(before.has(id) ? [...before].filter((one) => one !== id) : [...before, id]));
    return {
      title: "Chosen",
      head: <span className="visually-hidden">Chosen</span>,
      as: "short",
      cell: ({ id, name }) => (
        <input type="checkbox" aria-label={`Choose ${name ?? id}`} checked={ids.has(id)} onChange={() => turn(id)} />
      ),
    };
  }, [ids]);
  return {
    chosen,
    column,
    chooseAll: () => setIds(new Set(rows?.map(({ id }) => id))),
    clear: () => setIds(NONE),
  };
}

const NONE: ReadonlySet<string> = new Set();

/** What several are told at once, and what becomes of them. Retry, Clone and Priority are for one. */
const MEANINGS: Partial<Record<Verb["name"], string>> = {
  Pause: "They stop at their next checkpoint, and go on when they are resumed.",
  Resume: "They go on from their checkpoints.",
  Cancel: "They do not go on. What they have written so far stays.",
  Delete: "They are removed with their logs, curves and files; models that they made stay. This cannot be taken back.",
};

/** Of what is no work. */
const DELETED: Readonly<Record<string, string>> = {
  model: "They are removed with their files; jobs that have ended keep their results. This cannot be taken back.",
  file: "They are removed from the dataset. Versions that were made with them keep them.",
  dataset:
    "They are removed with all of their versions; jobs that have ended keep their results. This cannot be taken back.",
};

interface SelectionBarProps<Row> {
  /** One of them in a sentence: job, sweep. */
  what: string;
  selection: Selection<Row>;
  verbsOf(row: Row): readonly Verb[];
}

/** Over a list: what can be done with the rows that are chosen, each as far as its state allows. */
export function SelectionBar<Row extends Named>({ what, selection, verbsOf }: SelectionBarProps<Row>) {
  const { chosen, chooseAll, clear } = selection;
  const may = useMay("submit");
  const lost = useLostSince() !== null;
  if (chosen.length === 0) return null;
  return (
    <Group
      gap="xs"
      p="xs"
      className="selection-bar"
      role="group"
      aria-label={`What is done with the ${what}s that are chosen`}
    >
      <Text size="sm">{counted(chosen.length, what)} chosen</Text>
      {verbsOf(chosen[0]).map(({ name }) => {
        const meaning = (name === "Delete" ? DELETED[what] : undefined) ?? MEANINGS[name];
        if (meaning === undefined) return null;
        const possible = chosen.flatMap((row) =>
          verbsOf(row).flatMap((verb) => (verb.name === name && !verb.impossible ? { row, verb } : [])),
        );
        const why = possible.length === 0 ? "Not possible for any of them." : whyNot(may, lost);
        return (
          <ConfirmButton
            key={name}
            label={`${name} ${counted(possible.length, what)}`}
            why={why}
            run={() => runAll(possible.map(({ verb }) => verb))}
            onDone={clear}
          >
            {possible.length < chosen.length && `For ${count(chosen.length - possible.length)} it is not possible. `}
            {meaning}
            <Names rows={possible.map(({ row }) => row)} />
          </ConfirmButton>
        );
      })}
      <Button variant="default" size="compact-sm" onClick={chooseAll}>
        All on this page
      </Button>
      <Button variant="default" size="compact-sm" onClick={clear}>
        None
      </Button>
    </Group>
  );
}

const NAMES_SHOWN = 10;

/** Which they are, in the question before it is done. */
function Names({ rows }: { rows: readonly Named[] }) {
  const more = rows.length - NAMES_SHOWN;
  return (
    <ul>
      {rows.slice(0, NAMES_SHOWN).map(({ id, name }) => (
        <li key={id}>{name ?? id}</li>
      ))}
      {more > 0 && <li>and {count(more)} more</li>}
    </ul>
  );
}

function whyNot(may: boolean, lost: boolean): string | undefined {
  if (!may) return "The key of this session may only read.";
  return lost ? "The server does not answer." : undefined;
}

/** One after the other; what is refused does not keep the others from being done. */
async function runAll(verbs: readonly Verb[]): Promise<void> {
  const refusals: unknown[] = [];
  for (const verb of verbs) {
    await verb.run({ changes: {}, priority: 0, models: false }).catch((error: unknown) => refusals.push(error));
  }
  // Where some are refused, the others are done all the same, and the list has to show it.
  for (const key of ["jobs", "compressions", "sweeps", "models", "datasets", "overview"]) {
    void queryClient.invalidateQueries({ queryKey: [key] });
  }
  if (refusals.length === 1) throw refusals[0];
  if (refusals.length > 1) {
    const reasons = new Set(refusals.map((one) => (one instanceof Error ? one.message : String(one))));
    throw new Error(`${refusals.length} of ${verbs.length} were refused. ${[...reasons].join(" ")}`);
  }
}
