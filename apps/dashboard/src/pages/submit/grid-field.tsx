import { SWEEP_METHODS } from "@drc/contracts";
import { Checkbox, Group, NativeSelect, Stack, Text } from "@mantine/core";
import { useForm } from "./form-context.ts";
import { type FormNode, isObject, type Json, valueAt } from "./form-node.ts";
import { ListField } from "./schema-field.tsx";
import { SharesField } from "./shares-field.tsx";

const COSTS = [
  { value: "parameters", label: "parameters" },
  { value: "multiplyAdds", label: "multiply-adds" },
  { value: "latency", label: "latency" },
];

/** Budgets, methods and seeds of a sweep: each of the one with each of the others is a point. */
export function GridField({ node }: { node: FormNode }) {
  const { body, errors, change } = useForm();
  const listed = (name: string) => {
    const value = valueAt(body, ["grid", name]);
    return Array.isArray(value) ? value : [];
  };
  const budgets = listed("budgets");
  const methods = listed("methods");
  const [first] = budgets;
  const of = isObject(first) ? String(first.of) : "parameters";
  const setBudgets = (cost: string, shares: readonly Json[]) =>
    change(["grid", "budgets"], shares.length === 0 ? undefined : shares.map((remove) => ({ of: cost, remove })));
  const shares = budgets.map((budget) => (isObject(budget) ? budget.remove : undefined));
  const errorAt = (name: string) => [...errors].find(([pointer]) => pointer.startsWith(`/grid/${name}`))?.[1];
  const points = budgets.length * methods.length * Math.max(1, listed("seeds").length);
  const seeds = node.properties?.seeds;
  return (
    <Stack gap="sm">
      <Group gap="sm" align="start" grow preventGrowOverflow={false}>
        <SharesField
          label="Shares to remove"
          shares={shares}
          error={errorAt("budgets")}
          onChange={(given) => setBudgets(of, given)}
        />
        <NativeSelect
          label="Of"
          data={COSTS}
          value={of}
          onChange={({ currentTarget }) => setBudgets(currentTarget.value, shares)}
        />
      </Group>
      <Checkbox.Group
        label="Methods"
        value={methods.map(String)}
        error={errorAt("methods")}
        onChange={(chosen) => change(["grid", "methods"], chosen.length === 0 ? undefined : chosen)}
      >
        <Group gap="md" mt={4}>
          {SWEEP_METHODS.map((name) => (
            <Checkbox key={name} value={name} label={name} />
          ))}
        </Group>
      </Checkbox.Group>
      {seeds && <ListField node={seeds} path={["grid", "seeds"]} label="Seeds" />}
      <Text size="sm" role="status">
        {points} points: each budget with each method and each seed. Stages that are equal run once.
      </Text>
    </Stack>
  );
}
