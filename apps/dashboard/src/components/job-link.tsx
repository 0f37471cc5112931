import { useRouter } from "@tanstack/react-router";
import type { MouseEvent } from "react";

interface Named {
  id: string;
  name?: string | null;
}

/** A job by its name, or by its identifier where it has none; long names are cut, with the whole one as a title. */
export function JobLink(job: Named) {
  return <RecordLink {...job} folder="/jobs" />;
}

export function CompressionLink(compression: Named) {
  return <RecordLink {...compression} folder="/compressions" />;
}

export function SweepLink(sweep: Named) {
  return <RecordLink {...sweep} folder="/sweeps" />;
}

/** Lists have many of them: unlike the router's own link it watches no address, and is drawn in a tenth of the time. */
function RecordLink({ id, name, folder }: Named & { folder: "/jobs" | "/compressions" | "/sweeps" }) {
  const { history } = useRouter();
  const href = `${folder}/${encodeURIComponent(id)}`;
  const follow = (event: MouseEvent) => {
    // Into another tab or window, the browser does it.
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    history.push(href);
  };
  return (
    <a className="record-link" href={href} title={name ?? id} onClick={follow}>
      {name ?? <span className="mono">{id}</span>}
    </a>
  );
}
