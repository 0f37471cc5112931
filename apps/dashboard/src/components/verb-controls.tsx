/** What can be done with jobs, compressions and sweeps: as buttons, and as the menu of a row. */
import { Group, Menu } from "@mantine/core";
import { useRef, useState } from "react";
import { ActionButton } from "./action-button.tsx";
import { useShowDialog } from "./page-dialogs.tsx";
import { RefusalDialog, useRunning, VerbDialog, type VerbTarget } from "./verb-dialog.tsx";
import type { Verb } from "./verbs.ts";
import { useWhyNot } from "./why-not.ts";
import "./verb-controls.css";

interface VerbsProps extends VerbTarget {
  verbs: readonly Verb[];
}

/** All verbs as buttons; those that are not possible now say why. */
export function VerbButtons({ verbs, ...target }: VerbsProps) {
  const start = useStart(target, true);
  const whyNot = useWhyNot("submit");
  return (
    <Group gap="xs">
      {verbs.map((verb) => (
        <ActionButton
          key={verb.name}
          variant="default"
          size="compact-sm"
          why={verb.impossible ?? whyNot}
          onClick={() => start(verb)}
        >
          {verb.name}
        </ActionButton>
      ))}
    </Group>
  );
}

/** All verbs behind one button. Nothing of the menu is made before somebody opens it: a list has many rows. */
export function VerbMenu(props: VerbsProps) {
  const [wanted, setWanted] = useState(false);
  const label = `Actions on ${props.name ?? props.id}`;
  if (wanted) return <OpenMenu {...props} label={label} />;
  return (
    <button
      type="button"
      className="row-button"
      aria-haspopup="menu"
      aria-label={label}
      onClick={() => setWanted(true)}
    >
      …
    </button>
  );
}

function OpenMenu({ label, verbs, ...target }: VerbsProps & { label: string }) {
  const start = useStart(target, false);
  const whyNot = useWhyNot("submit");
  const button = useRef<HTMLButtonElement>(null);
  // Before the item with the focus goes away, and before a dialog opens, which gives the focus back to where it was.
  const giveFocusBack = () => {
    if (document.activeElement?.closest('[role="menu"]')) button.current?.focus();
  };
  return (
    // Within the page's main part, where readers of the screen look for it; without a first stop of its own, which is no item.
    <Menu
      defaultOpened
      position="bottom-end"
      withinPortal
      portalProps={{ target: "#content" }}
      withInitialFocusPlaceholder={false}
      returnFocus={false}
      onClose={giveFocusBack}
    >
      <Menu.Target>
        <button ref={button} type="button" className="row-button" aria-label={label}>
          …
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {whyNot !== null && <Menu.Label>{whyNot}</Menu.Label>}
        {verbs.map((verb) => {
          const can = verb.impossible === null && whyNot === null;
          return (
            <Menu.Item
              key={verb.name}
              className="verb-item"
              // The arrow keys lead to what is not possible as well, with the reason.
              aria-disabled={!can}
              closeMenuOnClick={can}
              onClick={() => can && start(verb)}
            >
              {verb.name}
              {verb.impossible !== null && <span className="verb-reason"> {verb.impossible}</span>}
            </Menu.Item>
          );
        })}
      </Menu.Dropdown>
    </Menu>
  );
}

/** Does a verb, after a question where one asks for it, and shows a refusal, on the page: a row may be gone by then. */
function useStart(target: VerbTarget, onItsPage: boolean): (verb: Verb) => void {
  const show = useShowDialog();
  const close = () => show(null);
  const running = useRunning(target, onItsPage, {
    onError: (error) => show(<RefusalDialog error={error} onClose={close} />),
  });
  return (verb) => {
    if (verb.asks === undefined) running.mutate({ verb, changes: {}, priority: 0, models: false });
    else show(<VerbDialog {...target} verb={verb} onItsPage={onItsPage} onClose={close} />);
  };
}
