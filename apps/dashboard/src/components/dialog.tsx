import { Button } from "@mantine/core";
import { type ReactNode, useEffect, useId, useRef } from "react";

interface DialogProps {
  title: string;
  /** It stands in the page only while it is open: whoever shows it takes it away. */
  onClose(): void;
  children: ReactNode;
}

/**
 * The browser's own dialog over everything: it keeps the focus within, closes with Escape, and gives the focus back. It begins
 * at what has `data-autofocus`, else at the first field or button of its content. Mantine's Modal writes style elements that
 * the page's policy refuses.
 */
export function Dialog({ title, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const element = dialog.current;
    if (element === null || element.open) return;
    element.showModal();
    const first = ["[data-autofocus]", ".dialog-body :is(input, textarea, select)", ".dialog-body button"];
    first
      .map((selector) => element.querySelector<HTMLElement>(selector))
      .find((found) => found !== null)
      ?.focus();
  }, []);
  return (
    <dialog ref={dialog} className="dialog" aria-labelledby={titleId} onClose={onClose}>
      <div className="dialog-head">
        <h2 id={titleId}>{title}</h2>
        <Button
          variant="subtle"
          size="compact-sm"
          color="gray"
          aria-label="Close"
          onClick={() => dialog.current?.close()}
        >
          ✕
        </Button>
      </div>
      <div className="dialog-body">{children}</div>
    </dialog>
  );
}
