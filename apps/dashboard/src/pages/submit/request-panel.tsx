import { Button, Group, SegmentedControl } from "@mantine/core";
import { useRef, useState } from "react";
import { Panel } from "../../components/panel.tsx";
import { useCopy } from "../../components/use-copy.ts";
import type { Json } from "./form-node.ts";
import type { FormKind } from "./forms.ts";
import { curlText, scriptText } from "./request-text.ts";

/** The same request for a shell or a program. */
export function RequestText({ kind, body }: { kind: FormKind; body: Json }) {
  const [form, setForm] = useState<"curl" | "script">("curl");
  const shown = useRef<HTMLPreElement>(null);
  const text = form === "curl" ? curlText(kind, body) : scriptText(kind, body);
  const { copy, said } = useCopy(text, () => {
    if (shown.current) getSelection()?.selectAllChildren(shown.current);
  });
  return (
    <Panel
      title="The same request"
      aside={
        <Group gap="xs">
          <span role="status" className="small">
            {said}
          </span>
          <Button variant="default" size="compact-sm" onClick={copy}>
            Copy
          </Button>
        </Group>
      }
    >
      <SegmentedControl
        aria-label="As"
        size="xs"
        value={form}
        onChange={(value) => setForm(value as typeof form)}
        data={[
          { value: "curl", label: "curl" },
          { value: "script", label: "Script" },
        ]}
      />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls it with the arrow keys */}
      <section className="request-text" aria-label="Request" tabIndex={0}>
        <pre ref={shown}>{text}</pre>
      </section>
    </Panel>
  );
}
