import { Button, Loader, Text } from "@mantine/core";
import type { AsyncRouteComponent } from "@tanstack/react-router";
import { type ComponentType, useEffect, useState } from "react";
import { client } from "../api/client.ts";
import { isLost, untilConnected } from "../api/connection.ts";
import { Page } from "../components/page.tsx";
import { useWhyAway } from "../components/why-not.ts";

/** Loading everything again helped nothing where it was done within this time: once more would not either. */
const RELOADED_LATELY_MS = 60_000;
const RELOADED_AT_KEY = "reloaded-at-ms";
/** Between two questions to a server that answers with errors. */
const ASK_EVERY_MS = 2_000;

/**
 * A page whose module is loaded when somebody is about to open it, or opens it. What cannot be loaded for now changes
 * nothing on the page that is open; a page that was opened waits until the server is back.
 */
export function lazyRouteComponent<Name extends string>(
  load: () => Promise<Record<NoInfer<Name>, ComponentType>>,
  name: Name,
): AsyncRouteComponent<unknown> {
  let Loaded: ComponentType | undefined;
  /** Browsers remember modules and styles that failed: only with everything loaded again they are asked for anew. */
  let hasFailed = false;
  const preload = () => {
    if (Loaded || hasFailed || isLost()) return;
    return load().then(
      (module) => {
        Loaded = module[name];
      },
      () => {
        hasFailed = true;
      },
    );
  };
  const loadNow = async (signal: AbortSignal): Promise<"loaded" | "failed"> => {
    await untilAnswered(signal);
    await preload();
    if (Loaded) return "loaded";
    // It was there a moment ago; or it is a newer one, which has no such file.
    await untilAnswered(signal);
    return "failed";
  };
  // biome-ignore lint/correctness/noComponentHookFactories: made once for each route, where the module is read
  function LazyPage() {
    const [, setDrawn] = useState(false);
    return Loaded ? <Loaded /> : <Waiting load={loadNow} onLoaded={() => setDrawn(true)} />;
  }
  return Object.assign(LazyPage, { preload });
}

interface WaitingProps {
  load(signal: AbortSignal): Promise<"loaded" | "failed">;
  onLoaded(): void;
}

function Waiting({ load, onLoaded }: WaitingProps) {
  const away = useWhyAway();
  const [hasFailed, setFailed] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each page that is opened
  useEffect(() => {
    const leaving = new AbortController();
    load(leaving.signal).then(
      (outcome) => {
        if (leaving.signal.aborted) return;
        if (outcome === "loaded") onLoaded();
        else if (!reloadOnce()) setFailed(true);
      },
      () => {},
    );
    return () => leaving.abort();
  }, []);
  if (hasFailed) {
    return (
      <Page title="This page could not be loaded">
        <Text mb="sm">The server answers, but does not give the files of this page.</Text>
        <Button variant="default" onClick={() => location.reload()}>
          Load everything again
        </Button>
      </Page>
    );
  }
  return (
    <Page title="Loading">
      {away ? `${away} This page is loaded when it does again.` : <Loader size="sm" m="md" />}
    </Page>
  );
}

async function untilAnswered(signal: AbortSignal): Promise<void> {
  for (;;) {
    await untilConnected(signal);
    await client.session.get({ signal }).catch(() => {});
    signal.throwIfAborted();
    if (!isLost()) return;
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
}

/** A page that was open while the server got newer pages asks for files that are gone: everything is loaded again. */
function reloadOnce(): boolean {
  const reloadedAtMs = Number(sessionStorage.getItem(RELOADED_AT_KEY) ?? 0);
  if (Date.now() - reloadedAtMs < RELOADED_LATELY_MS) return false;
  sessionStorage.setItem(RELOADED_AT_KEY, String(Date.now()));
  location.reload();
  return true;
}
