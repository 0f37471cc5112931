import { Alert, Button, Group, Stack, TextInput } from "@mantine/core";
import { useRef } from "react";
import { useCopy } from "./use-copy.ts";

interface SecretOnceProps {
  /** What it is: API key, secret. */
  name: string;
  /** Null where the answer that had it was lost. */
  secret: string | null;
  /** What to do where it was lost. */
  remedy: string;
  onDone(): void;
}

/** A secret that the server shows only now, with a button to copy it. Nothing keeps it after `onDone`. */
export function SecretOnce({ name, secret, remedy, onDone }: SecretOnceProps) {
  const field = useRef<HTMLInputElement>(null);
  const { copy, said } = useCopy(secret ?? "", () => field.current?.select());
  if (secret === null) {
    return (
      <Stack>
        <Alert color="red" variant="outline" title={`The ${name} was lost on its way`}>
          {remedy}
        </Alert>
        <Done onDone={onDone} />
      </Stack>
    );
  }
  return (
    <Stack>
      <Group gap="xs" align="end" wrap="nowrap">
        <TextInput
          ref={field}
          label={name}
          description="Shown only now: keep it where it is needed."
          classNames={{ input: "mono" }}
          flex={1}
          readOnly
          value={secret}
          onFocus={(event) => event.currentTarget.select()}
        />
        <Button variant="default" onClick={copy} data-autofocus>
          Copy
        </Button>
      </Group>
      <span role="status">{said}</span>
      <Done onDone={onDone} />
    </Stack>
  );
}

function Done({ onDone }: { onDone(): void }) {
  return (
    <Group justify="flex-end">
      <Button onClick={onDone}>Done</Button>
    </Group>
  );
}
