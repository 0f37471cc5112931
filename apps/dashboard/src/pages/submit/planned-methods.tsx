import { SEARCH_METHODS, SWEEP_METHODS } from "@drc/contracts";
import { Anchor, Button, Group, NativeSelect, Stack, Text } from "@mantine/core";
import type { Json } from "./form-node.ts";

interface PlannedMethodsProps {
  methods: readonly { [name: string]: Json }[];
  error?: string;
  onChange(methods: { [name: string]: Json }[]): void;
}

/** Presets whose widths are those of another plan. */
export function PlannedMethods({ methods, error, onChange }: PlannedMethodsProps) {
  return (
    <Stack gap="xs">
      {methods.map((method, i) => {
        const label = `Method with another plan ${i + 1}`;
        const put = (name: string, value: string) => onChange(methods.with(i, { ...method, [name]: value }));
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: they hold no state, and the same one may stand there twice
          <Group key={i} gap="sm" align="end" role="group" aria-label={label}>
            <NativeSelect
              label="Method"
              value={String(method.preset)}
              data={[...SWEEP_METHODS]}
              onChange={({ currentTarget }) => put("preset", currentTarget.value)}
            />
            <NativeSelect
              label="Plan"
              value={String(method.plan)}
              data={[...SEARCH_METHODS]}
              onChange={({ currentTarget }) => put("plan", currentTarget.value)}
            />
            <Button
              variant="default"
              size="compact-sm"
              mb={4}
              onClick={() => onChange(methods.filter((_, at) => at !== i))}
            >
              Remove method {i + 1}
            </Button>
          </Group>
        );
      })}
      {error !== undefined && (
        <Text size="sm" c="var(--state-failed)">
          {error}
        </Text>
      )}
      <Group>
        <Button
          variant="default"
          size="compact-sm"
          onClick={() => onChange([...methods, { preset: "second-order", plan: "uniform" }])}
        >
          Add a method with another plan
        </Button>
      </Group>
      <Text size="sm" c="dimmed">
        A method of your own, with a name and settings, is not for this form: <code>grid.methods</code> of{" "}
        <Anchor href="/docs" inherit>
          the API
        </Anchor>{" "}
        and of the file of <code>drc sweep</code> takes it.
      </Text>
    </Stack>
  );
}
