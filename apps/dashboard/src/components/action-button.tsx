import { Button, type ButtonProps } from "@mantine/core";
import {
  type ComponentPropsWithoutRef,
  type FocusEvent,
  type KeyboardEvent,
  type MouseEvent,
  type ReactNode,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from "react";

interface ActionButtonProps
  extends Omit<ButtonProps, "disabled">,
    Omit<ComponentPropsWithoutRef<"button">, keyof ButtonProps | "disabled"> {
  /** Why it cannot be pressed now; null, undefined or empty where it can. */
  why?: string | null;
  children?: ReactNode;
}

/**
 * A button that says why it cannot be pressed, to those as well who have no mouse: it keeps its place in the tab order
 * (`aria-disabled`), the reason is its description, and is shown on focus, hover and tap.
 *
 * `<ActionButton why={useWhyNot("submit") ?? (files === 0 ? "Upload files first." : null)} onClick={…}>`: in the place of
 * Mantine's `Button` with `disabled` and `title`. As a form's `type="submit"` it keeps Enter from sending the form too.
 */
export function ActionButton({ why, loading, children, ...button }: ActionButtonProps) {
  const { trigger, reason } = useReason(why);
  return (
    <>
      <Button {...button} {...trigger} loading={loading} {...(loading && BUSY)}>
        {children}
      </Button>
      {reason}
    </>
  );
}

/** What is disabled for a while loses the focus: a button that is at work keeps it, and is not pressed again. */
const BUSY = {
  "aria-disabled": true,
  onClick: (event: MouseEvent) => event.preventDefault(),
  renderRoot: (props: ComponentPropsWithoutRef<"button">) => <button {...props} disabled={false} />,
};

/** From the edges of the window, and from what it is said of. */
const GAP_PX = 6;

/**
 * The same for something else that is pressed, such as an item of a menu: `trigger` are the last properties of it, and
 * `reason` stands beside it. Both are nothing where there is no reason.
 */
export function useReason(why: string | null | undefined) {
  const id = useId();
  const place = useRef<HTMLSpanElement>(null);
  const [saidOf, setSaidOf] = useState<HTMLElement | null>(null);
  useLayoutEffect(() => {
    const element = place.current;
    if (!why || !saidOf || !element?.showPopover) return;
    element.showPopover();
    const of = saidOf.getBoundingClientRect();
    const { width, height } = element.getBoundingClientRect();
    const isBelow = of.bottom + GAP_PX + height < innerHeight;
    element.style.left = `${Math.max(GAP_PX, Math.min(of.left, innerWidth - width - GAP_PX))}px`;
    element.style.top = `${isBelow ? of.bottom + GAP_PX : of.top - height - GAP_PX}px`;
    // What it is said of moves away from it.
    const hide = () => setSaidOf(null);
    addEventListener("scroll", hide, { capture: true, passive: true });
    return () => {
      removeEventListener("scroll", hide, { capture: true });
      if (element.isConnected) element.hidePopover();
    };
  }, [why, saidOf]);
  if (!why) return { trigger: {}, reason: null };
  const show = ({ currentTarget }: FocusEvent<HTMLElement> | MouseEvent<HTMLElement>) => setSaidOf(currentTarget);
  const hide = () => setSaidOf(null);
  const trigger = {
    "aria-disabled": true,
    "data-disabled": true,
    "aria-describedby": id,
    onClick: (event: MouseEvent<HTMLElement>) => {
      event.preventDefault();
      event.stopPropagation();
      show(event);
    },
    onFocus: show,
    onBlur: hide,
    onPointerEnter: show,
    onPointerLeave: ({ currentTarget }: MouseEvent<HTMLElement>) => {
      if (currentTarget !== document.activeElement) hide();
    },
    onKeyDown: (event: KeyboardEvent<HTMLElement>) => {
      if (event.key !== "Escape" || saidOf === null) return;
      // The dialog around it stays.
      event.preventDefault();
      hide();
    },
  };
  const reason = (
    <span ref={place} id={id} className="reason" role="tooltip" popover="manual">
      {why}
    </span>
  );
  return { trigger, reason };
}
