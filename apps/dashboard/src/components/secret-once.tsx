import { Alert, Button, Group, Stack, TextInput } from "@mantine/core";
import { useRef, useState } from "react";

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
  const [copied, setCopied] = useState<string | null>(null);
  const copy = async () => {
    field.current?.select();
    try {
      // Over plain http from another machine browsers have no clipboard.
      await navigator.clipboard.writeText(secret ?? "");
      setCopied("Copied.");
    } catch {
      setCopied("It is selected: copy it with Ctrl+C.");
    }
  };
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
      <span role="status">{copied}</span>
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
