import "./usable-language.ts";
import "@mantine/core/styles.css";
import "./styles.css";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";

// A page that was open while the server got newer pages asks for files that are gone. Loading it again brings the new
// ones; once, for where that does not help it would never end.
window.addEventListener("vite:preloadError", (event) => {
  const reloadedAtMs = Number(sessionStorage.getItem("reloaded-at-ms") ?? 0);
  if (Date.now() - reloadedAtMs < 60_000) return;
  event.preventDefault();
  sessionStorage.setItem("reloaded-at-ms", String(Date.now()));
  location.reload();
});

const root = document.getElementById("root");
if (root) createRoot(root).render(<App />);
