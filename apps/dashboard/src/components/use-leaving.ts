import { useEffect, useRef } from "react";

/** The signal is aborted when the page is left: what is still waited for then takes nobody back to it. */
export function useLeaving() {
  const leaving = useRef(new AbortController());
  useEffect(() => {
    const controller = new AbortController();
    leaving.current = controller;
    return () => controller.abort();
  }, []);
  return leaving;
}
