import { SWEEP_METHODS } from "@drc/contracts";
import { Checkbox, Group, Stack, Text } from "@mantine/core";
import { BudgetsField } from "./budgets-field.tsx";
import { useForm } from "./form-context.ts";
import { type FormNode, isObject, type Json, valueAt } from "./form-node.ts";
import { fieldId } from "./lead-to-field.ts";
import { PlannedMethods } from "./planned-methods.tsx";
import { ListField } from "./schema-field.tsx";

/** Budgets, methods and seeds of a sweep: each of the one with each of the others is a point. */
export function GridField({ node }: { node: FormNode }) {
  const { body, change } = useForm();
  const listed = (name: string): Json[] => {
    const value = valueAt(body, ["grid", name]);
    return Array.isArray(value) ? value : [];
  };
  const methods = listed("methods");
  const named = methods.filter((method) => !isObject(method));
  const planned = methods.filter(isObject);
  const setMethods = (next: Json[]) => change(["grid", "methods"], next.length === 0 ? undefined : next);
  const error = useGridError();
  const points = listed("budgets").length * methods.length * Math.max(1, listed("seeds").length);
  const seeds = node.properties?.seeds;
  return (
    <Stack gap="sm">
      <BudgetsField
        budgets={listed("budgets")}
        error={(first, end) => error("budgets", first, end)}
        onChange={(budgets) => change(["grid", "budgets"], budgets.length === 0 ? undefined : budgets)}
      />
      <Checkbox.Group
        label="Methods"
        value={named.map(String)}
        error={error("methods", 0, named.length)}
        onChange={(chosen) => setMethods([...chosen, ...planned])}
      >
        <Group gap="md" mt={4}>
          {SWEEP_METHODS.map((name, i) => (
            <Checkbox key={name} id={i === 0 ? fieldId(["grid", "methods"]) : undefined} value={name} label={name} />
          ))}
        </Group>
      </Checkbox.Group>
      <PlannedMethods
        methods={planned}
        error={error("methods", named.length, methods.length)}
        onChange={(next) => setMethods([...named, ...next])}
      />
      {seeds && <ListField node={seeds} path={["grid", "seeds"]} label="Seeds" />}
      <Text size="sm" role="status">
        {points} points: each budget with each method and each seed. Stages that are equal run once.
      </Text>
    </Stack>
  );
}

/** What is wrong with the items from `first` to before `end` of a list in the grid, or with the list as a whole. */
function useGridError() {
  const { errors } = useForm();
  return (name: string, first: number, end: number): string | undefined =>
    [...errors].find(([pointer]) => {
      const [, grid, list, item] = pointer.split("/");
      if (grid !== "grid" || list !== name) return false;
      return item === undefined ? first === 0 : Number(item) >= first && Number(item) < end;
    })?.[1];
}
