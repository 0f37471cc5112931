import { type ReactNode, useState } from "react";
import { Dialog } from "./dialog.tsx";
import { SecretOnce } from "./secret-once.tsx";

interface SecretDialogProps {
  title: string;
  /** What the secret is: API key, secret. */
  name: string;
  /** What to do where it was lost. */
  remedy: string;
  onClose(): void;
  /** The form that makes it; it tells what was made, null where the answer with it was lost. */
  form(onMade: (secret: string | null) => void): ReactNode;
}

/** A form, and then the secret that it made, this once. */
export function SecretDialog({ title, form, onClose, ...secretOnce }: SecretDialogProps) {
  const [secret, setSecret] = useState<string | null | undefined>(undefined);
  return (
    <Dialog title={title} onClose={onClose}>
      {secret === undefined ? form(setSecret) : <SecretOnce {...secretOnce} secret={secret} onDone={onClose} />}
    </Dialog>
  );
}
