import { Checkbox } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import type { JobRecords } from "../../api/job-records.ts";
import { count, counted, timeOfDay } from "../../components/format.ts";

/** More lines than anybody scrolls through, and no more than a browser shows at once. */
const SHOWN_LINES = 2_000;

/** The newest lines, at the bottom; it follows them until somebody scrolls up. */
export function LogView({ records: { logs }, live }: { records: JobRecords; live: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const [follows, setFollows] = useState(true);
  const shown = logs.slice(-SHOWN_LINES);
  // biome-ignore lint/correctness/useExhaustiveDependencies: with each new line
  useEffect(() => {
    if (follows && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [follows, logs.length]);
  const noteScroll = () => {
    if (!box.current) return;
    const { scrollTop, scrollHeight, clientHeight } = box.current;
    setFollows(scrollHeight - scrollTop - clientHeight < 24);
  };
  if (logs.length === 0) return <p className="note">{live ? "No line yet." : "It has written no lines."}</p>;
  return (
    <>
      <div className="log-head small dimmed">
        {logs.length > shown.length
          ? `The newest ${count(shown.length)} of ${count(logs.length)} lines`
          : counted(logs.length, "line")}
        <Checkbox
          size="xs"
          label="Follow"
          checked={follows}
          onChange={(event) => setFollows(event.currentTarget.checked)}
        />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls it with the arrow keys */}
      <div ref={box} className="text-box" role="group" aria-label="Log" tabIndex={0} onScroll={noteScroll}>
        <pre>{shown.map(({ line, createdAt }) => `${timeOfDay(createdAt)}  ${line}`).join("\n")}</pre>
      </div>
    </>
  );
}
