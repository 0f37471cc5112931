import { budgetCost, DEFAULT_WIDTH_MULTIPLE } from "@drc/contracts";
import { Button, Group, NativeSelect, SimpleGrid, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import { explanationOf, valueText, wordsOf } from "./field-words.ts";
import { isObject, type Json, numberOf } from "./form-node.ts";
import { fieldId } from "./lead-to-field.ts";
import { ListInput } from "./list-input.tsx";

const COSTS = budgetCost.options.map((value) => ({ value, label: valueText(value) }));

/** Budgets that differ in their shares alone. */
interface BudgetSet {
  /** Which one it is, while others come and go. */
  key: number;
  of: string;
  widthMultiple: Json;
  shares: Json[];
}

interface BudgetsFieldProps {
  /** What it begins with. */
  budgets: readonly Json[];
  /** What is wrong with the budgets from `first` to before `end`. */
  error(first: number, end: number): string | undefined;
  onChange(budgets: Json[]): void;
}

/** Shares of one cost, in widths of one multiple; several such sets where a sweep has budgets of several costs. */
export function BudgetsField({ budgets, error, onChange }: BudgetsFieldProps) {
  // What a set without shares is of stands in no budget: this field alone knows.
  const [sets, setSets] = useState(() => setsOf(budgets));
  const put = (next: BudgetSet[]) => {
    setSets(next);
    onChange(budgetsOf(next));
  };
  const add = () => {
    const last = sets[sets.length - 1];
    put([...sets, { ...last, key: 1 + Math.max(...sets.map(({ key }) => key)), shares: [] }]);
  };
  return (
    <Stack gap="sm">
      {sets.map((set, i) => {
        const first = budgetsOf(sets.slice(0, i)).length;
        const replace = (changed: Partial<BudgetSet>) => put(sets.with(i, { ...set, ...changed }));
        return (
          <SimpleGrid
            key={set.key}
            cols={{ base: 1, xs: 3 }}
            spacing="sm"
            verticalSpacing="xs"
            role="group"
            aria-label={`Budgets ${i + 1}`}
          >
            <ListInput
              id={set.shares.length > 0 || sets.length === 1 ? fieldId(["grid", "budgets", String(first)]) : undefined}
              label="Shares to remove"
              description="0.3, or 30 %, with commas between"
              required
              items={set.shares}
              isNumber
              error={error(first, first + set.shares.length)}
              onChange={(shares) => replace({ shares })}
            />
            <NativeSelect
              label="Of"
              description="Whose share it is"
              data={COSTS}
              value={set.of}
              onChange={({ currentTarget }) => replace({ of: currentTarget.value })}
            />
            <TextInput
              label={wordsOf("widthMultiple")}
              description={explanationOf("widthMultiple")}
              inputMode="numeric"
              placeholder={String(DEFAULT_WIDTH_MULTIPLE)}
              value={String(set.widthMultiple ?? "")}
              onChange={({ currentTarget: { value } }) =>
                replace({ widthMultiple: value === "" ? undefined : numberOf(value) })
              }
            />
          </SimpleGrid>
        );
      })}
      <Group gap="xs">
        <Button variant="default" size="compact-sm" onClick={add}>
          Add budgets of another cost
        </Button>
        {sets.length > 1 && (
          <Button variant="default" size="compact-sm" onClick={() => put(sets.slice(0, -1))}>
            Remove the last ones
          </Button>
        )}
      </Group>
    </Stack>
  );
}

/** Neighbours of one cost and one width multiple are a set; where there are no budgets one stands empty. */
function setsOf(budgets: readonly Json[]): BudgetSet[] {
  const sets: BudgetSet[] = [];
  for (const { of, widthMultiple, remove } of budgets.filter(isObject)) {
    const last = sets.at(-1);
    if (last && last.of === of && last.widthMultiple === widthMultiple) last.shares.push(remove);
    else sets.push({ key: sets.length, of: String(of), widthMultiple, shares: [remove] });
  }
  return sets.length > 0 ? sets : [{ key: 0, of: "parameters", widthMultiple: undefined, shares: [] }];
}

function budgetsOf(sets: readonly BudgetSet[]): Json[] {
  return sets.flatMap(({ of, widthMultiple, shares }) =>
    shares.map((remove) => ({ of, remove, ...(widthMultiple === undefined ? {} : { widthMultiple }) })),
  );
}
