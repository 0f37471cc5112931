import { Button, type ButtonProps, Group, Stack } from "@mantine/core";
import { type UseMutationResult, useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { ActionButton } from "./action-button.tsx";
import { Dialog } from "./dialog.tsx";
import { Problem } from "./problem.tsx";

interface ConfirmButtonProps extends Pick<ButtonProps, "size"> {
  /** On the button; the one that does it says the same. */
  label: string;
  /** Where several such buttons stand on one page. */
  "aria-label"?: string;
  /** Why it cannot be pressed now; null where it can. */
  why?: string | null;
  /** What will happen, and what cannot be taken back. */
  children: ReactNode;
  run(): Promise<unknown>;
  /** After it went well. */
  onDone?(): void;
}

/** A button that asks before it does something, and says so where the server refuses it. */
export function ConfirmButton({
  label,
  children,
  run,
  onDone,
  size = "compact-sm",
  why,
  ...button
}: ConfirmButtonProps) {
  const [opened, setOpened] = useState(false);
  const running: UseMutationResult = useMutation({
    mutationFn: run,
    onSuccess: () => {
      setOpened(false);
      onDone?.();
    },
  });
  const close = () => {
    setOpened(false);
    running.reset();
  };
  return (
    <>
      <ActionButton variant="default" size={size} {...button} why={why} onClick={() => setOpened(true)}>
        {label}
      </ActionButton>
      {opened && (
        <Dialog title={button["aria-label"] ?? label} onClose={close}>
          <Stack>
            <div>{children}</div>
            {running.error && <Problem error={running.error} />}
            <Group gap="xs" justify="flex-end">
              <Button variant="default" onClick={close} data-autofocus>
                Leave it
              </Button>
              <ActionButton color="red" why={why} loading={running.isPending} onClick={() => running.mutate()}>
                {label}
              </ActionButton>
            </Group>
          </Stack>
        </Dialog>
      )}
    </>
  );
}
